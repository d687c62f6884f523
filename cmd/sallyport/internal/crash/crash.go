// Package crash keeps a panic in a goroutine that serves no request from ending the
// process. net/http recovers only what panics in a handler's own goroutine: a panic in a
// timer, or in a reader that a transport calls, would end every connection there is.
//
// It fails when composed wrongly in one way: recover works in the deferred function
// alone, so Recover and Error must be deferred themselves and not be called from a
// deferred function.
package crash

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
)

// ErrPanicked is what a function returns that panicked.
var ErrPanicked = errors.New("crash: a panic was recovered")

// Reporter logs and counts recovered panics. A nil *Reporter recovers without a word.
type Reporter struct {
	log   *slog.Logger
	event func(place string)
	count atomic.Int64
}

// NewReporter returns a Reporter that writes to log and calls event with the name of the
// place, for the audit log. Either may be nil. event may be called from any goroutine.
func NewReporter(log *slog.Logger, event func(place string)) *Reporter {
	return &Reporter{log: log, event: event}
}

// Recover recovers a panic. It must be deferred.
func (r *Reporter) Recover(place string) {
	if v := recover(); v != nil {
		r.report(place, v)
	}
}

// Error recovers a panic and returns ErrPanicked in *err. It must be deferred.
func (r *Reporter) Error(place string, err *error) {
	if v := recover(); v != nil {
		r.report(place, v)
		*err = ErrPanicked
	}
}

// Count returns how many panics were recovered.
func (r *Reporter) Count() int64 { return r.count.Load() }

func (r *Reporter) report(place string, v any) {
	if r == nil {
		return
	}
	r.count.Add(1)
	if r.log != nil {
		r.log.Error("panic outside a handler", "place", place, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	}
	if r.event != nil {
		r.event(place)
	}
}
