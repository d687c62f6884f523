package password

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/sallyport-dev/sallyport/secret"
)

const (
	minPepper    = 32
	pepperIDSize = 8 // characters of base64
	pepperField  = ",keyid="
)

// pepperID names a pepper in the hashes that were made with it, by a part of an HMAC that is
// used for nothing else. It tells nothing of the pepper.
func pepperID(pepper secret.Bytes) string {
	sum := mac(pepper, []byte("the name of this pepper"))
	return base64.RawStdEncoding.EncodeToString(sum)[:pepperIDSize]
}

// season makes the key that is stored out of what argon2id gives. It comes after the hash, so
// that the time a verification takes does not depend on it.
func (h *Hasher) season(r *record, key []byte) []byte {
	if r.pepper == "" {
		return key
	}
	return mac(h.peppers[r.pepper], key)
}

// lacks reports that a hash was made with a pepper that is not at hand.
func (h *Hasher) lacks(r *record) bool {
	_, have := h.peppers[r.pepper]
	return r.pepper != "" && !have
}

func mac(pepper secret.Bytes, text []byte) []byte {
	m := hmac.New(sha256.New, pepper.Reveal())
	m.Write(text)
	return m.Sum(nil)
}

// parsePepper takes ",keyid=<name>" from s, if it is there, and the "$" behind.
func (r *record) parsePepper(s *string) bool {
	if cut(s, pepperField) {
		if len(*s) < pepperIDSize {
			return false
		}
		r.pepper = (*s)[:pepperIDSize]
		*s = (*s)[pepperIDSize:]
		var name buffer
		if !name.decode(r.pepper, '+', pepperIDSize*3/4, pepperIDSize*3/4) {
			return false
		}
	}
	return cut(s, "$")
}
