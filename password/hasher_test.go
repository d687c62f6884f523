package password

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/sallyport-dev/sallyport/secret"
)

// weak is for tests that need many hashes.
var weak = Config{Memory: 64, Time: 1, BcryptCost: 4, Concurrency: 4, InsecureWeakParameters: true}

func weakBcrypt() Config {
	c := weak
	c.Algorithm = Bcrypt
	return c
}

func newHasher(t testing.TB, c Config) *Hasher {
	t.Helper()
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func mustHash(t testing.TB, h *Hasher, pw string) string {
	t.Helper()
	s, err := h.Hash(t.Context(), secret.New(pw))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustVerify(t testing.TB, h *Hasher, encoded, pw string) Result {
	t.Helper()
	r, err := h.Verify(t.Context(), encoded, secret.New(pw))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The hashes were made with libargon2 20171227 (the reference implementation in C) and
// libxcrypt 4.4.33.
var foreignHashes = []struct{ hash, pw string }{
	{"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password"},
	{"$argon2id$v=19$m=7168,t=5,p=1$c29tZXNhbHQ$sAavOVT9lSsX4jeV2ZNRLaH3wKMRpC4uYGTwtpTA7JE", "password"},
	{"$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$6sBWcNfayU+u/xN5FJ5dR99XsCl9bQtr/b2JNmPK+Qk", "pässwörd 🔑 "},
	{"$argon2id$v=19$m=64,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$x87sw4Kj/zBraiHoR3HRvQ", "a\x00b"},
	{"$argon2id$v=19$m=19456,t=2,p=2$MDEyMzQ1Njc4OWFiY2RlZg$Le1pELDBrD/IiCQmbR/IsuKgRg/fAfHp", strings.Repeat("x", 129)},
	{"$2b$05$abcdefghijklmnopqrstuuWG29KuyeAicPCJODk1zjyGvyQUU2awu", "password"},
	{"$2y$05$abcdefghijklmnopqrstuuY8YJcx7OeCJ9JYO3w834ps8x/8H3Gfy", "pässwörd €"},
	{"$2y$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i", strings.Repeat("x", 72)},
}

// What is imported only, made by those who are named.
var importedHashes = []struct{ hash, pw string }{
	// libargon2 20171227: argon2i_hash_raw.
	{"$argon2i$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$iWh06vD8Fy27wf9npn6FXWiCX4K6pW6Ue1Bnzz07Z8A", "password"},
	{"$argon2i$v=19$m=8192,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$kKfsjDXHs1xbhG40WtIesQ", "a\x00b"},
	{"$argon2i$v=19$m=512,t=3,p=2$MDEyMzQ1Njc4OWFiY2RlZg$uiHJQ7woMdFPgINOeqdCdqzy7iwwgPQe", "pässwörd 🔑 "},

	// Python 3.11's hashlib (OpenSSL 3.0.19), pbkdf2_hmac and scrypt, written in the form
	// that Django, passlib and the PHC string format document. Node.js 20's crypto gives
	// the same for the rows of 5000 iterations and of ln=14 and ln=10, and `openssl kdf`
	// for the first one.
	{"pbkdf2_sha256$1000$seasalt12345$JL/9NQDGRPJL1xTV6KjoSC1b+RVZTUm/L4Q7yYnAKIY=", "password"},
	{"pbkdf2_sha256$20000$aBcDeFgHiJkLmNoPqRsTuV$KYzLPPzwPmZAPiX0gvRc6dudr0goEjztrImAU9oo7P0=", "pässwörd 🔑 "},
	{"$pbkdf2-sha256$29000$.....//u3cy7qpmId2ZVRA$pVSDhehziy7PU/BN3Hj0Nk/tUfKeJHEsZ81YepE85hM", "password"},
	{"$pbkdf2-sha512$25000$.....//u3cy7qpmId2ZVRA$VX2bhXxq8DodetXbwNbRxh21FaecZtFQq4JOgIN3beyW43mDs0M8Nr6uaa7M34s5sbTjupci/iAytw5I634uyg", strings.Repeat("x", 129)},
	{"$pbkdf2-sha256$i=10000$+++++//u3cy7qpmId2ZVRA$QYET5tGsSI/t0GC3EabDjEqikXql6FHZIga6nwkjkoM", "a\x00b"},
	{"$pbkdf2-sha512$i=5000,l=64$+++++//u3cy7qpmId2ZVRA$JxKQz59loq/kY99OfqsFezY/Xj3B1a9dwnHn8sr/axPlGZjt9RdBTpWHxvxgkUj1JYZHXxKMelI5ZSG/wJEeSA", "pässwörd 🔑 "},
	{"$pbkdf2-sha256$i=1,l=20$+++++//u3cy7qpmId2ZVRA$FcxLMC1JCLMDfTxieNHQqhzBa6M", strings.Repeat("x", 64)},
	{"$scrypt$ln=14,r=8,p=1$+++++//u3cy7qpmId2ZVRA$RLGA3WvSUnP9VMh0BelTlPRQ3l8H1bcd1DAVj7AimIo", "password"},
	{"$scrypt$ln=10,r=4,p=3$+++++//u3cy7qpmId2ZVRA$B9cWDUO08Maj5oafP2MGfD4PA6Ia1aDoNVhc5nBmPy9zN/wSG0j6jp2pL0NY65ZPu7hqX+eKQHK8cGC3ufbmrw", strings.Repeat("x", 129)},
	{"$scrypt$ln=1,r=1,p=1$+++++//u3cy7qpmId2ZVRA$Q1iNxoPOnXImqJ7r1xsfwA", "a\x00b"},

	// Werkzeug 3.1.8, with a salt of ours.
	{"scrypt:32768:8:1$0123456789abcdef$8524b08c620f420f5b8587162aac7db9e03ad91a69c237fb96a7dd3a5f55120d177a8bbdfdcc037e5c9f4aaa196c8de91614865ea40cfa7445286fe920af5f4c", "password"},
	{"scrypt:1024:8:2$aB3dE6gH$15a69174421de32410fd3c09a20914856cae7fc81b0009128ddef14ccaffb8d0c25cd12afe4669e2abca85b72be91ed197eae78502bce80f9c5107eab999e412", "pässwörd 🔑 "},
	{"pbkdf2:sha256:1000$0123456789abcdef$6179d80422cb8195a6e6dcfc018b62ad30b97a85e32d55fcac13b654995a1723", strings.Repeat("x", 129)},
	{"pbkdf2:sha512:2000$aB3dE6gH$1c6f473e148d81fb54df7beef179289106fca3880946936b4ab16eb0b4da341e5817449fdc2cd8f8612f06bef5684e9cfd8861fa001b5a23950e8622c5c203dd", "password"},

	// Django 3.2.25 and passlib 1.7.4. The row of scrypt is of Python 3.11's hashlib, written
	// as Django 4.0 and later document it.
	{"bcrypt_sha256$$2b$05$XY9UzBhbiU/pMEaMraqvduvdweaqXp4Q.i1wXj9kAggyt1VomABja", strings.Repeat("x", 100)},
	{"bcrypt$$2b$05$az3VOCWi8Ev4LkLJ1sPrOePv5Zg7.3w0j2NBkMAwFiae6ULWrcmCW", "pässwörd €"},
	{"pbkdf2_sha1$2000$aBcDeFgHiJkLmNoPqRsTuV$vFcb6uylEMea7wRX9rL5JEdU1h0=", "pässwörd €"},
	{"scrypt$1024$aBcDeFgHiJkLmNoPqRsTuV$8$1$Di5TXFxFUn0cFVypxelAv7r2k+RALlySI0p7xay342gsvSAUbFAt2o2uUOXyIdPaDZAyLKpaQaztQgrSzb0acw==", "pässwörd €"},
	{"argon2$argon2id$v=19$m=512,t=2,p=8$YUJjRGVGZ0hpSmtMbU5vUHFSc1R1Vg$17XX6XS+X7RDR5taTmDZEg", "pässwörd €"},
	{"$bcrypt-sha256$v=2,t=2b,r=5$SFyqYHb1.SY96Vw70E4/K.$KmLfJi2dma/fS8nIOci56D/7.yVGmu.", strings.Repeat("x", 100)},
	{"$bcrypt-sha256$2b,5$0/BM4SOMv/aRbSbVZS1YXu$PPIc5XM1fBNZEfxtaPNfs5ykbLx2Bq6", "pässwörd €"},
	{"$pbkdf2$2000$eK8Vwrg3RihFqBUCgLDWGg$dmGOfYO8r1d.vHAYs800rJTdtQU", "pässwörd €"},
	{"$6$aBcDeFgH$2bte7gfJzbMoaggxebL20LcN9/eig9fLwR2hWjto4Lu1pWcJQYtsH8rr20dRlGXx5bcC.4V0tnCcaPtqHzAZr0", "pässwörd €"},
	{"$6$rounds=1001$xGbMivHz5JS0Pa8I$EziEHXUmkqfHcafADKu0m2Iqcn7K0G03ddkMSC5.324rY3mlvAssHB85b1ms6uww71bywTxmqVjufrjT30iFA1", strings.Repeat("x", 100)},
	{"{SHA512-CRYPT}$6$rounds=1001$xGbMivHz5JS0Pa8I$EziEHXUmkqfHcafADKu0m2Iqcn7K0G03ddkMSC5.324rY3mlvAssHB85b1ms6uww71bywTxmqVjufrjT30iFA1", strings.Repeat("x", 100)},
	{"$5$xzrbp1TTD5BWES1n$oQbAoKGessWxFlbzot6pCuybodWzMKXqGfxwn9.0MuB", "pässwörd €"},
	{"$5$rounds=1500$ab$NBoXvoznOkwd0uKytW/tmDdopD64cXyjda8/OBcRyKA", strings.Repeat("x", 65)},
	{"$P$6WndILl6DTXKyH77DOz/xklJUAqb28.", "pässwörd €"},
	{"$H$6WndILl6DTXKyH77DOz/xklJUAqb28.", "pässwörd €"},

	// PHP 8.2: crypt, and password_hash of what WordPress 6.8 gives it.
	{"$6$rounds=1000$aBcDeFgH$LNkpOIHTMAzF298smFl6TwE7hXqLRbHdbPITamhXRBMZLnLktakeKjr/ImzblFFHF7r/zotwqS7jk1LPCE4Lz1", "pässwörd €"},
	{"$2x$05$abcdefghijklmnopqrstuuG2vigKd2UpfDuWwom7O74d6tbhY6uua", "pässwörd €"},
	{"$2x$05$abcdefghijklmnopqrstuuGVlx7LxQ5VIkx546JGb6CFJyD7WVNkW", "é"},
	{"$2x$05$abcdefghijklmnopqrstuuNoKeAyGavgp3AqGxKUeq0duzFjhyBfy", strings.Repeat("é", 70)},
	{"$wp$2y$05$Do2Ib.0rDnXTDngqFVDy0.6OeCRHHC.rQOdRiNmVFFSb2baHfQ6Q2", "pässwörd €"},

	// better-auth, Oslo (the Scrypt of Lucia's documentation), firebase-scrypt 2.2 with a
	// project key of ours, and Node.js 20's crypto with the parameters of Lucia 2 and 1.
	{"2f5c9f344ff6f956eae059168e98f4eb:f74f62bbd34567032681780cfdbfe8a603bce204ccfef16a4f1db7106890cf72010278b8eb772fa13388a43df36932b9023c88c8a3683e7c0db8be5db2166c53", "pässwörd ﬁ"},
	{"ed011e191e6f05d482f14529438a1b59:2a8ebb77baa059f70273787d2ae1392685ef9012193fb3a0a8ee49ed0bf267ec65ac5592bf76907823a8e85c2df053a1b95d62b9a5548cdb1b1065d9f4386100", "pässwörd ﬁ"},
	{"s2:abcdefghij012345:2487b63d74bc4025c34c4eff5a28b7d863d7fe57503f1523afd9a5901e8b538c048b604dfcb8d5fd8bd502dd89082429ca27056a0ddd24867778996a1498c9c4", "pässwörd ﬁ"},
	{"ABCDEFGHIJKLMNOP:c5bf0348ed9bdfda9bfa27fa48fa0a50b3a8255a4089513d40d282dd5dea789e56562813443095d4ef7f5cb26465121e1bf379a6cb303487aa1a64d19b6990a1", "pässwörd ﬁ"},
	{"$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=klUBMKDwgNNw0NRZcK9neQmIaHlgs60Lh1/vJATM6ZLpuMpEe0gKyGGaKiKvO56NAOVikEzpIfQ6yLJ0TQyWjQ==$MDEyMzQ1Njc4OQ==$/tFr9vIQCCNUv8x+1p9tzAkzsgkenee6vUInAYYPCnwiHW4ywELFEiFTaXCHhulnUjtf/MgzOJltzjh5wiPsNw==", "pässwörd"},

	// Python 3.11's hashlib, written as ASP.NET Core Identity, Keycloak (with a key of 64
	// bytes) and Spring Security document it.
	{"AQAAAAIAAYagAAAAEDAxMjM0NTY3ODlhYmNkZWbWO5WuBuoAeEpricBW1OdDmux3vauhATBrXd4pwHRgKg==", "pässwörd €"},
	{"AQAAAAEAACcQAAAAEDAxMjM0NTY3ODlhYmNkZWbWFpxw0iRB8cNnGv0inwmu3s/039sF3X9f5lAxGVP5Zg==", "pässwörd €"},
	{"AQAAAAAAAAPoAAAAEDAxMjM0NTY3ODlhYmNkZWb+49EiBy6Cp7gqOVes/Jj4M3/PDK0mT4WRMsnSfX6Q6g==", "pässwörd €"},
	{"ADAxMjM0NTY3ODlhYmNkZWb+49EiBy6Cp7gqOVes/Jj4M3/PDK0mT4WRMsnSfX6Q6g==", "pässwörd €"},
	{"$pbkdf2-sha256$i=27500,l=64$MDEyMzQ1Njc4OWFiY2RlZg==$8uXdObOpoqHwk6T0sksBtIvjUOpQ4p9TvTDIDT75BNNqdS4ExlLNY/XTAR59e2fElFREeijmWZN3kfQq7EsYrQ==", "pässwörd €"},
	{"{pbkdf2@SpringSecurity_v5_8}3031323334353637383961626364656684c1d1fedb0539b5d81f36cc0c2ce22d839974ea8e4c545c14a98361077dcb30", "pässwörd €"},
	{"{scrypt@SpringSecurity_v5_8}$a0801$MDEyMzQ1Njc4OWFiY2RlZg==$Lp7Lh0PSM9lVYun9B6eMDAurpXRxroCKU2jLlCNPRtM=", "pässwörd €"},
	{"{pbkdf2}30313233343536370ac6d0a6e2722932f78915271d4170028f929229bafc34fbd7c32534599df31d", "pässwörd €"},
	{"{bcrypt}$2y$05$abcdefghijklmnopqrstuuY8YJcx7OeCJ9JYO3w834ps8x/8H3Gfy", "pässwörd €"},
	{"{argon2@SpringSecurity_v5_8}$argon2id$v=19$m=64,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$x87sw4Kj/zBraiHoR3HRvQ", "a\x00b"},
}

// P-13, for argon2id and bcrypt: hashes from elsewhere verify, and ask to be replaced.
func TestVerify_foreignHashes(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{})
	for _, f := range foreignHashes {
		want := Result{OK: true, Rehash: !strings.HasPrefix(f.hash, "$argon2id$v=19$m=19456,t=2,p=1$")}
		if got := mustVerify(t, h, f.hash, f.pw); got != want {
			t.Errorf("%s: got %+v, want %+v", f.hash, got, want)
		}
		if got := mustVerify(t, h, f.hash, "x"+f.pw[1:]+"y"); got != (Result{}) && len(f.pw) < 72 {
			t.Errorf("%s: a wrong password gives %+v", f.hash, got)
		}
	}
}

func TestVerify_importedHashes(t *testing.T) {
	t.Parallel()
	h := newHasher(t, weak) // which adds no work
	for _, f := range importedHashes {
		if got := mustVerify(t, h, f.hash, f.pw); got != (Result{OK: true, Rehash: true}) {
			t.Errorf("%s: got %+v", f.hash, got)
		}
		_, first := utf8.DecodeRuneInString(f.pw)
		wrongs := []string{"!" + f.pw, f.pw[first:] + "!", f.pw + "x"}
		if r, _ := parse(f.hash); r.work() > 1<<13 {
			wrongs = nil // the kind has a cheap row
		}
		if len(f.pw) > 72 && strings.HasPrefix(f.hash, "$2") { // of which the end says nothing
			wrongs = wrongs[:1]
		}
		for _, wrong := range wrongs {
			if got := mustVerify(t, h, f.hash, wrong); got != (Result{}) {
				t.Errorf("%s: the password %q gives %+v", f.hash, wrong, got)
			}
		}
	}
}

// P-12: the stored form, and a salt of its own for every hash.
func TestHash_form(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{})
	one, two := mustHash(t, h, "glacier tuba"), mustHash(t, h, "glacier tuba")
	if one == two {
		t.Error("the same password gave the same string twice")
	}
	if !strings.HasPrefix(one, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("got %s", one)
	}
	r, err := parse(one)
	if err != nil || r.salt.n != 16 || r.key.n != 32 {
		t.Errorf("salt %d bytes, key %d bytes, error %v", r.salt.n, r.key.n, err)
	}
	if got := mustVerify(t, h, one, "glacier tuba"); got != (Result{OK: true}) {
		t.Errorf("got %+v", got)
	}
}

func TestHash_bcryptForm(t *testing.T) {
	t.Parallel()
	h := newHasher(t, weakBcrypt())
	s := mustHash(t, h, "glacier tuba")
	r, err := parse(s)
	if err != nil || r.form != formBcryptHMAC || r.cost != 4 || r.salt.n != 16 {
		t.Fatalf("%s: %+v, %v", s, r, err)
	}
	if err := bcrypt.CompareHashAndPassword(r.crypt[:], preHash(r.salt.bytes(), "glacier tuba")); err != nil {
		t.Error(err)
	}
	if got := mustVerify(t, h, s, "glacier tuba"); got != (Result{OK: true}) {
		t.Errorf("got %+v", got)
	}
	if got := mustVerify(t, h, s, "glacier tubb"); got != (Result{}) {
		t.Errorf("a wrong password gives %+v", got)
	}
}

// P-04: every byte of a password counts, whatever the algorithm.
func TestErrata12_everyByteCounts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789abcdef", 16)
	for name, c := range map[string]Config{"argon2id": weak, "bcrypt": weakBcrypt()} {
		h := newHasher(t, c)
		for _, n := range []int{1, 71, 72, 73, 74, 128, 256} {
			pw := long[:n]
			s := mustHash(t, h, pw)
			if got := mustVerify(t, h, s, pw); !got.OK {
				t.Errorf("%s: the password of %d bytes does not match", name, n)
			}
			for _, other := range []string{pw[:n-1] + "!", pw[:n-1], pw + "0"} {
				if other == "" || len(other) > 256 {
					continue
				}
				if got := mustVerify(t, h, s, other); got.OK {
					t.Errorf("%s: %d bytes match a hash of %d", name, len(other), n)
				}
			}
		}
		for _, pw := range []string{" lead", "trail ", "in ner", "Case", "🔑", "nul\x00byte"} {
			s := mustHash(t, h, pw)
			if got := mustVerify(t, h, s, pw); !got.OK {
				t.Errorf("%s: %q does not match itself", name, pw)
			}
			for _, other := range []string{strings.TrimSpace(pw) + "x", strings.ToLower(pw) + " ", "nul", "nul\x00byt", "nul\x00byte\x00nul\x00byte"} {
				if got := mustVerify(t, h, s, other); got.OK {
					t.Errorf("%s: %q matches %q", name, other, pw)
				}
			}
		}
	}
}

