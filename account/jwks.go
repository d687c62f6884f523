package account

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"

	"github.com/sallyport-dev/sallyport/token"
)

// document is an answer made once.
type document struct {
	body []byte
	etag string
}

func newDocument(keys []token.Key) (document, error) {
	body, err := token.MarshalJWKS(keys)
	sum := sha256.Sum256(body)
	return document{body, `"` + base64.RawURLEncoding.EncodeToString(sum[:9]) + `"`}, err
}

// handleJWKS publishes the verifying key. Caches may keep it for five minutes.
func (a *Accounts) handleJWKS(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("Etag", a.jwks.etag)
	if r.Header.Get("If-None-Match") == a.jwks.etag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", "application/jwk-set+json")
	h.Set("Content-Length", strconv.Itoa(len(a.jwks.body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		w.Write(a.jwks.body)
	}
	return nil
}
