package password

import (
	"encoding/base64"
	"runtime"
	"strings"
)

// Bounds of a stored hash. They are checked before anything is computed: the row may
// come from a damaged import, or from somebody who can write to the database but
// should not be able to stop the server.
const (
	saltSize, keySize = 16, 32

	minSalt, minKey = 8, 16
	maxBuffer       = 64

	maxMemory  = 256 << 10 // KiB
	maxTime    = 16
	maxThreads = 16
	maxWork    = 1 << 20 // memory × time, in KiB

	minCost, maxCost = 4, 16
	maxBcryptBytes   = 72
	bcryptSize       = 60

	maxRecord = 320 // bytes of the longest string looked at

	// bcryptRound is what one of bcrypt's 2^cost rounds takes, in KiB of argon2id:
	// between 44 and 95, as measured on two amd64 machines.
	bcryptRound = 64
)

type form uint8

const (
	formArgon2id form = iota
	formBcrypt
	formBcryptHMAC
	// From here on they are verified only: see imported.go.
	formArgon2i
	formPBKDF2SHA1
	formPBKDF2SHA256
	formPBKDF2SHA512
	formScrypt
	formFirebase
	formPHPass
	formSHA256Crypt
	formSHA512Crypt
)

const (
	argon2idPrefix   = "$argon2id$v=19$"
	bcryptHMACPrefix = "$bcrypt-hmac-sha256$"
	hmacKeyText      = 22 // base64 of 16 bytes
)

// record is a stored hash, parsed:
//
//	$argon2id$v=19$m=19456,t=2,p=1$<salt>$<key>        base64, unpadded
//	$argon2id$v=19$m=19456,t=2,p=1,keyid=<name>$…      with a pepper
//	$2a$12$<salt><key>                                 also $2b$ and $2y$
//	$bcrypt-hmac-sha256$<HMAC key>$2a$12$<salt><key>   HMAC key in base64, unpadded
//
// or one that is imported. Each of ours has one spelling.
type record struct {
	form         form
	input        input  // what an imported hash is of
	memory, time uint32 // memory in KiB; time is the iterations of PBKDF2 and the rounds of crypt
	threads      uint8
	cost         int    // the base-two logarithm of bcrypt's rounds or scrypt's N
	blocks       uint32 // scrypt's r
	salt         buffer // the HMAC key in formBcryptHMAC
	key          buffer
	crypt        [bcryptSize]byte // the plain bcrypt string
	pepper       string           // the name of argon2id's pepper, or empty
}

// buffer is a short byte string that needs no allocation.
type buffer struct {
	b [maxBuffer]byte
	n uint8
}

func (b *buffer) bytes() []byte { return b.b[:b.n] }

// room sets the length and returns the bytes to fill.
func (b *buffer) room(n int) []byte {
	b.n = uint8(n)
	return b.b[:n]
}

// String writes a hash of ours as it is stored. Imported ones are never written.
func (r *record) String() string {
	if r.form == formBcryptHMAC {
		return bcryptHMACPrefix + base64.RawStdEncoding.EncodeToString(r.salt.bytes()) + string(r.crypt[:])
	}
	return argon2idPrefix + r.argon2()
}

func (r *record) argon2() string {
	pepper := ""
	if r.pepper != "" {
		pepper = pepperField + r.pepper
	}
	return "m=" + itoa(int(r.memory)) + ",t=" + itoa(int(r.time)) + ",p=" + itoa(int(r.threads)) + pepper + r.saltAndKey()
}

func (r *record) saltAndKey() string {
	enc := base64.RawStdEncoding
	return "$" + enc.EncodeToString(r.salt.bytes()) + "$" + enc.EncodeToString(r.key.bytes())
}

// work is what r costs in KiB filled one after the other.
func (r *record) work() int64 {
	switch r.form {
	case formBcrypt, formBcryptHMAC:
		return bcryptRound << r.cost
	case formArgon2id, formArgon2i:
		return r.argon2Work()
	}
	return r.importedWork()
}

func (r *record) argon2Work() int64 {
	return int64(r.memory) * int64(r.time) / int64(min(int(r.threads), runtime.GOMAXPROCS(0)))
}

// like reports whether r and s have the same form and parameters.
func (r *record) like(s *record) bool {
	return r.form == s.form && r.memory == s.memory && r.time == s.time && r.threads == s.threads &&
		r.cost == s.cost && r.salt.n == s.salt.n && r.key.n == s.key.n && r.pepper == s.pepper
}

// parse reads a stored hash, all of it, and checks its bounds. The error is ErrBadHash.
func parse(s string) (r record, err error) {
	if len(s) > maxRecord || !r.parse(s) {
		return record{}, ErrBadHash
	}
	return r, nil
}

