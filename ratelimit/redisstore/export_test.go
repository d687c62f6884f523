package redisstore

import (
	"context"
	"time"
)

// WithClock has a store, and the script it runs, go by now.
func (c Config) WithClock(now func() time.Time) Config {
	c.now = now
	return c
}

// WithBeat sets how often a store says that it is there.
func (c Config) WithBeat(d time.Duration) Config {
	c.beat = d
	return c
}

// Beat does what a store otherwise does by itself every second.
func (s *Store) Beat(ctx context.Context) { s.beatOnce(ctx) }
