package token

import (
	"strings"
	"testing"
)

func BenchmarkVerify(b *testing.B) {
	for _, alg := range []Algorithm{HS256, HS384, HS512, RS256, PS256, ES256, ES384, ES512, Ed25519} {
		k := signer()[alg]
		v := verifierOf(b, alg, nil)
		raw := forge(k, head(k), claimsJSON(fair()))
		b.Run(string(alg), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRefuse(b *testing.B) {
	k := signer()[ES256]
	v := verifierOf(b, ES256, nil)
	for _, name := range []string{"J-07 two parts", "J-22 a megabyte", "J-06 unknown crit", "unknown issuer", "A-04 bit flipped", "expired"} {
		raw := rowNamed(b, name).token(k)
		b.Run(strings.ReplaceAll(name, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(raw); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

// rowNamed fails when a row was renamed, so that no benchmark goes missing in silence.
func rowNamed(b *testing.B, name string) row {
	for _, r := range rows {
		if r.name == name {
			return r
		}
	}
	b.Fatalf("no row is named %q", name)
	return row{}
}

func BenchmarkSign(b *testing.B) {
	k := signer()[ES256]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Sign(fair(), AccessToken); err != nil {
			b.Fatal(err)
		}
	}
}