// The plain bcrypt of other systems reads 72 bytes, and its users log in with what comes after
// them, whatever it is: once, as their hash is replaced. It repeats the rest with a NUL
// between: x/crypto agrees that those collide, Verify must not.
func TestErrata12_plainBcryptIsReadAsItWas(t *testing.T) {
	t.Parallel()
	h := newHasher(t, weak)
	of := func(pw string) string {
		s, err := bcrypt.GenerateFromPassword([]byte(pw[:min(len(pw), 72)]), 4)
		if err != nil {
			t.Fatal(err)
		}
		return string(s)
	}
	for _, c := range []struct {
		stored, pw string
		want       bool
	}{
		{strings.Repeat("x", 72), strings.Repeat("x", 73), true},
		{strings.Repeat("x", 80), strings.Repeat("x", 80), true},
		{strings.Repeat("é", 36) + "é", strings.Repeat("é", 36) + "é", true},
		{"x" + strings.Repeat("é", 40), "x" + strings.Repeat("é", 40), true}, // cut within an é
		{strings.Repeat("x", 72), strings.Repeat("x", 71), false},
		{strings.Repeat("x", 71), strings.Repeat("x", 72), false},
		{"a", "a\x00a", false},
		{"abc", "abc\x00abc\x00abc", false},
		{strings.Repeat("x", 72), strings.Repeat("x", 72) + "\x00", false},
	} {
		s := of(c.stored)
		if got := mustVerify(t, h, s, c.stored); got != (Result{OK: true, Rehash: true}) {
			t.Errorf("%q: got %+v", c.stored, got)
		}
		if got := mustVerify(t, h, s, c.pw); got != (Result{OK: c.want, Rehash: c.want}) {
			t.Errorf("%q with the hash of %q: got %+v", c.pw, c.stored, got)
		}
	}
	// bcryptjs 3 of 71 letters, an é and a tail: it cuts the é in two.
	cut := "$2b$04$xoS5IBt8whIihDOkXiqkE.RRGdD5g34EM0XxpUONlp16KRzb1ITj2"
	if got := mustVerify(t, h, cut, strings.Repeat("x", 71)+"étail"); !got.OK {
		t.Error("the hash of bcryptjs does not match")
	}
	replaced := mustHash(t, h, strings.Repeat("x", 80))
	if got := mustVerify(t, h, replaced, strings.Repeat("x", 79)); got.OK {
		t.Error("72 bytes match after the hash was replaced")
	}
}

