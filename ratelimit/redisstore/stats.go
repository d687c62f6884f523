package redisstore

import "sync/atomic"

type counters struct {
	asked, leased, denied, alone, failed, untold atomic.Int64
}

// Stats says what became of the decisions so far.
type Stats struct {
	// Asked is how many round trips were made for decisions, Failed how many of these,
	// and of the beats, were not answered.
	Asked  int64 `json:"asked"`
	Failed int64 `json:"failed"`
	// Leased were spent from a lease, Denied refused by a refusal that still stood, Alone
	// decided without Redis: none of them asked it.
	Leased int64 `json:"leased"`
	Denied int64 `json:"denied"`
	Alone  int64 `json:"alone"`
	// Untold is what was admitted alone and is not told Redis, as there was no room to
	// note it: MaxKeys is too small.
	Untold int64 `json:"untold"`
	// Degraded says that Redis is not asked now, Nodes among how many the limits would be
	// shared.
	Degraded bool `json:"degraded"`
	Nodes    int  `json:"nodes"`
}

// Stats returns the counts.
func (s *Store) Stats() Stats {
	c := &s.counts
	return Stats{
		Asked: c.asked.Load(), Failed: c.failed.Load(), Leased: c.leased.Load(), Denied: c.denied.Load(), Alone: c.alone.Load(),
		Untold: c.untold.Load(), Degraded: s.breaker.open.Load(), Nodes: s.nodes.count(s.fixed),
	}
}
