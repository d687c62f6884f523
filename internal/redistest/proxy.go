package redistest

import (
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/servers"
)

// Mode is what a [Relay] does with connections.
type Mode time.Duration

// The modes, and [Slow].
const (
	Pass      Mode = -iota // as if it were not there
	BlackHole              // accepts and reads, and never answers
	Refuse                 // ends the connections, and refuses new ones
)

// Slow passes each chunk of an answer on after a while.
func Slow(by time.Duration) Mode { return Mode(by) }

// Relay stands between a client and a server.
type Relay struct {
	addr string

	mu       sync.Mutex
	to       string
	mode     Mode
	delay    time.Duration // before a new connection is passed on
	age      int           // of the connections that are made now
	silent   int           // connections below that age are black holes
	listener net.Listener  // nil when refusing
	conns    []net.Conn    // of both sides
	done     sync.WaitGroup
	quit     chan struct{}
}

// Proxy starts a relay to an address. It passes everything until it is told otherwise.
func Proxy(t testing.TB, to string) *Relay {
	t.Helper()
	port, err := servers.Port()
	if err != nil {
		t.Fatal(err)
	}
	r := &Relay{addr: net.JoinHostPort("127.0.0.1", port), to: to, mode: Refuse, quit: make(chan struct{})}
	t.Cleanup(r.close)
	r.Set(t, Pass)
	return r
}

// Addr is where the relay listens, or refuses to.
func (r *Relay) Addr() string { return r.addr }

// Set changes the mode, for the connections that are there too. What a black hole has
// swallowed would be missing in them later: they end with it.
func (r *Relay) Set(t testing.TB, mode Mode) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if mode == Refuse || r.mode == BlackHole && mode != BlackHole {
		r.cut()
	}
	r.mode = mode
	if err := r.listen(); err != nil {
		t.Fatal(err)
	}
}

// Lead has new connections go to another server, as a virtual address does after a failover. Those
// that are there stay where they are.
func (r *Relay) Lead(to string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to = to
}

// Silence turns the connections that are there into black holes for good, as a router does that
// has lost its state. New ones work.
func (r *Relay) Silence() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.age++
	r.silent = r.age
}

// Delay has every new connection take so much longer until its first byte is passed on.
func (r *Relay) Delay(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delay = d
}

// Cut ends the connections that are there.
func (r *Relay) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut()
}

// listen opens the listener or closes it, as the mode wants.
func (r *Relay) listen() (err error) {
	switch {
	case r.mode == Refuse && r.listener != nil:
		r.listener.Close()
		r.listener = nil
	case r.mode != Refuse && r.listener == nil:
		if r.listener, err = net.Listen("tcp", r.addr); err == nil {
			l := r.listener
			r.done.Go(func() { r.accept(l) })
		}
	}
	return err
}

func (r *Relay) accept(l net.Listener) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		if r.add(client) {
			r.done.Go(func() { r.serve(client) })
		}
	}
}

// add keeps a connection, to be cut later. One that comes too late is closed.
func (r *Relay) add(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.mode == Refuse {
		c.Close()
		return false
	}
	r.conns = append(r.conns, c)
	return true
}

// serve passes a connection on, unless nobody is to hear of it.
func (r *Relay) serve(client net.Conn) {
	defer r.drop(client)
	r.mu.Lock()
	to, delay, age := r.to, r.delay, r.age
	r.mu.Unlock()
	if r.now(age) == BlackHole {
		io.Copy(io.Discard, client)
		return
	}
	r.wait(Mode(delay))
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer r.drop(server)
	if r.add(server) {
		r.done.Go(func() { r.pump(client, server, age, r.wait) })
		r.pump(server, client, age, func(Mode) {})
	}
}

// pump copies what arrives, until one side ends: then the other ends as well.
func (r *Relay) pump(to, from net.Conn, age int, wait func(Mode)) {
	defer to.Close()
	chunk := make([]byte, 16<<10)
	for {
		n, err := from.Read(chunk)
		mode := r.now(age)
		wait(mode)
		if mode != BlackHole {
			to.Write(chunk[:n])
		}
		if err != nil {
			return
		}
	}
}

func (r *Relay) wait(by Mode) {
	if by <= 0 {
		return
	}
	select {
	case <-time.After(time.Duration(by)):
	case <-r.quit:
	}
}

func (r *Relay) cut() {
	for _, c := range r.conns {
		c.Close()
	}
	r.conns = nil
}

func (r *Relay) drop(c net.Conn) {
	c.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns = slices.DeleteFunc(r.conns, func(other net.Conn) bool { return other == c })
}

// now returns the mode for a connection of an age.
func (r *Relay) now(age int) Mode {
	r.mu.Lock()
	defer r.mu.Unlock()
	if age < r.silent {
		return BlackHole
	}
	return r.mode
}

func (r *Relay) close() {
	close(r.quit)
	r.mu.Lock()
	r.cut()
	r.mode = Refuse
	r.listen()
	r.mu.Unlock()
	r.done.Wait()
}
