package password

import (
	"encoding/base64"
	"encoding/hex"
	"math/bits"
	"strings"
)

// Imported hashes are written so, with base64 padded or not unless something else is said:
//
//	$argon2i$v=19$m=4096,t=3,p=1$<salt>$<key>            PHC; unpadded
//	argon2$argon2id$v=19$m=102400,t=2,p=8$<salt>$<key>   Django
//	$pbkdf2-sha256$i=600000$<salt>$<key>                 PHC; also sha1 and sha512
//	$pbkdf2-sha256$i=600000,l=32$<salt>$<key>            PHC with the key's length
//	$pbkdf2-sha256$29000$<salt>$<key>                    passlib; . for +; also sha512, and $pbkdf2$
//	pbkdf2_sha256$600000$<salt text>$<key>               Django; also sha1
//	pbkdf2:sha256:600000$<salt text>$<hexadecimal key>   Werkzeug; also sha1 and sha512
//	{pbkdf2}<hexadecimal salt and key>                   Spring Security; also @SpringSecurity_v5_8
//	<base64 of version, digest, iterations, salt, key>   ASP.NET Core Identity, versions 2 and 3
//	$scrypt$ln=16,r=8,p=1$<salt>$<key>                   PHC
//	scrypt:32768:8:1$<salt text>$<hexadecimal key>       Werkzeug
//	scrypt$16384$<salt text>$8$1$<key>                   Django
//	{scrypt}$e0801$<salt>$<key>                          Spring Security; also @SpringSecurity_v5_8
//	<salt text>:<hexadecimal key>                        better-auth and Oslo; Lucia with s2: in front
//	$fbscrypt$v=1,n=14,r=8,p=1,ss=…,sk=…$<salt>$<key>    Firebase, as Supabase Auth writes it
//
// and as in bcrypt.go and crypt.go. Spring Security and Dovecot name the scheme in braces.

// Bounds of imported hashes, beside those of record.go: their work is at most maxWork, their
// memory at most maxMemory.
const (
	maxIterations = 1 << 22
	maxLogN       = 24
	maxBlocks     = 32

	scryptKeySize = 64 // of those that have no parameter for it

	// What an iteration of PBKDF2 takes in eighths of a KiB of argon2id, and what a KiB
	// of scrypt takes, as measured on an amd64 machine with instructions for SHA-256.
	// Without those it is twice as much.
	sha256Eighths, sha512Eighths = 2, 5
	scryptKiB                    = 3
)

func (r *record) importedWork() int64 {
	switch r.form {
	case formPBKDF2SHA1, formPBKDF2SHA256:
		return int64(r.time) * sha256Eighths / 8
	case formPBKDF2SHA512:
		return int64(r.time) * sha512Eighths / 8
	case formPHPass, formSHA256Crypt, formSHA512Crypt:
		return r.cryptWork()
	}
	return int64(r.memory) * int64(r.threads) * scryptKiB
}

func (r *record) parseImported(s string) bool {
	switch {
	case s != "" && s[0] == '{':
		return r.parseBraces(s)
	case cut(&s, "$argon2i$v=19$"):
		return r.parseArgon2(formArgon2i, s)
	case cut(&s, "argon2$argon2id$v=19$"):
		return r.parseArgon2(formArgon2id, s) && r.pepper == ""
	case cut(&s, "argon2$argon2i$v=19$"):
		return r.parseArgon2(formArgon2i, s)
	case cut(&s, "$scrypt$"):
		return r.parseScrypt(s)
	case cut(&s, "scrypt:"):
		return r.parseWerkzeugScrypt(s)
	case cut(&s, "scrypt$"):
		return r.parseDjangoScrypt(s)
	case cut(&s, "$fbscrypt$"):
		return r.parseFirebase(s)
	case strings.Contains(s, ":") && !strings.Contains(s, "$"):
		return r.parseHexScrypt(s)
	case strings.HasPrefix(s, "A"):
		return r.parseIdentity(s)
	}
	return r.parseImportedPBKDF2(s) || r.parseImportedBcrypt(s) || r.parseCrypt(s)
}

