package token

import (
	"strings"
	"time"
	"unicode"

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

	// Expires is always set; NotBefore and IssuedAt are zero when the token lacks them.
	Expires, NotBefore, IssuedAt time.Time

	// Type, KeyID and Algorithm are of the header and the key.
	Type, KeyID string
	Algorithm   Algorithm
}

// Principal is the caller the claims speak for.
func (c *Claims) Principal() visit.Principal {
	return visit.Principal{
		Issuer: c.Issuer, Subject: c.Subject, Client: c.ClientID, Session: c.Session, Token: c.ID,
		Scopes: c.Scopes, Roles: c.Roles, Expires: c.Expires,
	}
}

// claims are Claims while they are being read.
type claims struct{ Claims }

// header is what of a JOSE header means anything here. Members that are not listed
// are ignored (RFC 7515 §4); the refused ones are not.
type header struct {
	Alg string         `json:"alg"`
	Typ string         `json:"typ"`
	Cty string         `json:"cty"`
	Kid jsontext.Value `json:"kid"`
	refused

	kid    string
	hasKid bool
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
	if !isObject(data) || json.Unmarshal(data, h) != nil || h.any() || strings.EqualFold(h.Cty, "JWT") {
		return nil, ErrBadHeader
	}
	if _, known := schemes[Algorithm(h.Alg)]; !known {
		return nil, ErrWrongAlgorithm
	}
	if h.Kid != nil {
		h.hasKid = true
		if json.Unmarshal(h.Kid, &h.kid) != nil || h.Kid.Kind() != '"' || h.kid == "" || len(h.kid) > maxText {
			return nil, ErrBadHeader
		}
	}
	return h, nil
}

// isObject refuses white space around the object as well: no signer writes any.
func isObject(data []byte) bool {
	return len(data) >= 2 && data[0] == '{' && data[len(data)-1] == '}'
}

// body is the payload. Names are compared with their case: Sub is not sub.
type body struct {
	Iss      jsontext.Value `json:"iss"`
	Sub      jsontext.Value `json:"sub"`
	Jti      jsontext.Value `json:"jti"`
	Sid      jsontext.Value `json:"sid"`
	ClientID jsontext.Value `json:"client_id"`
	Aud      jsontext.Value `json:"aud"`
	Exp      jsontext.Value `json:"exp"`
	Nbf      jsontext.Value `json:"nbf"`
	Iat      jsontext.Value `json:"iat"`
	Scope    jsontext.Value `json:"scope"`
	Roles    jsontext.Value `json:"roles"`
}

// parseClaims reads a payload and checks the form of each claim; what they say is
// checked after the signature.
func parseClaims(data []byte) (*claims, *Error) {
	var b body
	if !isObject(data) || json.Unmarshal(data, &b) != nil {
		return nil, ErrBadClaims
	}
	c := &claims{}
	var scope string
	ok := text(b.Iss, &c.Issuer) && text(b.Sub, &c.Subject) && text(b.Jti, &c.ID) && text(b.Sid, &c.Session) &&
		text(b.ClientID, &c.ClientID) && date(b.Exp, &c.Expires) && date(b.Nbf, &c.NotBefore) && date(b.Iat, &c.IssuedAt) &&
		audience(b.Aud, &c.Audience) && list(b.Roles, &c.Roles) && scopeText(b.Scope, &scope)
	if !ok {
		return nil, ErrBadClaims
	}
	if scope != "" {
		c.Scopes = strings.Split(scope, " ")
		if len(c.Scopes) > maxList || !fit(c.Scopes) {
			return nil, ErrBadClaims
		}
	}
	return c, nil
}

// text reads a string claim: not empty, bounded, and printable, as it goes into logs,
// keys and headers. A claim that is not there leaves out alone.
func text(v jsontext.Value, out *string) bool {
	if v == nil {
		return true
	}
	return v.Kind() == '"' && json.Unmarshal(v, out) == nil && plain(*out, maxText)
}

func plain(s string, most int) bool {
	if s == "" || len(s) > most {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// scopeText reads scope, one string with single spaces in it (RFC 9068 §2.2.3).
func scopeText(v jsontext.Value, out *string) bool {
	if v == nil {
		return true
	}
	return v.Kind() == '"' && json.Unmarshal(v, out) == nil
}

func list(v jsontext.Value, out *[]string) bool {
	if v == nil {
		return true
	}
	return v.Kind() == '[' && json.Unmarshal(v, out) == nil && len(*out) <= maxList && fit(*out)
}

func fit(items []string) bool {
	for _, s := range items {
		if !plain(s, maxListItem) {
			return false
		}
	}
	return true
}

// audience is a string or a list of strings (RFC 7519 §4.1.3).
func audience(v jsontext.Value, out *[]string) bool {
	if v == nil || v.Kind() == '[' {
		return list(v, out)
	}
	var one string
	if !text(v, &one) {
		return false
	}
	*out = []string{one}
	return true
}

// maxDate is the last second of the year 9999.
const maxDate = 253402300799

// date reads a NumericDate: seconds since 1970, with or without a fraction (RFC 7519
// §2). A negative one, or one past the year 9999, is no date of a token.
func date(v jsontext.Value, out *time.Time) bool {
	if v == nil {
		return true
	}
	var seconds float64
	if v.Kind() != '0' || json.Unmarshal(v, &seconds) != nil || seconds < 0 || seconds > maxDate {
		return false
	}
	whole := int64(seconds)
	*out = time.Unix(whole, int64((seconds-float64(whole))*1e9))
	return true
}
