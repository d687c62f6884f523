// Package seal encrypts what a store keeps and must not know.
//
// Each thing is sealed for one context, such as the user it belongs to: who can write to
// the database cannot move it to another.
package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// version is the first byte of what is sealed.
const version = 1

// ErrOpen is for what was not sealed with this key for this context, or was changed.
var ErrOpen = errors.New("seal: it was sealed with another key or for something else, or was changed")

// Box seals and opens with one key: XChaCha20-Poly1305, whose nonces of 192 bits may be
// random for as many messages as there will ever be.
type Box struct{ aead cipher.AEAD }

// New returns a Box for a key of 32 random bytes.
func New(key []byte) (*Box, error) {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return &Box{aead}, nil
}

// Seal encrypts plain for a context.
func (b *Box) Seal(plain []byte, context string) []byte {
	out := make([]byte, 1+b.aead.NonceSize(), 1+b.aead.NonceSize()+len(plain)+b.aead.Overhead())
	out[0] = version
	rand.Read(out[1:])
	return b.aead.Seal(out, out[1:], plain, []byte(context))
}

// Open decrypts what Seal made for the same context.
func (b *Box) Open(sealed []byte, context string) ([]byte, error) {
	n := 1 + b.aead.NonceSize()
	if len(sealed) < n || sealed[0] != version {
		return nil, ErrOpen
	}
	plain, err := b.aead.Open(nil, sealed[1:n], sealed[n:], []byte(context))
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}
