//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// process is a running sallyport.
type process struct {
	*testing.T
	cmd    *exec.Cmd
	url    string
	admin  string
	banner string
	errors shared
	ended  chan error
}

// launch starts the program, and waits until it listens. Standard error is collected, unless
// stderr is given.
func launch(t *testing.T, stderr *os.File, args ...string) *process {
	t.Helper()
	p := &process{T: t, cmd: exec.Command(os.Args[0], args...), ended: make(chan error, 1)}
	p.cmd.Args[0] = "sallyport" // testscript.Main makes the test binary the program
	p.cmd.Dir = t.TempDir()
	p.cmd.Stderr = &p.errors
	if stderr != nil {
		p.cmd.Stderr = stderr
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.cmd.Process.Kill() })
	said := bufio.NewReader(out)
	for !strings.Contains(p.banner, "Ctrl-C") {
		line, err := said.ReadString('\n')
		p.banner += line
		if err != nil {
			t.Fatalf("it did not start: %s%s", p.banner, p.errors.String())
		}
	}
	p.url = listening.FindStringSubmatch(p.banner)[1]
	if m := regexp.MustCompile(`(?m)^  health +(\S+)/readyz`).FindStringSubmatch(p.banner); m != nil {
		p.admin = m[1]
	}
	go func() {
		io.Copy(io.Discard, said)
		p.ended <- p.cmd.Wait()
	}()
	return p
}

// end waits until the program has ended, and returns its exit status.
func (p *process) end(within time.Duration) int {
	p.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(within):
		p.Fatalf("it has not ended after %s", within)
		return 0
	}
}

