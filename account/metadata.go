package account

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/token"
)

// jwksAge is how long a verifier may keep the key set.
const jwksAge = 5 * time.Minute

// document is an answer made once.
type document struct {
	body []byte
	etag string
}

func newDocument(keys []token.Key) (document, error) {
	body, err := token.MarshalJWKS(keys)
	return documentOf(body), err
}

func documentOf(body []byte) document {
	sum := sha256.Sum256(body)
	return document{body, `"` + base64.RawURLEncoding.EncodeToString(sum[:9]) + `"`}
}

// serve answers with the document, which anybody may have and keep.
func (d *document) serve(w http.ResponseWriter, r *http.Request, contentType string) error {
	h := w.Header()
	h.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(jwksAge/time.Second)))
	h.Set("Etag", d.etag)
	if h.Get("Access-Control-Allow-Origin") == "" { // the Gate may have named the origin
		h.Set("Access-Control-Allow-Origin", "*")
	}
	if r.Header.Get("If-None-Match") == d.etag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(d.body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		w.Write(d.body)
	}
	return nil
}

// handleJWKS publishes the keys that verify.
func (a *Accounts) handleJWKS(w http.ResponseWriter, r *http.Request) error {
	return a.ring.state.Load().jwks.serve(w, r, "application/jwk-set+json")
}

// metadata is what OpenID Connect Discovery and RFC 8414 have in common for a server
// that issues tokens to its own API's users alone: there is no authorization endpoint,
// and no grant for others. It says so with "none", as neither lets the lists be empty.
type metadata struct {
	Issuer        string   `json:"issuer"`
	JWKS          string   `json:"jwks_uri"`
	Introspection string   `json:"introspection_endpoint,omitzero"`
	AskAuth       []string `json:"introspection_endpoint_auth_methods_supported,omitzero"`
	Revocation    string   `json:"revocation_endpoint,omitzero"`
	RevokeAuth    []string `json:"revocation_endpoint_auth_methods_supported,omitzero"`
	Responses     []string `json:"response_types_supported"`
	Grants        []string `json:"grant_types_supported"`
	Subjects      []string `json:"subject_types_supported"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	Scopes        []string `json:"scopes_supported,omitempty"` // no empty list (RFC 8414 §3.2)
	Documentation string   `json:"service_documentation,omitzero"`
}

// handleMetadata tells other verifiers where things are: always under the issuer's own
// address, whatever the request's Host says.
func (a *Accounts) handleMetadata(w http.ResponseWriter, r *http.Request) error {
	if u, err := url.Parse(a.name); err != nil || u.Host == "" {
		return problem.NotFound // an issuer that is no address has none
	}
	m := metadata{
		Issuer: a.name, JWKS: a.address("/.well-known/jwks.json"),
		Responses: []string{"none"}, Grants: []string{"none"}, Subjects: []string{"public"},
		Algorithms: []string{string(a.ring.algorithm)}, Scopes: a.scopes.all,
	}
	if a.on(GroupIntrospect) {
		m.Introspection, m.AskAuth = a.address("/auth/introspect"), []string{"Bearer"}
		m.Revocation, m.RevokeAuth = a.address("/auth/revoke"), []string{"none"}
	}
	if a.on(GroupOpenAPI) {
		m.Documentation = a.address("/auth/openapi.json")
	}
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	d := documentOf(body)
	return d.serve(w, r, "application/json")
}
