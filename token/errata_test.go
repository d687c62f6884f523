package token

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/secret"
)

// The tests named TestErrata… take the guide's statements that are wrong and concern
// tokens, by their number in the project's list. The front door has its own, over HTTP.

// TestErrata01: the guide signs with a literal that stands in two files.
func TestErrata01(t *testing.T) {
	utf16 := strings.Repeat(strings.Join(strings.Split("your_secret_key_now", ""), "\x00"), 2)
	for _, s := range []string{utf16, "your_secret_key", strings.Repeat("your_secret_key", 3), strings.Repeat("your_secret_key ", 3), "\ufeff" + strings.Repeat("YOUR_secret_key\x00", 3)} {
		for _, text := range []bool{false, true} {
			_, err := New(Config{Issuers: []Issuer{{Name: issuerA, Audiences: []string{"a"}, Keys: []Key{
				{Algorithm: HS256, Secret: secret.NewBytes([]byte(s)), InsecureTextSecret: text},
			}}}})
			if err == nil || strings.Contains(strings.ToLower(err.Error()), "your") {
				t.Errorf("%q: %v", s, err)
			}
		}
	}
}

// TestErrata02: the guide verifies without saying which algorithms. Here the key says,
// and nothing the header says widens it.
func TestErrata02(t *testing.T) {
	k := signer()[RS256]
	v := verifierOf(t, RS256, nil)
	for _, said := range []string{"RS384", "RS512", "PS256", "HS256", "ES256", "Ed25519", "none", "rs256", "RS256 ", "RSA1_5", ""} {
		raw := forge(k, fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"at+jwt"}`, said, k.key.ID), claimsJSON(fair()))
		if _, err := v.Verify(raw); err != ErrWrongAlgorithm {
			t.Errorf("%q: %v", said, err)
		}
	}
}

// TestErrata05: the guide's tokens name no issuer, no audience and no kind, and have no
// id to revoke.
func TestErrata05(t *testing.T) {
	k := signer()[ES256]
	guide := map[string]any{"id": 1, "role": "admin", "iat": now.Unix(), "exp": now.Unix() + 3600}
	lax := func(in *Issuer) { in.Types = []string{"JWT"} }
	strict := func(in *Issuer) { in.RequireProfile = true }
	without := func(names ...string) map[string]any {
		c := fair()
		for _, n := range names {
			delete(c, n)
		}
		return c
	}
	for name, c := range map[string]struct {
		typ    string
		claims map[string]any
		issuer func(*Issuer)
		want   *Error
	}{
		"the guide's token":                {"JWT", guide, nil, ErrUnknownIssuer},
		"the guide's token, any JWT goes":  {"JWT", guide, lax, ErrUnknownIssuer},
		"no audience":                      {"at+jwt", without("aud"), nil, ErrMissingClaim},
		"no kind":                          {"JWT", fair(), nil, ErrWrongType},
		"a refresh token":                  {"rt+jwt", fair(), nil, ErrWrongType},
		"a refresh token, any JWT goes":    {"rt+jwt", fair(), lax, ErrWrongType},
		"an ID token's aud is the client":  {"at+jwt", with("aud", "web"), nil, ErrWrongAudience},
		"nothing to revoke, profile asked": {"at+jwt", without("jti"), strict, ErrMissingClaim},
		"no end":                           {"at+jwt", without("exp"), nil, ErrMissingClaim},
		"all of it":                        {"at+jwt", fair(), strict, nil},
	} {
		raw := forge(k, fmt.Sprintf(`{"alg":"ES256","kid":%q,"typ":%q}`, k.key.ID, c.typ), claimsJSON(c.claims))
		got, err := verifierOf(t, ES256, c.issuer).Verify(raw)
		if c.want == nil && (err != nil || got.ID == "") || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestErrata04: the guide takes what stands after the first space, whatever stands
// before it.
func TestErrata04(t *testing.T) {
	k := signer()[ES256]
	good := forge(k, head(k), claimsJSON(fair()))
	for _, c := range []struct {
		lines []string
		want  string
		err   error
	}{
		{[]string{"Bearer abc"}, "abc", nil},
		{[]string{"bearer a.b-c_d~e+f/g="}, "a.b-c_d~e+f/g=", nil},
		{[]string{"BEARER abc"}, "abc", nil},
		{nil, "", ErrNoCredentials},
		{[]string{""}, "", ErrNoCredentials},
		{[]string{"Bearer " + good}, good, nil},
		{[]string{"Basic " + good}, "", ErrNoCredentials},
		{[]string{"Token " + good}, "", ErrNoCredentials},
		{[]string{"DPoP " + good}, "", ErrNoCredentials},
		{[]string{good}, "", ErrNoCredentials},
		{[]string{" Bearer " + good}, "", ErrNoCredentials},
		{[]string{"Bearer " + good + ", Basic abc"}, "", ErrBadAuthorization},
		{[]string{"Bearer\u00a0" + good}, "", ErrBadAuthorization},
		{[]string{"Bearer ünïcode"}, "", ErrBadAuthorization},
		{[]string{}, "", ErrNoCredentials},
		{[]string{"abc"}, "", ErrNoCredentials},
		{[]string{"Bearerabc"}, "", ErrNoCredentials},
		{[]string{"Bearer-x abc"}, "", ErrNoCredentials},
		{[]string{"Bearer"}, "", ErrBadAuthorization},
		{[]string{"Bearer "}, "", ErrBadAuthorization},
		{[]string{"Bearer  abc"}, "", ErrBadAuthorization},
		{[]string{"Bearer\tabc"}, "", ErrBadAuthorization},
		{[]string{"Bearer abc "}, "", ErrBadAuthorization},
		{[]string{"Bearer abc def"}, "", ErrBadAuthorization},
		{[]string{"Bearer abc,def"}, "", ErrBadAuthorization},
		{[]string{`Bearer "abc"`}, "", ErrBadAuthorization},
		{[]string{"Bearer abc\n"}, "", ErrBadAuthorization},
		{[]string{"Bearer abc", "Bearer abc"}, "", ErrBadAuthorization},
		{[]string{"Basic abc", "Bearer abc"}, "", ErrBadAuthorization},
	} {
		got, err := Bearer(http.Header{"Authorization": c.lines})
		if got != c.want || err != c.err && !errors.Is(err, c.err) {
			t.Errorf("%q: %q %v, want %q %v", c.lines, got, err, c.want, c.err)
		}
	}
}
