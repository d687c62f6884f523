package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/crash"
)

const (
	// lookEvery is how often certificate files are read again.
	lookEvery = 10 * time.Second
	// warnBefore is how much life of a certificate is left when a warning is logged, or a
	// third of it where that is less. The warning is repeated every warnEvery.
	warnBefore = 14 * 24 * time.Hour
	warnEvery  = 24 * time.Hour
)

// certificates serves a certificate, and follows the files that it comes from.
type certificates struct {
	load    func(current *tls.Certificate, now time.Time) (*tls.Certificate, error)
	log     *slog.Logger // nil drops
	crashes *crash.Reporter
	keep    func() error // writes the first one to its file, where it was made here
	current atomic.Pointer[tls.Certificate]

	looking sync.Mutex // of one look at a time, which a disk may hold up

	mu     sync.Mutex // guards what follows, and is never held while a disk works
	failed string     // why the files could not be used the last time
	logged bool       // that was logged
	warned time.Time
}

// newCertificates loads the first certificate.
func newCertificates(c Config, load func(*tls.Certificate, time.Time) (*tls.Certificate, error)) (*certificates, error) {
	var beside *tls.Certificate
	if c.Beside != nil && c.Beside.certs != nil {
		beside = c.Beside.certs.current.Load()
	}
	first, err := load(beside, time.Now())
	if err != nil {
		return nil, err
	}
	s := &certificates{load: load, log: c.Log, crashes: c.Crashes, keep: func() error { return nil }}
	s.current.Store(first)
	return s, nil
}

func (c *certificates) leaf() *x509.Certificate { return c.current.Load().Leaf }

// get is for [tls.Config.GetCertificate]. It reads no file.
func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.current.Load(), nil
}

// follow looks at the files until ctx is done.
func (c *certificates) follow(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		c.look(time.Now(), false)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look takes the files over if they hold another certificate that can be used. Otherwise the
// one from before is served, and an error logged, once: at the second look that finds it, as
// a pair is not replaced in one step, or at once if somebody asked for the look.
func (c *certificates) look(now time.Time, asked bool) {
	defer c.crashes.Recover("looking at the certificate")
	c.looking.Lock()
	defer c.looking.Unlock()
	old := c.current.Load()
	next, err := c.load(old, now)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil:
		again := c.failed == err.Error()
		c.logged = c.logged && again
		c.failed = err.Error()
		if (again || asked) && !c.logged {
			c.logged = true
			c.error("the certificate cannot be replaced; the one from before is served", err)
		}
	default:
		c.failed, c.logged = "", false
		if !slices.EqualFunc(old.Certificate, next.Certificate, slices.Equal[[]byte]) {
			c.current.Store(next)
			c.warned = time.Time{}
			c.note(slog.LevelInfo, "another certificate is served", next.Leaf)
		}
	}
	c.warn(now)
}

// warn logs that the certificate ends soon.
func (c *certificates) warn(now time.Time) {
	leaf := c.leaf()
	if !endsSoon(leaf, now) || now.Sub(c.warned).Abs() < warnEvery {
		return
	}
	c.warned = now
	c.note(slog.LevelWarn, "the certificate ends soon; renew it", leaf)
}

func endsSoon(leaf *x509.Certificate, now time.Time) bool {
	return leaf.NotAfter.Sub(now) < min(warnBefore, leaf.NotAfter.Sub(leaf.NotBefore)/3)
}

func (c *certificates) note(level slog.Level, text string, leaf *x509.Certificate) {
	if c.log != nil {
		c.log.Log(context.Background(), level, text, "until", leaf.NotAfter.UTC().Format(time.DateTime), "sha256", fingerprint(leaf))
	}
}

func (c *certificates) error(text string, err error) {
	if c.log != nil {
		c.log.Error(text, "error", err)
	}
}

// err returns why clients refuse the certificate.
func (c *certificates) err(now time.Time) error {
	if leaf := c.leaf(); now.After(leaf.NotAfter) {
		return fmt.Errorf("the certificate %s", unfit(leaf, now))
	}
	return nil
}

// warning returns what will go wrong.
func (c *certificates) warning(now time.Time) error {
	c.mu.Lock()
	failed := c.failed
	if !c.logged {
		failed = ""
	}
	c.mu.Unlock()
	switch leaf := c.leaf(); {
	case failed != "":
		return errors.New("the certificate cannot be replaced: " + failed)
	case endsSoon(leaf, now):
		return fmt.Errorf("the certificate ends on %s UTC", leaf.NotAfter.UTC().Format(time.DateTime))
	}
	return nil
}
