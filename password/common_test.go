package password

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// The list is matched against folded text, and looked up by halving it.
func TestCommonList(t *testing.T) {
	t.Parallel()
	list := commonWords()
	if len(list) < 8000 {
		t.Errorf("only %d words", len(list))
	}
	if !slices.IsSortedFunc(list, func(a, b word) int { return strings.Compare(a.text, b.text) }) {
		t.Error("not sorted")
	}
	for _, w := range list {
		if w.price < 6*bit || w.price > 11*bit {
			t.Errorf("%q costs %d", w.text, w.price)
		}
		if !utf8.ValidString(w.text) || string(fold(nil, w.text)) != w.text {
			t.Errorf("%q is not in small letters: it can never match", w.text)
		}
		if got := priceOf([]byte(w.text), list); got > w.price {
			t.Errorf("%q is priced at %d, its entry at %d", w.text, got, w.price)
		}
	}
}

func TestPriceOf(t *testing.T) {
	t.Parallel()
	list := sortWords([]word{{"butterfly", 80}, {"but", 100}, {"letmein", 60}, {"pass", 90}, {"word", 90}})
	for _, c := range []struct {
		text string
		want int
	}{
		{"", 0},
		{"butterfly", 80},
		{"butterfl", 80 + priceCut},
		{"ylfrettub", 80 + priceBackwards},
		{"butt3rf1y", 80 + 2*priceSwap},
		{"let-me in", 60 + 2*priceSwap},
		{"passbutterfly", 90 + 80},
		{"passpass", 90 + priceRepeat},
		{"abcdefg", priceRun},
		{"97531", priceRun},
		{"67890", priceRun},
		{"qwerty", priceWalk},
		{"1qaz2wsx", 2 * priceWalk},
		{"1987", priceYear},
		{"1929", 4 * priceDigit},
		{"31121987", priceDate},
		{"xq", 2 * priceLetter},
		{"x9", priceLetter + priceDigit},
		{"xxxxxxxx", priceLetter + 3*priceRepeat},
		{"xqqx", 2*priceLetter + priceRepeat},
		{"жж", priceForeign + priceRepeat},
		{"kvqzrwmhtb", enough},
	} {
		if got := priceOf([]byte(c.text), list); got != c.want {
			t.Errorf("%q: %d, want %d", c.text, got, c.want)
		}
	}
}

func TestCalibrate_isAcceptedAndNeverWeaker(t *testing.T) {
	for _, target := range []time.Duration{-1, 0, time.Nanosecond, 60 * time.Millisecond} {
		c := Calibrate(target)
		if _, err := New(c); err != nil {
			t.Errorf("%v: %v", target, err)
		}
		if c.Memory < defaultMemory || c.Time < defaultTime {
			t.Errorf("%v: %+v", target, c)
		}
	}
}
