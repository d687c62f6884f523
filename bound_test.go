package sallyport_test

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/token/dpop"
)

// clientKey is the key of the client that the tests' bound tokens are bound to; its ID is the
// thumbprint.
var clientKey, strangerKey = sync.OnceValue(generateKey), sync.OnceValue(generateKey)

func generateKey() *token.SigningKey {
	k, err := token.GenerateKey(token.ES256)
	if err != nil {
		panic(err)
	}
	return k
}

// prove makes a proof for a request to the public URL.
func prove(k *token.SigningKey, p dpop.Proof) string {
	if p.Method == "" {
		p.Method = "GET"
	}
	if p.URL == "" {
		p.URL = "https://api.example/notes"
	}
	if p.Issued.IsZero() {
		p.Issued = time.Now()
	}
	proof, err := dpop.Sign(k, p)
	if err != nil {
		panic(err)
	}
	return proof
}

// boundTo is a token with this cnf.
func boundTo(cnf any) string { return forge(goodHead, claims(map[string]any{"cnf": cnf})) }

func boundByDPoP() string { return boundTo(map[string]any{"jkt": clientKey().Key().ID}) }

// dpopFields are those of a request with a bound token.
func dpopFields(raw string, proofs ...string) http.Header {
	return http.Header{"Authorization": {"DPoP " + raw}, "Dpop": proofs}
}

func publicly(c *sallyport.Config) { c.PublicURLs = []string{"https://api.example"} }

const (
	bearerInvalid = `Bearer realm="api", error="invalid_token", error_description="The token is not valid"`
	dpopInvalid   = `DPoP realm="api", error="invalid_token", error_description="The token is not valid", algs="`
	dpopProof     = `DPoP realm="api", error="invalid_dpop_proof", algs="`
)

