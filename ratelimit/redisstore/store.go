package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

const (
	defaultPrefix  = "sallyport:"
	defaultTimeout = 20 * time.Millisecond
	defaultMaxKeys = 1 << 16
	defaultBeat    = time.Second
	maxLease       = 10 * time.Second
)

// Config says how a [Store] counts.
type Config struct {
	// Client is the connection. The Store closes it.
	Client Client
	// Prefix begins every key in Redis: up to 64 printable ASCII characters other than
	// braces. Default "sallyport:".
	Prefix string
	// Timeout is how long a decision waits for Redis, before this process decides alone.
	// Default 20 ms.
	Timeout time.Duration
	// Lease switches leased mode on: for how long permits that were taken from Redis may
	// be spent here, up to 10 s. It is never more than a twelfth of the limit's window.
	// Default 0: every decision asks.
	Lease time.Duration
	// MaxLease is the most permits of one lease. Default 1024.
	MaxLease int
	// Nodes is how many processes share the limits while Redis cannot be asked. Default:
	// as many as were seen there.
	Nodes int
	// MaxKeys is of how many buckets this process remembers refusals, leases and what it
	// admitted. Default 65536.
	MaxKeys int
	// Fingerprint tells the secret of the keys (see [ratelimit.NewSharedKeyer]) from another: up to 64 letters and
	// digits that are derived from it in one way, such as by HMAC. It is part of this process's name in Redis; see
	// [CheckFingerprint]. Default: none, and nothing is compared.
	Fingerprint string
	// Notify is told when this process starts to decide alone, and when it asks again. It
	// must not block.
	Notify func(Change)

	now  func() time.Time // also the server's, where it is set
	beat time.Duration
}

// Change is the begin or the end of an outage, or a loss.
type Change struct {
	// Degraded says which.
	Degraded bool
	// Lost is neither: the server had lost its keys, and is told what this process took.
	Lost bool
	// OtherSecret is none of these: processes count here with another secret, see [ErrOtherSecret].
	OtherSecret bool
	// Reason is what failed, at the begin and at the end.
	Reason string
	// Lasted is how long it was, at the end.
	Lasted time.Duration
	// Nodes is among how many the limits are shared.
	Nodes int
}

// ConfigError is a field of a [Config] that cannot be meant.
type ConfigError struct {
	// Field is its name, Value what it holds.
	Field, Value string
	// Reason says which rule it breaks, and the remedy.
	Reason string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("redisstore: %s %q: %s", e.Field, e.Value, e.Reason)
}

// Store is a [ratelimit.Store] on Redis. It is for use by many goroutines.
type Store struct {
	client Client
	prefix string
	// fingerprint is that of the keys' secret, or empty.
	fingerprint string
	timeout     time.Duration
	lease       time.Duration
	most        int
	fixed       int // Config.Nodes
	notify      func(Change)
	clock       func() time.Time
	start       time.Time
	faked       bool
	latest      atomic.Int64
	beat        time.Duration
	name        string

	table    *table
	mirror   *ratelimit.Memory // what this process admitted, by how many share the limit
	took     *ratelimit.Memory // what it took, as it is
	breaker  breaker
	nodes    nodeCount
	beating  sync.Mutex
	wasKnown bool     // Redis has been told of this process
	words    sync.Map // ratelimit.Limit to wording
	counts   counters
	owes     atomic.Bool            // some entry may owe
	failing  atomic.Pointer[string] // a key that could not be asked about

	stop context.CancelFunc
	done sync.WaitGroup
}

