package ratelimit

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"
)

// Key names a bucket. Its first half says whose it is: a store keeps all keys with one
// first half together, so that it can decide about several of them at once. Make it
// with a [Keyer].
type Key [16]byte

// For returns the bucket of k's owner under a label, which is a key that a [Keyer]
// made from the label's text. Keys of one owner under different labels have one first
// half. It costs next to nothing: labels are made once, owners once a request.
func (k Key) For(label Key) Key {
	for i := len(k) / 2; i < len(k); i++ {
		k[i] ^= label[i]
	}
	return k
}

// Keyer makes keys by a keyed hash under a secret, so that no client can aim at the
// bucket of another, or at a place in a store. Keys of two secrets have nothing in
// common. The zero Keyer is ready for use and has a secret of its own; it must not be
// copied.
type Keyer struct {
	once   sync.Once
	secret [16]byte
}

// NewKeyer returns a Keyer with a new random secret, for a store that only this process
// uses.
func NewKeyer() *Keyer { return new(Keyer) }

// minSecret is the least length of a secret that processes share, in bytes.
const minSecret = 16

// NewSharedKeyer returns the Keyer of a secret. Processes that share a store have to
// share the secret, or they do not share a single bucket. It has 16 bytes at the least,
// and they are random.
func NewSharedKeyer(secret []byte) (*Keyer, error) {
	if len(secret) < minSecret {
		return nil, configError("secret", fmt.Sprint(len(secret), " bytes"), "it has 16 random bytes at the least")
	}
	derived, err := hkdf.Key(sha256.New, secret, nil, "sallyport rate limit keys", len(Keyer{}.secret))
	if err != nil {
		return nil, err
	}
	k := new(Keyer)
	k.once.Do(func() { copy(k.secret[:], derived) })
	return k, nil
}

// What a key is made from. A list of parts and a prefix never make the same key.
const (
	ofParts byte = iota
	ofPrefix
	continued
)

// Sum returns the key of a list of parts. Each part is hashed with its length: the
// lists ("ab", "c") and ("a", "bc") make two keys. It does not allocate.
func (k *Keyer) Sum(parts ...string) Key {
	h := k.start(ofParts)
	for _, p := range parts {
		h.text(p)
	}
	return h.key()
}

// Prefix returns the key of an address range under a label. It does not allocate.
func (k *Keyer) Prefix(label string, p netip.Prefix) Key {
	return k.Network(p).For(k.Sum(label))
}

// Network returns the key of an address range. Bits of p past its length do not count.
// It does not allocate.
func (k *Keyer) Network(p netip.Prefix) Key {
	h := k.start(ofPrefix)
	p = p.Masked()
	a := p.Addr().As16()
	h.bytes(a[:])
	h.byte(byte(p.Bits())) // 255 for no prefix at all
	return h.key()
}

func (k *Keyer) start(kind byte) hasher {
	k.once.Do(k.seed)
	h := hasher{n: len(k.secret)}
	copy(h.buf[:], k.secret[:])
	h.byte(kind)
	return h
}

func (k *Keyer) seed() { rand.Read(k.secret[:]) }

// hasher is SHA-256 over secret ‖ input, cut to half. What does not fit the buffer is
// hashed into a new one that starts the same way. A short input is one or two blocks
// of SHA-256, and nothing is allocated, which the standard hmac cannot promise.
// Extending a message needs the half that is cut off.
type hasher struct {
	n   int
	buf [119]byte // two blocks with the padding
}

func (h *hasher) byte(b byte) {
	h.room(1)
	h.buf[h.n] = b
	h.n++
}

func (h *hasher) text(s string) {
	h.room(8)
	binary.BigEndian.PutUint64(h.buf[h.n:], uint64(len(s)))
	h.n += 8
	for {
		n := copy(h.buf[h.n:], s)
		h.n += n
		if s = s[n:]; s == "" {
			return
		}
		h.room(1)
	}
}

func (h *hasher) bytes(b []byte) {
	h.room(len(b))
	h.n += copy(h.buf[h.n:], b)
}

// room makes space for n bytes.
func (h *hasher) room(n int) {
	if h.n+n <= len(h.buf) {
		return
	}
	sum := sha256.Sum256(h.buf[:h.n])
	h.n = len(Keyer{}.secret)
	h.buf[h.n] = continued
	h.n += 1 + copy(h.buf[h.n+1:], sum[:])
}

func (h *hasher) key() Key {
	sum := sha256.Sum256(h.buf[:h.n])
	return Key(sum[:len(Key{})])
}
