package dpop

import (
	"crypto/rand"
	"time"

	"github.com/sallyport-dev/sallyport/token"
)

// Proof is what a client puts into a proof.
type Proof struct {
	// Method and URL are those of the request that it is for. Query and fragment are left out.
	Method, URL string
	// Token is the access token that goes along; empty where one is asked for.
	Token string
	// Nonce is the latest DPoP-Nonce that the server has sent, if any.
	Nonce string
	// Issued is the client's time.
	Issued time.Time
}

// Sign makes a proof with the client's key, for the DPoP field of one request. Its jti is
// random.
func Sign(key *token.SigningKey, p Proof) (string, error) {
	target, ok := NormalURL(p.URL)
	if !ok {
		return "", &ConfigError{Field: "URL", Value: p.URL, Reason: "must be an http or https URL with a host"}
	}
	c := struct {
		JTI   string `json:"jti"`
		HTM   string `json:"htm"`
		HTU   string `json:"htu"`
		IAT   int64  `json:"iat"`
		ATH   string `json:"ath,omitzero"`
		Nonce string `json:"nonce,omitzero"`
	}{JTI: rand.Text(), HTM: p.Method, HTU: target, IAT: p.Issued.Unix(), Nonce: p.Nonce}
	if p.Token != "" {
		c.ATH = hash(p.Token)
	}
	return key.SignProof(c, Type)
}