// TestBoundTokens: a token with a cnf claim (RFC 7800) is good together with what it is bound to,
// under the scheme for its kind, and in no other way. The audit log names the reason.
func TestBoundTokens(t *testing.T) {
	plain, bound := forge(goodHead, claims(nil)), boundByDPoP()
	insert := func(members string) string { return forge(goodHead, "{"+members+claims(nil)[1:]) }
	good := func() string { return prove(clientKey(), dpop.Proof{Token: bound}) }
	with := func(p dpop.Proof) http.Header { return dpopFields(bound, prove(clientKey(), p)) }
	const x5t = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg0"
	for _, c := range []struct {
		name                     string
		fields                   http.Header
		code, reason, challenged string
	}{
		{"plain", bearer(plain), "", "", ""},
		{"plain, with a proof that nobody needs",
			http.Header{"Authorization": {"Bearer " + plain}, "Dpop": {"x", "y"}}, "", "", ""},
		{"bound, with its proof", dpopFields(bound, good()), "", "", ""},
		{"the scheme in lower case", http.Header{"Authorization": {"dpop " + bound}, "Dpop": {good()}}, "", "", ""},

		{"bound, as a bearer token", bearer(bound), "invalid_token", "token: sender_constrained", dpopInvalid},
		{"bound, as a bearer token with its proof", http.Header{"Authorization": {"Bearer " + bound}, "Dpop": {good()}},
			"invalid_token", "token: sender_constrained", dpopInvalid},
		{"plain, under the scheme of DPoP", dpopFields(plain, prove(clientKey(), dpop.Proof{Token: plain})),
			"invalid_token", "dpop: the token is not bound to a key, and was sent as one that is", dpopInvalid},
		{"no token", http.Header{"Dpop": {good()}}, "no_credentials", "no_credentials", `Bearer realm="api"`},
		{"a token of nobody", dpopFields("x", good()), "invalid_token", "token: malformed", dpopInvalid},
		{"the scheme alone", http.Header{"Authorization": {"DPoP"}},
			"malformed_credentials", "token: bad_authorization_header", `DPoP realm="api", error="invalid_request", algs="`},

		{"no proof", dpopFields(bound), "invalid_dpop_proof", "dpop: no_proof", dpopProof},
		{"two proofs", dpopFields(bound, good(), good()), "invalid_dpop_proof", "dpop: several_proofs", dpopProof},
		{"two proofs in one field", dpopFields(bound, good()+", "+good()),
			"invalid_dpop_proof", "dpop: malformed", dpopProof},
		{"the token as proof", dpopFields(bound, bound), "invalid_dpop_proof", "dpop: bad_header", dpopProof},
		{"the proof of another client", dpopFields(bound, prove(strangerKey(), dpop.Proof{Token: bound})),
			"invalid_dpop_proof", "dpop: wrong_key", dpopProof},
		{"a proof for another token", with(dpop.Proof{Token: plain}), "invalid_dpop_proof", "dpop: wrong_token", dpopProof},
		{"a proof for no token", with(dpop.Proof{}), "invalid_dpop_proof", "dpop: wrong_token", dpopProof},
		{"a proof for another method", with(dpop.Proof{Token: bound, Method: "DELETE"}),
			"invalid_dpop_proof", "dpop: wrong_method", dpopProof},
		{"a proof for another path", with(dpop.Proof{Token: bound, URL: "https://api.example/notes/"}),
			"invalid_dpop_proof", "dpop: wrong_url", dpopProof},
		{"a proof for another server", with(dpop.Proof{Token: bound, URL: "https://evil.example/notes"}),
			"invalid_dpop_proof", "dpop: wrong_url", dpopProof},
		{"a proof for cleartext", with(dpop.Proof{Token: bound, URL: "http://api.example/notes"}),
			"invalid_dpop_proof", "dpop: wrong_url", dpopProof},
		{"an old proof", with(dpop.Proof{Token: bound, Issued: time.Now().Add(-2 * time.Minute)}),
			"invalid_dpop_proof", "dpop: too_old", dpopProof},

		{"bound by mutual TLS, without a certificate", bearer(boundTo(map[string]any{"x5t#S256": x5t})),
			"invalid_token", "mtls: no_certificate", bearerInvalid},
		{"bound by both, with the proof alone",
			dpopFields(boundTo(map[string]any{"jkt": clientKey().Key().ID, "x5t#S256": clientKey().Key().ID}), "x"),
			"invalid_token", "mtls: no_certificate", dpopInvalid},
		{"bound by more than is known", bearer(boundTo(map[string]any{"jkt": clientKey().Key().ID, "kid": "x"})),
			"invalid_token", "token: sender_constrained", bearerInvalid},
		{"null", bearer(insert(`"cnf":null,`)), "invalid_token", "token: sender_constrained", bearerInvalid},
		{"spelled by an escape", bearer(insert(`"\u0063nf":{"jkt":"x"},`)),
			"invalid_token", "token: sender_constrained", bearerInvalid},
		{"twice, null last", bearer(insert(`"cnf":{"jkt":"x"},"cnf":null,`)),
			"invalid_token", "token: bad_claims", bearerInvalid},
	} {
		w := newWorld(t, api(), func(c *sallyport.Config) { routes(c); publicly(c) })
		res := w.send("GET", "/notes", c.fields, "")
		if c.code == "" {
			if body := read(res); res.StatusCode != 200 || body != "u1" {
				t.Errorf("%s: %d %s %s", c.name, res.StatusCode, body, w.audit)
			}
			continue
		}
		status := 401
		if c.code == "malformed_credentials" {
			status = 400
		}
		wantProblem(t, res, status, c.code)
		if got := res.Header.Values("WWW-Authenticate"); len(got) != 1 || !strings.HasPrefix(got[0], c.challenged) {
			t.Errorf("%s: the challenge is %q, want %s", c.name, got, c.challenged)
		}
		if log := w.audit.String(); !strings.Contains(log, `"`+c.reason+`"`) {
			t.Errorf("%s: the audit log has no reason %s: %s", c.name, c.reason, log)
		}
	}
}

// TestDPoP_rights: what is refused of a good token is challenged under the client's scheme, and a
// public route reads no proof.
func TestDPoP_rights(t *testing.T) {
	w := newWorld(t, api(), func(c *sallyport.Config) {
		publicly(c)
		c.Routes = []sallyport.Route{{Pattern: "GET /notes", Scopes: []string{"notes:write"}}, {Pattern: "GET /health",
			Public: true}}
	})
	bound := boundByDPoP()
	res := w.send("GET", "/notes", dpopFields(bound, prove(clientKey(), dpop.Proof{Token: bound})), "")
	wantProblem(t, res, 403, "insufficient_scope")
	const want = `DPoP realm="api", error="insufficient_scope", scope="notes:write", algs="ES256 `
	if got := res.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, want) {
		t.Error(got)
	}
	if res := w.send("GET", "/health", dpopFields(bound, "x"), ""); res.StatusCode != 200 {
		t.Errorf("public: %d", res.StatusCode)
	}
}

