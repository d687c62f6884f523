package password

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"math/bits"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/scrypt"
)

// spelling is how an imported hash is written:
//
//	$argon2i$v=19$m=4096,t=3,p=1$<salt>$<key>            PHC; base64, unpadded
//	$pbkdf2-sha256$i=600000$<salt>$<key>                 PHC; also sha512
//	$pbkdf2-sha256$i=600000,l=32$<salt>$<key>            PHC with the key's length
//	$scrypt$ln=16,r=8,p=1$<salt>$<key>                   PHC
//	$pbkdf2-sha256$29000$<salt>$<key>                    passlib; . for +; also sha512
//	pbkdf2_sha256$600000$<salt text>$<key>               Django; base64, padded
//	pbkdf2:sha256:600000$<salt text>$<hexadecimal key>   Werkzeug; also sha512
//	scrypt:32768:8:1$<salt text>$<hexadecimal key>       Werkzeug
type spelling uint8

const (
	spelledPHC spelling = iota
	spelledPHCLength
	spelledPasslib
	spelledDjango
	spelledWerkzeug
)

// Bounds of imported hashes, beside those of record.go: their work is at most maxWork,
// their memory at most maxMemory.
const (
	maxIterations = 1 << 22
	maxLogN       = 24
	maxBlocks     = 32

	werkzeugScryptKey = 64

	// What an iteration of PBKDF2 takes in eighths of a KiB of argon2id, and what a KiB
	// of scrypt takes, as measured on an amd64 machine with instructions for SHA-256.
	// Without those it is twice as much.
	sha256Eighths, sha512Eighths = 2, 5
	scryptKiB                    = 3
)

func (r *record) importedWork() int64 {
	switch r.form {
	case formPBKDF2SHA256:
		return int64(r.time) * sha256Eighths / 8
	case formPBKDF2SHA512:
		return int64(r.time) * sha512Eighths / 8
	}
	return int64(r.memory) * int64(r.threads) * scryptKiB
}

func (r *record) parseImported(s string) bool {
	switch {
	case cut(&s, "$argon2i$v=19$"):
		return r.parseArgon2(formArgon2i, s)
	case cut(&s, "$pbkdf2-sha256$"):
		return r.parsePBKDF2(formPBKDF2SHA256, s)
	case cut(&s, "$pbkdf2-sha512$"):
		return r.parsePBKDF2(formPBKDF2SHA512, s)
	case cut(&s, "pbkdf2_sha256$"):
		return r.parseDjango(s)
	case cut(&s, "pbkdf2:sha256:"):
		return r.parseWerkzeugPBKDF2(formPBKDF2SHA256, s)
	case cut(&s, "pbkdf2:sha512:"):
		return r.parseWerkzeugPBKDF2(formPBKDF2SHA512, s)
	case cut(&s, "$scrypt$"):
		return r.parseScrypt(s)
	case cut(&s, "scrypt:"):
		return r.parseWerkzeugScrypt(s)
	}
	return false
}

// digestSize is the longest key of PBKDF2: a longer one would take its work twice, and
// only the defender's.
func (f form) digestSize() int {
	if f == formPBKDF2SHA512 {
		return sha512.Size
	}
	return sha256.Size
}

// parsePBKDF2 reads "i=600000$salt$key", "i=600000,l=32$salt$key" and passlib's
// "29000$salt$key".
func (r *record) parsePBKDF2(f form, s string) bool {
	size, name, end := f.digestSize(), "i=", "$"
	front, _, _ := strings.Cut(s, "$")
	switch {
	case !strings.HasPrefix(s, name):
		r.spelling, name = spelledPasslib, ""
	case strings.Contains(front, ","):
		r.spelling, end = spelledPHCLength, ","
	}
	var length uint32
	if !r.iterations(f, &s, name, end) || end == "," && !number(&s, "l=", "$", uint32(size), &length) {
		return false
	}
	if r.spelling == spelledPasslib {
		return r.parseSaltAndKey(s, '.', size, size)
	}
	return r.parseSaltAndKey(s, '+', minKey, size) && (end == "$" || int(length) == int(r.key.n))
}

// iterations takes them from the front of s, and checks what they cost.
func (r *record) iterations(f form, s *string, name, end string) bool {
	ok := number(s, name, end, maxIterations, &r.time)
	r.form = f
	return ok && r.work() <= maxWork
}

// parseDjango reads "600000$salt$key".
func (r *record) parseDjango(s string) bool {
	r.spelling = spelledDjango
	if !r.iterations(formPBKDF2SHA256, &s, "", "$") {
		return false
	}
	salt, key, found := strings.Cut(s, "$")
	key, padded := strings.CutSuffix(key, "=")
	return found && padded && r.salt.text(salt) && r.key.decode(key, '+', sha256.Size, sha256.Size)
}

// parseWerkzeugPBKDF2 reads "600000$salt$key".
func (r *record) parseWerkzeugPBKDF2(f form, s string) bool {
	r.spelling = spelledWerkzeug
	return r.iterations(f, &s, "", "$") && r.parseWerkzeug(s, f.digestSize())
}

