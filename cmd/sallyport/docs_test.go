package main

import (
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/demo"
)

// TestDocs runs the sessions of the documentation that follow a line with the marker, and compares what is printed
// with what is there. "…" stands for anything, and so do ids, times and numbers of bytes, which differ each time.
// A session that does not start a gate itself has one in front of the notes API of the demo, with GET /health public,
// and in $TOKEN the access token of a user.
func TestDocs(t *testing.T) {
	bin := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(bin, "sallyport")); err != nil {
		t.Skip(err)
	}
	ran := 0
	for _, page := range []string{"../../README.md", "../../docs/guide.md", "../../docs/upstreams.md", "../../docs/limits.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range sessions.FindAllStringSubmatch(string(text), -1) {
			ran++
			t.Run(filepath.Base(page), func(t *testing.T) { newSession(t, bin).run(t, block[1]) })
		}
	}
	if ran < 6 {
		t.Errorf("%d sessions have the marker", ran)
	}
}

var (
	sessions = regexp.MustCompile("<!-- tested -->\n```console\n((?s:.*?))```")
	varies   = regexp.MustCompile(`…|[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z`)
)

// session is a shell in a folder of its own, with a port that is free.
type session struct {
	dir, bin, address, notes string
	gate                     *exec.Cmd
	token                    string
}

func newSession(t *testing.T, bin string) *session {
	notes := httptest.NewServer(demo.Notes())
	t.Cleanup(notes.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return &session{dir: t.TempDir(), bin: bin, address: l.Addr().String(), notes: notes.URL}
}

func (s *session) run(t *testing.T, block string) {
	for _, step := range strings.Split("\n"+block, "\n$ ")[1:] {
		command, want, _ := strings.Cut(strings.TrimRight(step, "\n")+"\n", "\n")
		if args, ok := strings.CutSuffix(command, " &"); ok {
			s.serve(t, args)
			continue
		}
		if s.gate == nil && strings.Contains(command, "127.0.0.1:8080/") {
			s.serve(t, `sallyport serve --upstream http://localhost:3000 --public "GET /health"`)
			s.login(t)
		}
		got, _ := s.shell(command).CombinedOutput() // a refusal ends with a status of its own
		s.compare(t, command, want, strings.ReplaceAll(string(got), s.address, "127.0.0.1:8080"))
	}
}

// shell is a command with the addresses of this session.
func (s *session) shell(command string) *exec.Cmd {
	command = strings.NewReplacer("127.0.0.1:8080", s.address, "http://localhost:3000", s.notes).Replace(command)
	c := exec.Command("bash", "-c", `curl() { command curl -sS "$@"; }`+"\n"+command)
	c.Dir, c.Env = s.dir, append(os.Environ(), "PATH="+s.bin+":"+os.Getenv("PATH"), "HOME="+s.dir, "TOKEN="+s.token)
	return c
}

// serve starts a gate, and returns when it listens.
func (s *session) serve(t *testing.T, command string) {
	t.Helper()
	s.gate = s.shell("exec " + command + " --listen " + s.address)
	out, err := s.gate.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.gate.Stderr = s.gate.Stdout
	if err := s.gate.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.gate.Process.Kill()
		s.gate.Wait()
	})
	said := make(chan string, 1)
	go func() {
		var all []byte
		for buf := make([]byte, 4096); !strings.Contains(string(all), "Ctrl-C"); {
			n, err := out.Read(buf)
			if all = append(all, buf[:n]...); err != nil {
				break
			}
		}
		said <- string(all)
		for buf := make([]byte, 4096); err == nil; {
			_, err = out.Read(buf)
		}
	}()
	select {
	case text := <-said:
		if !strings.Contains(text, "Ctrl-C") {
			t.Fatalf("%s: %s", command, text)
		}
	case <-time.After(limit):
		t.Fatalf("%s does not start", command)
	}
}

func (s *session) login(t *testing.T) {
	t.Helper()
	const post = "curl -s http://127.0.0.1:8080/auth/"
	const person = ` -H 'Content-Type: application/json' -d '{"username":"ada","email":"ada@example.com","password":"correct-horse-41-battery"}'`
	s.shell(post + "register" + person).Run()
	const login = ` -H 'Content-Type: application/json' -d '{"username":"ada","password":"correct-horse-41-battery"}'`
	out, err := s.shell(post + "login" + login).Output()
	_, token, ok := strings.Cut(string(out), `"access_token":"`)
	if err != nil || !ok {
		t.Fatalf("%v %s", err, out)
	}
	s.token, _, _ = strings.Cut(token, `"`)
}

// compare has "…" and what varies stand for anything. Of the head of a response, a page shows some fields.
func (s *session) compare(t *testing.T, command, want, got string) {
	t.Helper()
	got = strings.ReplaceAll(got, "\r\n", "\n")
	rest := strings.TrimSpace(want)
	if strings.HasPrefix(rest, "HTTP/1.1 ") {
		head, body, _ := strings.Cut(got, "\n\n")
		fields, after, _ := strings.Cut(rest+"\n", "\n…\n")
		for _, field := range strings.Split(strings.TrimSpace(fields), "\n") {
			if !matching("(?m)^", field, "$").MatchString(head) {
				t.Errorf("$ %s\nprints\n%s\nwithout %s", command, head, field)
			}
		}
		if got, rest = body, strings.TrimSpace(after); rest == "" {
			return
		}
	}
	if !matching(`^(?s)`, rest, `$`).MatchString(strings.TrimSpace(got)) {
		t.Errorf("$ %s\nprints\n%s\nand the page has\n%s", command, got, want)
	}
}

// matching is a pattern for a text in which some parts vary.
func matching(before, text, after string) *regexp.Regexp {
	var parts []string
	for _, part := range varies.Split(text, -1) {
		parts = append(parts, regexp.QuoteMeta(part))
	}
	return regexp.MustCompile(before + strings.Join(parts, ".*?") + after)
}