// TestDPoP_replay: a proof is good once, on whichever node, and although the token is remembered.
func TestDPoP_replay(t *testing.T) {
	memory, err := ratelimit.NewMemory(ratelimit.MemoryConfig{})
	if err != nil {
		t.Fatal(err)
	}
	shared := struct{ ratelimit.Store }{memory}
	node := func() *world {
		return newWorld(t, api(), func(c *sallyport.Config) {
			publicly(c)
			c.Limits, c.LimitSecret = shared, secret.NewBytes([]byte("0123456789abcdef"))
		})
	}
	one, two, alone := node(), node(), newWorld(t, api(), publicly)
	bound := boundByDPoP()
	proof := prove(clientKey(), dpop.Proof{Token: bound})
	for i, step := range []struct {
		w    *world
		want int
	}{{one, 200}, {one, 401}, {two, 401}, {alone, 200}, {alone, 401}} {
		if res := step.w.send("GET", "/notes", dpopFields(bound, proof), ""); res.StatusCode != step.want {
			t.Errorf("use %d: %d, want %d: %s", i, res.StatusCode, step.want, step.w.audit)
		}
	}
	if log := two.audit.String(); !strings.Contains(log, "dpop: replayed") {
		t.Error(log)
	}
	for range 3 {
		if res := two.send("GET", "/notes",
			dpopFields(bound, prove(clientKey(), dpop.Proof{Token: bound})), ""); res.StatusCode != 200 {
			t.Errorf("a new proof: %d", res.StatusCode)
		}
	}
}

// TestDPoP_publicURL: the addresses in the configuration count, and the Host field adds none.
func TestDPoP_publicURL(t *testing.T) {
	bound := boundByDPoP()
	const a, b = "https://a.example", "https://b.example:8443/base/"
	for _, c := range []struct {
		name         string
		public       []string
		host, target string
		proved       string
		want         string
	}{
		{"as configured", []string{a}, "a.example", "/notes", a + "/notes", ""},
		{"another Host, as behind a proxy", []string{a}, "10.0.0.1:8080", "/notes", a + "/notes", ""},
		{"a proof for the Host that is sent", []string{a}, "evil.example", "/notes",
			"https://evil.example/notes", "wrong_url"},
		{"a proof for a Host of this machine", []string{a}, "localhost", "/notes", "http://localhost/notes", "wrong_url"},
		{"a path that the proxy takes off", []string{b}, "b.example:8443", "/notes", "https://b.example:8443/base/notes", ""},
		{"without that path", []string{b}, "b.example:8443", "/notes", "https://b.example:8443/notes", "wrong_url"},
		{"one of two", []string{a, b}, "a.example", "/notes", a + "/notes", ""},
		{"one of two, with the Host of the other", []string{a, b}, "a.example", "/notes",
			"https://b.example:8443/base/notes", "wrong_url"},
		{"one of two, with a Host of neither", []string{a, b}, "proxy", "/notes", a + "/notes", ""},
		{"in another spelling", []string{"HTTPS://A.example:443/"}, "A.EXAMPLE", "/notes?q=1",
			"https://a.example:443/%6eotes#x", ""},
		{"none, on this machine", nil, "127.0.0.1:8080", "/notes", "http://127.0.0.1:8080/notes", ""},
		{"none, by the name of this machine", nil, "localhost:8080", "/notes", "http://localhost:8080/notes", ""},
		{"none, by IPv6", nil, "[::1]:8080", "/notes", "http://[::1]:8080/notes", ""},
		{"none, for another port", nil, "localhost:8080", "/notes", "http://localhost/notes", "wrong_url"},
		{"one of this machine, by its other name", []string{"http://localhost:8080"}, "127.0.0.1:8080", "/notes",
			"http://127.0.0.1:8080/notes", ""},
		{"none, by a name", nil, "api.example", "/notes",
			"https://api.example/notes", "the address that clients use is not known"},
		{"none, by a name like this machine's", nil, "localhost.evil.example", "/notes",
			"http://localhost.evil.example/notes", "the address that clients use is not known"},
		{"none, by an address of the network", nil, "192.168.1.1", "/notes", "http://192.168.1.1/notes",
			"the address that clients use is not known"},
	} {
		w := newWorld(t, api(), func(cfg *sallyport.Config) { cfg.PublicURLs = c.public })
		r := httptest.NewRequest("GET", c.target, nil)
		r.Host = c.host
		maps.Copy(r.Header, dpopFields(bound, prove(clientKey(), dpop.Proof{Token: bound, URL: c.proved})))
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		log := w.audit.String()
		if c.want == "" && rec.Code != 200 || c.want != "" && (rec.Code != 401 || !strings.Contains(log, c.want)) {
			t.Errorf("%s: %d %s", c.name, rec.Code, log)
		}
	}

	_, err := sallyport.New(sallyport.Config{Issuers: []token.Issuer{foreignIssuer()},
		PublicURLs: []string{"api.example", "https://u@api.example", "https://api.example?q", "ftp://api.example"},
		DPoP:       sallyport.DPoP{Window: time.Hour}})
	for _, want := range []string{"PublicURLs[0]", "PublicURLs[1]", "PublicURLs[2]", "PublicURLs[3]",
		"DPoP: dpop: Window"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %s: %v", want, err)
		}
	}
}

