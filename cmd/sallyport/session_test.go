package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/demo"
	"github.com/sallyport-dev/sallyport/internal/redistest"
)

// session is a shell in a folder of its own. Ports that pages name are others here, which are free.
type session struct {
	dir, bin  string
	there, us *strings.Replacer // from the page's ports to ours, and back
	gates     map[string]*exec.Cmd
	hasToken  bool
}

func newSession(t *testing.T, bin, text string) *session {
	s := &session{dir: t.TempDir(), bin: bin, gates: map[string]*exec.Cmd{}}
	upstream := httptest.NewServer(documented())
	t.Cleanup(upstream.Close)
	_, port, _ := net.SplitHostPort(upstream.Listener.Addr().String())
	ports := []string{"3000", port}
	if strings.Contains(text, "6379") {
		_, port, _ := net.SplitHostPort(redistest.Start(t).Addr())
		ports = append(ports, "6379", port)
	}
	for _, page := range []string{"8080", "8081", "8391", "8392", "8443"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // when all are known, so that no two are the same
		_, port, _ := net.SplitHostPort(l.Addr().String())
		ports = append(ports, page, port)
	}
	var back []string
	for i := 0; i < len(ports); i += 2 {
		back = append(back, ports[i+1], ports[i])
	}
	s.there, s.us = strings.NewReplacer(ports...), strings.NewReplacer(back...)
	for name, text := range map[string]string{"users.jsonl": usersFile, "api.yaml": apiFile} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// documented is what the gates of the pages stand in front of: the notes of the demo, what the program of
// docs/upstreams.md has besides, and a page as a server of files sends it.
func documented() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", demo.Notes())
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("ETag", `"6b04de82-267"`)
		changed := time.Date(2026, 11, 24, 0, 46, 58, 0, time.UTC)
		http.ServeContent(w, r, "", changed, strings.NewReader("<!DOCTYPE html>"+strings.Repeat("\n", 600)))
	})
	mux.HandleFunc("GET /hello", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") })
	mux.HandleFunc("GET /orders", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		fmt.Fprintf(w, `{"mine":%q,"roles":%q}`, r.Header.Get("X-Sallyport-Subject"), r.Header.Get("X-Sallyport-Roles"))
	})
	mux.HandleFunc("POST /orders", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintln(w, "<pre>SyntaxError: at JSON.parse</pre>")
	})
	mux.HandleFunc("GET /users", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `[{"name":"ada","passwordHash":"$2y$10$"}]`)
	})
	return mux
}

// step runs a line, and compares what is printed with what the page has, if it has anything.
func (s *session) step(t *testing.T, b block, command, want string) {
	t.Helper()
	if serves := strings.HasPrefix(command, "sallyport serve ") && !strings.HasSuffix(command, "--help"); serves {
		if got := s.serve(t, strings.TrimSuffix(command, " &"), strings.HasPrefix(want, "sallyport: ")); want != "" {
			s.compare(t, b, command, want, got)
		}
		return
	}
	if len(s.gates) == 0 && (strings.Contains(command, "127.0.0.1:8080") || strings.Contains(command, "$TOKEN")) {
		s.serve(t, `sallyport serve --upstream http://localhost:3000 --public "GET /health"`, false)
	}
	if strings.Contains(command, "TOKEN=$") {
		s.hasToken = true
	} else if strings.Contains(command, "$TOKEN") && !s.hasToken {
		s.login(t)
	}
	out, err := s.shell(command).CombinedOutput()
	got := s.us.Replace(string(out))
	if want == "" && err != nil {
		t.Errorf("line %d: $ %s\n%s%v", b.line, command, got, err)
	} else if want != "" {
		s.compare(t, b, command, want, got)
	}
}

// shell is a command with the addresses of this session. What it sets is kept for the next one.
func (s *session) shell(command string) *exec.Cmd {
	const before = `curl() { command curl -sS "$@"; }; if [ -e .set ]; then . ./.set; fi; `
	const after = "\nstatus=$?; declare -p TOKEN ${!SALLYPORT_*} > .set 2>/dev/null; exit $status"
	c := exec.Command("bash", "-c", before+s.there.Replace(command)+after)
	c.Dir, c.Env = s.dir, append(os.Environ(), "PATH="+s.bin+":"+os.Getenv("PATH"), "HOME="+s.dir)
	return c
}

var listens = regexp.MustCompile(`--listen (\S+)`)

