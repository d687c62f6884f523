package main

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore/redisconn"
	"github.com/sallyport-dev/sallyport/secret"
)

// redisVariable keeps an address with a password out of the command line, where every
// user of the machine can read it.
const redisVariable = "SALLYPORT_REDIS"

// dialRedis connects to Redis, if there is one that counts.
func (a *app) dialRedis() (*redisconn.Conn, error) {
	o := &a.options
	if o.redis == "" {
		return nil, nil
	}
	conn, err := redisconn.Dial(o.redis)
	if bad, ok := errors.AsType[*redisconn.URLError](err); ok {
		return nil, bad
	} else if err != nil {
		return nil, fmt.Errorf("%w: give the user and the password that the server asks for, as in redis://USER:PASSWORD@HOST:6379, best in $%s", err, redisVariable)
	}
	a.onClose("the connection to Redis", func() error { conn.Close(); return nil })
	if err := conn.Err(); err != nil {
		o.errorLog().Warn("Redis cannot be reached; until it can, this node counts alone and admits its share", "redis", o.describeRedis(), "error", err)
	}
	return conn, o.sameSecret(conn)
}

// askWithin is how long Redis may take to say which nodes are there. Without an answer, this node counts alone, and
// reports others with another secret once it joins them.
const askWithin = 2 * time.Second

// sameSecret refuses to count beside nodes that have another secret: each limit would be doubled. A node without a
// secret would make one, which nobody else has.
func (o *options) sameSecret(conn *redisconn.Conn) error {
	var main secret.Bytes
	var err error
	if o.accounts == "on" {
		if _, missing := os.Stat(o.secret); missing != nil {
			main = secret.NewBytes([]byte(rand.Text()))
		} else if main, err = secret.LoadOrCreate(o.secret); err != nil {
			return err
		}
	}
	key, err := o.limitSecret(main)
	if err != nil {
		return err
	}
	fingerprint, err := fingerprintOf(key)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), askWithin)
	defer cancel()
	err = redisstore.CheckFingerprint(ctx, conn, "", fingerprint)
	if !errors.Is(err, redisstore.ErrOtherSecret) {
		return nil // it cannot be asked, which is no reason not to start
	}
	return fmt.Errorf("--redis: other nodes count in Redis at %s with another secret, and every limit would hold for "+
		"each of the two by itself: give this node their secret, with --secret FILE; "+
		"after a change of the secret, stop the nodes with the old one first", o.describeRedis())
}

// fingerprintOf derives what tells two keys of the counters apart, and nothing else.
func fingerprintOf(key secret.Bytes) (string, error) {
	sum, err := hkdf.Key(sha256.New, key.Reveal(), nil, "sallyport serve limits fingerprint", 16)
	return hex.EncodeToString(sum), err
}

// redisConfig is what flags say of counting in Redis.
func (o *options) redisConfig() redisstore.Config {
	return redisstore.Config{Timeout: o.redisTimeout, Lease: o.redisLease}
}

// openLimits has Redis count, if there is one.
func (a *app) openLimits(conn *redisconn.Conn, main secret.Bytes, cfg *sallyport.Config) (err error) {
	if conn == nil {
		return nil
	}
	o := &a.options
	if cfg.LimitSecret, err = o.limitSecret(main); err != nil {
		return err
	}
	fingerprint, err := fingerprintOf(cfg.LimitSecret)
	if err != nil {
		return err
	}
	c := o.redisConfig()
	c.Client, c.Notify, c.Fingerprint = conn, a.limitsChanged, fingerprint
	a.redis, err = redisstore.New(c)
	if err != nil {
		return err
	}
	a.onClose("Redis", a.redis.Close)
	cfg.Limits = a.redis
	return nil
}

// limitSecret derives the key of the counters from the secret that is the same on all nodes: main is that of the
// accounts, if there are any.
func (o *options) limitSecret(main secret.Bytes) (key secret.Bytes, err error) {
	if o.accounts != "on" {
		if o.secret == "" {
			return key, errors.New("--redis with --accounts=off needs --secret FILE, with 32 random bytes that are the same on every node: head -c 32 /dev/urandom > limits.key; chmod 600 limits.key")
		}
		if main, err = secret.ReadFile(o.secret); err != nil {
			return key, err
		}
	}
	if main.Len() < 16 {
		return key, fmt.Errorf("--secret %s: it has %d bytes, and has to have 16 random ones or more", o.secret, main.Len())
	}
	derived, err := hkdf.Key(sha256.New, main.Reveal(), nil, "sallyport serve limits", 32)
	return secret.NewBytes(derived), err
}

// limitsChanged notes an outage of Redis, its end, or a loss.
func (a *app) limitsChanged(c redisstore.Change) {
	e := audit.Event{Name: audit.LimitsRestored, Reason: fmt.Sprintf("Redis is asked again after %s", c.Lasted.Round(time.Millisecond))}
	switch {
	case c.Degraded:
		e = audit.Event{Name: audit.LimitsDegraded, Reason: fmt.Sprintf("Redis cannot be asked, and each of %s admits its share: %s", count(c.Nodes, "node"), c.Reason)}
	case c.OtherSecret:
		a.options.errorLog().Error("other nodes count in Redis with another secret, and every limit holds for each of the two by itself: "+
			"start all nodes with the same --secret", "redis", a.options.describeRedis())
		return
	case c.Lost:
		e = audit.Event{Name: audit.LimitsLost, Reason: c.Reason}
	}
	a.log.Emit(e)
}

// limitsStatus is what administrators read.
type limitsStatus struct {
	Counts string                  `json:"counts"`
	Limits []sallyport.LimitStatus `json:"limits"`
	Redis  *redisstore.Stats       `json:"redis,omitzero"`
}

func (a *app) limitsStatus() any {
	s := limitsStatus{Counts: a.options.describeCounts(), Limits: a.gate.Limits()}
	if a.redis != nil {
		stats := a.redis.Stats()
		s.Redis = &stats
	}
	return s
}

// describeCounts says where counters are, and where that was said if it was not a flag.
func (o *options) describeCounts() string {
	if o.redis == "" {
		return "in this process; other nodes count by themselves"
	}
	text := "in Redis at " + o.describeRedis() + ", by every request"
	if o.redisLease > 0 {
		text = fmt.Sprintf("in Redis at %s, by leases of %s", o.describeRedis(), o.redisLease)
	}
	if o.redisFrom != "" {
		text += " (from " + o.redisFrom + ")"
	}
	return text
}

// describeRedis is the address without what is nobody's business.
func (o *options) describeRedis() string {
	u, err := url.Parse(o.redis)
	if err != nil {
		return "?"
	}
	if u.Host == "" {
		return u.Path
	}
	text := strings.Join(append([]string{u.Host}, u.Query()["addr"]...), ", ")
	if name := u.Query().Get("master_set"); name != "" {
		return "the master " + name + " of " + text
	}
	return text
}

// fromEnvironment fills in what was left out.
func (o *options) fromEnvironment() {
	if address := o.env(redisVariable); address != "" && !o.given("redis") {
		o.redis, o.redisFrom = address, "$"+redisVariable
	}
}