// New returns a Store, and starts a goroutine that [Store.Close] ends. Redis need not be
// there: without it the Store decides alone. The error joins a *[ConfigError] for every
// bad field.
func New(c Config) (*Store, error) {
	c, err := c.complete()
	if c.Client == nil {
		err = errors.Join(&ConfigError{"Client", "", "it is not set; redisconn.Dial makes one"}, err)
	}
	if err != nil {
		return nil, err
	}
	clock := c.now
	if clock == nil {
		clock = time.Now
	}
	s := &Store{
		client: c.Client, prefix: c.Prefix, timeout: c.Timeout, lease: c.Lease, most: c.MaxLease, fixed: c.Nodes,
		notify: c.Notify, clock: clock, start: clock(), faked: c.now != nil, beat: c.beat, name: rand.Text(),
		fingerprint: c.Fingerprint,
		table:       newTable(c.MaxKeys),
	}
	if c.Fingerprint != "" {
		s.name += "." + c.Fingerprint
	}
	s.mirror, err = ratelimit.NewMemory(ratelimit.MemoryConfig{MaxKeys: c.MaxKeys, Now: c.now})
	if err != nil {
		return nil, err
	}
	if s.took, err = ratelimit.NewMemory(ratelimit.MemoryConfig{MaxKeys: c.MaxKeys, Now: c.now}); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	s.done.Go(func() { s.watch(ctx) })
	return s, nil
}

// Check returns the error of [New], but for a Client that is not set.
func Check(c Config) error {
	_, err := c.complete()
	return err
}

func (c Config) complete() (Config, error) {
	var errs []error
	bad := func(field string, value any, reason string) {
		errs = append(errs, &ConfigError{field, fmt.Sprint(value), reason})
	}
	if c.Prefix == "" {
		c.Prefix = defaultPrefix
	}
	if len(c.Prefix) > 64 || strings.ContainsFunc(c.Prefix, func(r rune) bool { return r <= ' ' || r > '~' || r == '{' || r == '}' }) {
		bad("Prefix", c.Prefix, "it is up to 64 printable ASCII characters, without spaces and braces")
	}
	if len(c.Fingerprint) > 64 || strings.ContainsFunc(c.Fingerprint, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		bad("Fingerprint", c.Fingerprint, "it is up to 64 letters and digits")
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Timeout < time.Millisecond || c.Timeout > 10*time.Second {
		bad("Timeout", c.Timeout, "it is 1ms to 10s; leave it 0 for the default")
	}
	if c.Lease < 0 || c.Lease > maxLease || c.Lease > 0 && c.Lease < time.Millisecond {
		bad("Lease", c.Lease, "it is 1ms to 10s, or 0 to ask for every decision")
	}
	if c.MaxLease == 0 {
		c.MaxLease = 1024
	}
	if c.MaxLease < 1 || c.MaxLease > 1<<20 {
		bad("MaxLease", c.MaxLease, "it is 1 to 1048576; leave it 0 for the default")
	}
	if c.Nodes < 0 || c.Nodes > 1<<16 {
		bad("Nodes", c.Nodes, "it is 1 to 65536; leave it 0 to count them")
	}
	if c.MaxKeys == 0 {
		c.MaxKeys = defaultMaxKeys
	}
	if c.MaxKeys < 64 || c.MaxKeys > 1<<28 {
		bad("MaxKeys", c.MaxKeys, "it is 64 to 268435456; leave it 0 for the default")
	}
	if c.beat == 0 {
		c.beat = defaultBeat
	}
	return c, errors.Join(errs...)
}

// now is the time since the start, in nanoseconds. The system's clock is read as a
// monotonic one; another may go back, and then stands still here.
func (s *Store) now() int64 {
	now := int64(s.clock().Sub(s.start))
	if !s.faked {
		return now
	}
	for {
		last := s.latest.Load()
		if now <= last {
			return last
		}
		if s.latest.CompareAndSwap(last, now) {
			return now
		}
	}
}

// time is what the script goes by: nothing, for the server's own clock.
//
// Of a bucket the script keeps the time of the last change, and never goes back behind
// that. A look that changed nothing leaves no time: should the server's clock go back
// after it, less time has passed for the bucket than really has.
func (s *Store) time() string {
	if !s.faked {
		return ""
	}
	return micros(time.Duration(s.start.UnixNano() + s.now()))
}

func (s *Store) word(l ratelimit.Limit) wording {
	if w, ok := s.words.Load(l); ok {
		return w.(wording)
	}
	w := word(l)
	s.words.Store(l, w)
	return w
}
