package password

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// input is what an imported hash is of, where that is not the password itself.
type input uint8

const (
	// inputNFKC is the password in Unicode's form NFKC, in which the libraries of JavaScript
	// hash.
	inputNFKC         input = iota + 1
	inputHexSHA256          // Django: bcrypt_sha256
	inputBase64SHA256       // passlib: bcrypt-sha256, version 1
	inputSaltedHMAC         // passlib: bcrypt-sha256, version 2
	inputWordPress
	// inputSigned is the password as crypt_blowfish read it before version 1.1: bytes over 127
	// are negative, and overwrite those in front of them.
	inputSigned
)

// wordPressKey tells the HMAC of WordPress from others (WordPress 6.8).
const wordPressKey = "wp-sha384"

// parseImportedBcrypt reads bcrypt of something else than the password, and what is written in
// another way:
//
//	$2x$05$<salt><key>                                   crypt_blowfish before 1.1; in parseBcrypt
//	bcrypt$$2b$12$<salt><key>                            Django
//	bcrypt_sha256$$2b$12$<salt><key>                     Django
//	$bcrypt-sha256$v=2,t=2b,r=12$<salt>$<key>            passlib
//	$bcrypt-sha256$2b,12$<salt>$<key>                    passlib, before 1.7.3
//	$wp$2y$10$<salt><key>                                WordPress
func (r *record) parseImportedBcrypt(s string) bool {
	switch {
	case cut(&s, "bcrypt$"):
	case cut(&s, "bcrypt_sha256$"):
		r.input = inputHexSHA256
	case cut(&s, "$bcrypt-sha256$v=2,t=2b,r="):
		return r.parsePasslibBcrypt(s, inputSaltedHMAC)
	case cut(&s, "$bcrypt-sha256$2b,"), cut(&s, "$bcrypt-sha256$2a,"):
		return r.parsePasslibBcrypt(s, inputBase64SHA256)
	case strings.HasPrefix(s, "$wp$2"):
		s, r.input = s[len("$wp"):], inputWordPress
	default:
		return false
	}
	return r.parseBcrypt(s)
}

// parsePasslibBcrypt reads "12$salt$key".
func (r *record) parsePasslibBcrypt(s string, of input) bool {
	cost, s, _ := strings.Cut(s, "$")
	salt, key, _ := strings.Cut(s, "$")
	if len(cost) == 1 {
		cost = twoDigits(int(cost[0] - '0')) // what is no digit is refused below
	}
	r.input = of
	return len(salt) == 22 && len(key) == 31 && r.parseBcrypt("$2b$"+cost+"$"+salt+key)
}

// compareBcrypt compares a plain bcrypt hash, of 72 bytes of the password at most.
func (r *record) compareBcrypt(text string) bool {
	given := r.bcryptInput(text)
	same := bcrypt.CompareHashAndPassword(r.crypt[:], given[:min(len(given), maxBcryptBytes)]) == nil
	// bcrypt repeats password and NUL to fill its key: "a" and "a\x00a" are one to it.
	return same && strings.IndexByte(text, 0) < 0
}

func (r *record) bcryptInput(text string) []byte {
	switch sum := sha256.Sum256([]byte(text)); r.input {
	case inputHexSHA256:
		return hex.AppendEncode(nil, sum[:])
	case inputBase64SHA256:
		return base64.StdEncoding.AppendEncode(nil, sum[:])
	case inputSaltedHMAC:
		m := hmac.New(sha256.New, r.crypt[7:29])
		m.Write([]byte(text))
		return base64.StdEncoding.AppendEncode(nil, m.Sum(nil))
	case inputWordPress:
		m := hmac.New(sha512.New384, []byte(wordPressKey))
		m.Write([]byte(trimWordPress(text)))
		return base64.StdEncoding.AppendEncode(nil, m.Sum(nil))
	case inputSigned:
		return signedKey(text)
	}
	return []byte(text)
}

// signedKey returns the 72 bytes of key that crypt_blowfish before version 1.1 made of a text.
func signedKey(text string) (key []byte) {
	text += "\x00"
	for at := range maxBcryptBytes / 4 {
		word := uint32(0)
		for i := range 4 {
			word = word<<8 | uint32(int32(int8(text[(4*at+i)%len(text)])))
		}
		key = binary.BigEndian.AppendUint32(key, word)
	}
	return key
}

// trimWordPress does what WordPress does with passwords before it hashes or compares them.
func trimWordPress(text string) string { return strings.Trim(text, " \t\n\r\x00\x0b") }

// exact reports whether a text that matches may be hashed instead of r. What WordPress has
// trimmed may have been typed so by accident, and the user will type it without the next time.
func (r *record) exact(text string) bool {
	return r.input != inputWordPress && r.form != formPHPass || trimWordPress(text) == text
}
