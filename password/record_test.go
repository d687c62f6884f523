package password

import (
	"slices"
	"strings"
	"testing"
)

const (
	saltText = "MDEyMzQ1Njc4OWFiY2RlZg"
	keyText  = "6sBWcNfayU+u/xN5FJ5dR99XsCl9bQtr/b2JNmPK+Qk"
	start    = "$argon2id$v=19$"
	end      = "$" + saltText + "$" + keyText
	crypt    = "abcdefghijklmnopqrstuuWG29KuyeAicPCJODk1zjyGvyQUU2awu"
)

type hashString struct {
	name, s string
	ok      bool
}

// hashStrings feeds the test, the fuzzer and the benchmark.
var hashStrings = []hashString{
	{"argon2id", start + "m=19456,t=2,p=1" + end, true},
	{"18 bytes of salt", start + "m=19456,t=2,p=1$" + strings.Repeat("A", 24) + "$" + keyText, true},
	{"least", start + "m=8,t=1,p=1$c29tZXNhbHQ$" + saltText, true},
	{"most memory", start + "m=262144,t=4,p=16" + end, true},
	{"most passes", start + "m=65536,t=16,p=1" + end, true},
	{"bcrypt a", "$2a$10$" + crypt, true},
	{"bcrypt b", "$2b$04$" + crypt, true},
	{"bcrypt y", "$2y$15$" + crypt, true},
	{"bcrypt of HMAC", bcryptHMACPrefix + saltText + "$2a$12$" + crypt, true},

	{"empty", "", false},
	{"dollar", "$", false},
	{"blank", " ", false},
	{"t=0", start + "m=19456,t=0,p=1" + end, false},
	{"p=0", start + "m=19456,t=2,p=0" + end, false},
	{"m=0", start + "m=0,t=2,p=1" + end, false},
	{"m=7", start + "m=7,t=2,p=1" + end, false},
	{"m too little for p", start + "m=31,t=2,p=4" + end, false},
	{"m too much", start + "m=262145,t=1,p=1" + end, false},
	{"m wraps in 32 bits", start + "m=4294967304,t=1,p=1" + end, false},
	{"m wraps in 64 bits", start + "m=18446744073709551624,t=1,p=1" + end, false},
	{"t too much", start + "m=8,t=17,p=1" + end, false},
	{"p too much", start + "m=1024,t=1,p=17" + end, false},
	{"p wraps in 8 bits", start + "m=19456,t=2,p=257" + end, false},
	{"m times t too much", start + "m=262144,t=5,p=1" + end, false},
	{"leading zero", start + "m=019456,t=2,p=1" + end, false},
	{"plus", start + "m=+19456,t=2,p=1" + end, false},
	{"minus", start + "m=-19456,t=2,p=1" + end, false},
	{"hexadecimal", start + "m=0x4c00,t=2,p=1" + end, false},
	{"underscore", start + "m=19_456,t=2,p=1" + end, false},
	{"no number", start + "m=,t=2,p=1" + end, false},
	{"blank in front", " " + start + "m=19456,t=2,p=1" + end, false},
	{"blank inside", start + "m=19456, t=2,p=1" + end, false},
	{"other digits", start + "m=１９４５６,t=2,p=1" + end, false},
	{"double m", start + "m=19456,m=19456,t=2,p=1" + end, false},
	{"double t", start + "m=19456,t=2,t=2,p=1" + end, false},
	{"double p", start + "m=19456,t=2,p=1,p=1" + end, false},
	{"other order", start + "t=2,m=19456,p=1" + end, false},
	{"capital", start + "M=19456,t=2,p=1" + end, false},
	{"missing p", start + "m=19456,t=2" + end, false},
	{"junk behind p", start + "m=19456,t=2,p=1x" + end, false},
	{"keyid", start + "m=19456,t=2,p=1,keyid=AAAA" + end, false},
	{"pepper", start + "m=19456,t=2,p=1,keyid=+aB3/z9A" + end, true},
	{"pepper, long name", start + "m=19456,t=2,p=1,keyid=+aB3/z9AA" + end, false},
	{"pepper, other alphabet", start + "m=19456,t=2,p=1,keyid=-aB3_z9A" + end, false},
	{"pepper, line feed", start + "m=19456,t=2,p=1,keyid=+aB3/z9\n" + end, false},
	{"pepper, no name", start + "m=19456,t=2,p=1,keyid=" + end, false},
	{"pepper, twice", start + "m=19456,t=2,p=1,keyid=+aB3/z9A,keyid=+aB3/z9A" + end, false},
	{"pepper, short key", start + "m=19456,t=2,p=1,keyid=+aB3/z9A$" + saltText + "$" + saltText, false},
	{"pepper, cut", start + "m=19456,t=2,p=1,keyid=+aB3/z9A", false},
	{"pepper of argon2i", "$argon2i$v=19$m=19456,t=2,p=1,keyid=+aB3/z9A" + end, false},
	{"data", start + "m=19456,t=2,p=1,data=AAAA" + end, false},
	{"no version", "$argon2id$m=19456,t=2,p=1" + end, false},
	{"version 16", "$argon2id$v=16$m=19456,t=2,p=1" + end, false},
	{"version 20", "$argon2id$v=20$m=19456,t=2,p=1" + end, false},
	{"argon2i without version", "$argon2i$m=19456,t=2,p=1" + end, false},
	{"argon2d", "$argon2d$v=19$m=19456,t=2,p=1" + end, false},
	{"empty key", start + "m=19456,t=2,p=1$" + saltText + "$", false},
	{"no key", start + "m=19456,t=2,p=1$" + saltText, false},
	{"empty salt", start + "m=19456,t=2,p=1$$" + keyText, false},
	{"short salt", start + "m=19456,t=2,p=1$AAAAAAA$" + keyText, false},
	{"short key", start + "m=19456,t=2,p=1$" + saltText + "$AAAAAAAAAAAAAAAAAAAA", false},
	{"long key", start + "m=19456,t=2,p=1$" + saltText + "$" + strings.Repeat("A", 87), false},
	{"long salt", start + "m=19456,t=2,p=1$" + strings.Repeat("A", 87) + "$" + saltText, false},
	{"padding", start + "m=19456,t=2,p=1" + end + "=", false},
	{"base64url", start + "m=19456,t=2,p=1$" + saltText + "$6sBWcNfayU-u_xN5FJ5dR99XsCl9bQtr_b2JNmPK-Qk", false},
	{"loose last bits", start + "m=19456,t=2,p=1$" + saltText + "$6sBWcNfayU+u/xN5FJ5dR99XsCl9bQtr/b2JNmPK+Ql", false},
	{"loose salt bits", start + "m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZh$" + keyText, false},
	{"line break inside", start + "m=19456,t=2,p=1$" + saltText[:8] + "\n" + saltText[8:] + "$" + keyText, false},
	{"line break where the length hides it", start + "m=19456,t=2,p=1$" + strings.Repeat("A", 24) + "\n$" + keyText, false},
	{"line break behind", start + "m=19456,t=2,p=1" + end + "\n", false},
	{"NUL behind", start + "m=19456,t=2,p=1" + end + "\x00", false},
	{"one more field", start + "m=19456,t=2,p=1" + end + "$", false},
	{"a megabyte", start + "m=19456,t=2,p=1" + end + strings.Repeat("A", 1<<20), false},
	{"a megabyte of digits", start + "m=" + strings.Repeat("1", 1<<20), false},
	{"bcrypt 3", "$2b$03$" + crypt, false},
	{"bcrypt 16", "$2b$16$" + crypt, true},
	{"bcrypt 17", "$2b$17$" + crypt, false},
	{"bcrypt 31", "$2b$31$" + crypt, false},
	{"bcrypt one digit", "$2b$4$" + crypt + "u", false},
	{"bcrypt sign", "$2b$+9$" + crypt, false},
	{"bcrypt without minor", "$2$10$" + crypt + "u", false},
	{"bcrypt x", "$2x$10$" + crypt, true},
	{"bcrypt z", "$2z$10$" + crypt, false},
	{"bcrypt 1", "$1b$10$" + crypt, false},
	{"bcrypt short", "$2b$10$" + crypt[1:], false},
	{"bcrypt long", "$2b$10$" + crypt + "u", false},
	{"bcrypt line break", "$2b$10$" + crypt[:52] + "\n", false},
	{"bcrypt line break in the salt", "$2b$10$\n" + crypt[1:], false},
	{"bcrypt line break that leaves whole bytes", "$2b$10$\r\n" + crypt[2:], false},
	{"bcrypt alphabet", "$2b$10$" + crypt[:52] + "+", false},
	{"bcrypt loose salt bits", "$2b$10$" + crypt[:21] + "v" + crypt[22:], false},
	{"bcrypt loose key bits", "$2b$10$" + crypt[:52] + "v", false},
	{"HMAC without bcrypt", bcryptHMACPrefix + saltText, false},
	{"HMAC of b", bcryptHMACPrefix + saltText + "$2b$12$" + crypt, false},
	{"HMAC short key", bcryptHMACPrefix + saltText[1:] + "$2a$12$" + crypt, false},
	{"HMAC twice", bcryptHMACPrefix + saltText + bcryptHMACPrefix + saltText + "$2a$12$" + crypt, false},
	{"clear text", "glacier tuba pickle margin", false},
}