// HMAC fills a short key with NULs, and so PBKDF2 and scrypt take these for one
// password. Verify must not.
func TestErrata12_importedDoNotMatchByTrailingNULs(t *testing.T) {
	t.Parallel()
	h := newHasher(t, weak)
	salt := []byte("0123456789abcdef")
	for form, front := range map[form]string{
		formPBKDF2SHA256: "$pbkdf2-sha256$i=1", formPBKDF2SHA512: "$pbkdf2-sha512$i=1", formScrypt: "$scrypt$ln=1,r=1,p=1",
	} {
		r := record{form: form, time: 1, cost: 1, blocks: 1, threads: 1, memory: 1}
		copy(r.salt.room(len(salt)), salt)
		r.key.room(32)
		key, err := r.derive("glacier")
		if err != nil {
			t.Fatal(err)
		}
		same, err := r.derive("glacier\x00\x00")
		if err != nil || !bytes.Equal(key, same) {
			t.Errorf("form %d: they do not collide: the row proves nothing", form)
		}
		copy(r.key.b[:], key)
		stored := front + r.saltAndKey()
		if got := mustVerify(t, h, stored, "glacier"); got != (Result{OK: true, Rehash: true}) {
			t.Errorf("%s: got %+v", stored, got)
		}
		for _, pw := range []string{"glacier\x00", "glacier\x00\x00", "glacier" + strings.Repeat("\x00", 57)} {
			if got := mustVerify(t, h, stored, pw); got != (Result{}) {
				t.Errorf("%s: %q matches", stored, pw)
			}
		}
	}
}

// One password may come in several spellings (RFC 8265 §4.2.2); the text itself counts for
// hashes of before and of other systems.
func TestNormalize(t *testing.T) {
	t.Parallel()
	nfc, nfd := "caf\u00e9 \u1e69 \ud55c glacier", "cafe\u0301 s\u0307\u0323 \u1112\u1161\u11ab glacier"
	for name, c := range map[string]Config{"argon2id": weak, "bcrypt": weakBcrypt()} {
		h := newHasher(t, c)
		for _, pair := range [][2]string{{nfc, nfd}, {nfd, nfc}, {"glacier tuba", "glacier\u00a0tuba"}, {"glacier\u3000tuba", "glacier tuba"}} {
			if got := mustVerify(t, h, mustHash(t, h, pair[0]), pair[1]); got != (Result{OK: true}) {
				t.Errorf("%s: %q and %q: %+v", name, pair[0], pair[1], got)
			}
		}
		for _, pair := range [][2]string{
			{"\uff41bc tuba", "abc tuba"}, // a wide letter is one of its own
			{"Caf\u00e9", "caf\u00e9"},
			{"cafe", "caf\u00e9"},
			{" tuba", "tuba"},
			{"tu\u200bba", "tuba"},
			{"\u2126", "\u03c9"}, // the Ohm sign is a capital omega, and no small one
		} {
			if got := mustVerify(t, h, mustHash(t, h, pair[0]), pair[1]); got.OK {
				t.Errorf("%s: %q matches %q", name, pair[1], pair[0])
			}
		}
	}

	// Hashes of the text as it was typed, which were made before and elsewhere.
	h := newHasher(t, weak)
	for form, pw := range map[string]string{"NFC": nfc, "NFD": nfd} {
		r := h.current
		copy(r.key.room(keySize), h.derive([]byte(pw), r.salt.bytes(), r.time, r.memory, r.threads, keySize))
		if got := mustVerify(t, h, r.String(), pw); got != (Result{OK: true, Rehash: form == "NFD"}) {
			t.Errorf("%s as it was typed: %+v", form, got)
		}
		if got := mustVerify(t, h, r.String(), nfd); !got.OK {
			t.Errorf("NFD with a hash of %s does not match", form)
		}
		crypt, err := bcrypt.GenerateFromPassword([]byte(pw), 4)
		if err != nil {
			t.Fatal(err)
		}
		if got := mustVerify(t, h, string(crypt), pw); got != (Result{OK: true, Rehash: true}) {
			t.Errorf("imported %s: %+v", form, got)
		}
	}
}

// A text that is not in its normal form takes two hashes, whoever it is of, and others one.
func TestNormalize_sameWorkForEverybody(t *testing.T) {
	t.Parallel()
	current := mustHash(t, newHasher(t, Config{}), "glacier tuba")
	for _, stored := range []string{
		"", current, "$argon2id$broken", "$argon2id$v=19$m=19456,t=1,p=1" + end, "$2b$04$" + crypt, "pbkdf2_sha256$8000" + djangoEnd,
	} {
		for pw, hashes := range map[string]int64{"cafe\u0301": 2, "caf\u00e9": 1, "cafe": 1} {
			h := newHasher(t, Config{})
			var work counter
			h.derive = work.derive
			h.Verify(t.Context(), stored, secret.New(pw))
			want := hashes * h.work
			if r, err := parse(stored); err == nil && r.form != formArgon2id {
				want -= hashes * r.work() // which are not argon2id's
			}
			if got := work.kib.Load(); got > want || got < want-128 {
				t.Errorf("%q, %q: %d KiB-passes, want %d", stored, pw, got, want)
			}
		}
	}
}

// What WordPress trims was perhaps typed by accident: it logs in, and does not replace a hash
// that the password without it would then not match.
func TestVerify_wordPressTrims(t *testing.T) {
	t.Parallel()
	h := newHasher(t, weak)
	for _, stored := range []string{"$wp$2y$05$Do2Ib.0rDnXTDngqFVDy0.6OeCRHHC.rQOdRiNmVFFSb2baHfQ6Q2", "$P$6WndILl6DTXKyH77DOz/xklJUAqb28."} {
		for pw, want := range map[string]Result{
			"pässwörd €":      {OK: true, Rehash: true},
			" pässwörd €\t\n": {OK: true},
			"pässwörd  €":     {},
			"pässwörd €\x00":  {},
		} {
			if got := mustVerify(t, h, stored, pw); got != want {
				t.Errorf("%s, %q: %+v", stored, pw, got)
			}
		}
	}
}

// What may be imported, by its work: that of cost 14 as it is, and more by choice.
func TestAffords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		times  int
		stored string
		want   bool
	}{
		{0, "$2b$14$" + crypt, true},
		{0, "bcrypt_sha256$$2b$14$" + crypt, true},
		{0, "$2b$15$" + crypt, false},
		{64, "$2b$15$" + crypt, true},
		{64, "$2b$16$" + crypt, false},
		{128, "$2b$16$" + crypt, true},
		{128, "$2b$17$" + crypt, false},
		{8, "$2b$12$" + crypt, true},
		{8, "$2b$13$" + crypt, false},
		{0, "pbkdf2_sha256$1500000" + djangoEnd, true},
		{0, "$6$rounds=656000$ab$" + strings.Repeat(".", 86), true},
		{0, "$scrypt$ln=17,r=8,p=1" + end, true},
		{128, "$scrypt$ln=20,r=8,p=1" + end, false},
		{0, "no hash", false},
	} {
		h := newHasher(t, Config{ImportWork: c.times})
		if got := h.Affords(c.stored); got != c.want {
			t.Errorf("%d times, %s: %v", c.times, c.stored, got)
		}
	}
}

// Dear hashes take one slot, and their queue is bounded as that of the others.
func TestGate_dearHashesTakeOneSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, Config{Concurrency: 4, Queue: 2})
		h.derive = func(_, _ []byte, _, _ uint32, _ uint8, n uint32) []byte { return make([]byte, n) }
		h.dear.slots <- struct{}{}
		var busy atomic.Int64
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if _, err := h.Verify(ctx, "$argon2id$v=19$m=262144,t=4,p=1"+end, secret.New("x")); errors.Is(err, ErrBusy) {
					busy.Add(1)
				}
			})
		}
		synctest.Wait()
		if len(h.gate.slots) != 0 || busy.Load() != 3 {
			t.Errorf("%d slots are taken, %d were refused", len(h.gate.slots), busy.Load())
		}
		mustHash(t, h, "the others go on")
		all.Wait()
	})
}

func TestVerify_rehash(t *testing.T) {
	t.Parallel()
	old := newHasher(t, weak)
	more := weak
	more.Time = 3
	for name, c := range map[string]struct {
		from, to *Hasher
		want     bool
	}{
		"same":               {old, newHasher(t, weak), false},
		"other time":         {old, newHasher(t, more), true},
		"cheaper again":      {newHasher(t, more), old, true},
		"argon2id to bcrypt": {old, newHasher(t, weakBcrypt()), true},
		"bcrypt to argon2id": {newHasher(t, weakBcrypt()), old, true},
		"bcrypt":             {newHasher(t, weakBcrypt()), newHasher(t, weakBcrypt()), false},
	} {
		s := mustHash(t, c.from, "glacier tuba")
		if got := mustVerify(t, c.to, s, "glacier tuba"); got != (Result{OK: true, Rehash: c.want}) {
			t.Errorf("%s: got %+v", name, got)
		}
		if got := mustVerify(t, c.to, s, "wrong"); got != (Result{}) {
			t.Errorf("%s: a wrong password gives %+v", name, got)
		}
	}
}

// counter replaces argon2id and adds up what it is asked for.
type counter struct{ kib atomic.Int64 }

func (c *counter) derive(_, _ []byte, time, memory uint32, threads uint8, keyLen uint32) []byte {
	c.kib.Add(int64(time) * int64(memory) / int64(threads))
	return make([]byte, keyLen)
}

// Every verification costs what one of a current hash costs.
func TestVerify_sameWorkForEverybody(t *testing.T) {
	t.Parallel()
	const current = 19456 * 2
	for name, c := range map[string]struct {
		stored string
		want   int64
		err    error
	}{
		"current":         {"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", current, nil},
		"no such user":    {"", current, nil},
		"damaged":         {"$argon2id$v=19$m=19456,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", current, ErrBadHash},
		"unknown kind":    {"$yescrypt$ln=17,r=8,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", current, ErrBadHash},
		"half the passes": {"$argon2id$v=19$m=19456,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", current, nil},
		"little memory":   {"$argon2id$v=19$m=64,t=3,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", current, nil},
		"dearer":          {"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", 131072, nil},
		"bcrypt 4":        {"$2b$04$abcdefghijklmnopqrstuuWG29KuyeAicPCJODk1zjyGvyQUU2awu", current - bcryptRound*16, nil},
		"argon2i":         {"$argon2i$v=19$m=1024,t=3,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", current - 3*1024, nil},
		"PBKDF2-SHA-256":  {"pbkdf2_sha256$8000$seasalt12345$JL/9NQDGRPJL1xTV6KjoSC1b+RVZTUm/L4Q7yYnAKIY=", current - 2000, nil},
		"PBKDF2-SHA-512":  {"$pbkdf2-sha512$i=8000" + end, current - 5000, nil},
		"scrypt":          {"$scrypt$ln=10,r=8,p=2" + end, current - 2*3*1024, nil},
		"dearer PBKDF2":   {"$pbkdf2-sha256$i=160000" + end, 0, nil},
	} {
		h := newHasher(t, Config{})
		var work counter
		h.derive = work.derive
		if _, err := h.Verify(t.Context(), c.stored, secret.New("glacier tuba")); !errors.Is(err, c.err) {
			t.Errorf("%s: error %v", name, err)
		}
		if got := work.kib.Load(); got > c.want || got < c.want-64 {
			t.Errorf("%s: %d KiB-passes, want %d", name, got, c.want)
		}
	}
}

// Unknown users do not get in, even with a kernel that always gives the decoy's key.
func TestVerify_unknownUserNeverMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []Config{weak, weakBcrypt()} {
		h := newHasher(t, c)
		key := h.current.key.bytes()
		h.derive = func(_, _ []byte, _, _ uint32, _ uint8, _ uint32) []byte { return key }
		if got := mustVerify(t, h, "", "glacier tuba"); got != (Result{}) {
			t.Errorf("got %+v", got)
		}
		if r, err := parse(h.current.String()); err != nil || !r.like(&h.current) {
			t.Errorf("the decoy %s is no hash: %v", h.current.String(), err)
		}
	}
}

func TestRefusedBeforeHashing(t *testing.T) {
	t.Parallel()
	h := newHasher(t, weak)
	h.derive = func(_, _ []byte, _, _ uint32, _ uint8, _ uint32) []byte {
		t.Error("hashed")
		return nil
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		pw   secret.String
		want error
	}{
		{"zero secret", t.Context(), secret.String{}, ErrEmpty},
		{"empty", t.Context(), secret.New(""), ErrEmpty},
		{"257 code points", t.Context(), secret.New(strings.Repeat("x", 257)), ErrTooLong},
		{"1028 bytes", t.Context(), secret.New(strings.Repeat("🔑", 257)), ErrTooLong},
		{"a megabyte", t.Context(), secret.New(strings.Repeat("x", 1<<20)), ErrTooLong},
		{"not UTF-8", t.Context(), secret.New("abc\xff"), ErrInvalidUTF8},
		{"overlong", t.Context(), secret.New("\xc0\x80"), ErrInvalidUTF8},
		{"surrogate", t.Context(), secret.New("\xed\xa0\x80"), ErrInvalidUTF8},
		{"ended", ended, secret.New("glacier tuba"), context.Canceled},
	} {
		if _, err := h.Hash(c.ctx, c.pw); !errors.Is(err, c.want) {
			t.Errorf("Hash, %s: %v", c.name, err)
		}
		if _, err := h.Verify(c.ctx, "", c.pw); !errors.Is(err, c.want) {
			t.Errorf("Verify, %s: %v", c.name, err)
		}
	}
}

// P-14: of 200 at once, 2 hash, 8 wait, and 190 are told at once to come back.
func TestGate_boundsConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := weak
		c.Concurrency, c.Queue = 2, 8
		h := newHasher(t, c)
		var running, most, hashed atomic.Int64
		proceed := make(chan struct{})
		h.derive = func(_, _ []byte, _, _ uint32, _ uint8, n uint32) []byte {
			now := running.Add(1)
			for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
			}
			<-proceed
			running.Add(-1)
			hashed.Add(1)
			return make([]byte, n)
		}
		var busy atomic.Int64
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				_, err := h.Hash(t.Context(), secret.New("glacier tuba"))
				if e, ok := errors.AsType[*BusyError](err); ok && errors.Is(err, ErrBusy) && e.RetryAfter >= time.Second {
					busy.Add(1)
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait() // everybody has hashed, waits, or was refused
		if running.Load() != 2 || busy.Load() != 190 || h.gate.waiting.Load() != 8 {
			t.Errorf("%d hash, %d wait, %d were refused; want 2, 8, 190", running.Load(), h.gate.waiting.Load(), busy.Load())
		}
		close(proceed)
		all.Wait()
		if hashed.Load() != 10 || most.Load() != 2 || h.gate.waiting.Load() != 0 || len(h.gate.slots) != 0 {
			t.Errorf("%d hashed, %d at once, %d still wait, %d slots taken", hashed.Load(), most.Load(), h.gate.waiting.Load(), len(h.gate.slots))
		}
	})
}

func TestGate_waitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := weak
		c.Concurrency, c.Queue = 1, 1
		h := newHasher(t, c)
		proceed := make(chan struct{})
		h.derive = func(_, _ []byte, _, _ uint32, _ uint8, n uint32) []byte {
			<-proceed
			return make([]byte, n)
		}
		var all sync.WaitGroup
		all.Go(func() { h.Hash(t.Context(), secret.New("first")) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := h.Verify(ctx, "", secret.New("second")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		close(proceed)
		all.Wait()
		if h.gate.waiting.Load() != 0 || len(h.gate.slots) != 0 {
			t.Errorf("%d wait, %d slots taken", h.gate.waiting.Load(), len(h.gate.slots))
		}
	})
}

// A kernel that panics gives its slot back.
func TestGate_panicLeaves(t *testing.T) {
	t.Parallel()
	c := weak
	c.Concurrency, c.Queue = 1, -1
	h := newHasher(t, c)
	h.derive = func(_, _ []byte, _, _ uint32, _ uint8, _ uint32) []byte { panic("kernel") }
	func() {
		defer func() { recover() }()
		h.Hash(t.Context(), secret.New("glacier tuba"))
	}()
	h.derive = argon2.IDKey
	mustHash(t, h, "glacier tuba")
}

// Of the imported hashes that need more memory than current ones, one runs at a time.
func TestGate_oneBigHashAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := weak
		c.Concurrency = 4
		h := newHasher(t, c)
		var big atomic.Int64
		proceed := make(chan struct{})
		h.derive = func(_, _ []byte, _, memory uint32, _ uint8, n uint32) []byte {
			if memory > 64 {
				big.Add(1)
				<-proceed
				big.Add(-1)
			}
			return make([]byte, n)
		}
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				h.Verify(t.Context(), "$argon2id$v=19$m=262144,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", secret.New("x"))
			})
		}
		synctest.Wait()
		if big.Load() != 1 {
			t.Errorf("%d at once", big.Load())
		}
		mustHash(t, h, "the fourth slot is free")
		close(proceed)
		all.Wait()
	})
}

// What is imported counts as big too: the memory of scrypt is what its parameters say.
func TestGate_importedBigHashes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, weak)
		h.dear.slots <- struct{}{}
		for stored, waits := range map[string]bool{
			"$scrypt$ln=7,r=8,p=1" + end:           true,
			"scrypt:1024:1:1" + hexEnd + hexKey:    true,
			"$argon2i$v=19$m=65,t=1,p=1" + end:     true,
			"$scrypt$ln=6,r=8,p=1" + end:           false,
			"$argon2i$v=19$m=64,t=1,p=1" + end:     false,
			"pbkdf2:sha256:1000" + hexEnd:          false,
			"$pbkdf2-sha512$i=1000,l=32" + end:     false,
			"pbkdf2_sha256$1000" + djangoEnd:       false,
			"$2b$04$" + crypt:                      false,
			"$argon2id$v=19$m=64,t=1,p=1" + end:    false,
			"$argon2id$v=19$m=10000,t=1,p=1" + end: true,
		} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if _, err := h.Verify(ctx, stored, secret.New("glacier")); errors.Is(err, context.DeadlineExceeded) != waits {
				t.Errorf("%s: %v", stored, err)
			}
			cancel()
		}
	})
}