func (r *record) parseImportedPBKDF2(s string) bool {
	switch {
	case cut(&s, "$pbkdf2$"), cut(&s, "$pbkdf2-sha1$"):
		return r.parsePBKDF2(formPBKDF2SHA1, s)
	case cut(&s, "$pbkdf2-sha256$"):
		return r.parsePBKDF2(formPBKDF2SHA256, s)
	case cut(&s, "$pbkdf2-sha512$"):
		return r.parsePBKDF2(formPBKDF2SHA512, s)
	case cut(&s, "pbkdf2_sha1$"):
		return r.parseDjango(formPBKDF2SHA1, s)
	case cut(&s, "pbkdf2_sha256$"):
		return r.parseDjango(formPBKDF2SHA256, s)
	case cut(&s, "pbkdf2:sha1:"):
		return r.parseWerkzeugPBKDF2(formPBKDF2SHA1, s)
	case cut(&s, "pbkdf2:sha256:"):
		return r.parseWerkzeugPBKDF2(formPBKDF2SHA256, s)
	case cut(&s, "pbkdf2:sha512:"):
		return r.parseWerkzeugPBKDF2(formPBKDF2SHA512, s)
	}
	return false
}

// parseBraces reads a hash behind the name of its scheme, as Spring Security and Dovecot write
// it. Schemes without a hash that is slow, such as {noop} and {SSHA}, are not among them.
func (r *record) parseBraces(s string) bool {
	const v58 = "@SpringSecurity_v5_8}"
	switch {
	case cut(&s, "{bcrypt}"), cut(&s, "{BLF-CRYPT}"):
		return r.parseBcrypt(s) || r.parseImportedBcrypt(s)
	case cut(&s, "{argon2}"), cut(&s, "{argon2"+v58), cut(&s, "{ARGON2ID}"):
		return cut(&s, argon2idPrefix) && r.parseArgon2(formArgon2id, s) && r.pepper == ""
	case cut(&s, "{CRYPT}"), cut(&s, "{crypt}"), cut(&s, "{SHA256-CRYPT}"), cut(&s, "{SHA512-CRYPT}"):
		return r.parseBcrypt(s) || r.parseImportedBcrypt(s) || r.parseCrypt(s)
	case cut(&s, "{pbkdf2}"):
		return r.parseSpringPBKDF2(formPBKDF2SHA1, s, 185000, 8)
	case cut(&s, "{pbkdf2"+v58):
		return r.parseSpringPBKDF2(formPBKDF2SHA256, s, 310000, 16)
	case cut(&s, "{scrypt}"), cut(&s, "{scrypt"+v58):
		return r.parseSpringScrypt(s)
	}
	return false
}

// parsePBKDF2 reads "i=600000$salt$key", "i=600000,l=32$salt$key" and passlib's
// "29000$salt$key".
func (r *record) parsePBKDF2(f form, s string) bool {
	name, end, plus := "i=", "$", byte('+')
	front, _, _ := strings.Cut(s, "$")
	switch {
	case !strings.HasPrefix(s, name):
		name, plus = "", '.'
	case strings.Contains(front, ","):
		end = ","
	}
	var length uint32
	if !r.iterations(f, &s, name, end) || end == "," && !number(&s, "l=", "$", maxBuffer, &length) {
		return false
	}
	least, most := minKey, maxBuffer
	if plus == '.' { // of passlib's, all have one size
		least, most = f.digest().size, f.digest().size
	}
	salt, key, found := strings.Cut(s, "$")
	return found && r.salt.padded(salt, plus, minSalt, maxBuffer) && r.key.padded(key, plus, least, most) &&
		(end == "$" || int(length) == int(r.key.n)) && r.cutKey()
}

// iterations takes them from the front of s, and checks what they cost.
func (r *record) iterations(f form, s *string, name, end string) bool {
	ok := number(s, name, end, maxIterations, &r.time)
	r.form = f
	return ok && r.work() <= maxWork
}

// cutKey leaves as much of a key as the digest gives in one block. The others, which Keycloak
// and ASP.NET ask for, are blocks of their own of the same password (RFC 8018 §5.2): they cost
// the defender time, and tell an attacker nothing.
func (r *record) cutKey() bool {
	r.key.room(min(int(r.key.n), r.form.digest().size))
	return true
}

// parseDjango reads "600000$salt$key".
func (r *record) parseDjango(f form, s string) bool {
	if !r.iterations(f, &s, "", "$") {
		return false
	}
	salt, key, found := strings.Cut(s, "$")
	size := f.digest().size
	return found && r.salt.text(salt) && r.key.padded(key, '+', size, size)
}

// parseWerkzeugPBKDF2 reads "600000$salt$key".
func (r *record) parseWerkzeugPBKDF2(f form, s string) bool {
	return r.iterations(f, &s, "", "$") && r.parseWerkzeug(s, f.digest().size)
}

