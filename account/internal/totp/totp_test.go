package totp_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/sallyport-dev/sallyport/account/internal/totp"
)

// seed is the one of RFC 6238 appendix B.
var seed = []byte("12345678901234567890")

// TestVectors are the times of RFC 6238 appendix B for SHA-1, with the last six of the
// eight digits it gives.
func TestVectors(t *testing.T) {
	for seconds, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := totp.Code(seed, totp.Step(time.Unix(seconds, 0))); got != want {
			t.Errorf("at %d: %s, want %s", seconds, got, want)
		}
	}
}

func TestVerify(t *testing.T) {
	now := time.Unix(1234567890, 0)
	step := totp.Step(now)
	at := func(d int) string { return totp.Code(seed, step+uint64(d)) }
	for _, row := range []struct {
		name   string
		code   string
		last   uint64
		window int
		want   uint64 // 0: refused
	}{
		{"now", at(0), 0, 1, step},
		{"the step before", at(-1), 0, 1, step - 1},
		{"the step after", at(1), 0, 1, step + 1},
		{"two before", at(-2), 0, 1, 0},
		{"two after", at(2), 0, 1, 0},
		{"before, strict", at(-1), 0, 0, 0},
		{"now, strict", at(0), 0, 0, step},
		{"again", at(0), step, 1, 0},
		{"an older one after a newer", at(-1), step, 1, 0},
		{"a newer one after", at(1), step, 1, step + 1},
		{"empty", "", 0, 1, 0},
		{"short", at(0)[:5], 0, 1, 0},
		{"long", at(0) + "0", 0, 1, 0},
		{"a space for a digit", at(0)[:5] + " ", 0, 1, 0},
		{"a sign", "+" + at(0)[1:], 0, 1, 0},
		{"two groups", at(0)[:3] + " " + at(0)[3:], 0, 1, step},
		{"a narrow space without a break", at(0)[:3] + "\u202f" + at(0)[3:], 0, 1, step},
		{"a hyphen", at(0)[:3] + "-" + at(0)[3:], 0, 1, step},
		{"a dash", at(0)[:3] + "\u2013" + at(0)[3:], 0, 1, step},
		{"white space around it", "\t" + at(0) + "\r\n", 0, 1, step},
		{"Arabic digits", inScript(at(0), '\u0660'), 0, 1, step},
		{"Devanagari digits in groups", inScript(at(0)[:3]+" "+at(0)[3:], '\u0966'), 0, 1, step},
		{"full-width digits", inScript(at(0), '\uff10'), 0, 1, step},
		{"bold digits", inScript(at(0), '\U0001d7ce'), 0, 1, step},
		{"two scripts", at(0)[:3] + inScript(at(0)[3:], '\u06f0'), 0, 1, step},
		{"another spelling, again", inScript(at(0), '\u0660'), step, 1, 0},
		{"three Arabic digits, of six bytes", "\u0660\u0661\u0662", 0, 1, 0},
		{"a digit too many in groups", at(0)[:3] + " " + at(0)[3:] + " 0", 0, 1, 0},
		{"a superscript", "\u00b2" + at(0)[1:], 0, 1, 0},
		{"a dot between", at(0)[:3] + "." + at(0)[3:], 0, 1, 0},
		{"what cannot be seen", at(0)[:3] + "\u200b" + at(0)[3:], 0, 1, 0},
		{"separators alone", " - - - ", 0, 1, 0},
		{"zeros", "000000", 0, 1, 0},
	} {
		if got, ok := totp.Verify(seed, row.code, now, row.last, row.window); got != row.want || ok != (row.want != 0) {
			t.Errorf("%s: step %d, %t; want %d", row.name, got, ok, row.want)
		}
	}
	for _, away := range []time.Duration{61 * time.Second, -61 * time.Second} {
		if _, ok := totp.Verify(seed, at(0), now.Add(away), 0, 1); ok {
			t.Errorf("taken %s away", away)
		}
	}
	if _, ok := totp.Verify(seed, totp.Code(seed, 0), time.Unix(-100, 0), 0, 0); ok {
		t.Error("a time before 1970 is taken")
	}
}

// inScript writes the digits of a code in another script, by its zero.
func inScript(code string, zero rune) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return zero + r - '0'
		}
		return r
	}, code)
}

// TestVerify_everyScript: each decimal digit of Unicode is taken for what it stands for.
func TestVerify_everyScript(t *testing.T) {
	now := time.Unix(1234567890, 0) // 005924
	for _, list := range unicode.Nd.R32 {
		for zero := rune(list.Lo); zero < rune(list.Hi); zero += 10 {
			if _, ok := totp.Verify(seed, inScript("005924", zero), now, 0, 0); !ok {
				t.Errorf("digits from %U are refused", zero)
			}
		}
	}
	for _, list := range unicode.Nd.R16 {
		for zero := rune(list.Lo); zero < rune(list.Hi); zero += 10 {
			if _, ok := totp.Verify(seed, inScript("005924", zero), now, 0, 0); !ok {
				t.Errorf("digits from %U are refused", zero)
			}
		}
	}
}

func TestURI(t *testing.T) {
	u, err := url.Parse(totp.URI("A & B: c", "ada lovelace@x", seed))
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/A & B: c:ada lovelace@x" {
		t.Fatalf("%v %v", u, err)
	}
	if q := u.Query(); q.Get("secret") != "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" || q.Get("issuer") != "A & B: c" || strings.Contains(u.RawQuery, "+") {
		t.Errorf("query %s", u.RawQuery)
	}
	if a, b := totp.NewSeed(), totp.NewSeed(); len(a) != 20 || string(a) == string(b) {
		t.Error("the seed is not random")
	}
}

func TestRecoveryCodes(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		for _, code := range totp.NewRecoveryCodes() {
			n := totp.Normalize(code)
			if len(n) != 24 || seen[n] || totp.Normalize(" "+strings.ToUpper(code)+" ") != n || totp.Normalize(n) != n {
				t.Fatalf("code %q", code)
			}
			seen[n] = true
		}
	}
	if len(seen) != 1000 {
		t.Errorf("%d codes", len(seen))
	}
}