// TestDPoP_nonce: a client is told the nonce, uses it, and needs no clock that is right.
func TestDPoP_nonce(t *testing.T) {
	now := time.Now()
	w := newWorld(t, api(), func(c *sallyport.Config) {
		publicly(c)
		c.DPoP.RequireNonce = true
		sallyport.SetClock(c, func() time.Time { return now })
	})
	bound := boundByDPoP()
	ask := func(nonce string) *http.Response {
		p := dpop.Proof{Token: bound, Nonce: nonce, Issued: now.AddDate(-1, 0, 0)}
		return w.send("GET", "/notes", dpopFields(bound, prove(clientKey(), p)), "")
	}
	res := ask("")
	wantProblem(t, res, 401, "use_dpop_nonce")
	nonce := res.Header.Get("DPoP-Nonce")
	const want = `DPoP realm="api", error="use_dpop_nonce", algs="`
	if got := res.Header.Get("WWW-Authenticate"); nonce == "" || !strings.HasPrefix(got, want) {
		t.Errorf("%q %v", got, res.Header)
	}
	if exposed := res.Header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, "DPoP-Nonce") {
		t.Errorf("scripts cannot read the nonce: %s", exposed)
	}
	if res := ask(nonce); res.StatusCode != 200 || res.Header.Get("DPoP-Nonce") != "" {
		t.Errorf("with the nonce: %d %v", res.StatusCode, res.Header)
	}
	now = now.Add(3 * time.Minute)
	res = ask(nonce)
	next := res.Header.Get("DPoP-Nonce")
	if res.StatusCode != 200 || next == "" || next == nonce {
		t.Errorf("with a nonce that grows old: %d %q", res.StatusCode, next)
	}
	now = now.Add(3 * time.Minute)
	wantProblem(t, ask(nonce), 401, "use_dpop_nonce")
	if res := ask(next); res.StatusCode != 200 {
		t.Errorf("with the next nonce: %d", res.StatusCode)
	}
}

// TestDPoP_required: tokens of an issuer can be asked to be bound, and then its clients are
// challenged for a proof from the start.
func TestDPoP_required(t *testing.T) {
	w := newWorld(t, api(), func(c *sallyport.Config) {
		publicly(c)
		c.Issuers[0].RequireBound = token.BoundByDPoP
	})
	wantProblem(t, w.send("GET", "/notes", bearer(forge(goodHead, claims(nil))), ""), 401, "invalid_token")
	if log := w.audit.String(); !strings.Contains(log, "token: not_bound") {
		t.Error(log)
	}
	got := w.send("GET", "/notes", nil, "").Header.Values("WWW-Authenticate")
	if len(got) != 2 || got[0] != `Bearer realm="api"` || !strings.HasPrefix(got[1], `DPoP realm="api", algs="ES256 `) {
		t.Errorf("%q", got)
	}
	bound := boundByDPoP()
	if res := w.send("GET", "/notes",
		dpopFields(bound, prove(clientKey(), dpop.Proof{Token: bound})), ""); res.StatusCode != 200 {
		t.Errorf("bound: %d", res.StatusCode)
	}
}

