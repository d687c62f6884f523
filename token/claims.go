package token

import (
	"time"

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
	// "otp", and AuthTime when they last did (auth_time); both may be missing. SecondFactor
	// reports whether one of Methods is among [Issuer.SecondFactors].
	Methods      []string
	AuthTime     time.Time
	SecondFactor bool

	// Expires is always set; NotBefore and IssuedAt are zero when the token lacks them.
	Expires, NotBefore, IssuedAt time.Time

	// Kept are the claims that [Issuer.Keep] names, as far as the token has them.
	Kept map[string]string

	// Confirmation is zero for a bearer token.
	Confirmation Confirmation

	// Unread names the claims above that the token has in a form that is not read, each
	// with the rule it breaks. They are as if they were missing.
	Unread []string

	// Type, KeyID and Algorithm are of the header and the key.
	Type, KeyID string
	Algorithm   Algorithm
}

// Principal is the caller the claims speak for.
func (c *Claims) Principal() visit.Principal {
	return visit.Principal{
		Issuer: c.Issuer, Subject: c.Subject, Client: c.ClientID, Session: c.Session, Token: c.ID, Key: c.KeyID,
		Scopes: c.Scopes, Roles: c.Roles, Expires: c.Expires, Methods: c.Methods, AuthTime: c.AuthTime,
		SecondFactor: c.SecondFactor, Claims: c.Kept, Unread: c.Unread,
	}
}

// header is what of a JOSE header means anything here. Members that are not listed, addresses
// of keys and certificates among them (RFC 7515 §4.1.2 to 4.1.6), are ignored (§4).
type header struct {
	alg      Algorithm
	typ, kid string
	jwk      jsontext.Value // for a Proof, and never for a token
}

// changing are header members that make a token mean something else to those who act on
// them: critical extensions (RFC 7515 §4.1.11; none is known here), unencoded payloads
// (RFC 7797), encryption and compression (RFC 7516).
var changing = []string{"crit", "b64", "enc", "zip"}

// parseHeader reads a header, and refuses those of [changing], whatever their value.
func parseHeader(data []byte) (h header, refused *Error) {
	members, err := parseObject(data)
	if err != nil {
		return h, ErrBadHeader
	}
	for _, name := range changing {
		if members.get(name) != nil {
			return h, &Error{BadHeader, name, "must not be there"}
		}
	}
	for _, m := range []struct {
		name string
		into *string
	}{{"alg", (*string)(&h.alg)}, {"typ", &h.typ}, {"kid", &h.kid}} {
		value := members.get(m.name)
		if isNull(value) || string(value) == `""` {
			continue
		}
		if *m.into, err = readText(value, maxText); err != nil {
			return h, &Error{BadHeader, m.name, err.Error()}
		}
	}
	h.jwk = members.get("jwk")
	if _, known := schemes[h.alg]; !known {
		return h, ErrWrongAlgorithm
	}
	return h, nil
}
