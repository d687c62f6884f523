package password

import (
	"crypto/md5"
	"hash"
	"strings"
)

// Hashes of crypt(3) and of phpass, which WordPress used before version 6.8:
//
//	$5$<salt>$<key>   $5$rounds=5000$<salt>$<key>   SHA-256
//	$6$<salt>$<key>   $6$rounds=5000$<salt>$<key>   SHA-512
//	$P$B<salt><key>   $H$B<salt><key>               phpass
const (
	cryptAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

	cryptRounds    = 5000
	minCryptRounds = 1000
	// maxCryptBytes bounds the password, as each round is over all of it.
	maxCryptBytes = 256

	phpassSalt, phpassText, maxPHPassLog = 8, 31, 18

	// What a round takes in eighths of a KiB of argon2id.
	md5Eighths, sha256CryptEighths, sha512CryptEighths = 1, 6, 8
)

func (r *record) cryptWork() int64 {
	switch r.form {
	case formPHPass:
		return int64(r.time) * md5Eighths / 8
	case formSHA256Crypt:
		return int64(r.time) * sha256CryptEighths / 8
	}
	return int64(r.time) * sha512CryptEighths / 8
}

func (r *record) parseCrypt(s string) bool {
	switch {
	case cut(&s, "$P$"), cut(&s, "$H$"):
		return r.parsePHPass(s)
	case cut(&s, "$5$"):
		r.form = formSHA256Crypt
	case cut(&s, "$6$"):
		r.form = formSHA512Crypt
	default:
		return false
	}
	r.time = cryptRounds
	if strings.HasPrefix(s, "rounds=") && !number(&s, "rounds=", "$", maxIterations, &r.time) || r.time < minCryptRounds || r.work() > maxWork {
		return false
	}
	salt, key, _ := strings.Cut(s, "$")
	if len(salt) < 1 || len(salt) > 16 || !inCrypt(salt) {
		return false
	}
	copy(r.salt.room(len(salt)), salt)
	return r.key.unshuffle(key, r.form.digest().size)
}

func inCrypt(s string) bool { return strings.Trim(s, cryptAlphabet) == "" }

// parsePHPass reads the logarithm of the rounds, the salt and the key.
func (r *record) parsePHPass(s string) bool {
	if len(s) != phpassText || !inCrypt(s) {
		return false
	}
	logN := strings.IndexByte(cryptAlphabet, s[0])
	if logN < 7 || logN > maxPHPassLog {
		return false
	}
	r.form, r.time = formPHPass, 1<<logN
	copy(r.salt.room(phpassSalt), s[1:])
	return r.key.crypt64(s[1+phpassSalt:], md5.Size)
}

// crypt64 reads n bytes of three to four characters, the low bits first.
func (b *buffer) crypt64(s string, n int) bool {
	to := b.room(n)
	word, bits := 0, 0
	for i := range len(s) {
		digit := strings.IndexByte(cryptAlphabet, s[i])
		if digit < 0 {
			return false
		}
		word |= digit << bits
		if bits += 6; bits < 8 {
			continue
		}
		if len(to) == 0 {
			return false
		}
		to[0], to = byte(word), to[1:]
		word, bits = word>>8, bits-8
	}
	return len(to) == 0 && word == 0
}

// unshuffle reads the key of a SHA-crypt, whose bytes are written in an order of their own.
func (b *buffer) unshuffle(s string, size int) bool {
	var mixed buffer
	if !mixed.crypt64(s, size) {
		return false
	}
	key, third := b.room(size), size/3
	for i := range third {
		from := mixed.b[3*i:]
		x, y, z := i, i+third, i+2*third
		// Each group of four characters begins with another of the three.
		turn := i % 3
		if size == 64 {
			turn = (3 - turn) % 3
		}
		for range turn {
			x, y, z = z, x, y
		}
		key[x], key[y], key[z] = from[2], from[1], from[0]
	}
	copy(key[3*third:], mixed.b[3*third:])
	return true
}

// phpass is MD5, many times over the last digest and the password.
func phpass(text string, salt []byte, rounds uint32) []byte {
	text = text[:min(len(text), maxCryptBytes)]
	sum := md5.Sum(append(append([]byte{}, salt...), text...))
	work := append(append(make([]byte, 0, md5.Size+len(text)), sum[:]...), text...)
	for range rounds {
		sum = md5.Sum(work)
		copy(work, sum[:])
	}
	return sum[:]
}

// shaCrypt is the function of $5$ and $6$.
func shaCrypt(d digest, text string, salt []byte, rounds int) []byte {
	pw := []byte(text[:min(len(text), maxCryptBytes)])
	h := d.new()

	// A digest of all three, into which the bits of the length mix one of two.
	other := sum(h, pw, salt, pw)
	h.Reset()
	h.Write(pw)
	h.Write(salt)
	h.Write(stretch(other, len(pw)))
	for n := len(pw); n > 0; n >>= 1 {
		if n&1 == 1 {
			h.Write(other)
		} else {
			h.Write(pw)
		}
	}
	key := h.Sum(nil)

	// What stands for the password and the salt from here on.
	h.Reset()
	for range pw {
		h.Write(pw)
	}
	p := stretch(h.Sum(nil), len(pw))
	h.Reset()
	for range 16 + int(key[0]) {
		h.Write(salt)
	}
	s := stretch(h.Sum(nil), len(salt))

	for i := range rounds {
		h.Reset()
		first, last := key, p
		if i&1 == 1 {
			first, last = p, key
		}
		h.Write(first)
		if i%3 != 0 {
			h.Write(s)
		}
		if i%7 != 0 {
			h.Write(p)
		}
		h.Write(last)
		key = h.Sum(key[:0])
	}
	return key
}

func sum(h hash.Hash, parts ...[]byte) []byte {
	h.Reset()
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

// stretch repeats b up to n bytes.
func stretch(b []byte, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = b[i%len(b)]
	}
	return out
}
