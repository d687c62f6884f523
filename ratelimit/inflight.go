package ratelimit

import (
	"errors"
	"strconv"
	"sync"
	"time"
)

// InFlightConfig is one policy of how many requests may be in flight at a time.
type InFlightConfig struct {
	// Name is what clients know the policy by, as in [Config].
	Name string
	// Most is how many there may be for one key.
	Most int
	// MaxKeys is how many keys may have requests in flight; past it, those of others are
	// refused. Default 65536.
	MaxKeys int
}

// InFlight counts requests from their begin to their end, in this process alone. It is
// for use by many goroutines.
type InFlight struct {
	policy
	most, maxKeys int

	mu   sync.Mutex
	held map[Key]int
}

// NewInFlight returns an InFlight. The error joins a *[ConfigError] for every bad field.
func NewInFlight(c InFlightConfig) (*InFlight, error) {
	var errs []error
	if !validName(c.Name) {
		errs = append(errs, badName(c.Name))
	}
	if c.Most < 1 || c.Most > maxQuota {
		errs = append(errs, configError("Most", strconv.Itoa(c.Most), "it is 1 to 1000000000"))
	}
	if c.MaxKeys == 0 {
		c.MaxKeys = 1 << 16
	}
	if c.MaxKeys < 1 {
		errs = append(errs, configError("MaxKeys", strconv.Itoa(c.MaxKeys), "it is 1 or more; leave it 0 for the default"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &InFlight{policy: newPolicy(c.Name, c.Most, 0, atOnce), most: c.Most, maxKeys: c.MaxKeys, held: map[Key]int{}}, nil
}

// Acquire begins one of key. When it is allowed, Release has to follow. When one will
// end is not known: RetryAfter is a second.
func (f *InFlight) Acquire(key Key) Decision {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, known := f.held[key]
	if n >= f.most || !known && len(f.held) >= f.maxKeys {
		return Decision{Limit: f.most, RetryAfter: time.Second}
	}
	f.held[key] = n + 1
	return Decision{Allowed: true, Limit: f.most, Remaining: f.most - n - 1}
}

// Release ends one that Acquire began.
func (f *InFlight) Release(key Key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := f.held[key]; n > 1 {
		f.held[key] = n - 1
	} else {
		delete(f.held, key)
	}
}

// Len returns how many keys have requests in flight.
func (f *InFlight) Len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.held)
}
