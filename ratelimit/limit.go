package ratelimit

import (
	"fmt"
	"strconv"
	"time"
)

const (
	// maxQuota keeps every count in 32 bits, and every RateLimit parameter within the
	// 15 digits of a structured-field Integer (RFC 9651 §3.3.1).
	maxQuota = 1_000_000_000
	// maxPer is the longest window, and the longest time a bucket may take to refill.
	maxPer = 366 * day
	day    = 24 * time.Hour
	// minInterval bounds what rounding the interval up to a whole nanosecond costs: a
	// thousandth of the rate.
	minInterval = time.Microsecond
)

// Limit is how much may be taken. It is comparable; equal limits are the same limit.
// The zero Limit is none at all, and no store takes it.
type Limit struct {
	n     uint32        // how many, in per
	burst uint32        // zero for a strict window
	per   time.Duration // the window, or the unit of the rate
}

// LimitError is a limit that cannot be meant.
type LimitError struct {
	// Value is what was given.
	Value string
	// Reason says which rule it breaks.
	Reason string
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("ratelimit: limit %q: %s; write it as \"100 per 15m\" (a strict window: a number, then whole s, m, h or d) "+
		"or \"10/s burst 20\" (a token bucket: a number per s, m, h or d, then the burst)", e.Value, e.Reason)
}

// Window returns the strict window of n in any time span per, which is a whole number
// of seconds up to 366 days. n is at most 1,000,000,000.
func Window(n int, per time.Duration) (Limit, error) {
	value := func() string { return strconv.Itoa(n) + " per " + per.String() }
	switch {
	case n < 1 || n > maxQuota:
		return Limit{}, &LimitError{value(), "the number is 1 to 1000000000"}
	case per < time.Second || per > maxPer || per%time.Second != 0:
		return Limit{}, &LimitError{value(), "the window is a whole number of seconds, up to 366 days"}
	}
	return Limit{n: uint32(n), per: per}, nil
}

// Rate returns the token bucket that refills with n in every unit (one second,
// minute, hour or day) and holds at most burst. The rate is at most one in a
// microsecond, and the bucket is full again within 366 days.
//
// The interval between two permits is unit/n rounded up to a whole nanosecond.
func Rate(n int, unit time.Duration, burst int) (Limit, error) {
	value := func() string { return strconv.Itoa(n) + "/" + unit.String() + " burst " + strconv.Itoa(burst) }
	switch {
	case n < 1 || n > maxQuota || burst < 1 || burst > maxQuota:
		return Limit{}, &LimitError{value(), "both numbers are 1 to 1000000000"}
	case unitName(unit) == 0:
		return Limit{}, &LimitError{value(), "the rate is for one s, m, h or d"}
	case unit/time.Duration(n) < minInterval:
		return Limit{}, &LimitError{value(), "the rate is at most 1000000 in a second"}
	}
	l := Limit{n: uint32(n), burst: uint32(burst), per: unit}
	if int64(l.interval()) > int64(maxPer)/int64(burst) {
		return Limit{}, &LimitError{value(), "the burst comes back in 366 days or less"}
	}
	return l, nil
}

// IsZero reports whether l is no limit.
func (l Limit) IsZero() bool { return l.n == 0 }

// Strict reports whether l is a strict window; otherwise it is a token bucket.
func (l Limit) Strict() bool { return l.burst == 0 }

// Quota is the most that can be taken at once: the number of a window, the burst of a
// bucket.
func (l Limit) Quota() int {
	if l.Strict() {
		return int(l.n)
	}
	return int(l.burst)
}

// Per is the time after which a used-up quota is whole again: the length of a window,
// the time in which an empty bucket fills.
func (l Limit) Per() time.Duration {
	if l.Strict() {
		return l.per
	}
	return time.Duration(l.burst) * l.interval()
}

// interval is the time between two permits of a bucket.
func (l Limit) interval() time.Duration {
	n := time.Duration(max(l.n, 1))
	return (l.per + n - 1) / n
}

// String returns the limit as [Parse] reads it, or "" for the zero Limit.
func (l Limit) String() string {
	switch {
	case l.IsZero():
		return ""
	case l.Strict():
		n, unit := wholeUnits(l.per)
		return strconv.Itoa(int(l.n)) + " per " + strconv.FormatInt(n, 10) + string(unit)
	}
	return strconv.Itoa(int(l.n)) + "/" + string(unitName(l.per)) + " burst " + strconv.Itoa(int(l.burst))
}

// MarshalText returns String.
func (l Limit) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what [Parse] reads. An empty text is refused: to have no limit,
// leave the setting out.
func (l *Limit) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err == nil {
		*l = parsed
	}
	return err
}
