package redistest_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/redistest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }

// TestShared: the test program has one server, and each test finds it.
func TestShared(t *testing.T) {
	for range 2 {
		t.Run("", func(t *testing.T) {
			if got := redistest.Shared(t).Do(t, "INCR", "TestShared"); t.Name() == "TestShared/#01" && got != "2" {
				t.Errorf("counts %s", got)
			}
		})
	}
}

// TestDo: what answers look like, and what are errors.
func TestDo(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	for _, row := range []struct {
		command, want string
	}{
		{"PING", "PONG"},
		{"CONFIG SET maxmemory 10000000", "OK"},
		{"CONFIG GET maxmemory", "maxmemory\n10000000"},
		{"DEBUG SLEEP 0", "OK"},
		{"GET nothing", ""},
		{"SADD set a", "1"},
		{"EVAL return{1,{'a'},false} 0", "1\na\n"},
		{"FLUSHALL", "OK"},
		{"DBSIZE", "0"},
	} {
		if got := s.Do(t, strings.Fields(row.command)...); got != row.want {
			t.Errorf("%s: %q, want %q", row.command, got, row.want)
		}
	}
	if got := s.Do(t, "ECHO", "a\r\n$1\x00"); got != "a\r\n$1\x00" {
		t.Errorf("echoes %q", got)
	}
	if got := s.Info(t, "commandstats")["cmdstat_flushall"]; !strings.HasPrefix(got, "calls=1,") {
		t.Errorf("FLUSHALL ran %q", got)
	}
	if _, err := s.Try(t.Context(), "NONSENSE"); !isReply(err) {
		t.Errorf("%T: %v", err, err)
	}
}

func isReply(err error) bool {
	_, ok := errors.AsType[redistest.ReplyError](err)
	return ok
}

// TestRestart: a killed server refuses, and comes back on its port with what it kept.
func TestRestart(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		config []string
		want   string
	}{
		{"empty", nil, ""},
		{"with its data", []string{"appendonly yes"}, "here"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := redistest.Start(t, row.config...)
			before := s.Addr()
			s.Do(t, "SET", "key", "here")
			s.Kill()
			if _, err := s.Try(t.Context(), "PING"); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("a dead server: %v", err)
			}
			s.Restart(t)
			if got := s.Do(t, "GET", "key"); got != row.want || s.Addr() != before {
				t.Errorf("%q at %s", got, s.Addr())
			}
		})
	}
}

// TestFreeze: a frozen server takes connections, and answers once it is thawed.
func TestFreeze(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	s.Freeze(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Try(ctx, "PING"); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a frozen server: %v", err)
	}
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s.Thaw()
	if got := s.Do(t, "PING"); got != "PONG" {
		t.Errorf("thawed: %q", got)
	}
}

// TestBroken: a configuration that Redis refuses is told, in Redis's words.
func TestBroken(t *testing.T) {
	t.Parallel()
	redistest.Shared(t) // skips here, if need be
	failed := make(chan string, 1)
	go func() {
		defer close(failed)
		redistest.Start(&fatal{t, failed}, "no-such-line yes")
	}()
	if got := <-failed; !strings.Contains(got, "no-such-line") {
		t.Errorf("%q", got)
	}
}
