// Package remote keeps the keys of an issuer elsewhere: it fetches the key set that the
// issuer publishes, and again when it has grown old or a token names a key it lacks.
//
// It fails when composed wrongly:
//
//   - The address decides whom to believe. Take it from the issuer's documentation, never
//     from a token.
//   - One Source for each issuer and process: each has its own cool-down.
//
// While the issuer cannot be reached, the keys that are known go on verifying, for
// [Config.MaxStale]; after that, and before the first set has come, every token of the
// issuer is refused with [token.ErrNoKeys]. It is never the other way round.
package remote

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/sallyport-dev/sallyport/token"
)

const (
	// minAge and maxAge bound what a Cache-Control may ask for; otherAge is for none.
	minAge, otherAge, maxAge = time.Minute, 15 * time.Minute, time.Hour
	// fetchFor is how long the issuer has for an answer, all of it.
	fetchFor = 10 * time.Second
	// waitFor is how long a request waits for a fetch that may bring its key.
	waitFor = 3 * time.Second
	// maxWaiting is how many requests may do so at once.
	maxWaiting = 1000
	// maxCooldown and maxStale bound the Config: a longer cool-down keeps out a key that is
	// new, and a longer life a key that was taken back.
	maxCooldown, maxStale = 5 * time.Minute, 7 * 24 * time.Hour
)

// Source is a [token.KeySource] that is fetched. It is safe for concurrent use.
type Source struct {
	cfg    Config
	client *http.Client
	stop   context.CancelFunc
	done   chan struct{}
	wake   chan struct{}

	mu       sync.RWMutex
	set      *token.KeySet
	good     time.Time // when the set was last confirmed
	tried    time.Time // when a fetch last ended, in whatever way
	next     time.Time // when the set has grown old
	fetching chan struct{}
	waiting  int
	failing  string // the last failure, to be logged once
	left     string // the keys that were left out, likewise
}

var _ token.KeySource = (*Source)(nil)

// New checks the config and fetches the keys for the first time, and from then on until
// Close. That the issuer cannot be reached is no error: it is logged, and tokens are
// refused until it can. What contradicts the config is one.
func New(ctx context.Context, cfg Config) (*Source, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	s := &Source{cfg: cfg, done: make(chan struct{}), wake: make(chan struct{}, 1)}
	s.client = &http.Client{Transport: cfg.Transport, CheckRedirect: checkRedirect}
	if err := s.fetch(ctx); err != nil {
		if contradiction, ok := errors.AsType[*ContradictionError](err); ok {
			return nil, contradiction
		}
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	go s.keepUp(background)
	return s, nil
}

// Close stops fetching. The keys that are known stay good for as long as they were.
func (s *Source) Close() error {
	s.stop()
	<-s.done
	return nil
}

// checkRedirect follows an issuer that moves things on its own host, and nobody else.
func checkRedirect(r *http.Request, via []*http.Request) error {
	if first := via[0].URL; r.URL.Host != first.Host || r.URL.Scheme != first.Scheme || len(via) > 3 {
		return fmt.Errorf("a redirect to %s://%s is not followed", r.URL.Scheme, r.URL.Host)
	}
	return nil
}

// Keys implements [token.KeySource].
func (s *Source) Keys() *token.KeySet {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if time.Since(s.good) > s.cfg.MaxStale {
		return nil
	}
	return s.set
}

// Missing implements [token.KeySource]. Of all the callers in one cool-down, the first
// has the set fetched, and the others wait for the same fetch.
func (s *Source) Missing(string) bool {
	s.mu.Lock()
	fetching := s.fetching
	if fetching == nil {
		if time.Since(s.tried) < s.cfg.Cooldown {
			s.mu.Unlock()
			return false
		}
		fetching = s.begin()
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	if s.waiting >= maxWaiting {
		s.mu.Unlock()
		return false
	}
	s.waiting++
	s.mu.Unlock()
	timeout := time.NewTimer(waitFor)
	defer timeout.Stop()
	arrived := false
	select {
	case <-fetching:
		arrived = true
	case <-s.done: // nobody fetches any more
	case <-timeout.C:
	}
	s.mu.Lock()
	s.waiting--
	s.mu.Unlock()
	return arrived
}

// begin says that a fetch is about to happen. The caller holds mu.
func (s *Source) begin() chan struct{} {
	if s.fetching == nil {
		s.fetching = make(chan struct{})
	}
	return s.fetching
}

// keepUp fetches when the set has grown old, when somebody asks, and after a failure.
func (s *Source) keepUp(ctx context.Context) {
	defer close(s.done)
	for {
		s.mu.RLock()
		wait := time.Until(s.next)
		s.mu.RUnlock()
		timer := time.NewTimer(max(wait, 0))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		case <-s.wake:
			if timer.Stop(); !s.wanted() { // a fetch that was under way has answered it
				continue
			}
		}
		s.fetch(ctx) // logs what goes wrong
	}
}

// wanted reports whether somebody waits for a fetch.
func (s *Source) wanted() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.fetching != nil
}

// fetch gets the set, and takes it over.
func (s *Source) fetch(ctx context.Context) error {
	s.mu.Lock()
	s.begin()
	s.mu.Unlock()
	fetching, cancel := context.WithTimeout(ctx, fetchFor)
	got, err := s.get(fetching)
	cancel()

	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.tried = now
	close(s.fetching)
	s.fetching = nil
	if err != nil {
		s.next = now.Add(max(s.cfg.Cooldown, minAge/2))
		if ctx.Err() == nil && err.Error() != s.failing {
			s.failing = err.Error()
			s.cfg.ErrorLog.WarnContext(ctx, "the keys of an issuer cannot be fetched: see that its address is right and can be reached",
				"issuer", s.cfg.Issuer, "error", err)
		}
		return err
	}
	s.failing = ""
	if left := fmt.Sprint(got.left); left != s.left {
		s.left = left
		for _, err := range got.left {
			LogLeftOut(ctx, s.cfg.ErrorLog, s.cfg.Issuer, err)
		}
	}
	s.good, s.next = now, now.Add(got.age)
	if s.set == nil || !same(s.set.List(), got.set.List()) {
		s.set = got.set
	}
	return nil
}

// LogLeftOut logs that a key of an issuer's set is not used: a warning, unless the set has it
// for something else.
func LogLeftOut(ctx context.Context, log *slog.Logger, issuer string, err error) {
	level := slog.LevelWarn
	if left, ok := errors.AsType[*token.KeyError](err); ok && left.Expected {
		level = slog.LevelDebug
	}
	log.Log(ctx, level, "a key of an issuer's set is left out, and tokens of that key are refused", "issuer", issuer, "error", err)
}
