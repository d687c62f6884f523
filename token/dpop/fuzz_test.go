package dpop

import (
	"context"
	"encoding/json"
	"math"
	"testing"
)

// FuzzVerify: whatever a client signs, nothing panics, and what is accepted says by another JSON
// reader too what it must.
func FuzzVerify(f *testing.F) {
	c := clients()["ES256"]
	body := text(change(goodClaims(start), m{"jti": "1"}))
	for _, head := range []string{
		c.head(nil), c.head(m{"typ": "JWT"}), c.head(m{"jwk": nil}), c.head(m{"alg": "HS256"}),
		c.head(m{"crit": []string{"b64"}}),
		c.head(m{"jwk": change(c.jwk(), m{"d": "AA"})}), c.head(m{"jwk": clients()["EdDSA"].jwk()}), `{}`, `[]`,
	} {
		f.Add(head, body)
	}
	for _, claims := range []m{
		{"htu": target + "/../notes"}, {"iat": 1e300}, {"iat": nil}, {"jti": []int{}}, {"ath": ""},
	} {
		f.Add(c.head(nil), text(change(goodClaims(start), claims)))
	}
	f.Fuzz(func(t *testing.T, head, body string) {
		if head == "" || body == "" {
			return
		}
		w := newWorld(t, nil)
		r := c.request(c.forge(head, body))
		if _, err := w.Verify(context.Background(), r); err != nil {
			return
		}
		var h, b map[string]any
		if json.Unmarshal([]byte(head), &h) != nil || json.Unmarshal([]byte(body), &b) != nil {
			t.Fatalf("another reader cannot read %s %s", head, body)
		}
		htu, _ := b["htu"].(string)
		iat, _ := b["iat"].(float64)
		own, _ := NormalURL(htu)
		if h["alg"] != "ES256" || b["jti"] == "" || b["htm"] != "GET" || own != target || b["ath"] != hash(raw) ||
			math.Abs(iat-float64(start.Unix())) > 60 {
			t.Errorf("accepted: %s %s", head, body)
		}
		if _, err := w.Verify(context.Background(), r); err == nil {
			t.Errorf("accepted twice: %s", body)
		}
	})
}
