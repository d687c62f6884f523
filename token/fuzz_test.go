package token

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// registered are the claims that decide whether a token is accepted.
var registered = []string{"iss", "sub", "aud", "exp", "nbf", "iat"}

// reduced is a token of the same header and claims without what nothing reads, on which
// others differ: some refuse numbers that no double can have, some a jti that is a number.
func reduced(t *testing.T, k *SigningKey, head, body string) string {
	var members, kept map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &members); err != nil {
		t.Fatalf("encoding/json refuses what is accepted here: %v\n%s", err, body)
	}
	ours := must(parseObject([]byte(body)))
	if len(ours) != len(members) {
		t.Errorf("%d members, and encoding/json sees %d: %s", len(ours), len(members), body)
	}
	kept = map[string]json.RawMessage{}
	for _, name := range registered {
		if value, ok := members[name]; ok {
			kept[name] = value
		}
		if string(ours.get(name)) != string(members[name]) {
			t.Errorf("%s is %s, and for encoding/json %s", name, ours.get(name), members[name])
		}
	}
	h, refused := parseHeader([]byte(head))
	if refused != nil {
		t.Fatal(refused)
	}
	names := map[string]string{"alg": string(h.alg)}
	if h.kid != "" {
		names["kid"] = h.kid
	}
	return forge(k, string(must(json.Marshal(names))), string(must(json.Marshal(kept))))
}

// FuzzVerifyAgainstOthers: what is accepted here, others accept too. The fuzzer changes
// what was signed, and re-signs it, so that it gets past the signature.
func FuzzVerifyAgainstOthers(f *testing.F) {
	for i, alg := range oracleAlgorithms {
		k, _ := oracleKey(alg)
		for _, r := range rows {
			raw := r.token(k)
			if p := strings.Split(raw, "."); len(p) == 3 && len(raw) < MaxSize {
				head, ok1 := decode(p[0])
				body, ok2 := decode(p[1])
				if ok1 && ok2 {
					f.Add(byte(i), string(head), string(body))
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, which byte, head, body string) {
		alg := oracleAlgorithms[int(which)%len(oracleAlgorithms)]
		k, key := oracleKey(alg)
		raw := forge(k, head, body)
		v := must(New(Config{Issuers: []Issuer{{Name: issuerA, Audiences: []string{audience1, "api"}, Keys: []Key{k.Key()}}}, Now: func() time.Time { return now }}))
		c, err := v.Verify(raw)
		if err != nil {
			return
		}
		said := c.Algorithm
		h, _ := parseHeader([]byte(head))
		plain := reduced(t, k, head, body)
		for name, accept := range oracles {
			if h.alg == Ed25519 {
				if name != "jwx" {
					continue // it alone knows the new name of EdDSA
				}
				said = Ed25519
			}
			if err := accept(plain, said, key); err != nil {
				t.Errorf("%s refuses what is accepted here: %v\n%s\n%s", name, err, head, body)
			}
		}
	})
}

// FuzzVerify: no text makes it panic, and what it accepts is one of its own tokens in
// its one spelling.
func FuzzVerify(f *testing.F) {
	k := signer()[ES256]
	for _, r := range rows {
		if raw := r.token(k); len(raw) < MaxSize {
			f.Add(raw)
		}
	}
	v := verifierOf(f, ES256, nil)
	f.Fuzz(func(t *testing.T, raw string) {
		c, err := v.Verify(raw)
		if err != nil {
			return
		}
		again, err := v.Verify(raw)
		if err != nil || !reflect.DeepEqual(c, again) {
			t.Errorf("%q: %+v, then %+v %v", raw, c, again, err)
		}
		p, _ := split(raw)
		head, body, sig, ok := p.decode()
		if !ok || b64(head)+"."+b64(body)+"."+b64(sig) != raw {
			t.Errorf("%q is another spelling", raw)
		}
		if c.Issuer != issuerA || c.Subject == "" || !slices.Contains(c.Audience, audience1) && !slices.Contains(c.Audience, "api") || !c.Expires.After(now) {
			t.Errorf("%q: %+v", raw, c)
		}
	})
}
