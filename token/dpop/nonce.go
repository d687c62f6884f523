package dpop

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/sallyport-dev/sallyport/secret"
)

// Bounds of NonceConfig.
const (
	// DefaultNonceLifetime is the default of NonceConfig.Lifetime.
	DefaultNonceLifetime = 5 * time.Minute

	minNonceSecret = 16
)

// NonceConfig is how nonces are made.
type NonceConfig struct {
	// Secret makes nonces that all nodes that have it accept: 16 random bytes or more. Default:
	// random, for a single process.
	Secret secret.Bytes
	// Lifetime is how long a nonce is good. Default 5 minutes; 10 s to 1 h.
	Lifetime time.Duration
}

// Nonces makes nonces (RFC 9449 §8, §9) that say when they were made, so that none has to be
// remembered: the time in seconds, and an HMAC of it.
type Nonces struct {
	key      []byte
	lifetime time.Duration
}

// nonceTime is how many bytes of a nonce are the time, and nonceMAC how many follow.
const (
	nonceTime = 8
	nonceMAC  = 16
)

var nonceEncoding = base64.RawURLEncoding.Strict()

// NewNonces returns Nonces. An error is a *[ConfigError].
func NewNonces(cfg NonceConfig) (*Nonces, error) {
	if cfg.Lifetime == 0 {
		cfg.Lifetime = DefaultNonceLifetime
	}
	if cfg.Lifetime < 10*time.Second || cfg.Lifetime > time.Hour {
		return nil, &ConfigError{Field: "Lifetime", Value: cfg.Lifetime.String(),
			Reason: "must be from 10s to 1h; leave it out for 5m"}
	}
	raw := cfg.Secret.Reveal()
	if cfg.Secret.IsZero() {
		raw = make([]byte, minNonceSecret)
		rand.Read(raw)
	}
	if len(raw) < minNonceSecret {
		return nil, &ConfigError{Field: "Secret", Value: fmt.Sprint(len(raw), " bytes"),
			Reason: "must have 16 random bytes or more"}
	}
	key, err := hkdf.Key(sha256.New, raw, nil, "sallyport dpop nonces", sha256.Size)
	if err != nil {
		return nil, err
	}
	return &Nonces{key: key, lifetime: cfg.Lifetime}, nil
}

func (n *Nonces) make(now time.Time) string {
	b := make([]byte, nonceTime, nonceTime+nonceMAC)
	binary.BigEndian.PutUint64(b, uint64(now.Unix()))
	return nonceEncoding.EncodeToString(append(b, n.mac(b)...))
}

// open returns when a nonce was made, if it is one of ours.
func (n *Nonces) open(nonce string) (made time.Time, ok bool) {
	if len(nonce) != nonceEncoding.EncodedLen(nonceTime+nonceMAC) {
		return made, false
	}
	b, err := nonceEncoding.DecodeString(nonce)
	if err != nil || len(b) != nonceTime+nonceMAC || !hmac.Equal(b[nonceTime:], n.mac(b[:nonceTime])) {
		return made, false
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b)), 0), true
}

func (n *Nonces) mac(b []byte) []byte {
	h := hmac.New(sha256.New, n.key)
	h.Write(b)
	return h.Sum(nil)[:nonceMAC]
}
