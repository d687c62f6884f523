package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/internal/suite"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("CET", 3600))

func newLog(t testing.TB, out *bytes.Buffer) *audit.Log {
	t.Helper()
	l, err := audit.New(audit.Config{Out: out, App: "notes", Node: "n1", Patience: time.Minute, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLine(t *testing.T) {
	var out bytes.Buffer
	newLog(t, &out).Emit(audit.Event{
		Name: audit.LoginFail, Request: "r1", Client: netip.MustParseAddr("192.0.2.7"),
		Issuer: "https://id.example", Subject: "u1", Session: "s1", Method: "POST",
		Route: "POST /auth/login", Path: "/auth/login", Object: "u2", Reason: "wrong password", Status: 401,
	})
	const want = `{"time":"2026-03-01T11:00:00.123456789Z","level":"WARN","event":"authn_login_fail","request":"r1",` +
		`"client":"192.0.2.7","issuer":"https://id.example","subject":"u1","session":"s1","method":"POST",` +
		`"route":"POST /auth/login","path":"/auth/login","object":"u2","status":401,"reason":"wrong password",` +
		`"app":"notes","node":"n1"}` + "\n"
	if got := out.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// hostile are texts that try to leave their place in the line.
var hostile = []struct{ name, text string }{
	{"L-02 line feed", "a\n{\"event\":\"authn_login_success\"}"},
	{"L-02 carriage return", "a\r\nb"},
	{"L-02 terminal escape", "\x1b[2J\x1b]0;owned\x07"},
	{"L-02 C1 escape", "a\u009b31mred"},
	{"L-02 end of string", `","event":"sys_crash`},
	{"backslash", `\","x":"`},
	{"NUL", "a\x00b"},
	{"delete", "a\x7fb"},
	{"line separator", "a\u2028b\u2029c"},
	{"right-to-left override", "\u202egnp.exe"},
	{"zero width", "ad\u200bmin"},
	{"tag characters", "a\U000E0041\U000E0042"},
	{"not UTF-8", "a\xff\xfe\xc3(b"},
	{"half of a character at the cut", strings.Repeat("a", audit.MaxText-1) + "€€€"},
	{"a megabyte", strings.Repeat("A", 1<<20)},
}

func TestHostileTextStaysOneEscapedLine(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) { checkOneLine(t, c.text) })
	}
}

func TestNaughtyStrings(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(suite.Dir(t, "blns"), "blns.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) < 400 {
		t.Fatalf("only %d strings in the suite", len(list))
	}
	for _, s := range list {
		checkOneLine(t, s)
	}
}

func FuzzLine(f *testing.F) {
	for _, c := range hostile {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkOneLine(t, text) })
}

func checkOneLine(t *testing.T, text string) {
	t.Helper()
	var out bytes.Buffer
	newLog(t, &out).Emit(audit.Event{Name: audit.InputFail, Subject: text, Reason: text, Path: text})
	line := out.Bytes()
	if bytes.Count(line, []byte("\n")) != 1 || line[len(line)-1] != '\n' {
		t.Fatalf("not one line: %q", line)
	}
	if len(line) > 8<<10 {
		t.Fatalf("a line of %d bytes", len(line))
	}
	for _, r := range string(line[:len(line)-1]) {
		if r != ' ' && !unicode.IsPrint(r) {
			t.Fatalf("%U stands in the line: %q", r, line)
		}
	}
	var m map[string]any
	if err := json.Unmarshal(line, &m); err != nil {
		t.Fatalf("%v in %q", err, line)
	}
	if m["event"] != audit.InputFail {
		t.Fatalf("the event became %q", m["event"])
	}
}

func TestL03NoCredential(t *testing.T) {
	const jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
	for _, text := range []string{
		jwt, "bad token " + jwt + " refused", "/reset/" + jwt + "/now", "a=" + jwt + "&b=" + jwt,
		"spr_c2VjcmV0LXNlY3JldC1zZWNyZXQ", "refresh spr_c2VjcmV0LXNlY3JldC1zZWNyZXQ,spr_c2VjcmV0",
		"/auth/keys/sp_live_c2VjcmV0LXNl_c2VjcmV0_c2VjcmV0", "/verify/spt_c2VjcmV0", "spd_c2VjcmV0.",
	} {
		var out bytes.Buffer
		newLog(t, &out).Emit(audit.Event{Name: audit.TokenInvalid, Reason: text, Path: text, Object: text})
		for _, canary := range []string{"c2lnbmF0dXJl", "eyJ", "c2VjcmV0"} {
			if strings.Contains(out.String(), canary) {
				t.Errorf("%q: %q stands in %s", text, canary, out.String())
			}
		}
	}
}

func TestFloodIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		l, err := audit.New(audit.Config{Out: &out, Burst: 3, Window: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 1000 {
			l.Emit(audit.Event{Name: audit.RateLimit, Request: fmt.Sprint(i), Client: netip.MustParseAddr("192.0.2.1")})
		}
		l.Emit(audit.Event{Name: audit.RateLimit, Client: netip.MustParseAddr("192.0.2.2")})
		if n := strings.Count(out.String(), "\n"); n != 4 {
			t.Fatalf("%d lines, want 3 and one of another client:\n%s", n, out.String())
		}
		out.Reset()
		<-time.After(2 * time.Minute) // of the bubble's clock
		synctest.Wait()
		if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"repeated":997`) {
			t.Fatalf("want one line that counts 997, got %q", got)
		}
		out.Reset()
		l.Emit(audit.Event{Name: audit.RateLimit, Client: netip.MustParseAddr("192.0.2.1")})
		if strings.Count(out.String(), "\n") != 1 {
			t.Fatal("a new window does not write again")
		}
		for range 9 {
			l.Emit(audit.Event{Name: audit.RateLimit, Client: netip.MustParseAddr("192.0.2.1")})
		}
		out.Reset()
		l.Close() // counts that are open, and when it was
		at := `{"time":"` + time.Now().UTC().Format("2006-01-02T15:04:05.000000000Z07:00")
		if got := out.String(); !strings.HasPrefix(got, at) || !strings.Contains(got, `"repeated":7`) || strings.Count(got, "\n") != 1 {
			t.Errorf("want one line that counts 7 at %s, got %q", at, got)
		}
	})
}

// lockedBuffer is a buffer that the log's timer and the test may share.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (b *lockedBuffer) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.b.Reset()
}

func TestFloodOfDifferentEventsIsBounded(t *testing.T) {
	var out bytes.Buffer
	now := noon
	l, err := audit.New(audit.Config{Out: &out, Burst: 1, Window: time.Hour, Patience: time.Minute, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	const n = 50_000
	for i := range n {
		l.Emit(audit.Event{Name: audit.InputFail, Reason: fmt.Sprint(i)})
	}
	if lines := strings.Count(out.String(), "\n"); lines > 4096+512 { // of different reasons, in a flood of one name
		t.Errorf("%d lines for %d different events", lines, n)
	}
	now = now.Add(time.Hour)
	out.Reset()
	l.Close()
	if !strings.Contains(out.String(), `"repeated":`) {
		t.Error("what was not written was not counted")
	}
}

func TestAWriterThatFails(t *testing.T) {
	var got error
	broken := errors.New("disk full")
	l, err := audit.New(audit.Config{Out: failing{broken}, OnError: func(err error) { got = err }})
	if err != nil {
		t.Fatal(err)
	}
	l.Emit(audit.Event{Name: audit.SysStartup})
	if !errors.Is(got, broken) {
		t.Errorf("OnError got %v", got)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestConfig(t *testing.T) {
	_, err := audit.New(audit.Config{Burst: -1, Window: -1})
	for _, want := range []string{"Out is nil", "Burst", "Window"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
	var none *audit.Log
	none.Emit(audit.Event{Name: audit.SysStartup})
	if err := none.Close(); err != nil {
		t.Error(err)
	}
}

func TestLevels(t *testing.T) {
	for event, want := range map[string]string{
		audit.LoginSuccess: "INFO", audit.LoginFail: "WARN", audit.AuthzFail: "CRITICAL",
		audit.TokenReuse: "CRITICAL", audit.SysStartup: "WARN", "made_up": "WARN",
	} {
		if got := audit.Level(event); got != want {
			t.Errorf("%s is %s, want %s", event, got, want)
		}
	}
}

func BenchmarkEmit(b *testing.B) {
	l, err := audit.New(audit.Config{Out: failing{}})
	if err != nil {
		b.Fatal(err)
	}
	e := audit.Event{Name: audit.RateLimit, Request: "r1", Client: netip.MustParseAddr("192.0.2.1"), Method: "GET", Route: "GET /notes"}
	b.ReportAllocs()
	for b.Loop() {
		l.Emit(e)
	}
}

// panicking is a writer that panics from its second line on.
type panicking struct{ lines *int }

func (p panicking) Write(b []byte) (int, error) {
	if *p.lines++; *p.lines > 1 {
		panic("the disk is gone")
	}
	return len(b), nil
}

// TestWindow_panic: a writer that panics while the counts of a window are written, which no
// request waits for, is an error and not the end of the process.
func TestWindow_panic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines int
		var got error
		l, err := audit.New(audit.Config{Out: panicking{&lines}, Burst: 1, Window: time.Minute, OnError: func(err error) { got = err }})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			l.Emit(audit.Event{Name: audit.RateLimit})
		}
		<-time.After(2 * time.Minute)
		synctest.Wait()
		if got == nil || !strings.Contains(got.Error(), "the disk is gone") {
			t.Errorf("OnError got %v", got)
		}
	})
}
