package token

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// minDistinct is how many different bytes a random secret has at the very least: of
	// 32 random bytes about 30 are different, of 64 hexadecimal digits at most 16.
	minDistinct = 12
	maxSecret   = 1 << 10
)

// words are in the secrets that tutorials and templates print. Random text in base64url
// has one of them about once in a million times.
var words = []string{
	"secret", "password", "passwd", "changeme", "change-me", "change_me", "replace", "example", "your-", "your_", "default",
	"development", "testing", "insecure", "0123456789", "123456789", "abcdefgh", "qwerty",
}

// weakSecret refuses an HMAC key that is shorter than the hash, below which it weakens
// it (RFC 7518 §3.2), or that somebody may have thought of (RFC 8725 §3.5). Thought-of
// secrets are text, and random bytes are not: 32 of them are text with a chance below
// 10⁻¹⁰.
func weakSecret(k Key, size int) error {
	raw := k.Secret.Reveal()
	switch {
	case len(raw) < size:
		return fmt.Errorf("has a Secret of %d bytes: %s needs %d random ones, such as openssl rand makes", len(raw), k.Algorithm, size)
	case len(raw) > maxSecret:
		return fmt.Errorf("has a Secret over %d bytes: shorten it", maxSecret)
	case distinct(raw) < minDistinct:
		return errors.New("has a Secret that is no random one: it repeats a few bytes")
	case !isText(raw):
		return nil
	case hasWord(string(raw)):
		return errors.New("has a Secret with words in it that attackers try: make a random one")
	case !k.InsecureTextSecret:
		return errors.New("has a Secret that is text, as every leaked one is: decode it first if it is hexadecimal or base64, " +
			"or set InsecureTextSecret if those who sign use the text itself")
	}
	return nil
}

func distinct(raw []byte) (n int) {
	var seen [256]bool
	for _, b := range raw {
		if !seen[b] {
			seen[b] = true
			n++
		}
	}
	return n
}

// isText is true for printable UTF-8. It passes over zeros and byte order marks, with
// which files and UTF-16 hide text.
func isText(raw []byte) bool {
	return utf8.Valid(raw) && !strings.ContainsFunc(string(raw), func(r rune) bool {
		return !unicode.IsPrint(r) && !unicode.IsSpace(r) && r != 0 && r != '\ufeff'
	})
}

func hasWord(s string) bool {
	s = strings.ToLower(strings.ReplaceAll(s, "\x00", ""))
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