func (r *record) parse(s string) bool {
	switch {
	case cut(&s, argon2idPrefix):
		return r.parseArgon2(formArgon2id, s)
	case cut(&s, bcryptHMACPrefix):
		ok := len(s) > hmacKeyText && r.salt.decode(s[:hmacKeyText], '+', saltSize, saltSize) && r.parseBcrypt(s[hmacKeyText:]) && s[hmacKeyText+2] == 'a'
		r.form = formBcryptHMAC
		return ok
	case strings.HasPrefix(s, "$2"):
		return r.parseBcrypt(s)
	}
	return r.parseImported(s)
}

// cut takes a prefix from s, or leaves s as it is.
func cut(s *string, prefix string) (found bool) {
	*s, found = strings.CutPrefix(*s, prefix)
	return found
}

// parseArgon2 reads "m=19456,t=2,p=1$salt$key", or for argon2id with a pepper
// "m=19456,t=2,p=1,keyid=name$salt$key". The order is that of the reference
// implementation; data is refused, as nothing could use it.
func (r *record) parseArgon2(f form, s string) bool {
	var memory, time, threads uint32
	ok := number(&s, "m=", ",", maxMemory, &memory) &&
		number(&s, "t=", ",", maxTime, &time) &&
		number(&s, "p=", "", maxThreads, &threads) && r.parsePepper(&s)
	if !ok || r.pepper != "" && f != formArgon2id {
		return false
	}
	r.form, r.memory, r.time, r.threads = f, memory, time, uint8(threads)
	return memory >= 8*threads && // RFC 9106 §3.1
		int64(memory)*int64(time) <= maxWork &&
		r.parseSaltAndKey(s, '+', minKey, maxBuffer) &&
		(r.pepper == "" || r.key.n == keySize)
}

// parseSaltAndKey reads "salt$key", and no more, in base64 whose 62nd digit is plus.
func (r *record) parseSaltAndKey(s string, plus byte, leastKey, mostKey int) bool {
	salt, key, found := strings.Cut(s, "$")
	return found && r.salt.decode(salt, plus, minSalt, maxBuffer) && r.key.decode(key, plus, leastKey, mostKey)
}

// number takes "<name><decimal><end>" from the front of s: 1 to most, no sign, no
// leading zero.
func number(s *string, name, end string, most uint32, to *uint32) bool {
	rest, found := strings.CutPrefix(*s, name)
	if !found || rest == "" || rest[0] == '0' {
		return false
	}
	i, n := 0, uint32(0)
	for ; i < len(rest) && isDigit(rest[i]); i++ {
		if n = n*10 + uint32(rest[i]-'0'); n > most {
			return false
		}
	}
	*to = n
	*s, found = strings.CutPrefix(rest[i:], end)
	return found && i > 0
}

// decode reads unpadded, canonical base64 of least to most bytes. Its 62nd digit, a plus
// sign by the standard, is plus.
func (b *buffer) decode(s string, plus byte, least, most int) bool {
	n := base64.RawStdEncoding.DecodedLen(len(s))
	if n < least || n > most {
		return false
	}
	var text [maxBuffer*4/3 + 3]byte
	for i := range len(s) {
		switch c := s[i]; c {
		case '\r', '\n': // the standard decoder skips them, which would be a second spelling
			return false
		case plus:
			text[i] = '+'
		case '+':
			return false
		default:
			text[i] = c
		}
	}
	got, err := strictBase64.Decode(b.room(n), text[:len(s)])
	return err == nil && got == n
}

var (
	strictBase64 = base64.RawStdEncoding.Strict()
	bcryptBase64 = base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").WithPadding(base64.NoPadding).Strict()
)

// parseBcrypt reads "$2b$12$" and 53 characters. The variants a, b and y compute the
// same for what is passed to them here.
func (r *record) parseBcrypt(s string) bool {
	if len(s) != bcryptSize || s[:2] != "$2" || s[3] != '$' || s[6] != '$' ||
		strings.IndexByte("abxy", s[2]) < 0 || !isDigit(s[4]) || !isDigit(s[5]) {
		return false
	}
	cost := int(s[4]-'0')*10 + int(s[5]-'0')
	if cost < minCost || cost > maxCost || strings.ContainsAny(s[7:], "\r\n") {
		return false
	}
	var in [31]byte
	var out [23]byte
	if _, err := bcryptBase64.Decode(out[:], in[:copy(in[:], s[7:29])]); err != nil {
		return false
	}
	if _, err := bcryptBase64.Decode(out[:], in[:copy(in[:], s[29:])]); err != nil {
		return false
	}
	if s[2] == 'x' {
		r.input = inputSigned
	}
	r.form, r.cost = formBcrypt, cost
	copy(r.crypt[:], s)
	return true
}

func twoDigits(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }
