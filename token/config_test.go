package token

import (
	"bufio"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/suite"
	"github.com/sallyport-dev/sallyport/secret"
)

func smallRSA() crypto.PublicKey { return &must(rsa.GenerateKey(rand.Reader, 1024)).PublicKey }

// withRSA is a sound RSA key of which something was changed.
func withRSA(change func(*rsa.PublicKey)) Key {
	p := *signer()[RS256].key.Public.(*rsa.PublicKey)
	p.N = new(big.Int).Set(p.N)
	change(&p)
	return Key{Algorithm: RS256, Public: &p}
}

// moved is a key whose coordinates are those of a point of another curve.
func moved(alg Algorithm, to elliptic.Curve) crypto.PublicKey {
	p := *signer()[alg].key.Public.(*ecdsa.PublicKey)
	p.Curve = to
	return &p
}

func TestKeysRefused(t *testing.T) { // J-23
	t.Setenv("GODEBUG", "rsa1024min=0")
	es, rs := signer()[ES256].key.Public, signer()[RS256].key.Public
	text := func(s string) Key { return Key{Algorithm: HS256, Secret: secret.NewBytes([]byte(s))} }
	roca, _ := new(big.Int).SetString("1", 10)
	for range 2048 / 17 {
		roca.Mul(roca, big.NewInt(65537))
	}
	for roca.BitLen() < 2048 {
		roca.Mul(roca, big.NewInt(65537))
	}
	for name, c := range map[string]struct {
		key  Key
		want string
	}{
		"no algorithm":          {Key{Public: es}, "not known"},
		"none":                  {Key{Algorithm: "none", Public: es}, "not known"},
		"RSA with 1024 bits":    {Key{Algorithm: RS256, Public: smallRSA()}, "1024 bits"},
		"RSA with 8200 bits":    {withRSA(func(p *rsa.PublicKey) { p.N.SetBit(p.N, 8199, 1) }), "8192"},
		"exponent 1":            {withRSA(func(p *rsa.PublicKey) { p.E = 1 }), "exponent 1"},
		"even exponent":         {withRSA(func(p *rsa.PublicKey) { p.E = 65536 }), "65536"},
		"even modulus":          {withRSA(func(p *rsa.PublicKey) { p.N.SetBit(p.N, 0, 0) }), "even modulus"},
		"ROCA":                  {withRSA(func(p *rsa.PublicKey) { p.N = roca }), "CVE-2017-15361"},
		"no modulus":            {Key{Algorithm: RS256, Public: &rsa.PublicKey{}}, "takes an *rsa.PublicKey"},
		"EC for RSA":            {Key{Algorithm: RS256, Public: es}, "takes an *rsa.PublicKey"},
		"RSA for EC":            {Key{Algorithm: ES256, Public: rs}, "takes an *ecdsa.PublicKey"},
		"RSA for Ed25519":       {Key{Algorithm: Ed25519, Public: rs}, "takes an ed25519.PublicKey"},
		"the wrong curve":       {Key{Algorithm: ES384, Public: es}, "P-256"},
		"no point":              {Key{Algorithm: ES256, Public: &ecdsa.PublicKey{Curve: elliptic.P256()}}, "not a point"},
		"nil":                   {Key{Algorithm: ES256}, "takes an *ecdsa.PublicKey"},
		"short Ed25519":         {Key{Algorithm: EdDSA, Public: ed25519.PublicKey("short")}, "takes an ed25519.PublicKey"},
		"Ed25519, zeros":        {Key{Algorithm: Ed25519, Public: make(ed25519.PublicKey, 32)}, "anybody can sign"},
		"a private key":         {Key{Algorithm: ES256, Public: signer()[ES256].signer}, "takes an *ecdsa.PublicKey"},
		"public for HMAC":       {Key{Algorithm: HS256, Public: es, Secret: secret.NewBytes(randomBytes(32))}, "HMAC does not use"},
		"secret for EC":         {Key{Algorithm: ES256, Public: es, Secret: secret.NewBytes(randomBytes(32))}, "does not use"},
		"31 bytes":              {Key{Algorithm: HS256, Secret: secret.NewBytes(randomBytes(31))}, "31 bytes"},
		"47 bytes for HS384":    {Key{Algorithm: HS384, Secret: secret.NewBytes(randomBytes(47))}, "47 bytes"},
		"63 bytes for HS512":    {Key{Algorithm: HS512, Secret: secret.NewBytes(randomBytes(63))}, "63 bytes"},
		"1025 bytes":            {Key{Algorithm: HS256, Secret: secret.NewBytes(randomBytes(1025))}, "over 1024"},
		"empty secret":          {text(""), "0 bytes"},
		"zeros":                 {text(strings.Repeat("\x00", 64)), "repeats"},
		"two bytes in turn":     {text(strings.Repeat("\x00\xff", 64)), "repeats"},
		"the guide's":           {text("your_secret_key"), "15 bytes"},
		"the guide's, repeated": {text(strings.Repeat("your_secret_key", 4)), "repeats"},
		"a tutorial's":          {text("MySuperSecretJWTSigningKeyForProduction2024"), "words"},
		"a sentence":            {text("the quick brown fox jumps over the lazy dog"), "text"},
		"hexadecimal":           {text(hex.EncodeToString(randomBytes(32))), "text"},
		"base64":                {text(base64.StdEncoding.EncodeToString(randomBytes(48))), "text"},
		"a long ID":             {Key{ID: strings.Repeat("k", 256), Algorithm: ES256, Public: es}, "255"},
		"an ID with a line":     {Key{ID: "a\nb", Algorithm: ES256, Public: es}, "printable"},
		"off the curve":         {Key{Algorithm: ES384, Public: moved(ES256, elliptic.P384())}, "not a point"},
		"outside of the field":  {Key{Algorithm: ES256, Public: moved(ES384, elliptic.P256())}, "not a point"},
		"text behind a mark":    {text("\ufeffthe quick brown fox jumps over the lazy dog"), "text"},
		"text and a zero":       {text("the quick brown fox jumps over the lazy dog\x00"), "text"},
		"text in UTF-16":        {text("t\x00h\x00e\x00 \x00q\x00u\x00i\x00c\x00k\x00 \x00b\x00r\x00o\x00w\x00n\x00f\x00x\x00"), "text"},
		"text that is no ASCII": {text("Zwölf Boxkämpfer jagen Viktor quer über den Deich"), "text"},
	} {
		_, err := New(Config{Issuers: []Issuer{{Name: issuerA, Audiences: []string{"a"}, Keys: []Key{c.key}}}})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "Issuers[0].Keys[0]") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestSmallOrder: under a key of small order, signatures need no secret. All eight points
// are refused, and so are second spellings and what is no point; each key that is made is
// taken.
func TestSmallOrder(t *testing.T) {
	bytes32 := func(s string) ed25519.PublicKey { return must(hex.DecodeString(s)) }
	const eighth, otherEighth = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
	small := []string{
		"01" + strings.Repeat("00", 31), "ec" + strings.Repeat("ff", 30) + "7f", strings.Repeat("00", 32), eighth, otherEighth,
		"ed" + strings.Repeat("ff", 30) + "7f", "ee" + strings.Repeat("ff", 30) + "7f", "02" + strings.Repeat("00", 31),
	}
	for _, s := range small {
		for _, sign := range []byte{0, 0x80} {
			public := bytes32(s)
			public[31] |= sign
			if _, err := newKey(Key{Algorithm: Ed25519, Public: public}); err == nil {
				t.Errorf("%x is taken", public)
			}
		}
	}
	neutral := bytes32(small[0])
	if !ed25519.Verify(neutral, []byte("whatever"), append(slices.Clone(neutral), make([]byte, 32)...)) {
		t.Error("nobody can sign for the neutral point: this test proves nothing")
	}
	for range 200 {
		public, _, err := ed25519.GenerateKey(rand.Reader)
		if err != nil || !soundEd(public) {
			t.Fatalf("%x is refused: %v", public, err)
		}
	}
}

func TestTextSecrets(t *testing.T) {
	use := func(s string) error {
		_, err := New(Config{Issuers: []Issuer{{Name: issuerA, Audiences: []string{"a"}, Keys: []Key{
			{Algorithm: HS256, Secret: secret.NewBytes([]byte(s)), InsecureTextSecret: true},
		}}}})
		return err
	}
	if err := use(base64.StdEncoding.EncodeToString(randomBytes(48))); err != nil {
		t.Error(err)
	}
	for _, s := range []string{"short", strings.Repeat("your_secret_key", 4), strings.Repeat("a", 40), "MySuperSecretJWTSigningKeyForProduction2024"} {
		if use(s) == nil {
			t.Errorf("%q is taken", s)
		}
	}
}

// TestLeakedSecrets: none of a public list of a hundred thousand secrets is taken.
func TestLeakedSecrets(t *testing.T) {
	f, err := os.Open(filepath.Join(suite.Dir(t, "jwt-secrets"), "jwt.secrets.list"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, n, long := bufio.NewScanner(f), 0, 0
	for lines.Scan() {
		n++
		if len(lines.Bytes()) >= 32 {
			long++
		}
		if weakSecret(Key{Algorithm: HS256, Secret: secret.NewBytes(lines.Bytes())}, 32) == nil {
			t.Errorf("line %d is taken", n)
		}
	}
	if n < 100_000 {
		t.Errorf("only %d lines", n)
	}
	t.Logf("%d secrets, %d of them long enough", n, long)
}

func TestNewSaysEverything(t *testing.T) {
	es, unnamed := signer()[ES256].Key(), otherKey().Key()
	unnamed.ID = ""
	_, err := New(Config{Leeway: time.Minute + 1, MaxSize: 1, Issuers: []Issuer{
		{Leeway: MaxIssuerLeeway + 1},
		{Name: "a", Audiences: []string{""}, Keys: slices.Repeat([]Key{es}, 5)},
		{Name: "a", Audiences: []string{"x"}, Keys: []Key{es, {ID: "m", Algorithm: HS256, Secret: secret.NewBytes(randomBytes(32))}}},
		{Name: "b\n", Audiences: []string{"x\n"}, Types: []string{""}, Keys: append(slices.Repeat([]Key{unnamed}, 5), es)},
		{Name: strings.Repeat("c", 256), Audiences: []string{strings.Repeat("x", 256)}, Types: []string{"application/"}, Keys: []Key{{ID: "w"}}},
	}})
	for _, want := range []string{
		"Leeway", "MaxSize", "Issuers[0].Leeway", "Issuers[0].Name", "Issuers[0].Audiences", "Issuers[0].Keys", "Issuers[1].Audiences",
		"Issuers[1].Keys[4].ID", "Issuers[2].Name", "Issuers[2].Keys  has HMAC secrets beside",
		"Issuers[3].Name", "Issuers[3].Audiences", "Issuers[3].Types", "Issuers[3].Keys[4].ID",
		"Issuers[4].Name", "Issuers[4].Audiences", "Issuers[4].Types", "Issuers[4].Keys[0]",
	} {
		if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "Keys has", "Keys  has"), want) {
			t.Errorf("no word of %s in: %v", want, err)
		}
	}
	if _, err := New(Config{}); err == nil || !strings.Contains(err.Error(), "Issuers") {
		t.Error(err)
	}
}

// TestConfigIsCopied: changing a Config later changes no Verifier.
func TestConfigIsCopied(t *testing.T) {
	for _, alg := range []Algorithm{ES256, RS256, Ed25519} {
		k := signer()[alg]
		public := k.key
		switch p := public.Public.(type) {
		case *ecdsa.PublicKey:
			public.Public = new(*p)
		case *rsa.PublicKey:
			public.Public = &rsa.PublicKey{N: new(big.Int).Set(p.N), E: p.E}
		case ed25519.PublicKey:
			public.Public = slices.Clone(p)
		}
		cfg := Config{Issuers: []Issuer{{Name: issuerA, Audiences: []string{audience1}, Keys: []Key{public}, Types: []string{"at+jwt"}}}, Now: func() time.Time { return now }}
		v, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Issuers[0].Audiences[0], cfg.Issuers[0].Types[0], cfg.Issuers[0].Keys[0].ID = "other", "other", "other"
		switch p := public.Public.(type) {
		case *ecdsa.PublicKey:
			*p = *otherKey().key.Public.(*ecdsa.PublicKey)
		case *rsa.PublicKey:
			p.N.SetInt64(15)
		case ed25519.PublicKey:
			clear(p)
		}
		if _, err := v.Verify(forge(k, head(k), claimsJSON(fair()))); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
}

func TestReasonsAreExplained(t *testing.T) {
	all := []*Error{
		ErrTooLarge, ErrMalformed, ErrBadHeader, ErrWrongType, ErrBadClaims, ErrUnknownIssuer, ErrUnknownKey, ErrWrongAlgorithm,
		ErrBadSignature, ErrExpired, ErrNotYetValid, ErrWrongAudience, ErrMissingClaim, ErrNoCredentials, ErrBadAuthorization, ErrNoKeys,
		ErrSenderConstrained, ErrNotBound, ErrWrongClaim,
	}
	for _, e := range all {
		if e.Explain() == "" || !strings.Contains(e.Error(), string(e.Reason)) {
			t.Errorf("%s is not explained", e.Reason)
		}
	}
	if len(explanations) != len(all) {
		t.Errorf("%d explanations for %d reasons", len(explanations), len(all))
	}
	for _, r := range rows {
		if r.want != nil && r.want != errAny && !slices.Contains(all, r.want) {
			t.Errorf("%s: the reason %s is not in the list", r.name, r.want.Reason)
		}
	}
}

// TestIssuerLeeway: the clock of one issuer may be further ahead than those of the others, for
// iat and nbf; exp is exact.
func TestIssuerLeeway(t *testing.T) {
	near, far := signer()[ES256], otherKey()
	v, err := New(Config{Now: func() time.Time { return now }, Issuers: []Issuer{
		{Name: "near", Audiences: []string{"api"}, Keys: []Key{near.Key()}},
		{Name: "far", Audiences: []string{"api"}, Keys: []Key{far.Key()}, Leeway: MaxIssuerLeeway},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		issuer string
		key    *SigningKey
		claim  string
		ahead  time.Duration
		want   error
	}{
		{"near", near, "iat", 5 * time.Second, nil},
		{"near", near, "iat", 6 * time.Second, ErrNotYetValid},
		{"far", far, "iat", 5 * time.Minute, nil},
		{"far", far, "nbf", 5 * time.Minute, nil},
		{"far", far, "iat", 5*time.Minute + time.Second, ErrNotYetValid},
		{"far", far, "nbf", 5*time.Minute + time.Second, ErrNotYetValid},
		{"far", far, "exp", -time.Second, ErrExpired},
		{"far", far, "exp", 0, ErrExpired},
	} {
		claims := map[string]any{"iss": row.issuer, "sub": "u", "aud": "api", "exp": now.Unix() + 600}
		claims[row.claim] = now.Add(row.ahead).Unix()
		raw, err := row.key.Sign(claims, AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(raw); !errors.Is(err, row.want) {
			t.Errorf("%s: %s %s ahead: %v, want %v", row.issuer, row.claim, row.ahead, err, row.want)
		}
	}
}