// P-12: below the OWASP floors nothing starts.
func TestNew_floors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		c    Config
		ok   bool
	}{
		{"zero", Config{}, true},
		{"46 MiB, 1", Config{Memory: 47104, Time: 1}, true},
		{"12 MiB, 3", Config{Memory: 12288, Time: 3}, true},
		{"9 MiB, 4", Config{Memory: 9216, Time: 4}, true},
		{"7 MiB, 5", Config{Memory: 7168, Time: 5}, true},
		{"7 MiB, 16", Config{Memory: 7168, Time: 16}, true},
		{"one KiB less, 1", Config{Memory: 47103, Time: 1}, false},
		{"one KiB less, 2", Config{Memory: 19455}, false},
		{"one KiB less, 5", Config{Memory: 7167, Time: 16}, false},
		{"weak on purpose", Config{Memory: 64, Time: 1, InsecureWeakParameters: true}, true},
		{"no memory for the threads", Config{Memory: 64, Threads: 9, InsecureWeakParameters: true}, false},
		{"too many threads", Config{Threads: 17}, false},
		{"too much memory", Config{Memory: 262145}, false},
		{"too many passes", Config{Time: 17}, false},
		{"too much work", Config{Memory: 262144, Time: 5}, false},
		{"bcrypt", Config{Algorithm: Bcrypt}, true},
		{"bcrypt 10", Config{Algorithm: Bcrypt, BcryptCost: 10}, true},
		{"bcrypt 9", Config{Algorithm: Bcrypt, BcryptCost: 9}, false},
		{"bcrypt 17", Config{Algorithm: Bcrypt, BcryptCost: 17}, false},
		{"bcrypt 3", Config{Algorithm: Bcrypt, BcryptCost: 3, InsecureWeakParameters: true}, false},
		{"unknown algorithm", Config{Algorithm: 2}, false},
		{"no slots", Config{Concurrency: -1}, false},
		{"too many slots", Config{Concurrency: 4097}, false},
		{"all that is imported", Config{ImportWork: 128}, true},
		{"more than may be imported", Config{ImportWork: 129}, false},
		{"nothing may be imported", Config{ImportWork: -1}, false},
		{"no queue", Config{Queue: -1}, true},
		{"too long a queue", Config{Queue: 65537}, false},
	} {
		_, err := New(c.c)
		if (err == nil) != c.ok {
			t.Errorf("%s: error %v", c.name, err)
		}
		if _, is := errors.AsType[*ConfigError](err); err != nil && !is {
			t.Errorf("%s: %v holds no ConfigError", c.name, err)
		}
	}
}

func TestNew_namesEveryMistake(t *testing.T) {
	t.Parallel()
	_, err := New(Config{Memory: 1 << 30, Time: 99, Concurrency: -1})
	for _, field := range []string{"Memory", "Time", "Concurrency"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not named: %v", field, err)
		}
	}
}

// What New takes, its own hashes must survive.
func TestNew_boundsAgreeWithTheParser(t *testing.T) {
	t.Parallel()
	for _, c := range []Config{{}, {Memory: 262144, Time: 4}, {Memory: 65536, Time: 16, Threads: 16}, {Algorithm: Bcrypt, BcryptCost: 15}} {
		h := newHasher(t, c)
		if r, err := parse(h.current.String()); err != nil || !r.like(&h.current) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	for name, c := range map[string]Config{"alg=argon2id": {}, "alg=bcrypt12": {Algorithm: Bcrypt}} {
		h := newHasher(b, c)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				mustHash(b, h, "glacier tuba pickle margin")
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	h := newHasher(b, Config{})
	for name, encoded := range map[string]string{
		"row=current":  mustHash(b, h, "glacier tuba pickle margin"),
		"row=none":     "",
		"row=damaged":  "$argon2id$v=19$m=19456,t=0,p=1$x$y",
		"row=halfTime": "$argon2id$v=19$m=19456,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"row=7MiBx1":   "$argon2id$v=19$m=7168,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"row=bcrypt04": "$2b$04$abcdefghijklmnopqrstuuWG29KuyeAicPCJODk1zjyGvyQUU2awu",
		"row=bcrypt08": "$2b$08$abcdefghijklmnopqrstuuWG29KuyeAicPCJODk1zjyGvyQUU2awu",
		"row=bcrypt10": "$2b$10$abcdefghijklmnopqrstuuWG29KuyeAicPCJODk1zjyGvyQUU2awu",
		"row=argon2i":  "$argon2i$v=19$m=4096,t=3,p=1" + end,
		"row=django":   "pbkdf2_sha256$30000$seasalt12345$JL/9NQDGRPJL1xTV6KjoSC1b+RVZTUm/L4Q7yYnAKIY=",
		"row=sha512":   "$pbkdf2-sha512$i=30000" + end,
		"row=scrypt":   "$scrypt$ln=12,r=8,p=1" + end,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				h.Verify(b.Context(), encoded, secret.New("another password"))
			}
		})
	}
}

func BenchmarkRefuse(b *testing.B) {
	c := weak
	c.Concurrency, c.Queue = 1, -1
	h := newHasher(b, c)
	h.gate.slots <- struct{}{}
	for name, pw := range map[string]secret.String{
		"why=busy":    secret.New("glacier tuba pickle margin"),
		"why=tooLong": secret.New(strings.Repeat("x", 1<<20)),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.Hash(b.Context(), pw); err == nil {
					b.Fatal("not refused")
				}
			}
		})
	}
}

func TestRefuse_allocatesNothing(t *testing.T) {
	c := weak
	c.Concurrency, c.Queue = 1, -1
	h := newHasher(t, c)
	h.gate.slots <- struct{}{}
	pw, long := secret.New("glacier tuba pickle margin"), secret.New(strings.Repeat("x", 1<<20))
	stored := h.current.String()
	if n := testing.AllocsPerRun(100, func() {
		h.Hash(t.Context(), pw)
		h.Verify(t.Context(), stored, pw)
		h.Verify(t.Context(), "$argon2id$broken", pw)
		h.Verify(t.Context(), stored, long)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
