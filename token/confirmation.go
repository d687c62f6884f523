package token

import (
	"crypto/sha256"
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Confirmation names the keys that a token is bound to (cnf, RFC 7800). The zero value is that
// of a bearer token. Each member that is set must be confirmed by whoever accepts the token.
type Confirmation struct {
	// JKT is the RFC 7638 thumbprint of a DPoP key (RFC 9449 §6.1).
	JKT string
	// X5T is the SHA-256 of a client certificate's DER form (x5t#S256, RFC 8705 §3.1). Both are
	// base64url without padding.
	X5T string
}

// IsZero reports whether the token is a bearer token.
func (c Confirmation) IsZero() bool { return c == Confirmation{} }

// Binding is a way to bind a token to a key of its client.
type Binding string

// The bindings that [Issuer.RequireBound] may ask for.
const (
	BoundByDPoP Binding = "dpop" // RFC 9449
	BoundByMTLS Binding = "mtls" // RFC 8705
	BoundByAny  Binding = "any"  // either of them
)

// meets reports whether c is bound in the way that b asks for. Empty asks for nothing.
func (b Binding) meets(c Confirmation) bool {
	switch b {
	case BoundByDPoP:
		return c.JKT != ""
	case BoundByMTLS:
		return c.X5T != ""
	case BoundByAny:
		return !c.IsZero()
	}
	return true
}

// known reports whether b is a binding, or empty.
func (b Binding) known() bool {
	return b == "" || b == BoundByDPoP || b == BoundByMTLS || b == BoundByAny
}

// digest is a SHA-256 in the one spelling that base64url without padding has for it.
type digest string

func (d *digest) UnmarshalJSONFrom(in *jsontext.Decoder) error {
	value, err := in.ReadValue()
	if err != nil {
		return err
	}
	s, err := readText(value, maxText)
	if err != nil {
		return err
	}
	if sum, ok := decode(s); !ok || len(sum) != sha256.Size {
		return errors.New("must be a SHA-256 in base64url")
	}
	*d = digest(s)
	return nil
}

// readConfirmation reads a cnf claim; nil is no claim. A member that is not known could be
// another key that the presenter has to prove (RFC 7800 §3.1), so that the token is refused:
// as are an empty object, and null.
func readConfirmation(cnf jsontext.Value) (Confirmation, *Error) {
	if cnf == nil {
		return Confirmation{}, nil
	}
	var members struct {
		JKT digest `json:"jkt"`
		X5T digest `json:"x5t#S256"`
	}
	err := json.Unmarshal(cnf, &members, json.RejectUnknownMembers(true))
	c := Confirmation{JKT: string(members.JKT), X5T: string(members.X5T)}
	if err != nil || c.IsZero() {
		return Confirmation{}, ErrSenderConstrained
	}
	return c, nil
}