// ours reports whether r can be written.
func (r *record) ours() bool {
	return r.form == formArgon2id || r.form == formBcryptHMAC
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range slices.Concat(hashStrings, importedStrings) {
		r, err := parse(c.s)
		if (err == nil) != c.ok {
			t.Errorf("%s: error %v", c.name, err)
			continue
		}
		if err != nil && (err != ErrBadHash || r != record{}) {
			t.Errorf("%s: got %+v, %v", c.name, r, err)
		}
		if err == nil && r.ours() && r.String() != c.s {
			t.Errorf("%s: written as %s", c.name, r.String())
		}
	}
}

func TestParse_allocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(10, func() {
		for _, c := range hashStrings {
			parse(c.s)
		}
		for _, c := range importedStrings {
			if !strings.HasPrefix(c.s, "$bcrypt-sha256$") { // whose parts are put together
				parse(c.s)
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range slices.Concat(hashStrings, importedStrings) {
		f.Add(c.s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parse(s)
		if err != nil {
			return
		}
		if r.ours() && r.String() != s {
			t.Errorf("%q is written as %q", s, r.String())
		}
		switch r.form {
		case formArgon2id, formArgon2i:
			if r.memory > maxMemory || r.memory < 8*uint32(r.threads) || r.time < 1 || r.time > maxTime || r.threads < 1 ||
				int64(r.memory)*int64(r.time) > maxWork || r.salt.n < minSalt || r.key.n < minKey {
				t.Errorf("%q is out of bounds", s)
			}
		case formBcrypt, formBcryptHMAC:
			if r.cost < minCost || r.cost > maxCost {
				t.Errorf("%q is out of bounds", s)
			}
		default:
			scrypt := r.form == formScrypt || r.form == formFirebase
			if r.work() > maxWork || r.memory > maxMemory || r.salt.n < 1 || r.key.n < minKey ||
				scrypt && (r.cost < 1 || r.blocks < 1 || r.threads < 1) || !scrypt && r.time < 1 {
				t.Errorf("%q is out of bounds", s)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, c := range slices.Concat(hashStrings, importedStrings) {
		b.Run("row="+strings.ReplaceAll(c.name, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				parse(c.s)
			}
		})
	}
}
