package proxy

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/sallyport-dev/sallyport/clientip"
)

const (
	// DefaultMaxInFlight is how many requests the upstream gets at once.
	DefaultMaxInFlight = 512
	// clientShare is the part of them that one client gets by default, as a divisor.
	clientShare = 4
	// maxWait is how long a request waits for its turn.
	maxWait = 2 * time.Second
	// inFlightLimit is the most that can be configured: a system has so many ports.
	inFlightLimit = 60_000
)

var (
	errFull    = errors.New("proxy: too many requests are in flight, and too many wait")
	errNoRoom  = errors.New("proxy: too many requests are in flight, and none ended in time")
	errGoneOff = errors.New("proxy: the client left while its request waited")
)

// slots limits how many requests, and so connections, the upstream has at once, in all and
// for each client: an IPv4 address or an IPv6 /64. A WebSocket or an event stream has its
// slot until it ends.
//
// A client gets a slot while it has fewer than perClient and fewer than there are free
// ones. The latter leaves, however many clients press, some for one that has none: a
// single client gets no more than half, two a third each, and so on. Requests beyond wait
// in a queue for each client, by the same two rules, and clients take turns.
type slots struct {
	max, perClient int
	wait           time.Duration

	mu      sync.Mutex
	used    int
	waiting int
	clients map[netip.Prefix]*client
	turns   []*client // those with requests that wait, the next one first
}

// client is what one client has of the slots.
type client struct {
	prefix netip.Prefix
	used   int
	queue  []*turn
}

// turn is one request that waits; admitted is closed when it has a slot.
type turn struct{ admitted chan struct{} }

func newSlots(most, perClient int) *slots {
	return &slots{max: most, perClient: perClient, wait: maxWait, clients: map[netip.Prefix]*client{}}
}

// checkInFlight completes and checks what a Config says.
func checkInFlight(most, perClient int) (*slots, error) {
	if most == 0 {
		most = DefaultMaxInFlight
	}
	var errs []error
	if most < 1 || most > inFlightLimit {
		errs = append(errs, &Error{Field: "MaxInFlight", Value: strconv.Itoa(most),
			Reason: "must be between 1 and " + strconv.Itoa(inFlightLimit) + ", or 0 for " + strconv.Itoa(DefaultMaxInFlight)})
	}
	if perClient == 0 {
		perClient = max(1, most/clientShare)
	}
	if perClient < 1 || perClient > most {
		errs = append(errs, &Error{Field: "MaxPerClient", Value: strconv.Itoa(perClient),
			Reason: "must be between 1 and the number of all requests, or 0 for a quarter of them"})
	}
	return newSlots(most, perClient), errors.Join(errs...)
}

// fair reports whether one who has n of a total of which left are free may have another. A
// limit for each client that is the whole total switches the fair part off.
func (s *slots) fair(n, left int) bool {
	return left > 0 && n < s.perClient && (n < left || s.perClient == s.max)
}

// acquire gets a slot for a request of addr, and may wait for it. When the error is nil,
// release must follow. A refusal without a wait allocates nothing.
func (s *slots) acquire(ctx context.Context, addr netip.Addr) error {
	prefix := clientip.Prefix(addr)
	t, err := s.enter(prefix)
	if t == nil {
		return err
	}
	timer := time.NewTimer(s.wait)
	defer timer.Stop()
	select {
	case <-t.admitted:
		return nil
	case <-timer.C:
		err = errNoRoom
	case <-ctx.Done():
		err = errGoneOff
	}
	if s.leave(prefix, t) {
		return err
	}
	return nil // it was admitted meanwhile
}

// enter takes a slot, or else a place in the queue.
func (s *slots) enter(prefix netip.Prefix) (*turn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, n, waiting := s.clients[prefix], 0, 0
	if c != nil {
		n, waiting = c.used, len(c.queue)
	}
	now := waiting == 0 && s.fair(n, s.max-s.used)
	if !now && !s.fair(waiting, s.max-s.waiting) {
		return nil, errFull
	}
	if c == nil {
		c = &client{prefix: prefix}
		s.clients[prefix] = c
	}
	if now {
		s.used++
		c.used++
		return nil, nil
	}
	t := &turn{admitted: make(chan struct{})}
	s.waiting++
	if c.queue = append(c.queue, t); len(c.queue) == 1 {
		s.turns = append(s.turns, c)
	}
	return t, nil
}

// leave takes a request out of its queue. It reports false when it has been admitted.
func (s *slots) leave(prefix netip.Prefix, t *turn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.clients[prefix]
	i := -1
	if c != nil {
		i = slices.Index(c.queue, t)
	}
	if i < 0 {
		return false
	}
	c.queue = slices.Delete(c.queue, i, i+1)
	s.waiting--
	if len(c.queue) == 0 {
		s.turns = slices.DeleteFunc(s.turns, func(other *client) bool { return other == c })
	}
	s.forget(c)
	return true
}

// release gives a slot back, and lets in who may now.
func (s *slots) release(addr netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.clients[clientip.Prefix(addr)]
	s.used--
	c.used--
	s.forget(c)
	for s.admit() {
	}
}

// admit lets in one request of the first client in turn that may have a slot.
func (s *slots) admit() bool {
	for i, c := range s.turns {
		if !s.fair(c.used, s.max-s.used) {
			continue
		}
		t := c.queue[0]
		c.queue = slices.Delete(c.queue, 0, 1)
		s.turns = slices.Delete(s.turns, i, i+1)
		if len(c.queue) > 0 {
			s.turns = append(s.turns, c)
		}
		s.waiting--
		s.used++
		c.used++
		close(t.admitted)
		return true
	}
	return false
}

// forget drops a client that has nothing.
func (s *slots) forget(c *client) {
	if c.used == 0 && len(c.queue) == 0 {
		delete(s.clients, c.prefix)
	}
}
