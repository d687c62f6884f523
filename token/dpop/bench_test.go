package dpop

import (
	"context"
	"fmt"
	"testing"
)

// BenchmarkVerify is one proof, of each kind of key; and one of a stranger's key, which must be
// refused before its signature is looked at.
func BenchmarkVerify(b *testing.B) {
	for _, alg := range []string{"ES256", "EdDSA", "RS256", "stranger"} {
		b.Run(alg, func(b *testing.B) {
			c := clients()["ES256"]
			if alg != "stranger" {
				c = clients()[alg]
			}
			w := newWorld(b, nil)
			r := c.request(c.proof(start, nil, nil))
			if alg == "stranger" {
				r.Thumbprint = clients()["EdDSA"].thumbprint()
			}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.replay.ends)
				if _, err := w.Verify(context.Background(), r); (err == nil) == (alg == "stranger") {
					b.Fatal(fmt.Sprint(err))
				}
			}
		})
	}
}
