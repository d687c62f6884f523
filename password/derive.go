package password

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"hash"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/scrypt"
	"golang.org/x/text/unicode/norm"
)

// digest is the hash function of a form.
type digest struct {
	new  func() hash.Hash
	size int
}

func (f form) digest() digest {
	switch f {
	case formPBKDF2SHA1:
		return digest{sha1.New, sha1.Size}
	case formPBKDF2SHA512, formSHA512Crypt:
		return digest{sha512.New, sha512.Size}
	}
	return digest{sha256.New, sha256.Size}
}

// compareImported derives the key of r from the password and compares it in constant
// time.
func (r *record) compareImported(text string) bool {
	key, err := r.derive(text)
	same := subtle.ConstantTimeCompare(key, r.key.bytes()) == 1
	if trimmed := trimWordPress(text); !same && r.form == formPHPass && trimmed != text && r.distinct(text) {
		return r.compareImported(trimmed)
	}
	return err == nil && same && r.distinct(text)
}

// distinct reports whether a text is the only one of its key, but for chance. HMAC, in which
// PBKDF2 and so scrypt begin, fills a short key with NULs: to it the password "a" and "a\x00"
// are one. The others are of libraries in C, to which a text ends at its first NUL, and take
// time for every byte.
func (r *record) distinct(text string) bool {
	switch r.form {
	case formArgon2i:
		return true
	case formPHPass, formSHA256Crypt, formSHA512Crypt:
		return len(text) <= maxCryptBytes && strings.IndexByte(text, 0) < 0
	}
	return !strings.HasSuffix(text, "\x00")
}

func (r *record) derive(text string) ([]byte, error) {
	if r.input == inputNFKC {
		text = norm.NFKC.String(text)
	}
	salt, size := r.salt.bytes(), int(r.key.n)
	switch r.form {
	case formArgon2i:
		return argon2.Key([]byte(text), salt, r.time, r.memory, r.threads, uint32(size)), nil
	case formPBKDF2SHA1, formPBKDF2SHA256, formPBKDF2SHA512:
		return pbkdf2.Key(r.form.digest().new, text, salt, int(r.time), size)
	case formPHPass:
		return phpass(text, salt, r.time), nil
	case formSHA256Crypt, formSHA512Crypt:
		return shaCrypt(r.form.digest(), text, salt, int(r.time)), nil
	}
	if r.form == formFirebase {
		key, err := scrypt.Key([]byte(text), salt, 1<<r.cost, int(r.blocks), int(r.threads), 32)
		if err != nil {
			return nil, err
		}
		return firebaseStream(key, size)
	}
	return scrypt.Key([]byte(text), salt, 1<<r.cost, int(r.blocks), int(r.threads), size)
}
