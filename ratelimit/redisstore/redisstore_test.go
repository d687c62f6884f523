package redisstore_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore/redisconn"
	"github.com/sallyport-dev/sallyport/ratelimit/storetest"
)

func dial(t testing.TB, address string) *redisconn.Conn {
	t.Helper()
	c, err := redisconn.Dial(address)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// open returns a store with buckets of its own, patient with a loaded machine.
func open(t testing.TB, c redisstore.Config) *redisstore.Store {
	t.Helper()
	if c.Prefix == "" {
		c.Prefix = rand.Text() + ":"
	}
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	s, err := redisstore.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestContract(t *testing.T) {
	address := address(t)
	storetest.Run(t, func(t *testing.T, now func() time.Time) ratelimit.Store {
		return open(t, redisstore.Config{Client: dial(t, address)}.WithClock(now))
	})
}
