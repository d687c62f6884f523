// Package redisconn connects a redisstore to Redis or Valkey with the client library
// rueidis: to one server, to the master of a Sentinel group, or to a Cluster.
//
// It fails when composed wrongly: over an untrusted network, anything but rediss:// gives
// the password and the counters away.
package redisconn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
)

const (
	dialTimeout = time.Second
	// quiet is how long a connection may say nothing while it is asked.
	quiet = 2 * time.Second
	// gather is how long a call waits for others to be written with it, while others are
	// under way; a write costs both sides more than a decision.
	gather = 100 * time.Microsecond
	// retry is how often a server that was not there at the start is tried.
	retry = time.Second
	// refresh is how often sentinels are asked who the master is. The event that tells of another
	// one comes once, and is lost where the connection to the sentinel is dead at that moment.
	refresh = 10 * time.Second
)

// parameters are those that an address may have. The rest of what rueidis reads is not
// the operator's to set here.
var parameters = map[string]bool{"addr": true, "master_set": true, "db": true}

// URLError is an address that cannot be meant. It does not hold the address, which may
// have a password in it.
type URLError struct{ Reason string }

func (e *URLError) Error() string {
	return "redisconn: " + e.Reason + "; write redis://host:6379, rediss://user:password@host:6379, " +
		"redis://sentinel:26379?addr=other:26379&master_set=name, or redis://node:6379?addr=other:6379 for a cluster"
}

// Conn is a [redisstore.Client].
//
// It replaces its connections, and resolves the host's name again, when no call was answered for
// two seconds, and when a server has refused to write for as long (READONLY, LOADING, MASTERDOWN,
// CLUSTERDOWN and the like): a name or a virtual address may lead to another server by then. So
// limits are shared again within five seconds of the moment from which the address leads to a
// server that takes writes: two until the next dial, up to two for it, and one for the store's probe.
// In a Sentinel group the master is asked for every ten seconds as well as followed by events.
type Conn struct {
	option rueidis.ClientOption
	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup

	stale staleness

	mu        sync.RWMutex
	client    rueidis.Client // nil until the server was there
	err       error          // why it was not
	redialing bool           // a client is being dialled that takes the place of this one
}

// Dial connects to a redis, rediss, valkey, valkeys or unix URL. With master_set=NAME the
// addresses are those of sentinels; several addr= without it are nodes of a cluster, one
// of which is enough. A server that is not there is tried again in the background: the
// error is a *[URLError], or what a server that is there says against us, such as a wrong
// password.
func Dial(address string) (*Conn, error) {
	option, err := parse(address)
	if err != nil {
		return nil, err
	}
	c := &Conn{option: option}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	if err := c.connect(); rejected(err) {
		c.cancel()
		return nil, fmt.Errorf("redisconn: %w", err)
	}
	if c.client == nil {
		c.done.Go(c.keepTrying)
	}
	return c, nil
}

// Check returns a [*URLError] if address is none that Dial can read. It does not connect.
func Check(address string) error {
	_, err := parse(address)
	return err
}

func parse(address string) (rueidis.ClientOption, error) {
	u, err := url.Parse(address)
	if err != nil || u.Opaque != "" || u.Fragment != "" {
		return rueidis.ClientOption{}, &URLError{"the address cannot be read"}
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return rueidis.ClientOption{}, &URLError{"the address cannot be read"}
	}
	for name := range values {
		if !parameters[name] {
			return rueidis.ClientOption{}, &URLError{"the address has a parameter that is none of addr, master_set and db"}
		}
	}
	if u.Host == "" && u.Scheme != "unix" {
		return rueidis.ClientOption{}, &URLError{"the address names no host"}
	}
	option, err := rueidis.ParseURL(address)
	if err != nil {
		return rueidis.ClientOption{}, &URLError{"the scheme is none of ours, or what stands behind the host is not the number of a database; " +
			"in a password / is %2F, ? is %3F and # is %23"} // err may have a part of such a password
	}
	option.DisableCache = true // CLIENT TRACKING is of no use to counters
	option.DisableRetry = true // what to do without an answer is the store's to decide
	option.ClientName = "sallyport"
	option.ConnWriteTimeout = quiet
	option.PipelineMultiplex = -1 // one connection, so that calls at the same time are one write
	option.MaxFlushDelay = gather
	option.Dialer = net.Dialer{Timeout: dialTimeout, KeepAlive: quiet}
	option.Sentinel.Username, option.Sentinel.Password = "", ""
	option.Sentinel.TopologyRefreshInterval = refresh
	option.DialCtxFn = dialSpeaksFirst(option.DialCtxFn)
	return option, nil
}

