// Package secret holds values that must never be printed.
//
// A password in a struct is one careless log line from a breach. A [String] or
// [Bytes] prints as "[redacted]" with every fmt verb, through log/slog, and as
// JSON or text; it is compared in constant time; and the only way to the value is
// [String.Reveal] or [Bytes.Reveal], which a reviewer can grep for.
//
// The value is kept inside a function, because fmt ignores methods when it prints an
// unexported field: there it shows an address, not the secret. It also makes == on
// secrets an error of the compiler. What the package cannot do is erase memory: the
// garbage collector may have copied the bytes.
package secret

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
)

const redacted = "[redacted]"

var errNotText = errors.New("secret: only a plain string can become a secret")

// String is a secret text. The zero value is the empty secret.
type String struct{ reveal func() string }

// New wraps s.
func New(s string) String { return String{func() string { return s }} }

// Reveal returns the value itself.
func (s String) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// IsZero reports whether the secret is empty.
func (s String) IsZero() bool { return s.Reveal() == "" }

// Equal reports whether both hold the same text, in time that depends on the
// lengths only.
func (s String) Equal(t String) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(t.Reveal())) == 1
}

// Format prints "[redacted]", whatever the verb and flags.
func (String) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// String returns "[redacted]".
func (String) String() string { return redacted }

// LogValue returns "[redacted]".
func (String) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[redacted]".
func (String) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText takes the secret from text, so that a JSON body can be decoded
// straight into one.
func (s *String) UnmarshalText(text []byte) error {
	if s == nil {
		return errNotText
	}
	*s = New(string(text))
	return nil
}

// Bytes is a secret byte string, such as an HMAC key. The zero value is empty.
type Bytes struct{ reveal func() []byte }

// NewBytes wraps a copy of b.
func NewBytes(b []byte) Bytes {
	c := slices.Clone(b)
	return Bytes{func() []byte { return c }}
}

// Reveal returns the value itself. It is shared, not copied: do not change it.
func (b Bytes) Reveal() []byte {
	if b.reveal == nil {
		return nil
	}
	return b.reveal()
}

// Len returns the number of bytes.
func (b Bytes) Len() int { return len(b.Reveal()) }

// IsZero reports whether the secret is empty.
func (b Bytes) IsZero() bool { return b.Len() == 0 }

// Equal reports whether both hold the same bytes, in time that depends on the
// lengths only.
func (b Bytes) Equal(c Bytes) bool {
	return subtle.ConstantTimeCompare(b.Reveal(), c.Reveal()) == 1
}

// Format prints "[redacted]", whatever the verb and flags.
func (Bytes) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// String returns "[redacted]".
func (Bytes) String() string { return redacted }

// LogValue returns "[redacted]".
func (Bytes) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[redacted]".
func (Bytes) MarshalText() ([]byte, error) { return []byte(redacted), nil }
