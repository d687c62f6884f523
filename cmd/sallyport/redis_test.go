package main

import (
	"bytes"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sallyport-dev/sallyport/internal/redistest"
)

// TestRedisScripts runs testdata/redis/*.txtar, each with a Redis of its own at $REDIS.
// Beside the commands of TestScripts there are
//
//	redis down|up                cut the way to it, or open it again
//	until REGEXP METHOD PATH     send it until the answer has this in it; standard output is the answer
//	audited FILE EVENT           wait for an event in an audit log
//	warned TEXT                  what was started last has written this to standard error
func TestRedisScripts(t *testing.T) {
	redistest.Start(t) // fails or skips here, where there is none
	files, err := filepath.Glob("testdata/redis/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		server := redistest.Start(t)
		server.Do(t, "ACL", "SETUSER", "ada", "on", ">another")
		relay := redistest.Proxy(t, server.Addr())
		cmds := commands()
		cmds["redis"] = func(ts *testscript.TestScript, _ bool, args []string) {
			relay.Set(t, map[string]redistest.Mode{"down": redistest.Refuse, "up": redistest.Pass}[args[0]])
		}
		cmds["until"], cmds["audited"], cmds["warned"] = until, audited, warned
		testscript.Run(t, testscript.Params{Files: []string{file}, Cmds: cmds, Setup: func(e *testscript.Env) error {
			e.Setenv("REDIS", "redis://"+relay.Addr())
			e.Setenv("REDIS_HOST", relay.Addr())
			return setup(e)
		}})
	}
}

// patiently tries until it is done.
func patiently(ts *testscript.TestScript, what string, done func() bool) {
	for began := time.Now(); !done(); {
		if time.Since(began) > limit {
			ts.Fatalf("no %s within %s", what, limit)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func until(ts *testscript.TestScript, neg bool, args []string) {
	pattern := regexp.MustCompile(args[0])
	patiently(ts, args[0], func() bool { return pattern.MatchString(send(ts, http.DefaultTransport, args[1:])) })
}

func audited(ts *testscript.TestScript, neg bool, args []string) {
	patiently(ts, args[1], func() bool { return strings.Contains(ts.ReadFile(args[0]), `"event":"`+args[1]+`"`) })
}

func warned(ts *testscript.TestScript, neg bool, args []string) {
	r := *ts.Value(program{}).(**running)
	patiently(ts, args[0], func() bool { return strings.Contains(r.errors.String(), args[0]) })
}

// shared is a buffer that a program writes while a test reads.
type shared struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (s *shared) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buffer.Write(b)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buffer.String()
}