// TestDPoP_preflight: a script of an origin that is listed may send a proof.
func TestDPoP_preflight(t *testing.T) {
	w := newWorld(t, api(), publicly)
	res := w.send("OPTIONS", "/notes", http.Header{
		"Access-Control-Request-Method": {"GET"}, "Access-Control-Request-Headers": {"authorization,dpop"},
	}, "")
	if allowed := strings.ToLower(res.Header.Get("Access-Control-Allow-Headers")); !strings.Contains(allowed, "dpop") {
		t.Errorf("%d %s", res.StatusCode, allowed)
	}
}

// TestMutualTLS: a token that is bound to a certificate is good over a connection with that
// certificate (RFC 8705 §3).
func TestMutualTLS(t *testing.T) {
	leaf := &x509.Certificate{Raw: []byte("leaf"), NotAfter: time.Now().Add(time.Hour)}
	old := &x509.Certificate{Raw: []byte("old"), NotAfter: time.Now().Add(-time.Hour)}
	sum := func(c *x509.Certificate) string {
		s := sha256.Sum256(c.Raw)
		return base64.RawURLEncoding.EncodeToString(s[:])
	}
	bound := boundTo(map[string]any{"x5t#S256": sum(leaf)})
	both := boundTo(map[string]any{"x5t#S256": sum(leaf), "jkt": clientKey().Key().ID})
	for _, c := range []struct {
		name   string
		chain  []*x509.Certificate
		fields http.Header
		reason string
	}{
		{"with it", []*x509.Certificate{leaf}, bearer(bound), ""},
		{"with it, and what signed it", []*x509.Certificate{leaf, old}, bearer(bound), ""},
		{"with another", []*x509.Certificate{old}, bearer(bound), "mtls: wrong_certificate"},
		{"with it as an authority", []*x509.Certificate{old, leaf}, bearer(bound), "mtls: wrong_certificate"},
		{"with none", nil, bearer(bound), "mtls: no_certificate"},
		{"with one that has ended", []*x509.Certificate{old}, bearer(boundTo(map[string]any{"x5t#S256": sum(old)})),
			"mtls: certificate_expired"},
		{"under the scheme of DPoP", []*x509.Certificate{leaf},
			dpopFields(bound, prove(clientKey(), dpop.Proof{Token: bound})), "dpop: the token is not bound to a key"},
		{"a plain token, with a certificate", []*x509.Certificate{leaf}, bearer(forge(goodHead, claims(nil))), ""},
		{"both", []*x509.Certificate{leaf}, dpopFields(both, prove(clientKey(), dpop.Proof{Token: both})), ""},
		{"both, without a proof", []*x509.Certificate{leaf}, dpopFields(both), "dpop: no_proof"},
		{"both, as a bearer token", []*x509.Certificate{leaf}, bearer(both), "token: sender_constrained"},
		{"both, with another certificate", []*x509.Certificate{old},
			dpopFields(both, prove(clientKey(), dpop.Proof{Token: both})), "mtls: wrong_certificate"},
	} {
		w := newWorld(t, api(), publicly)
		r := httptest.NewRequest("GET", "/notes", nil)
		r.Host, r.TLS = "api.example", &tls.ConnectionState{PeerCertificates: c.chain}
		maps.Copy(r.Header, c.fields)
		r.Header.Set("Client-Cert", ":"+base64.StdEncoding.EncodeToString(leaf.Raw)+":") // nobody reads it
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		log := w.audit.String()
		if c.reason == "" && rec.Code != 200 || c.reason != "" && (rec.Code != 401 || !strings.Contains(log, c.reason)) {
			t.Errorf("%s: %d %s", c.name, rec.Code, log)
		}
	}
}