// parseScrypt reads "ln=16,r=8,p=1$salt$key".
func (r *record) parseScrypt(s string) bool {
	var logN, blocks, threads uint32
	return number(&s, "ln=", ",", maxLogN, &logN) &&
		number(&s, "r=", ",", maxBlocks, &blocks) &&
		number(&s, "p=", "$", maxThreads, &threads) &&
		r.scrypt(int(logN), blocks, threads) &&
		r.parseSaltAndKey(s, '+', minKey, maxBuffer)
}

// parseWerkzeugScrypt reads "32768:8:1$salt$key".
func (r *record) parseWerkzeugScrypt(s string) bool {
	var n, blocks, threads uint32
	r.spelling = spelledWerkzeug
	return number(&s, "", ":", 1<<maxLogN, &n) &&
		number(&s, "", ":", maxBlocks, &blocks) &&
		number(&s, "", "$", maxThreads, &threads) &&
		n > 1 && bits.OnesCount32(n) == 1 && // RFC 7914 §2
		r.scrypt(bits.TrailingZeros32(n), blocks, threads) &&
		r.parseWerkzeug(s, werkzeugScryptKey)
}

// scrypt sets the parameters and checks what they cost: 128·r·N bytes of memory, p
// times one after the other.
func (r *record) scrypt(logN int, blocks, threads uint32) bool {
	memory := uint64(blocks) << logN / 8
	if memory > maxMemory {
		return false
	}
	r.form, r.cost, r.blocks, r.threads = formScrypt, logN, blocks, uint8(threads)
	r.memory = uint32(max(memory, 1))
	return r.work() <= maxWork
}

// parseWerkzeug reads "salt$key".
func (r *record) parseWerkzeug(s string, size int) bool {
	salt, key, found := strings.Cut(s, "$")
	return found && r.salt.text(salt) && r.key.hexadecimal(key, size)
}

// text takes a salt that is used as it is written: letters and digits.
func (b *buffer) text(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; !isDigit(s[i]) && (c < 'a' || c > 'z') {
			return false
		}
	}
	return len(s) >= minSalt && len(s) <= maxBuffer && copy(b.room(len(s)), s) == len(s)
}

// hexadecimal reads size bytes in small letters.
func (b *buffer) hexadecimal(s string, size int) bool {
	if len(s) != 2*size {
		return false
	}
	var text [2 * maxBuffer]byte
	for i := range len(s) {
		if !isDigit(s[i]) && (s[i] < 'a' || s[i] > 'f') {
			return false
		}
		text[i] = s[i]
	}
	_, err := hex.Decode(b.room(size), text[:len(s)])
	return err == nil
}

// imported writes an imported hash.
func (r *record) imported() string {
	switch r.form {
	case formArgon2i:
		return "$argon2i$v=19$" + r.argon2()
	case formScrypt:
		if r.spelling == spelledWerkzeug {
			return "scrypt:" + itoa(1<<r.cost) + ":" + itoa(int(r.blocks)) + ":" + itoa(int(r.threads)) + r.werkzeug()
		}
		return "$scrypt$ln=" + itoa(r.cost) + ",r=" + itoa(int(r.blocks)) + ",p=" + itoa(int(r.threads)) + r.saltAndKey()
	}
	digest, n := "sha256", itoa(int(r.time))
	if r.form == formPBKDF2SHA512 {
		digest = "sha512"
	}
	switch r.spelling {
	case spelledPHCLength:
		return "$pbkdf2-" + digest + "$i=" + n + ",l=" + itoa(int(r.key.n)) + r.saltAndKey()
	case spelledPasslib:
		return "$pbkdf2-" + digest + "$" + n + strings.ReplaceAll(r.saltAndKey(), "+", ".")
	case spelledDjango:
		return "pbkdf2_sha256$" + n + "$" + string(r.salt.bytes()) + "$" + base64.StdEncoding.EncodeToString(r.key.bytes())
	case spelledWerkzeug:
		return "pbkdf2:" + digest + ":" + n + r.werkzeug()
	}
	return "$pbkdf2-" + digest + "$i=" + n + r.saltAndKey()
}

func (r *record) werkzeug() string {
	return "$" + string(r.salt.bytes()) + "$" + hex.EncodeToString(r.key.bytes())
}

// compareImported derives the key of r from the password and compares it in constant
// time.
func (r *record) compareImported(text string) bool {
	key, err := r.derive(text)
	same := subtle.ConstantTimeCompare(key, r.key.bytes()) == 1
	// HMAC, in which PBKDF2 and so scrypt begin, fills a short key with NULs: to it the
	// password "a" and "a\x00" are one.
	return err == nil && same && (r.form == formArgon2i || !strings.HasSuffix(text, "\x00"))
}

func (r *record) derive(text string) ([]byte, error) {
	salt, size := r.salt.bytes(), int(r.key.n)
	switch r.form {
	case formArgon2i:
		return argon2.Key([]byte(text), salt, r.time, r.memory, r.threads, uint32(size)), nil
	case formPBKDF2SHA256:
		return pbkdf2.Key(sha256.New, text, salt, int(r.time), size)
	case formPBKDF2SHA512:
		return pbkdf2.Key(sha512.New, text, salt, int(r.time), size)
	}
	return scrypt.Key([]byte(text), salt, 1<<r.cost, int(r.blocks), int(r.threads), size)
}
