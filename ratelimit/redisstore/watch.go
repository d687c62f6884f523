package redisstore

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"
)

// nodeCount is how many processes share the limits. It grows at once and shrinks after
// some beats: a server that just lost its keys knows of nobody.
type nodeCount struct {
	now  atomic.Int64
	less int // beats in a row that saw fewer
}

const (
	// maxNodes is how many processes may be told to be there.
	maxNodes = 1 << 16
	// countFor is for how long a process counts after its last beat, and asksFor for how
	// many beats it counts as asking Redis: while it decides alone it does not beat.
	countFor = 30 * time.Second
	asksFor  = 2
	// shrinkAfter is how many beats have to see fewer processes.
	shrinkAfter = 10
)

func (n *nodeCount) count(fixed int) int {
	if fixed > 0 {
		return fixed
	}
	return int(max(n.now.Load(), 1))
}

func (n *nodeCount) saw(count int64) {
	if count < n.now.Load() {
		if n.less++; n.less < shrinkAfter {
			return
		}
	}
	n.less = 0
	n.now.Store(count)
}

// watch beats until ctx ends: it says that this process is there, counts the others,
// gives back what was not spent, and tries whether an outage is over.
func (s *Store) watch(ctx context.Context) {
	s.beatOnce(ctx)
	tick := time.NewTicker(s.beat)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.beatOnce(ctx)
		case <-ctx.Done():
			return
		}
	}
}

func (s *Store) beatOnce(ctx context.Context) {
	s.beating.Lock()
	defer s.beating.Unlock()
	if s.breaker.open.Load() {
		if s.probe(ctx) == nil {
			s.recover(ctx)
		}
		return
	}
	told := !s.owes.Swap(false) || s.tell(ctx) // the others may go beyond their share once this one asks
	asking, known, err := s.sayHere(ctx, countFor, told)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		s.failed(err, s.prefix)
		return
	}
	s.breaker.succeed()
	if s.wasKnown && !known {
		s.remind(ctx)
	}
	s.wasKnown = true
	if !known {
		s.meet(ctx)
	}
	s.breaker.settle(s.now(), int64(s.beat), asking >= s.nodes.count(s.fixed))
	if s.lease > 0 {
		s.giveBack(ctx, false)
	}
}

// sayHere writes this process into the set of nodes and counts them. It returns how many
// of them ask Redis, as far as one can tell, and whether this one was there before. It asks if it
// admits nothing of which Redis is not told.
func (s *Store) sayHere(ctx context.Context, count time.Duration, asks bool) (asking int, known bool, err error) {
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	got, err := s.client.Eval(limited, s.here(s.prefix+"nodes", count, asks))
	if err != nil {
		return 0, false, err
	}
	if len(got) != 3 || got[0] < 0 || got[0] > maxNodes || got[1] < 0 || got[1] > got[0] {
		return 0, false, errNodes
	}
	s.nodes.saw(got[0])
	return int(got[1]), got[2] == 1, nil
}

func (s *Store) here(key string, count time.Duration, asks bool) Call {
	millis := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	flag := "0"
	if asks {
		flag = "1"
	}
	return Call{nodes, []string{key}, []string{s.name, millis(count), millis(asksFor * s.beat), flag}}
}

// probe writes a key, to see whether Redis takes it, and one next to the key that failed
// last, which in a cluster is another server's.
func (s *Store) probe(ctx context.Context) error {
	calls := []Call{s.here(s.prefix+"probe", time.Second, true)}
	if key := s.failing.Load(); key != nil {
		calls = append(calls, s.here(probeKey(*key), time.Second, true))
	}
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	for _, a := range s.client.EvalAll(limited, calls) {
		if a.Err != nil {
			return a.Err
		}
	}
	return nil
}

// Close gives back what was not spent, and ends the connection.
func (s *Store) Close() error {
	s.stop()
	s.done.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), tellFor)
	defer cancel()
	if !s.breaker.open.Load() {
		s.giveBack(ctx, true)
		s.sayHere(ctx, 0, false)
	}
	s.client.Close()
	return nil
}