func (c *Conn) connect() error {
	client, err := rueidis.NewClient(c.option)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil:
		c.err = err
	case c.ctx.Err() != nil:
		client.Close()
	default:
		c.client, c.err = client, nil
	}
	return err
}

// rejected reports whether a server that is there does not want us.
func rejected(err error) bool {
	said, ok := rueidis.IsRedisErr(err)
	if !ok {
		return false
	}
	for _, word := range []string{"WRONGPASS", "NOAUTH", "NOPERM", "AUTH", "invalid password", "DB index", "invalid DB"} {
		if strings.HasPrefix(strings.TrimPrefix(said.Error(), "ERR "), word) {
			return true
		}
	}
	return false
}

// Err says why no server was there yet; nil once one was.
func (c *Conn) Err() error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.err
}

func (c *Conn) keepTrying() {
	tick := time.NewTicker(retry)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if c.connect() == nil {
				return
			}
		case <-c.ctx.Done():
			return
		}
	}
}

func (c *Conn) get() (rueidis.Client, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.client == nil {
		return nil, errors.Join(errors.New("redisconn: no server was there yet"), c.err)
	}
	return c.client, nil
}

// Eval implements [redisstore.Client].
func (c *Conn) Eval(ctx context.Context, call redisstore.Call) ([]int64, error) {
	client, err := c.get()
	if err != nil {
		return nil, err
	}
	list, err := client.Do(ctx, bySHA(client, call)).AsIntSlice()
	if unknown(err) {
		list, err = client.Do(ctx, byText(client, call)).AsIntSlice()
	}
	c.judge(client, outcomeOf(err))
	return list, err
}

// EvalAll implements [redisstore.Client].
func (c *Conn) EvalAll(ctx context.Context, calls []redisstore.Call) []redisstore.Answer {
	answers := make([]redisstore.Answer, len(calls))
	client, err := c.get()
	if err != nil {
		for i := range answers {
			answers[i].Err = err
		}
		return answers
	}
	commands := make([]rueidis.Completed, len(calls))
	for i, call := range calls {
		commands[i] = bySHA(client, call)
	}
	worst := answered
	for i, r := range client.DoMulti(ctx, commands...) {
		list, err := r.AsIntSlice()
		if unknown(err) {
			list, err = client.Do(ctx, byText(client, calls[i])).AsIntSlice()
		}
		answers[i] = redisstore.Answer{Integers: list, Err: err}
		if o := outcomeOf(err); worst == answered || o == refused {
			worst = o
		}
	}
	c.judge(client, worst)
	return answers
}

// unknown reports whether the server does not have the script.
func unknown(err error) bool {
	said, ok := rueidis.IsRedisErr(err)
	return ok && said.IsNoScript()
}

func bySHA(client rueidis.Client, c redisstore.Call) rueidis.Completed {
	return client.B().Evalsha().Sha1(c.Script.SHA1).Numkeys(int64(len(c.Keys))).Key(c.Keys...).Arg(c.Args...).Build()
}

func byText(client rueidis.Client, c redisstore.Call) rueidis.Completed {
	return client.B().Eval().Script(c.Script.Text).Numkeys(int64(len(c.Keys))).Key(c.Keys...).Arg(c.Args...).Build()
}

// Close implements [redisstore.Client].
func (c *Conn) Close() {
	c.mu.Lock()
	c.cancel() // under the lock, as nothing is begun after it
	c.mu.Unlock()
	c.done.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client != nil {
		c.client.Close()
		c.client = nil
		c.err = errors.New("redisconn: closed")
	}
}
