package token

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport-dev/sallyport/visit"
)

// Claims are what a verified token says. Claims not listed here are not read.
type Claims struct {
	Issuer, Subject, ID, Session, ClientID string

	Audience []string
	Scopes   []string
	Roles    []string

	// Methods says how the caller proved who they are (amr, RFC 8176), such as "pwd" and
	// "otp", and AuthTime when they last did (auth_time); both may be missing.
	Methods  []string
	AuthTime time.Time

	// Expires is always set; NotBefore and IssuedAt are zero when the token lacks them.
	Expires, NotBefore, IssuedAt time.Time

	// Kept are the claims that [Issuer.Keep] names, as far as the token has them.
	Kept map[string]string

	// Confirmation is zero for a bearer token.
	Confirmation Confirmation

	// Type, KeyID and Algorithm are of the header and the key.
	Type, KeyID string
	Algorithm   Algorithm
}

// Principal is the caller the claims speak for.
func (c *Claims) Principal() visit.Principal {
	return visit.Principal{
		Issuer: c.Issuer, Subject: c.Subject, Client: c.ClientID, Session: c.Session, Token: c.ID, Key: c.KeyID,
		Scopes: c.Scopes, Roles: c.Roles, Expires: c.Expires, Methods: c.Methods, AuthTime: c.AuthTime, Claims: c.Kept,
	}
}

// header is what of a JOSE header means anything here. Members that are not listed
// are ignored (RFC 7515 §4); the refused ones are not.
type header struct {
	Alg string `json:"alg"`
	Typ text   `json:"typ"`
	Cty text   `json:"cty"`
	Kid text   `json:"kid"`
	refused
}

// refused are header members whose meaning is never acted on, and which make a token
// mean something else to those who do: keys and addresses of keys in the token
// (RFC 7515 §4.1.2 to 4.1.6), critical extensions (§4.1.11; we know none), unencoded
// payloads (RFC 7797), encryption and compression (RFC 7516, RFC 7518 §4.8).
type refused struct {
	Jwk  jsontext.Value `json:"jwk"`
	Jku  jsontext.Value `json:"jku"`
	X5u  jsontext.Value `json:"x5u"`
	X5c  jsontext.Value `json:"x5c"`
	Crit jsontext.Value `json:"crit"`
	B64  jsontext.Value `json:"b64"`
	Enc  jsontext.Value `json:"enc"`
	Zip  jsontext.Value `json:"zip"`
	P2c  jsontext.Value `json:"p2c"`
	Epk  jsontext.Value `json:"epk"`
}

func (r *refused) any() bool {
	return r.Jwk != nil || r.Jku != nil || r.X5u != nil || r.X5c != nil || r.Crit != nil ||
		r.B64 != nil || r.Enc != nil || r.Zip != nil || r.P2c != nil || r.Epk != nil
}

// parseHeader reads a header. The JSON reader refuses a name that stands twice, text
// that is not UTF-8, and anything after the object.
func parseHeader(data []byte) (*header, *Error) {
	h := &header{}
	if !isObject(data) || json.Unmarshal(data, h) != nil || h.any() || sameType(string(h.Cty), "jwt") {
		return nil, ErrBadHeader
	}
	if _, known := schemes[Algorithm(h.Alg)]; !known {
		return nil, ErrWrongAlgorithm
	}
	return h, nil
}

// isObject refuses white space around the object as well: no signer writes any.
func isObject(data []byte) bool {
	return len(data) >= 2 && data[0] == '{' && data[len(data)-1] == '}'
}