// parseSpringPBKDF2 reads a salt and a key of 32 bytes, in hexadecimal.
func (r *record) parseSpringPBKDF2(f form, s string, iterations uint32, salt int) bool {
	r.form, r.time = f, iterations
	return len(s) == 2*(salt+32) && r.salt.hexadecimal(s[:2*salt], salt) && r.key.hexadecimal(s[2*salt:], 32) && r.cutKey()
}

// parseScrypt reads "ln=16,r=8,p=1$salt$key".
func (r *record) parseScrypt(s string) bool {
	var logN, blocks, threads uint32
	if !number(&s, "ln=", ",", maxLogN, &logN) || !number(&s, "r=", ",", maxBlocks, &blocks) ||
		!number(&s, "p=", "$", maxThreads, &threads) || !r.scrypt(int(logN), blocks, threads) {
		return false
	}
	salt, key, found := strings.Cut(s, "$")
	return found && r.salt.padded(salt, '+', minSalt, maxBuffer) && r.key.padded(key, '+', minKey, maxBuffer)
}

// parseWerkzeugScrypt reads "32768:8:1$salt$key".
func (r *record) parseWerkzeugScrypt(s string) bool {
	var n, blocks, threads uint32
	return number(&s, "", ":", 1<<maxLogN, &n) && number(&s, "", ":", maxBlocks, &blocks) &&
		number(&s, "", "$", maxThreads, &threads) &&
		r.scryptOf(n, blocks, threads) && r.parseWerkzeug(s, scryptKeySize)
}

// parseDjangoScrypt reads "16384$salt$8$1$key".
func (r *record) parseDjangoScrypt(s string) bool {
	var n, blocks, threads uint32
	if !number(&s, "", "$", 1<<maxLogN, &n) {
		return false
	}
	salt, s, _ := strings.Cut(s, "$")
	return number(&s, "", "$", maxBlocks, &blocks) && number(&s, "", "$", maxThreads, &threads) &&
		r.scryptOf(n, blocks, threads) && r.salt.text(salt) && r.key.padded(s, '+', scryptKeySize, scryptKeySize)
}

// parseSpringScrypt reads "$e0801$salt$key": the logarithm of N, then r and p of two digits.
func (r *record) parseSpringScrypt(s string) bool {
	front, s, _ := strings.Cut(strings.TrimPrefix(s, "$"), "$")
	n := 0
	for i := range len(front) {
		digit := strings.IndexByte("0123456789abcdef", front[i])
		if digit < 0 || i == 6 || i == 0 && digit == 0 {
			return false
		}
		n = n<<4 | digit
	}
	logN, blocks, threads := n>>16, uint32(n>>8&0xff), uint32(n&0xff)
	salt, key, found := strings.Cut(s, "$")
	return found && logN >= 1 && logN <= maxLogN && blocks >= 1 && blocks <= maxBlocks && threads >= 1 && threads <= maxThreads &&
		r.scrypt(logN, blocks, threads) && r.salt.padded(salt, '+', minSalt, maxBuffer) && r.key.padded(key, '+', minKey, maxBuffer)
}

// parseHexScrypt reads "salt:key", and "s2:salt:key". The salt is used as it is written, and
// the parameters are what these libraries have: Lucia 1, with a salt of 16 letters and no "s2:",
// had smaller blocks.
func (r *record) parseHexScrypt(s string) bool {
	const shortSalt = 16
	second := cut(&s, "s2:")
	salt, key, _ := strings.Cut(s, ":")
	blocks := uint32(16)
	if !second && len(salt) == shortSalt {
		blocks = 8
	}
	r.input = inputNFKC
	return r.scrypt(14, blocks, 1) && r.salt.text(salt) && r.key.hexadecimal(key, scryptKeySize)
}

// scryptOf is scrypt for an N that is written out.
func (r *record) scryptOf(n, blocks, threads uint32) bool {
	return n > 1 && bits.OnesCount32(n) == 1 && // RFC 7914 §2
		r.scrypt(bits.TrailingZeros32(n), blocks, threads)
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

// padded is decode for base64 that may have its padding.
func (b *buffer) padded(s string, plus byte, least, most int) bool {
	if len(s)%4 == 0 {
		s = strings.TrimSuffix(strings.TrimSuffix(s, "="), "=")
	}
	return b.decode(s, plus, least, most)
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

var paddedBase64 = base64.StdEncoding.Strict()
