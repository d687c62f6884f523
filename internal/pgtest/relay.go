package pgtest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// Relay stands between a client and a server, and counts the connections.
type Relay struct {
	listener net.Listener
	to       atomic.Pointer[string]
	opened   atomic.Int64

	mu   sync.Mutex
	live []*pipe
}

// pipe is one connection through a Relay.
type pipe struct {
	client, server net.Conn
	frozen         chan struct{}
}

// Through returns a relay, and the address of the database with the relay in its place.
func Through(t testing.TB, address string) (*Relay, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r, server := &Relay{listener: l}, u.Host
	r.to.Store(&server)
	u.Host = l.Addr().String()
	go r.accept()
	t.Cleanup(r.close)
	return r, u.String()
}

// Opened is how many connections were opened so far.
func (r *Relay) Opened() int { return int(r.opened.Load()) }

// SwitchTo leads connections that are opened from now on to another database's server;
// those that are open stay where they are, as after a failover behind a name.
func (r *Relay) SwitchTo(t testing.TB, address string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	r.to.Store(&u.Host)
}

// Freeze lets nothing pass any more on the connections that are open, and leaves them
// open. New ones work.
func (r *Relay) Freeze() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.live {
		close(p.frozen)
	}
	r.live = nil
}

func (r *Relay) accept() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.opened.Add(1)
		server, err := net.Dial("tcp", *r.to.Load())
		if err != nil {
			client.Close()
			continue
		}
		p := &pipe{client, server, make(chan struct{})}
		r.mu.Lock()
		r.live = append(r.live, p)
		r.mu.Unlock()
		go p.pump(client, server)
		go p.pump(server, client)
	}
}

// pump copies until one side ends; then the other ends as well. Once frozen, what arrives
// goes nowhere, and the client's side stays open until the client closes it.
func (p *pipe) pump(to, from net.Conn) {
	chunk := make([]byte, 16<<10)
	for {
		n, err := from.Read(chunk)
		select {
		case <-p.frozen:
			io.Copy(io.Discard, from)
			p.server.Close()
			if from == p.client {
				from.Close()
			}
			return
		default:
		}
		if _, wrong := to.Write(chunk[:n]); err != nil || wrong != nil {
			to.Close()
			from.Close()
			return
		}
	}
}

func (r *Relay) close() {
	r.listener.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.live {
		p.client.Close()
		p.server.Close()
	}
}