// statusOf is that of a request, 0 where there is no answer.
func statusOf(url string) int {
	client := &http.Client{Timeout: limit, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(url)
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

// ready is what /readyz answers.
func (p *process) ready() (status int, h health) {
	p.Helper()
	res, err := http.Get(p.admin + "/readyz")
	if err != nil {
		return 0, h
	}
	defer res.Body.Close()
	if err := json.UnmarshalRead(res.Body, &h); err != nil {
		p.Error(err)
	}
	return res.StatusCode, h
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for began := time.Now(); !is(); <-time.After(10 * time.Millisecond) {
		if time.Since(began) > limit {
			t.Fatalf("still not so after %s: %s", limit, what)
		}
	}
}

// TestServe_listenerDies: whichever listener dies, the process ends with status 1 and the
// cause, also while requests are in flight.
func TestServe_listenerDies(t *testing.T) {
	for _, which := range []string{"main", "admin"} {
		t.Run(which, func(t *testing.T) {
			p := launch(t, nil, "serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", "data",
				"--drain", "1s")
			url := p.url
			if which == "admin" {
				url = p.admin
			}
			killListener(t, p.cmd.Process.Pid, strings.TrimPrefix(url, "http://"))
			if code := p.end(10 * time.Second); code != 1 {
				t.Errorf("it ended with %d", code)
			}
			if got := p.errors.String(); !strings.Contains(got, "listening on "+strings.TrimPrefix(url, "http://")+" ended: accept") {
				t.Errorf("it says %q", got)
			}
			data, _ := os.ReadFile(filepath.Join(p.cmd.Dir, "data", "audit.log"))
			if !strings.Contains(string(data), `"event":"sys_shutdown","reason":"server: listening on`) {
				t.Errorf("the log says %q", data)
			}
		})
	}
}

// TestServe_stderrStandsStill: a standard error, or log, that nobody reads stops neither
// requests nor the end.
func TestServe_stderrStandsStill(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	fill(t, w)
	p := launch(t, w, "serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", "data",
		"--audit", "-", "--drain", "1s")
	w.Close()
	slow := 0
	for i := range 300 {
		began := time.Now()
		got := statusOf(fmt.Sprintf("%s/notes/%d", p.url, i))
		if got != http.StatusUnauthorized && got != http.StatusTooManyRequests {
			t.Fatalf("request %d: %d", i, got)
		}
		if time.Since(began) > 900*time.Millisecond {
			slow++
		}
	}
	if slow > 1 {
		t.Errorf("%d requests waited for the log", slow)
	}
	code, h := p.ready()
	if code != http.StatusOK || h.Status != healthDegraded || !strings.Contains(fmt.Sprint(h.Parts), "{audit degraded audit:") {
		t.Errorf("readyz: %d %+v", code, h)
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	p.end(10 * time.Second)
}

// fill fills a pipe.
func fill(t *testing.T, w *os.File) {
	t.Helper()
	if err := w.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := w.Write(bytes.Repeat([]byte("x"), 512)); err != nil {
			return
		}
	}
}

// TestServe_stderrCloses: the end of whoever reads standard error is not the gate's.
func TestServe_stderrCloses(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := launch(t, w, "serve", "--listen", "127.0.0.1:0", "--data", "data", "--audit", "-", "--drain", "1s")
	w.Close()
	r.Close()
	for i := range 50 {
		if got := statusOf(fmt.Sprintf("%s/notes/%d", p.url, i)); got != http.StatusUnauthorized {
			t.Fatalf("request %d: %d", i, got)
		}
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	if code := p.end(10 * time.Second); code == -1 {
		t.Errorf("a signal ended it: %v", p.cmd.ProcessState)
	}
}

// TestServe_hangup: logrotate renames the log and sends SIGHUP while requests come: none is
// refused, no line is lost and none is there twice. A command writes to the same log.
func TestServe_hangup(t *testing.T) {
	p := launch(t, nil, "serve", "--listen", "127.0.0.1:0", "--data", "data", "--trusted-proxy", "127.0.0.1")
	log := filepath.Join(p.cmd.Dir, "data", "audit.log")
	const requests, rotations = 1200, 12
	var sending sync.WaitGroup
	for s := range 4 {
		sending.Go(func() {
			client := &http.Client{Timeout: limit}
			for i := range requests / 4 {
				req, _ := http.NewRequest("GET", fmt.Sprintf("%s/notes", p.url), nil)
				req.Header.Set("X-Request-Id", fmt.Sprintf("r-%d-%d", s, i))
				req.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", s, i/250, i%250)) // each is another client
				res, err := client.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				io.Copy(io.Discard, res.Body)
				if res.Body.Close(); res.StatusCode != http.StatusUnauthorized {
					t.Errorf("%d", res.StatusCode)
				}
			}
		})
	}
	for i := range rotations {
		if err := os.Rename(log, fmt.Sprintf("%s.%d", log, i)); err != nil {
			t.Fatal(err)
		}
		p.cmd.Process.Signal(syscall.SIGHUP)
		eventually(t, "the log is there again", func() bool { _, err := os.Stat(log); return err == nil })
	}
	add := exec.Command(os.Args[0], "user", "add", "ada", "--email", "ada@example.com", "--data", "data")
	add.Args[0], add.Dir, add.Stdin = "sallyport", p.cmd.Dir, strings.NewReader("correct-horse-41-battery\n")
	if out, err := add.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	sending.Wait()
	p.cmd.Process.Signal(syscall.SIGTERM)
	if code := p.end(20 * time.Second); code != 0 {
		t.Errorf("it ended with %d: %s", code, p.errors.String())
	}
	var all strings.Builder
	files, _ := filepath.Glob(log + "*")
	for _, name := range files {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", name, info.Mode())
		}
		data, _ := os.ReadFile(name)
		all.Write(data)
	}
	seen := map[string]int{}
	for line := range strings.Lines(all.String()) {
		var e struct {
			Event string `json:"event"`
			Given string `json:"client_request"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Errorf("%v: %q", err, line)
		}
		seen[e.Event+" "+e.Given]++
	}
	for _, event := range []string{"sys_startup ", "user_created ", "sys_shutdown "} {
		if seen[event] != 1 {
			t.Errorf("%sis there %d times", event, seen[event])
		}
	}
	for s := range 4 {
		for i := range requests / 4 {
			if n := seen[fmt.Sprintf("sp_no_credentials r-%d-%d", s, i)]; n != 1 {
				t.Fatalf("the event of request %d-%d is there %d times", s, i, n)
			}
		}
	}
	if len(files) != rotations+1 {
		t.Errorf("%d files", len(files))
	}
	t.Logf("%d files, %d lines", len(files), strings.Count(all.String(), "\n"))
}

// TestServe_ready: the listener for administrators says without a login how the process is,
// also where there are no accounts, and until requests in flight are done.
func TestServe_ready(t *testing.T) {
	entered, finish := make(chan bool, 1), make(chan bool)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entered <- true
		<-finish
	}))
	defer upstream.Close()
	p := launch(t, nil, "serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", "data", "--accounts=off",
		"--upstream", upstream.URL, "--public", "GET /slow", "--drain", "10s")
	if code, h := p.ready(); code != http.StatusOK || h.Status != healthOK || len(h.Parts) != 3 {
		t.Errorf("readyz: %d %+v", code, h)
	}
	if got := statusOf(p.admin + "/livez"); got != http.StatusOK {
		t.Errorf("livez: %d", got)
	}
	for path, want := range map[string]int{"/readyz/": 404, "//readyz": 404, "/admin/api/users": 404, "/": 404} {
		if got := statusOf(p.admin + path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	if got := statusOf(p.url + "/readyz"); got != http.StatusUnauthorized {
		t.Errorf("the world asks whether it is ready: %d", got)
	}
	slow := make(chan int, 1)
	go func() { slow <- statusOf(p.url + "/slow") }()
	<-entered
	p.cmd.Process.Signal(syscall.SIGTERM)
	eventually(t, "503 while it drains", func() bool {
		code, h := p.ready()
		return code == http.StatusServiceUnavailable && h.Status == healthFailed
	})
	close(finish)
	if got := <-slow; got != http.StatusOK {
		t.Errorf("in flight: %d", got)
	}
	if code := p.end(10 * time.Second); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

// TestAdmin_boundAddress: a name that means this machine is guarded like 127.0.0.1, and is
// itself a name to ask by.
func TestAdmin_boundAddress(t *testing.T) {
	name := loopbackName(t)
	p := launch(t, nil, "serve", "--listen", "127.0.0.1:0", "--admin", name+":0", "--data", "data")
	for host, want := range map[string]int{
		name: 200, strings.ToUpper(name): 200, "127.0.0.1": 200, "localhost": 200,
		"evil.example": 421, name + ".evil.example": 421,
	} {
		req, err := http.NewRequest("GET", p.admin+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode != want {
			t.Errorf("%s: %d, want %d", host, res.StatusCode, want)
		}
	}
}

// loopbackName is a name other than localhost that means this machine here.
func loopbackName(t *testing.T) string {
	t.Helper()
	own, _ := os.Hostname()
	for _, name := range []string{own, "ip6-localhost", "localhost.", "localhost.localdomain", "localhost4", "localhost6"} {
		if addr, err := net.ResolveTCPAddr("tcp", name+":0"); err == nil && addr.IP.IsLoopback() {
			return name
		}
	}
	t.Skip("no name but localhost means this machine here")
	return ""
}
