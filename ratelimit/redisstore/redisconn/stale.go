package redisconn

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

const (
	// staleAfter is how long a client may fail before it is dialled anew, and the least time
	// between two dials. Most outages that a new connection cannot end are over by then.
	staleAfter = 2 * time.Second
	// sameOutage is how far apart two refusals of one outage may be: the store probes once a
	// second, and a probe may be late.
	sameOutage = 3 * time.Second
)

// refusals are the error codes of a server that is reachable and is the wrong one to write to: a
// master that was demoted, one that loads its data or has lost the majority of its cluster, a
// proxy that forgot who we are. The connection stays good, so nothing but a new one, to the
// address that the name has by then, ends it.
var refusals = []string{"READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS", "MISCONF", "NOAUTH"}

// outcome is how a call ended, as far as it says something about the client.
type outcome int

const (
	answered  outcome = iota
	abandoned         // the caller left: that says nothing
	refused           // see refusals
	failed            // any other error
)

func outcomeOf(err error) outcome {
	if err == nil {
		return answered
	}
	if errors.Is(err, context.Canceled) {
		return abandoned
	}
	if reply, ok := rueidis.IsRedisErr(err); ok && refuses(reply.Error()) {
		return refused
	}
	return failed
}

// refuses reports whether the text of an error has one of the codes. Redis 6 and older report what
// a script ran into in the middle of the text, behind a hyphen.
func refuses(text string) bool {
	return slices.ContainsFunc(refusals, func(code string) bool {
		return strings.HasPrefix(text, code+" ") || strings.Contains(text, "-"+code+" ")
	})
}

// staleness decides when a client must be replaced. The client library opens a connection that
// broke again by itself, but within the time of the call that needs it, which may be too short
// for a lookup and a handshake, and never one that works.
type staleness struct {
	troubled atomic.Bool // failing is set; spares the calls of a good client the lock

	mu sync.Mutex
	// failing is when the first call failed since one was answered; zero for none.
	failing time.Time
	// refused is when the first refusal of this outage came, refusal when the last did. In a
	// cluster, answers of other shards say nothing about the one that refuses.
	refused, refusal time.Time
}

// note records how a call ended, and reports whether the client is stale. It then begins anew, so
// that it reports so once in every staleAfter.
func (s *staleness) note(o outcome, now time.Time) bool {
	if o == abandoned || o == answered && !s.troubled.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.troubled.Store(o != answered)
	if o == answered {
		s.failing = time.Time{}
		return false
	}

	if s.failing.IsZero() {
		s.failing = now
	}
	first := s.failing
	if o == refused {
		if now.Sub(s.refusal) > sameOutage {
			s.refused = now
		}
		s.refusal = now
		if s.refused.Before(first) {
			first = s.refused
		}
	}

	if now.Sub(first) < staleAfter {
		return false
	}
	s.failing, s.refused, s.refusal = now, now, now
	return true
}

// judge notes how a call of a client ended, and dials another client if that one is stale.
func (c *Conn) judge(client rueidis.Client, o outcome) {
	if c.stale.note(o, time.Now()) {
		c.redial(client)
	}
}

// redial replaces a client in the background, unless that is under way or has been done.
func (c *Conn) redial(old rueidis.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.redialing || c.client != old || c.ctx.Err() != nil {
		return
	}
	c.redialing = true
	c.done.Go(func() { c.replace(old) })
}

// replace dials, resolving the name again and with more patience than a call has. While nothing
// can be dialled, the old client stays: it may recover by itself.
func (c *Conn) replace(old rueidis.Client) {
	client, err := rueidis.NewClient(c.option)
	c.mu.Lock()
	c.redialing = false
	switch {
	case err != nil:
		client = nil
	case c.ctx.Err() != nil:
		old = client // closing: Close has the one that is in use
	default:
		c.client = client
	}
	c.mu.Unlock()
	if client != nil {
		old.Close() // it lets the calls that it has end first, for a second at most
	}
}
