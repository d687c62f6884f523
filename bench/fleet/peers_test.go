package fleet_test

import "time"

// way is a way in which nodes share limits.
type way interface {
	take(node, key int, now time.Time) bool
	commands() int64
}

type at struct{ node, key int }

// local gives each node its part of the limit, as a log of what it admitted.
type local struct {
	share int
	per   time.Duration
	log   map[at][]time.Time
}

func (l *local) take(node, key int, now time.Time) bool {
	k := at{node, key}
	log := l.log[k]
	for len(log) > 0 && now.Sub(log[0]) >= l.per {
		log = log[1:]
	}
	allowed := len(log) < l.share
	if allowed {
		log = append(log, now)
	}
	l.log[k] = log
	return allowed
}

func (l *local) commands() int64 { return 0 }

// synced has each node count by itself, and add what it counted to the others' every
// second, in windows of the clock.
type synced struct {
	quota int
	per   time.Duration
	sum   map[int]map[int64]int // by key and window
	nodes map[at]*part
	asked int64
}

type part struct {
	window      int64
	second      int64
	known, mine int
}

func (s *synced) take(node, key int, now time.Time) bool {
	k := at{node, key}
	p := s.nodes[k]
	if p == nil {
		p = new(part)
		s.nodes[k] = p
	}
	window, second := now.UnixNano()/int64(s.per), now.Unix()
	if second != p.second {
		s.sync(p, key, window)
		p.second = second
	}
	if p.known+p.mine >= s.quota {
		return false
	}
	p.mine++
	return true
}

func (s *synced) sync(p *part, key int, window int64) {
	sums := s.sum[key]
	if sums == nil {
		sums = map[int64]int{}
		s.sum[key] = sums
	}
	sums[p.window] += p.mine
	p.window, p.mine, p.known = window, 0, sums[window]
	s.asked++
}

func (s *synced) commands() int64 { return s.asked }

// fixed is INCR on a key that is named by the window of the clock.
type fixed struct {
	quota int
	per   time.Duration
	sum   map[int]map[int64]int
	asked int64
}

func (f *fixed) take(_, key int, now time.Time) bool {
	f.asked++
	sums := f.sums(key)
	window := now.UnixNano() / int64(f.per)
	sums[window]++
	return sums[window] <= f.quota
}

func (f *fixed) sums(key int) map[int64]int {
	sums := f.sum[key]
	if sums == nil {
		sums = map[int64]int{}
		f.sum[key] = sums
	}
	return sums
}

func (f *fixed) commands() int64 { return f.asked }

// weighed adds to the count of this window the part of the last one's that is not over, as
// if that had come evenly. One script reads and counts.
type weighed struct{ fixed }

func (w *weighed) take(_, key int, now time.Time) bool {
	w.asked++
	sums := w.sums(key)
	window := now.UnixNano() / int64(w.per)
	rest := 1 - float64(now.UnixNano()%int64(w.per))/float64(w.per)
	if float64(sums[window-1])*rest+float64(sums[window])+1 > float64(w.quota) {
		return false
	}
	sums[window]++
	return true
}
