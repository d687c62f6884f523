package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/demo"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sallyport": main})
}

// TestScripts runs testdata/script/*.txtar against the real program. Beside the
// commands of testscript there are
//
//	start ARGS...                       start sallyport, and wait until it listens; its address is
//	                                    $URL and $ADDRESS, and what it has said so far in the file started
//	request STATUS METHOD PATH [FIELD: VALUE]... [BODY]
//	                                    send a request; standard output is the answer's head and body
//	secure STATUS METHOD PATH           the same over TLS, whoever signed the certificate
//	gone METHOD PATH [FIELD: VALUE]...  send it until the answer is 401; five seconds at most
//	mail DIR REGEXP                     wait for a mail in the folder that has this in it; standard output is what matched
//	keep NAME REGEXP                    put what the regexp's group matched on standard output into $NAME
//	terminate                           SIGTERM; the program has to end with status 0
//	bound METHOD URL                    make the files and variables of a token that is bound to a key, see bound
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Setup: setup, Cmds: commands()})
}

func setup(e *testscript.Env) error {
	notes := httptest.NewServer(demo.Notes())
	e.Defer(notes.Close)
	e.Setenv("NOTES", notes.URL)
	e.Values[program{}] = new(*running)
	return nil
}

func commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"start": start, "request": request, "secure": secure, "gone": gone, "keep": keep, "terminate": terminate, "mail": mailed, "bound": bound,
	}
}

const limit = 20 * time.Second

// program is the key of what a script has started last.
type program struct{}

type running struct {
	cmd    *exec.Cmd
	errors shared
}

var listening = regexp.MustCompile(`(?m)^  (?:listening|the gate) +(\S+)`)

func start(ts *testscript.TestScript, neg bool, args []string) {
	self, err := os.Executable()
	ts.Check(err)
	r := &running{cmd: exec.Command(self, args...)}
	// testscript.Main makes the test binary the program that it is called as.
	r.cmd.Args[0] = "sallyport"
	r.cmd.Dir, r.cmd.Env, r.cmd.Stderr = ts.Getenv("WORK"), append(os.Environ(), "HOME="+ts.Getenv("WORK"), storeVariable+"="+ts.Getenv(storeVariable)), &r.errors
	out, err := r.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(r.cmd.Start())
	ts.Defer(func() {
		r.cmd.Process.Kill()
		r.cmd.Wait()
	})
	said := bufio.NewReader(out)
	var text strings.Builder
	for !strings.Contains(text.String(), "Ctrl-C") { // the last thing it says
		line, err := said.ReadString('\n')
		text.WriteString(line)
		if err != nil {
			r.cmd.Wait()
			ts.Fatalf("it did not start: %s%s", &text, &r.errors)
		}
	}
	go io.Copy(io.Discard, said)
	url := listening.FindStringSubmatch(text.String())[1]
	ts.Setenv("URL", url)
	ts.Setenv("ADDRESS", strings.TrimPrefix(url, "http://"))
	ts.Check(os.WriteFile(ts.MkAbs("started"), []byte(text.String()), 0o600))
	*ts.Value(program{}).(**running) = r
}

func terminate(ts *testscript.TestScript, neg bool, args []string) {
	r := *ts.Value(program{}).(**running)
	ts.Check(r.cmd.Process.Signal(syscall.SIGTERM))
	ended := make(chan error, 1)
	go func() { ended <- r.cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			ts.Fatalf("it ended with %v: %s", err, &r.errors)
		}
	case <-time.After(limit):
		ts.Fatalf("it did not end within %s", limit)
	}
}

func request(ts *testscript.TestScript, neg bool, args []string) {
	expect(ts, args, send(ts, http.DefaultTransport, args[1:]))
}

func secure(ts *testscript.TestScript, neg bool, args []string) {
	expect(ts, args, send(ts, &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}, args[1:]))
}

func expect(ts *testscript.TestScript, args []string, answer string) {
	if !strings.Contains(answer[:20], " "+args[0]+" ") {
		ts.Fatalf("want the status %s:\n%s", args[0], answer)
	}
}

func mailed(ts *testscript.TestScript, neg bool, args []string) {
	pattern := regexp.MustCompile(args[1])
	for began := time.Now(); time.Since(began) < limit; {
		list, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*.eml"))
		ts.Check(err)
		for _, name := range list {
			if match := pattern.FindString(ts.ReadFile(name)); match != "" {
				fmt.Fprintln(ts.Stdout(), match)
				return
			}
		}
	}
	ts.Fatalf("no mail in %s has %s", args[0], args[1])
}

func gone(ts *testscript.TestScript, neg bool, args []string) {
	began := time.Now()
	for !strings.Contains(send(ts, http.DefaultTransport, args), " 401 ") {
		if time.Since(began) > 5*time.Second {
			ts.Fatalf("still accepted after 5 s")
		}
		<-time.After(20 * time.Millisecond)
	}
}

// send sends a request, and writes and returns the answer's head and body.
func send(ts *testscript.TestScript, transport http.RoundTripper, args []string) string {
	fields, body := http.Header{}, ""
	for _, arg := range args[2:] {
		name, value, ok := strings.Cut(arg, ": ")
		if ok && !strings.HasPrefix(arg, "{") {
			fields.Add(name, value)
			continue
		}
		body = arg
		fields.Set("Content-Type", "application/json")
	}
	req, err := http.NewRequest(args[0], ts.Getenv("URL")+args[1], strings.NewReader(body))
	ts.Check(err)
	req.Header = fields
	client := &http.Client{Transport: transport, Timeout: limit, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	ts.Check(err)
	defer res.Body.Close()
	var out strings.Builder
	fmt.Fprintln(&out, res.Proto, res.Status)
	res.Header.Write(&out)
	fmt.Fprintln(&out)
	_, err = io.Copy(&out, res.Body)
	ts.Check(err)
	_, err = io.WriteString(ts.Stdout(), out.String())
	ts.Check(err)
	return out.String()
}

func keep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: keep NAME REGEXP")
	}
	found := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) != 2 {
		ts.Fatalf("%s does not match:\n%s", args[1], ts.ReadFile("stdout"))
	}
	ts.Setenv(args[0], found[1])
}
