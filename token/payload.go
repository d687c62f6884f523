package token

import (
	"errors"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// payload is the JSON of a token's claims. Each type refuses every form but its own,
// null included. Names are compared with their case: Sub is not sub.
type payload struct {
	Iss      text     `json:"iss"`
	Sub      text     `json:"sub"`
	Jti      text     `json:"jti"`
	Sid      text     `json:"sid"`
	ClientID text     `json:"client_id"`
	Aud      audience `json:"aud"`
	Exp      date     `json:"exp"`
	Nbf      date     `json:"nbf"`
	Iat      date     `json:"iat"`
	Scope    scope    `json:"scope"`
	Roles    list     `json:"roles"`
	Amr      list     `json:"amr"`
	AuthTime date     `json:"auth_time"`

	// Cnf is read once the signature is good: its presence, in any form, binds the token
	// (RFC 7800 §3.1).
	Cnf jsontext.Value `json:"cnf"`
}

// errForm is for a claim of another form. Nobody sees it: the reason is BadClaims.
var errForm = errors.New("token: a claim has the wrong form")

// parseClaims reads a payload and checks the form of each claim; what they say is
// checked after the signature. cnf is that claim as it is, null included; nil where there is
// none.
func parseClaims(data []byte) (c *Claims, cnf jsontext.Value, err *Error) {
	var p payload
	if !isObject(data) || json.Unmarshal(data, &p) != nil {
		return nil, nil, ErrBadClaims
	}
	c = &Claims{
		Issuer: string(p.Iss), Subject: string(p.Sub), ID: string(p.Jti), Session: string(p.Sid), ClientID: string(p.ClientID),
		Audience: p.Aud, Scopes: p.Scope, Roles: p.Roles, Methods: p.Amr, AuthTime: time.Time(p.AuthTime),
		Expires: time.Time(p.Exp), NotBefore: time.Time(p.Nbf), IssuedAt: time.Time(p.Iat),
	}
	return c, p.Cnf, nil
}

// text is a string that is not empty, bounded, and printable, as it goes into logs,
// keys and headers.
type text string

func (t *text) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	s, err := readText(d, maxText)
	*t = text(s)
	return err
}

func readText(d *jsontext.Decoder, most int) (string, error) {
	token, err := d.ReadToken()
	if err != nil {
		return "", err
	}
	if token.Kind() != '"' {
		return "", errForm
	}
	if s := token.String(); plain(s, most) {
		return s, nil
	}
	return "", errForm
}

func plain(s string, most int) bool {
	return s != "" && len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// list is a list of such strings.
type list []string

func (l *list) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	all, err := readList(d, maxListItem)
	*l = all
	return err
}

func readList(d *jsontext.Decoder, most int) ([]string, error) {
	if token, err := d.ReadToken(); err != nil || token.Kind() != '[' {
		return nil, errForm
	}
	all := []string{}
	for d.PeekKind() != ']' {
		s, err := readText(d, most)
		if err != nil || len(all) == maxList {
			return nil, errForm
		}
		all = append(all, s)
	}
	_, err := d.ReadToken()
	return all, err
}

// audience is a string or a list of strings (RFC 7519 §4.1.3), as long in a list as alone.
type audience []string

func (a *audience) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == '[' {
		all, err := readList(d, maxText)
		*a = all
		return err
	}
	s, err := readText(d, maxText)
	*a = audience{s}
	return err
}

// scope is one string with single spaces in it (RFC 9068 §2.2.3), or an empty one.
type scope []string

func (s *scope) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	token, err := d.ReadToken()
	if err != nil || token.Kind() != '"' {
		return errForm
	}
	all := token.String()
	if all == "" {
		return nil
	}
	*s = strings.Split(all, " ")
	for _, one := range *s {
		if !plain(one, maxListItem) {
			return errForm
		}
	}
	if len(*s) > maxList {
		return errForm
	}
	return nil
}

// maxDate is the last second of the year 9999.
const maxDate = 253402300799

// date is a NumericDate: seconds since 1970, with or without a fraction (RFC 7519 §2).
// A negative one, or one past the year 9999, is no date of a token.
type date time.Time

func (t *date) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	token, err := d.ReadToken()
	if err != nil || token.Kind() != '0' {
		return errForm
	}
	seconds, err := token.Float()
	if err != nil || !(seconds >= 0 && seconds <= maxDate) {
		return errForm
	}
	whole := int64(seconds)
	*t = date(time.Unix(whole, int64((seconds-float64(whole))*1e9)))
	return nil
}
