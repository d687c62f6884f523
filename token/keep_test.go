package token

import (
	"errors"
	"strings"
	"testing"
)

// TestKeep: claims that limits count by, and every form that is none of one text.
func TestKeep(t *testing.T) {
	k := signer()[ES256]
	for _, row := range []struct {
		name, more string
		want       string
		err        *Error
	}{
		{"a text", `,"org":"acme"`, "acme", nil},
		{"none", ``, "", nil},
		{"another case is another claim", `,"Org":"acme"`, "", nil},
		{"an integer", `,"org":7`, "7", nil},
		{"true", `,"org":true`, "true", nil},
		{"a fraction", `,"org":7.5`, "", ErrBadClaims},
		{"an object", `,"org":{"id":"acme"}`, "", ErrBadClaims},
		{"a list", `,"org":["acme"]`, "", ErrBadClaims},
		{"null", `,"org":null`, "", nil},
		{"empty", `,"org":""`, "", ErrBadClaims},
		{"two lines", `,"org":"a\nb"`, "", ErrBadClaims},
		{"twice", `,"org":"a","org":"b"`, "", ErrBadClaims},
		{"the longest", `,"org":"` + strings.Repeat("x", 255) + `"`, strings.Repeat("x", 255), nil},
		{"too long", `,"org":"` + strings.Repeat("x", 256) + `"`, "", ErrBadClaims},
		{"not asked for", `,"tenant":7`, "", nil},
	} {
		v := verifierOf(t, ES256, func(in *Issuer) { in.Keep = []string{"org", "https://example.com/team"} })
		c, err := v.Verify(forge(k, head(k), strings.TrimSuffix(claimsJSON(fair()), "}")+row.more+"}"))
		if row.err != nil {
			if !errors.Is(err, row.err) || row.name != "twice" && !strings.Contains(err.Error(), "org must") {
				t.Errorf("%s: %v, want %v", row.name, err, row.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if got, ok := c.Principal().Claim("org"); got != row.want || ok != (row.want != "") || len(c.Kept) > 1 {
			t.Errorf("%s: %q %v", row.name, got, c.Kept)
		}
	}
}

func TestKeepRefuses(t *testing.T) {
	for _, names := range [][]string{{"sub"}, {"exp"}, {"cnf"}, {""}, {"a\nb"}, {strings.Repeat("x", 129)}, strings.Split(strings.Repeat("a,", 17)+"a", ",")} {
		refused := false
		keepers(names, func(field, _, _ string) { refused = field == "Keep" })
		if !refused {
			t.Errorf("%q is taken", names)
		}
	}
}
