package redisconn_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/redistest"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore/redisconn"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }

func TestAddresses(t *testing.T) {
	for _, address := range []string{
		"", "localhost:6379", "http://localhost:6379", "redis://", "redis:///0", "redis://localhost:6379/x", "redis://localhost/0/1",
		"redis://localhost?skip_verify=true", "rediss://localhost?skip_verify", "redis://localhost?write_timeout=1h", "redis://localhost?client_cache=1",
		"redis://localhost#0", "redis:localhost", "redis://s3cret:s3cret@local host", "redis://u:s3cret@localhost?x=1", "redis://localhost?a;b",
		"redis://:9/s3cret@localhost:6379", "redis://9/s3cret/9@localhost", "redis://localhost?db=s3cret",
	} {
		c, err := redisconn.Dial(address)
		if _, ok := errors.AsType[*redisconn.URLError](err); !ok || c != nil {
			t.Errorf("%q: %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error has the password: %v", err)
		}
	}
}

// TestRefused: a server that does not want us ends the start.
func TestRefused(t *testing.T) {
	server := redistest.Start(t)
	server.Do(t, "ACL", "SETUSER", "gate", "on", ">right", "~*", "+@all")
	for _, address := range []string{"redis://gate:s3cret@" + server.Addr(), "redis://nobody:s3cret@" + server.Addr(), "redis://" + server.Addr() + "/4711"} {
		c, err := redisconn.Dial(address)
		if err == nil {
			c.Close()
			t.Errorf("%s is taken", address)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error has the password: %v", err)
		}
	}
	c, err := redisconn.Dial("redis://gate:right@" + server.Addr() + "/3")
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// TestLater: a server that was not there at the start is found when it is.
func TestLater(t *testing.T) {
	server := redistest.Start(t)
	proxy := redistest.Proxy(t, server.Addr())
	proxy.Set(t, redistest.Refuse)
	c, err := redisconn.Dial("redis://" + proxy.Addr())
	if err != nil {
		t.Fatal(err)
	}
	changes := make(chan redisstore.Change, 8)
	s, err := redisstore.New(redisstore.Config{Client: c, Timeout: time.Second, Notify: func(c redisstore.Change) { changes <- c }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l, err := ratelimit.Parse("1000 per 1h")
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		d, err := s.Take(t.Context(), ratelimit.Key{}, l, 1)
		if err != nil || !d.Allowed || !d.Degraded {
			t.Fatal(d, err)
		}
	}
	if c := <-changes; !c.Degraded || c.Reason == "" {
		t.Errorf("%+v", c)
	}
	proxy.Set(t, redistest.Pass)
	if c := <-changes; c.Degraded {
		t.Errorf("%+v", c)
	}
	d, err := s.Take(t.Context(), ratelimit.Key{}, l, 1)
	if err != nil || d.Degraded || d.Remaining != 994 {
		t.Errorf("%+v, %v: what was admitted alone is not counted", d, err)
	}
}

// TestScriptsForgotten: a server that has lost its scripts is given them again.
func TestScriptsForgotten(t *testing.T) {
	server := redistest.Start(t)
	c, err := redisconn.Dial("redis://" + server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	s, err := redisstore.New(redisstore.Config{Client: c, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l, err := ratelimit.Parse("1000 per 1h")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		server.Do(t, "SCRIPT", "FLUSH")
		d, err := s.Take(t.Context(), ratelimit.Key{}, l, 1)
		if err != nil || d.Degraded || d.Remaining != 999-i {
			t.Fatal(d, err)
		}
	}
}
