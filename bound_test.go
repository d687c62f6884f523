package sallyport_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestBoundTokens: a token with a cnf claim (RFC 7800) is refused as a bearer token and under
// the DPoP scheme (RFC 9449 §7.2), with and without a proof beside it, and the audit log names
// the reason.
func TestBoundTokens(t *testing.T) {
	dpop := map[string]any{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}
	plain := forge(goodHead, claims(nil))
	bound := forge(goodHead, claims(map[string]any{"cnf": dpop}))
	proof := forge(`{"alg":"ES256","typ":"dpop+jwt","jwk":{}}`, `{"htm":"GET","htu":"https://api.example/notes"}`)
	insert := func(members string) string { return forge(goodHead, "{"+members+claims(nil)[1:]) }
	for _, c := range []struct {
		name, scheme, raw, proof string
		code, reason             string
	}{
		{"plain", "Bearer", plain, "", "", ""},
		{"plain, with a proof that nobody needs", "Bearer", plain, proof, "", ""},
		{"bound by DPoP", "Bearer", bound, "", "invalid_token", "token: sender_constrained"},
		{"bound by DPoP, with a proof", "Bearer", bound, proof, "invalid_token", "token: sender_constrained"},
		{"bound by mutual TLS", "Bearer", insert(`"cnf":{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"},`), "", "invalid_token", "token: sender_constrained"},
		{"null", "Bearer", insert(`"cnf":null,`), "", "invalid_token", "token: sender_constrained"},
		{"spelled by an escape", "Bearer", insert(`"\u0063nf":{"jkt":"x"},`), "", "invalid_token", "token: sender_constrained"},
		{"twice, null last", "Bearer", insert(`"cnf":{"jkt":"x"},"cnf":null,`), "", "invalid_token", "token: bad_claims"},
		{"the scheme of DPoP", "DPoP", bound, proof, "no_credentials", "no_credentials"},
		{"the scheme of DPoP, plain", "DPoP", plain, proof, "no_credentials", "no_credentials"},
		{"the scheme in lower case", "dpop", plain, "", "no_credentials", "no_credentials"},
	} {
		w := newWorld(t, api(), routes)
		fields := http.Header{"Authorization": {c.scheme + " " + c.raw}}
		if c.proof != "" {
			fields["Dpop"] = []string{c.proof}
		}
		res := w.send("GET", "/notes", fields, "")
		if c.code == "" {
			if body := read(res); res.StatusCode != 200 || body != "u1" {
				t.Errorf("%s: %d %s", c.name, res.StatusCode, body)
			}
			continue
		}
		wantProblem(t, res, 401, c.code)
		if log := w.audit.String(); !strings.Contains(log, `"`+c.reason+`"`) {
			t.Errorf("%s: the audit log has no reason %s: %s", c.name, c.reason, log)
		}
	}
}
