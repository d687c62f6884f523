package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestClose: what takes long to close, as a mail that is being sent, costs the audit log nothing,
// which is closed after it; and what never closes is named, and nothing else is.
func TestClose(t *testing.T) {
	for _, c := range []struct {
		name           string
		accounts, log  time.Duration
		errors         string // what is named, comma-separated
		logged, within time.Duration
	}{
		{"at once", 0, 0, "", 0, 0},
		{"a mail takes all that it may", 5 * time.Second, 100 * time.Millisecond, "", 5100 * time.Millisecond, 6 * time.Second},
		{"the accounts hang", time.Hour, 100 * time.Millisecond, "the accounts", 6100 * time.Millisecond, 7 * time.Second},
		{"both hang", time.Hour, time.Hour, "the audit log,the accounts", 0, 7 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, began, over := &app{}, time.Now(), make(chan struct{})
				defer synctest.Wait()
				defer close(over)
				var logged time.Time
				takes := func(d time.Duration) {
					select {
					case <-time.After(d):
					case <-over:
					}
				}
				a.onClose("the audit log", func() error { takes(c.log); logged = time.Now(); return nil })
				a.onClose("the accounts", func() error { takes(c.accounts); return nil })
				err := a.close()
				took := time.Since(began)
				if took > c.within {
					t.Errorf("it took %s", took)
				}
				if c.log < time.Hour && logged.Sub(began) != c.logged {
					t.Errorf("the log was closed after %s", logged.Sub(began))
				}
				for _, what := range []string{"the audit log", "the accounts"} {
					named := err != nil && strings.Contains(err.Error(), "closing "+what+" takes")
					if named != strings.Contains(c.errors, what) {
						t.Errorf("%s: %v", what, err)
					}
				}
			})
		})
	}
}