// serve starts a gate in place of one at the same address, and returns what it has said when it listens, or failed.
func (s *session) serve(t *testing.T, command string, fails bool) string {
	t.Helper()
	at := "127.0.0.1:8080"
	if given := listens.FindStringSubmatch(command); given != nil {
		at = given[1]
	} else {
		command += " --listen " + at
	}
	if strings.Contains(command, "--redis ") {
		command += " --redis-timeout 5s" // a busy machine is slow, and the gate would count alone
	}
	if before := s.gates[at]; before != nil {
		before.Process.Kill()
		before.Wait()
	}
	gate, errors := s.shell("exec "+command), &shared{}
	gate.Stderr = errors
	out, err := gate.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := gate.Start(); err != nil {
		t.Fatal(err)
	}
	s.gates[at] = gate
	t.Cleanup(func() {
		gate.Process.Kill()
		gate.Wait()
	})
	stuck := time.AfterFunc(limit, func() { gate.Process.Kill() })
	defer stuck.Stop()

	said, listening := "", false
	for lines := bufio.NewScanner(out); !listening && lines.Scan(); {
		said += lines.Text() + "\n"
		listening = strings.Contains(lines.Text(), "Ctrl-C") // in the last line
	}
	if listening == fails {
		t.Fatalf("$ %s\n%s%s", command, said, errors)
	}
	if fails {
		gate.Wait()
		said += errors.String()
	}
	return s.us.Replace(said)
}

func (s *session) login(t *testing.T) {
	t.Helper()
	s.hasToken = true
	const post = "curl -f http://127.0.0.1:8080/auth/"
	const asJSON = ` -H 'Content-Type: application/json' -d `
	for _, command := range []string{
		post + "register" + asJSON + `'{"username":"ada","email":"ada@example.com","password":"correct-horse-41-battery"}'`,
		`TOKEN=$(` + post + "login" + asJSON + `'{"username":"ada","password":"correct-horse-41-battery"}'` +
			` | sed 's/.*"access_token":"\([^"]*\)".*/\1/'); test -n "$TOKEN"`,
	} {
		if out, err := s.shell(command).CombinedOutput(); err != nil {
			t.Fatalf("$ %s\n%s%v", command, out, err)
		}
	}
}

// compare has "…" and what varies stand for anything. Of the head of a response, a page shows some fields.
func (s *session) compare(t *testing.T, b block, command, want, got string) {
	t.Helper()
	got = strings.ReplaceAll(got, "\r\n", "\n")
	rest := strings.TrimSpace(want)
	if strings.HasPrefix(rest, "HTTP/1.1 ") {
		head, body, _ := strings.Cut(got, "\n\n")
		fields, after := rest, ""
		if i := strings.LastIndex(rest+"\n", "\n…\n"); i >= 0 {
			fields, after = rest[:i], strings.TrimSpace(strings.TrimPrefix(rest[i:], "\n…"))
		}
		for _, field := range strings.Split(fields, "\n") {
			if field != "…" && !matching("(?m)^", field, "$").MatchString(head) {
				t.Errorf("line %d: $ %s\nprints\n%s\nwithout %s", b.line, command, head, field)
			}
		}
		if got, rest = body, after; rest == "" {
			return
		}
	}
	if !matching(`^(?s)`, rest, `$`).MatchString(strings.TrimSpace(got)) {
		t.Errorf("line %d: $ %s\nprints\n%s\nand the page has\n%s", b.line, command, got, want)
	}
}

// varies is "…", and what differs each time: ids, keys, times, names of machines.
var varies = regexp.MustCompile(strings.Join([]string{
	`…`, `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`, `\b[0-9a-f]{32}\b`, `\b[A-Za-z0-9_-]{43}\b`,
	`"id":"[A-Za-z0-9]{12}"`, `sp_live_[A-Za-z0-9]{12}`, `\d{4}-\d\d-\d\dT[\d:.]+Z`, `\d{4}-\d\d-\d\d \d\d:\d\d`,
	`\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT`, `\b1[78]\d{8}\b`, `;t=\d+`, `Retry-After: \d+`, `"node":"[^"]*"`,
}, "|"))

// matching is a pattern for a text in which some parts vary.
func matching(before, text, after string) *regexp.Regexp {
	var parts []string
	for _, part := range varies.Split(text, -1) {
		parts = append(parts, regexp.QuoteMeta(part))
	}
	return regexp.MustCompile(before + strings.Join(parts, ".*?") + after)
}

// The files that sessions read: two users of another system, and a document for the upstream.
const (
	usersFile = `{"username":"eve","email":"eve@example.com","password_hash":"$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"}
{"username":"bob","email":"bob@example.com"}
`
	apiFile = `openapi: 3.1.0
info: {title: notes, version: "1"}
security: [{token: []}]
paths:
  /health:
    get: {security: [], responses: {"200": {description: fine, content: {application/json: {schema: {type: object, properties: {status: {type: string}}}}}}}}
  /users:
    get: {responses: {"200": {description: all, content: {application/json: {schema: {type: array, items: {type: object, properties: {name: {type: string}}}}}}}}}
components: {securitySchemes: {token: {type: http, scheme: bearer}}}
`
)
