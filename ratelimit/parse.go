package ratelimit

import (
	"strconv"
	"strings"
	"time"
)

// maxText is longer than any limit that can be written.
const maxText = 64

var units = [...]struct {
	name byte
	size time.Duration
}{{'d', day}, {'h', time.Hour}, {'m', time.Minute}, {'s', time.Second}}

// Parse reads a limit: "100 per 15m" as a strict window, "10/s burst 20" as a token
// bucket. The units are s, m, h and d; single spaces stand where they stand here; a
// number has no sign, no leading zero and no unit but the one. The error is a
// *[LimitError].
func Parse(s string) (Limit, error) {
	fail := func(reason string) (Limit, error) {
		return Limit{}, &LimitError{s[:min(len(s), maxText)], reason}
	}
	if len(s) > maxText {
		return fail("it is too long")
	}
	if n, per, ok := strings.Cut(s, " per "); ok {
		number, okN := parseNumber(n)
		window, okW := parseDuration(per)
		if !okN || !okW {
			return fail("a number or the time cannot be read")
		}
		return again(s)(Window(number, window))
	}
	rate, burst, ok := strings.Cut(s, " burst ")
	n, unit, ok2 := strings.Cut(rate, "/")
	if !ok || !ok2 {
		return fail("it is neither a window nor a bucket")
	}
	number, okN := parseNumber(n)
	size, okU := parseUnit(unit)
	most, okB := parseNumber(burst)
	if !okN || !okU || !okB {
		return fail("a number or the unit cannot be read")
	}
	return again(s)(Rate(number, size, most))
}

// again makes an error show the text as it was written.
func again(s string) func(Limit, error) (Limit, error) {
	return func(l Limit, err error) (Limit, error) {
		if e, ok := err.(*LimitError); ok {
			e.Value = s
		}
		return l, err
	}
}

// parseNumber reads 1 to 1000000000, written in the one way it can be.
func parseNumber(s string) (int, bool) {
	if len(s) == 0 || len(s) > len("1000000000") || s[0] == '0' {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return int(n), err == nil && n <= maxQuota
}

func parseDuration(s string) (time.Duration, bool) {
	if len(s) < 2 {
		return 0, false
	}
	n, okN := parseNumber(s[:len(s)-1])
	size, okU := parseUnit(s[len(s)-1:])
	if !okN || !okU || time.Duration(n) > maxPer/size {
		return 0, false
	}
	return time.Duration(n) * size, true
}

func parseUnit(s string) (time.Duration, bool) {
	for _, u := range units {
		if s == string(u.name) {
			return u.size, true
		}
	}
	return 0, false
}

// unitName is the letter of a unit, or 0.
func unitName(d time.Duration) byte {
	for _, u := range units {
		if u.size == d {
			return u.name
		}
	}
	return 0
}

// wholeUnits writes a window in the largest unit that divides it.
func wholeUnits(d time.Duration) (int64, byte) {
	for _, u := range units {
		if d%u.size == 0 {
			return int64(d / u.size), u.name
		}
	}
	return int64(d / time.Second), 's'
}
