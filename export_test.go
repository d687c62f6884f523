package sallyport

import "time"

// SetClock gives a Config another clock.
func SetClock(cfg *Config, now func() time.Time) { cfg.now = now }
