package sallyport

import "time"

// SetClock gives a Config another clock.
func SetClock(cfg *Config, now func() time.Time) { cfg.now = now }

// SetStreamCheck makes a Gate look at the credentials of streams more often.
func SetStreamCheck(g *Gate, every time.Duration) { g.streamCheck = every }
