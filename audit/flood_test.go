package audit_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/audit"
)

// names are the whole vocabulary.
var names = []string{
	audit.LoginSuccess, audit.LoginFail, audit.LoginFailMax, audit.PasswordSet, audit.PasswordFail, audit.TokenCreated,
	audit.TokenRevoked, audit.TokenReuse, audit.AuthzFail, audit.AuthzChange, audit.AuthzAdmin, audit.RateLimit,
	audit.InputFail, audit.Extraneous, audit.CrossOrigin, audit.SessionRenew, audit.SessionLogout, audit.SessionAfter,
	audit.SysStartup, audit.SysShutdown, audit.SysCrash, audit.UserCreated, audit.UserUpdated, audit.TokenInvalid,
	audit.NoCredentials, audit.UpstreamFail, audit.AnswerUndeclared, audit.TokenRetry, audit.Reauth, audit.FactorSet,
	audit.FactorAsked, audit.KeyChanged, audit.MailAsked, audit.UserExists, audit.PasswordReset, audit.Overload,
	audit.LimitShadow, audit.LimitsDegraded, audit.LimitsRestored, audit.LimitsLost, audit.LogLost,
}

func address(i int) netip.Addr {
	var b [16]byte
	b[0], b[1] = 0x20, 0x01
	binary.BigEndian.PutUint32(b[4:], uint32(i))
	return netip.AddrFrom16(b)
}

// TestFlood_hidesNothing: a flood of 100,000 different events of one name hides no event of
// another name, and none of its own name that differs in what the flood does not vary.
func TestFlood_hidesNothing(t *testing.T) {
	const flood = 100_000
	for _, c := range []struct {
		name   string
		varied func(e *audit.Event, i int)
		rare   audit.Event // of the flood's own name
	}{
		{"addresses", func(e *audit.Event, i int) { e.Client = address(i) }, audit.Event{Subject: "ada"}},
		{"addresses, and another object", func(e *audit.Event, i int) { e.Client = address(i) }, audit.Event{Object: "ada"}},
		{"reasons", func(e *audit.Event, i int) { e.Reason = fmt.Sprint(i) }, audit.Event{Client: address(1 << 24)}},
		{"objects", func(e *audit.Event, i int) { e.Object = fmt.Sprint(i) }, audit.Event{Route: "POST /pay"}},
		{"subjects of one address", func(e *audit.Event, i int) { e.Subject = fmt.Sprint(i) }, audit.Event{Client: address(1 << 24)}},
		{"all but the route", func(e *audit.Event, i int) {
			e.Client, e.Subject, e.Object, e.Reason = address(i), fmt.Sprint(i), fmt.Sprint(i), fmt.Sprint(i)
		}, audit.Event{Route: "POST /pay"}},
		{"all but the subject", func(e *audit.Event, i int) {
			e.Client, e.Route, e.Object, e.Reason = address(i), fmt.Sprint(i), fmt.Sprint(i), fmt.Sprint(i)
		}, audit.Event{Subject: "ada"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			l, err := audit.New(audit.Config{Out: &out, Burst: 1, Window: time.Hour, Patience: time.Minute, Now: func() time.Time { return noon }})
			if err != nil {
				t.Fatal(err)
			}
			rare := func(e audit.Event, path string) { // a path is no aspect of an event
				e.Path = path
				l.Emit(e)
			}
			for i := range flood {
				e := audit.Event{Name: audit.LoginFail, Reason: "wrong password", Route: "POST /auth/login", Client: address(1), Subject: "mallory"}
				c.varied(&e, i)
				l.Emit(e)
				if at := i - flood/2; at >= 0 && at%1000 == 0 && at/1000 < len(names) && names[at/1000] != audit.LoginFail {
					rare(audit.Event{Name: names[at/1000], Subject: "victim", Client: address(1 << 25)}, "/rare/"+names[at/1000])
				}
			}
			c.rare.Name = audit.LoginFail
			rare(c.rare, "/rare/"+audit.LoginFail)
			got := out.String()
			for _, name := range names {
				if !strings.Contains(got, `"path":"/rare/`+name+`"`) {
					t.Errorf("%s is hidden", name)
				}
			}
			if lines := strings.Count(got, "\n"); lines > 4096+5*512+2*len(names) {
				t.Errorf("%d lines", lines)
			}
			out.Reset()
			l.Close()
			counted := 0
			for line := range strings.Lines(out.String()) {
				var n int
				if _, text, ok := strings.Cut(line, `"repeated":`); ok {
					fmt.Sscanf(text, "%d", &n)
				}
				counted += n
			}
			if lines := strings.Count(got, "\n"); lines+counted != flood+len(names) {
				t.Errorf("%d written and %d counted of %d", lines, counted, flood+len(names))
			}
		})
	}
}

// TestFlood_manyNames: names that a handler makes up without end take no room of others.
func TestFlood_manyNames(t *testing.T) {
	var out strings.Builder
	l, err := audit.New(audit.Config{Out: &out, Burst: 1, Window: time.Hour, Patience: time.Minute, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	const flood = 50_000
	for i := range flood {
		l.Emit(audit.Event{Name: fmt.Sprint("made_up_", i)})
	}
	if lines := strings.Count(out.String(), "\n"); lines > 256*64+4096 {
		t.Errorf("%d lines", lines)
	}
	l.Emit(audit.Event{Name: audit.SysCrash, Object: "another"})
	if !strings.Contains(out.String(), `"object":"another"`) {
		t.Error("a crash is hidden")
	}
	l.Close()
}

// TestFlood_countsAllAtOnce: the counts that a flood leaves at the end of its window are more
// than may wait as lines, and none is lost.
func TestFlood_countsAllAtOnce(t *testing.T) {
	var out strings.Builder
	l, err := audit.New(audit.Config{Out: &out, Burst: 1, Window: time.Hour, Patience: time.Minute, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 250)
	for i := range 4000 {
		for range 3 {
			l.Emit(audit.Event{Name: audit.LoginFail, Client: address(i), Path: long, Reason: long, Route: long, Object: long})
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if n := strings.Count(out.String(), `"repeated":2`); n != 4000 {
		t.Errorf("%d counts of 4000", n)
	}
}
