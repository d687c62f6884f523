package password_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/secret"
)

func newPolicy(t testing.TB, c password.PolicyConfig) *password.Policy {
	t.Helper()
	p, err := password.NewPolicy(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func codes(vs []password.Violation) (out []password.Code) {
	for _, v := range vs {
		out = append(out, v.Code)
	}
	return out
}

// good are passwords nobody may be refused.
var good = []string{
	"glacier tuba pickle margin",
	"my dentist sings at noon",
	"seven otters juggle lemons",
	"violet tractor hums softly",
	"Grandma's attic smells of varnish",
	"nine wet boots by the stove",
	"we painted the shed in March!",
	"copper-fjord-lantern-gnome",
	"unripe_quince_on_tuesday",
	"The train to Ghent was late again",
	"ochre walrus debates tariffs",
	"please water the ficus, Ivan",
	"zinc marmalade oboe raft",
	"tangled kites over Utrecht",
	"I never liked beetroot soup",
	"plinth-yodel-cobweb",
	"moss grows where nobody dances",
	"trudge spleen vowel",
	"x7K9p2Q4mV1z",
	"vT#9qLw2!zRk",
	"f3b0c9e7a15d",
	"hqzvtrkwpmxn",
	"QWmvZxTplRbn",
	"0192837465-kgt-vw",
	"n4Ugwb8dJx2e",
	"6fRk-2hVq-9sTz",
	"Zq7!mW3@xL9#",
	"kdmrtvhzpqwsxbnfjglc",
	"aGVsbG8gd29ybGQK",
	"U2FsdGVkX1+8vQ==",
	"лошадь скрепка правильно батарея",
	"grün wie der Apfel im Oktober",
	"los gatos comen nubes de papel",
	"東京の雨は静かに降っている",
	"🐙🧦🪁🥨🛶🎺🧀🌵🪵🛎🧭🪗",
	"pâté, navets et trois corbeaux",
	"dwa smutne bobry pod mostem",
	"2 eggs, 1 plum & a fork",
	"mjqh wolf tzkv",
	"ember.quilt.sonnet.radish.42",
	"Hab 17 Enten im Keller gezählt",
}

// weak are passwords a guesser tries early, whatever was done to them.
var weak = []string{
	"password", "Password1!", "P@ssw0rd2026", "drowssap", "passwordpassword", "p-a-s-s-w-o-r-d",
	"1234567890123", "9876543210", "12344321", "112233445566", "24681012", "00000000000000000000",
	"qwertyuiop[]", "1qaz2wsx3edc", "zaq12wsxcde3", "qazwsxedcrfv", "asdf;lkjasdf", "!@#$%^&*()",
	"aaaaaaaaaaaaaaaaaaaa", "abababababababab", "abcabcabcabc", "abcdefghijklmnop", "zyxwvutsrqponm",
	"summer2026!", "Winter2019", "Januar2024", "iloveyou4ever", "i love you", "liverpool1892",
	"Jennifer1987", "1987jennifer", "31121999", "2001-09-11", "superman123!", "dragondragon",
	"letmein!!!!", "ilovejesus777", "correct horse battery staple", "CorrectHorseBatteryStaple",
	"tobeornottobe", "to be or not to be", "butterfl", "Tr0ub4dour", "k1llerqueen", "пароль123456",
	"changeme2026", "Admin1234567", "mysecretpassword", "qwerty123456", "monkeymonkey1",
}

// P-02: no rule about kinds of characters, and nothing refused that is hard to guess.
func TestPolicy_acceptsWhatIsHardToGuess(t *testing.T) {
	t.Parallel()
	p := newPolicy(t, password.PolicyConfig{Context: []string{"Sallyport"}})
	for _, pw := range good {
		if got := p.Check(secret.New(pw), "ada.lovelace@example.org", "Ada Lovelace"); len(got) > 0 {
			t.Errorf("%q is refused: %v", pw, codes(got))
		}
	}
}

func TestPolicy_refusesWhatIsEasyToGuess(t *testing.T) {
	t.Parallel()
	p := newPolicy(t, password.PolicyConfig{MinLength: 8})
	for _, pw := range weak {
		if got := codes(p.Check(secret.New(pw))); !slices.Contains(got, password.Common) {
			t.Errorf("%q is not refused as common: %v", pw, got)
		}
	}
}

func TestPolicy_acceptsRandomPasswords(t *testing.T) {
	t.Parallel()
	p := newPolicy(t, password.PolicyConfig{})
	random := rand.New(rand.NewPCG(1, 2))
	for _, alphabet := range []string{
		"abcdefghijklmnopqrstuvwxyz",
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
		"abcdefghijklmnopqrstuvwxyz0123456789!#$%&()*+,-./:;<=>?@",
	} {
		refused := 0
		for range 10_000 {
			pw := make([]byte, 12)
			for i := range pw {
				pw[i] = alphabet[random.IntN(len(alphabet))]
			}
			if got := p.Check(secret.New(string(pw))); len(got) > 0 {
				refused++
				t.Errorf("random %q is refused: %v", pw, codes(got))
			}
		}
		t.Logf("%d of 10000 over %d characters refused", refused, len(alphabet))
	}
}

// P-01, P-03: the lengths, in code points.
func TestPolicy_length(t *testing.T) {
	t.Parallel()
	random := func(n int) string {
		r := rand.New(rand.NewPCG(3, 4))
		s := make([]rune, n)
		for i := range s {
			s[i] = rune('a' + r.IntN(26))
		}
		return string(s)
	}
	for _, c := range []struct {
		name string
		min  int
		pw   string
		want []password.Code
	}{
		{"7 of 8", 8, "kvqzrwm", []password.Code{password.TooShort}},
		{"8 of 8", 8, "kvqzrwmh", nil},
		{"11 of the default", 0, "kvqzrwmhtbx", []password.Code{password.TooShort}},
		{"12 of the default", 0, "kvqzrwmhtbxd", nil},
		{"14 of 15", 15, "kvqzrwmhtbxdlp", []password.Code{password.TooShort}},
		{"15 of 15", 15, "kvqzrwmhtbxdlpg", nil},
		{"20 letters", 0, random(20), nil},
		{"64", 0, random(64), nil},
		{"128", 0, random(128), nil},
		{"256", 0, random(256), nil},
		{"257", 0, random(257), []password.Code{password.TooLong}},
		{"12 of two bytes", 0, "жщъыэюяћђџѓќ", nil},
		{"11 of two bytes", 0, "жщъыэюяћђџѓ", []password.Code{password.TooShort}},
		{"256 of four bytes", 0, strings.Repeat("🦔", 256), []password.Code{password.Common}},
		{"257 of four bytes", 0, strings.Repeat("🦔", 256) + "x", []password.Code{password.TooLong}},
		{"a megabyte", 0, strings.Repeat("x", 1<<20), []password.Code{password.TooLong}},
		{"not UTF-8", 0, "kvqzrwmhtbxd\xff", []password.Code{password.InvalidUTF8}},
		{"half a surrogate", 0, "kvqzrwmhtbxd\xed\xa0\x80", []password.Code{password.InvalidUTF8}},
		{"empty", 0, "", []password.Code{password.TooShort, password.Common}},
		{"three of each once normalized", 0, strings.Repeat("\U0001D160", 256), []password.Code{password.TooLong}},
		{"two of each once normalized", 0, strings.Repeat("\u0958", 129), []password.Code{password.TooLong}},
		{"as long as may be once normalized", 0, strings.Repeat("\u0958", 128), nil},
		{"long once folded", 0, strings.Repeat("Ⱥ", 256), []password.Code{password.Common}},
	} {
		if got := codes(newPolicy(t, password.PolicyConfig{MinLength: c.min}).Check(secret.New(c.pw))); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// P-07: words that belong to the account or the service.
func TestPolicy_context(t *testing.T) {
	t.Parallel()
	p := newPolicy(t, password.PolicyConfig{MinLength: 8, Context: []string{"Sallyport", "Kowloon Freight"}})
	user := []string{"zbigniew.wojtowicz@example.org", "Zbyszko Wojtowicz", "q"}
	for _, c := range []struct {
		pw   string
		want []password.Code
	}{
		{"sallyport2026!", []password.Code{password.ContainsContext}},
		{"Sallyport2026", []password.Code{password.ContainsContext}},
		{"$@11yp0rt2026", []password.Code{password.ContainsContext}},
		{"tropyllas99", []password.Code{password.ContainsContext}},
		{"sallyportsallyport", []password.Code{password.ContainsContext}},
		{"my-sallyport-login", []password.Code{password.ContainsContext}},
		{"kowloonfreight1", []password.Code{password.ContainsContext}},
		{"zbigniew.wojtowicz", []password.Code{password.ContainsContext}},
		{"ZbigniewWojtowicz77", []password.Code{password.ContainsContext}},
		{"wojtowicz1984", []password.Code{password.ContainsContext}},
		{"zciwotjow1984", []password.Code{password.ContainsContext}},
		{"zbigniew.wojtowicz@example.org", []password.Code{password.ContainsContext}},
		{"password2026", []password.Code{password.Common}},
		{"a sallyport is a small hidden door", nil},
		{"wojtowicz-keeps-eleven-grebes", nil},
		{"qqvkzrmwhtbd", nil},
	} {
		if got := codes(p.Check(secret.New(c.pw), user...)); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %v, want %v", c.pw, got, c.want)
		}
	}
}

func TestPolicy_hostileContext(t *testing.T) {
	t.Parallel()
	p := newPolicy(t, password.PolicyConfig{})
	many := slices.Repeat([]string{strings.Repeat("a.b-c@\xff", 1<<14)}, 200)
	if got := p.Check(secret.New("glacier tuba pickle margin"), many...); len(got) > 0 {
		t.Errorf("refused: %v", codes(got))
	}
}

// P-17: nothing that is shown holds the password.
func TestPolicy_detailsAreConstant(t *testing.T) {
	t.Parallel()
	p := newPolicy(t, password.PolicyConfig{Context: []string{"sallyport"}})
	details := map[password.Code]string{}
	for _, pw := range slices.Concat(weak, []string{"short", "\xff", strings.Repeat("y", 300), "sallyport2026!"}) {
		for _, v := range p.Check(secret.New(pw)) {
			if first, seen := details[v.Code]; seen && first != v.Detail {
				t.Errorf("%s has more than one detail", v.Code)
			}
			details[v.Code] = v.Detail
		}
	}
	if len(details) != 5 {
		t.Errorf("met %d codes, want all 5", len(details))
	}
}

func TestPolicy_zeroValueIsTheDefault(t *testing.T) {
	t.Parallel()
	var none *password.Policy
	for _, p := range []*password.Policy{none, {}} {
		if got := codes(p.Check(secret.New("kvqzrwmhtbx"))); !slices.Equal(got, []password.Code{password.TooShort}) {
			t.Errorf("11 code points: %v", got)
		}
		if got := codes(p.Check(secret.New("password1234"))); !slices.Equal(got, []password.Code{password.Common}) {
			t.Errorf("common: %v", got)
		}
	}
}

func TestNewPolicy_refuses(t *testing.T) {
	t.Parallel()
	for _, c := range []password.PolicyConfig{
		{MinLength: 7}, {MinLength: -1}, {MinLength: 65},
		{Context: make([]string, 17)},
	} {
		if _, err := password.NewPolicy(c); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}

func FuzzPolicy(f *testing.F) {
	for _, pw := range slices.Concat(good, weak) {
		f.Add(pw, "ada@example.org")
	}
	p := newPolicy(f, password.PolicyConfig{})
	f.Fuzz(func(t *testing.T, pw, context string) {
		without := codes(p.Check(secret.New(pw)))
		with := codes(p.Check(secret.New(pw), context))
		if len(with) < len(without) {
			t.Errorf("context made %q better: %v, then %v", pw, without, with)
		}
	})
}

func BenchmarkPolicy(b *testing.B) {
	p := newPolicy(b, password.PolicyConfig{Context: []string{"sallyport"}})
	for name, pw := range map[string]string{
		"pw=common":   "P@ssw0rd2026",
		"pw=phrase":   "glacier tuba pickle margin",
		"pw=random":   "vT#9qLw2!zRk",
		"pw=hostile":  strings.Repeat("1!", 128),
		"pw=repeated": strings.Repeat("a", 256),
		"pw=tooLong":  strings.Repeat("a", 1<<20),
	} {
		s := secret.New(pw)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Check(s)
			}
		})
	}
}
