package password

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"strings"
)

// The hashes of ASP.NET Core Identity are base64 of bytes that begin with their version:
//
//	0  salt (16) key (32)                                          PBKDF2-SHA1, 1000 iterations
//	1  digest (4) iterations (4) size of the salt (4) salt key     PBKDF2; numbers are big-endian
const (
	identity2Size  = 1 + 16 + 32
	identity3Front = 1 + 4 + 4 + 4
	identityMost   = identity3Front + 2*maxBuffer
)

func (r *record) parseIdentity(s string) bool {
	var text [(identityMost + 2) / 3 * 4]byte
	var raw [identityMost + 2]byte
	if len(s) > len(text) || strings.ContainsAny(s, "\r\n") {
		return false
	}
	n, err := paddedBase64.Decode(raw[:], text[:copy(text[:], s)])
	if err != nil || n < identity2Size {
		return false
	}
	switch b := raw[:n]; b[0] {
	case 0:
		r.form, r.time = formPBKDF2SHA1, 1000
		return n == identity2Size && r.parts(b[1:], 16)
	case 1:
		return r.identity3(b)
	}
	return false
}

func (r *record) identity3(b []byte) bool {
	number := func(i int) uint32 { return binary.BigEndian.Uint32(b[i:]) }
	digest, salt := number(1), number(9)
	r.time = number(5)
	if digest > 2 || r.time == 0 || r.time > maxIterations || salt > maxBuffer {
		return false
	}
	r.form = [...]form{formPBKDF2SHA1, formPBKDF2SHA256, formPBKDF2SHA512}[digest]
	return r.work() <= maxWork && r.parts(b[identity3Front:], int(salt))
}

// parts divides b into a salt of n bytes and a key.
func (r *record) parts(b []byte, n int) bool {
	key := len(b) - n
	if n < minSalt || key < minKey || key > maxBuffer {
		return false
	}
	copy(r.salt.room(n), b)
	copy(r.key.room(key), b[n:])
	return r.cutKey()
}

// parseFirebase reads "v=1,n=14,r=8,p=1,ss=Bw==,sk=<signer key>$salt$key". Firebase derives an
// AES key from the password by scrypt, and stores the project's signer key encrypted by it in
// counter mode. What is compared here is the key stream, for which the signer key is not needed
// any more.
func (r *record) parseFirebase(s string) bool {
	var logN, blocks, threads uint32
	if !number(&s, "v=1,n=", ",", maxLogN, &logN) || !number(&s, "r=", ",", maxBlocks, &blocks) ||
		!number(&s, "p=", ",ss=", maxThreads, &threads) || !r.scrypt(int(logN), blocks, threads) {
		return false
	}
	separator, s, found := strings.Cut(s, ",sk=")
	signer, s, foundSigner := strings.Cut(s, "$")
	salt, stored, foundSalt := strings.Cut(s, "$")
	var front, behind, key buffer
	if !found || !foundSigner || !foundSalt ||
		!front.padded(salt, '+', 1, maxBuffer/2) || !behind.padded(separator, '+', 0, maxBuffer/2) ||
		!key.padded(signer, '+', minKey, maxBuffer) || !r.key.padded(stored, '+', int(key.n), int(key.n)) {
		return false
	}
	r.form = formFirebase
	n := int(front.n)
	r.salt.room(n + int(behind.n))
	copy(r.salt.b[:], front.bytes())
	copy(r.salt.b[n:], behind.bytes())
	subtle.XORBytes(r.key.bytes(), r.key.bytes(), key.bytes())
	return true
}

// firebaseStream is the key stream of AES-256 in counter mode from zero.
func firebaseStream(key []byte, n int) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, n)
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(out, out)
	return out, nil
}
