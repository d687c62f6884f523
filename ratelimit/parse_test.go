package ratelimit_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

var limits = []struct {
	in    string
	out   string // "" for refused
	quota int
	per   time.Duration
}{
	{"100 per 15m", "100 per 15m", 100, 15 * time.Minute},
	{"1 per 1s", "1 per 1s", 1, time.Second},
	{"5 per 60s", "5 per 1m", 5, time.Minute},
	{"5 per 24h", "5 per 1d", 5, 24 * time.Hour},
	{"5 per 90m", "5 per 90m", 5, 90 * time.Minute},
	{"1000000000 per 366d", "1000000000 per 366d", 1000000000, 366 * 24 * time.Hour},
	{"10/s burst 20", "10/s burst 20", 20, 2 * time.Second},
	{"3/s burst 3", "3/s burst 3", 3, time.Second + 2}, // the interval is rounded up
	{"1000000/s burst 1", "1000000/s burst 1", 1, time.Microsecond},
	{"1/d burst 366", "1/d burst 366", 366, 366 * 24 * time.Hour},
	{in: ""},
	{in: "100"},
	{in: "0 per 1s"},
	{in: "-1 per 1s"},
	{in: "+1 per 1s"},
	{in: "01 per 1s"},
	{in: "1e3 per 1s"},
	{in: "1_000 per 1s"},
	{in: "1000000001 per 1s"},
	{in: "99999999999999999999 per 1s"},
	{in: "1 per 0s"},
	{in: "1 per s"},
	{in: "1 per 15"},
	{in: "1 per 1ms"},
	{in: "1 per 1.5h"},
	{in: "1 per 1h30m"},
	{in: "1 per 367d"},
	{in: "1 per 1000000000d"},
	{in: "1 per 1w"},
	{in: "1 per 1S"},
	{in: "1  per 1s"},
	{in: "1 per  1s"},
	{in: " 1 per 1s"},
	{in: "1 per 1s "},
	{in: "1 per 1s\n"},
	{in: "1\tper 1s"},
	{in: "1 per 1s per 1s"},
	{in: "1 PER 1s"},
	{in: "１ per 1s"},
	{in: "10/s"},
	{in: "10/s burst"},
	{in: "10/s burst 0"},
	{in: "0/s burst 1"},
	{in: "10/2s burst 1"},
	{in: "10/ms burst 1"},
	{in: "10 /s burst 1"},
	{in: "10/s burst 1 burst 1"},
	{in: "10/s/s burst 1"},
	{in: "1000001/s burst 1"},
	{in: "1/d burst 367"},
	{in: "1/d burst 1000000000"},
	{in: "10/s burst 20 per 1s"},
	{in: strings.Repeat("1", 65)},
	{in: strings.Repeat("9", 1<<20) + " per 1s"},
}

func TestParse(t *testing.T) {
	for _, c := range limits {
		l, err := ratelimit.Parse(c.in)
		if c.out == "" {
			bad, ok := errors.AsType[*ratelimit.LimitError](err)
			if !ok || !l.IsZero() || len(bad.Error()) > 400 {
				t.Errorf("%.70q: %v, %v", c.in, l, err)
			}
			continue
		}
		if err != nil || l.String() != c.out || l.Quota() != c.quota || l.Per() != c.per {
			t.Errorf("%q: %q, quota %d, per %v, %v", c.in, l, l.Quota(), l.Per(), err)
		}
	}
}

func TestLimitText(t *testing.T) {
	var l ratelimit.Limit
	if err := l.UnmarshalText([]byte("100 per 15m")); err != nil {
		t.Fatal(err)
	}
	kept := l
	if err := l.UnmarshalText(nil); err == nil || l != kept {
		t.Error("an empty text is a limit")
	}
	if text, err := l.MarshalText(); err != nil || string(text) != "100 per 15m" {
		t.Errorf("%s %v", text, err)
	}
	if s := (ratelimit.Limit{}).String(); s != "" {
		t.Errorf("the zero Limit is %q", s)
	}
}

func TestLimitsInGo(t *testing.T) {
	for name, f := range map[string]func() (ratelimit.Limit, error){
		"half a second": func() (ratelimit.Limit, error) { return ratelimit.Window(1, 1500*time.Millisecond) },
		"negative":      func() (ratelimit.Limit, error) { return ratelimit.Window(-1, time.Second) },
		"past":          func() (ratelimit.Limit, error) { return ratelimit.Window(1, -time.Second) },
		"odd unit":      func() (ratelimit.Limit, error) { return ratelimit.Rate(1, 2*time.Second, 1) },
		"no burst":      func() (ratelimit.Limit, error) { return ratelimit.Rate(1, time.Second, 0) },
	} {
		if l, err := f(); err == nil || !l.IsZero() {
			t.Errorf("%s: %v", name, l)
		}
	}
}

// FuzzParse: whatever is read is written in one way, which is read as the same limit.
func FuzzParse(f *testing.F) {
	for _, c := range limits {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		l, err := ratelimit.Parse(in)
		if err != nil {
			if !l.IsZero() {
				t.Fatal("an error comes with a limit")
			}
			return
		}
		again, err := ratelimit.Parse(l.String())
		if err != nil || again != l {
			t.Fatalf("%q is %v, which is %v, %v", in, l, again, err)
		}
		if l.Quota() < 1 || l.Per() <= 0 || l.Per() > 366*24*time.Hour {
			t.Fatalf("%q: quota %d, per %v", in, l.Quota(), l.Per())
		}
	})
}
