package redistest_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/redistest"
)

// client is a connection through a proxy.
type client struct {
	net.Conn
	lines *bufio.Reader
}

func dial(t *testing.T, p *redistest.Relay) *client {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &client{conn, bufio.NewReader(conn)}
}

func (c *client) ping(limit time.Duration) (string, error) {
	c.SetDeadline(time.Now().Add(limit))
	if _, err := io.WriteString(c, "PING\r\n"); err != nil {
		return "", err
	}
	return c.lines.ReadString('\n')
}

const (
	long  = 20 * time.Second
	short = 50 * time.Millisecond
)

// TestProxy takes one connection through the modes, and a new one in each.
func TestProxy(t *testing.T) {
	t.Parallel()
	p := redistest.Proxy(t, redistest.Start(t).Addr())
	old := dial(t, p)
	works := func(c *client) {
		t.Helper()
		if got, err := c.ping(long); got != "+PONG\r\n" {
			t.Errorf("%q, %v", got, err)
		}
	}
	works(old)

	p.Set(t, redistest.Slow(short))
	for _, c := range []*client{old, dial(t, p)} {
		began := time.Now()
		works(c)
		if took := time.Since(began); took < short {
			t.Errorf("not slow: %s", took)
		}
	}

	p.Set(t, redistest.BlackHole)
	fresh := dial(t, p)
	for _, c := range []*client{old, fresh} {
		if got, err := c.ping(short); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q, %v", got, err)
		}
	}

	p.Set(t, redistest.Pass)
	for _, c := range []*client{old, fresh} {
		if got, err := c.ping(long); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a connection with a hole lives on: %q, %v", got, err)
		}
	}
	old = dial(t, p)
	works(old)

	p.Set(t, redistest.Refuse)
	if got, err := old.ping(long); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := net.Dial("tcp", p.Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("not refused: %v", err)
	}
	p.Set(t, redistest.Pass)
	works(dial(t, p))
}

// TestProxyEnds: a client learns that its server has died.
func TestProxyEnds(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	c := dial(t, redistest.Proxy(t, s.Addr()))
	if _, err := c.ping(long); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if got, err := c.ping(long); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q, %v", got, err)
	}
}
