package token

import (
	"strings"
	"testing"
)

func BenchmarkVerify(b *testing.B) {
	for _, alg := range []Algorithm{HS256, HS512, RS256, PS256, ES256, ES384, ES512, Ed25519} {
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
		for _, r := range rows {
			if r.name != name {
				continue
			}
			raw := r.token(k)
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
}

func BenchmarkSign(b *testing.B) {
	k := signer()[ES256]
	for b.Loop() {
		if _, err := k.Sign(fair(), AccessToken); err != nil {
			b.Fatal(err)
		}
	}
}
