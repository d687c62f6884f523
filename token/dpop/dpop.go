// Package dpop verifies proofs of possession (RFC 9449): that whoever sends an access token
// holds the private key that the token is bound to. A thief of the token alone has nothing.
//
// It fails when composed wrongly:
//
//   - The URLs of a [Request] must be the server's own, from its configuration. One that is made
//     from the Host field lets a server that clients also talk to pass on the proofs it got.
//   - A verified proof says who holds a key, not that the token is good: verify that first, by
//     [token.Verifier.VerifyBound], and pass its thumbprint.
//   - Nodes that share no [Replay] accept one proof once each.
//   - A proof is good once. Verify it where a request comes in, and nowhere else.
//   - A Replay in memory forgets when the process ends: a proof could then be used once more,
//     while it is younger than the window. Nonces with a random secret end with the process too.
package dpop

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/token"
)

const (
	// DefaultWindow is the default of Config.Window.
	DefaultWindow = time.Minute
	// MaxWindow is the most Config.Window may be.
	MaxWindow = 10 * time.Minute

	// Type is the media type of proofs (RFC 9449 §4.2), without its application/ prefix.
	Type = "dpop+jwt"

	// slack is how much longer a proof is remembered than any node should accept it: nodes that
	// share a Replay may differ by as much, and so may a clock that was set back.
	slack = 5 * time.Second
)

// Config is how proofs are verified.
type Config struct {
	// Window is how far iat may be from this clock, both ways. Default one minute, at most ten.
	// With Nonces, it is the nonce whose age counts, and iat is not compared.
	Window time.Duration
	// Replay remembers the proofs that were used. It is required.
	Replay Replay
	// Nonces makes every proof need a nonce of this server's. Default: none.
	Nonces *Nonces
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Replay remembers which proofs were used. It is safe for concurrent use.
type Replay interface {
	// Use notes a use, and reports whether it was the first: that Use has not reported true for
	// the same key and id for at least the time d. Of any number of calls at once it must report
	// true to one at most. id is the client's text, of up to 255 bytes.
	Use(ctx context.Context, key, id string, d time.Duration) (first bool, err error)
}

// ConfigError is one validation error of a [Config].
type ConfigError struct {
	Field, Value, Reason string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("dpop: %s %q: %s", e.Field, e.Value, e.Reason)
}

// Verifier verifies proofs. It is safe for concurrent use.
type Verifier struct {
	window time.Duration
	replay Replay
	nonces *Nonces
	clock  clock
}

// New returns a Verifier, or every validation error of cfg, joined.
func New(cfg Config) (*Verifier, error) {
	var errs []error
	if cfg.Window == 0 {
		cfg.Window = DefaultWindow
	}
	if cfg.Window < time.Second || cfg.Window > MaxWindow {
		errs = append(errs, &ConfigError{Field: "Window", Value: cfg.Window.String(),
			Reason: "must be from 1s to 10m; leave it out for 1m"})
	}
	if cfg.Replay == nil {
		errs = append(errs, &ConfigError{Field: "Replay", Reason: "is missing, so that proofs could be used twice; set one"})
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Verifier{window: cfg.Window, replay: cfg.Replay, nonces: cfg.Nonces, clock: clock{now: cfg.Now}}, nil
}

// Nonce returns a nonce for the DPoP-Nonce field (RFC 9449 §8), or "" where none are needed.
func (v *Verifier) Nonce() string {
	if v.nonces == nil {
		return ""
	}
	return v.nonces.make(v.clock.now())
}

// Field takes the proof out of a request's header fields: one DPoP field (RFC 9449 §4.3, 1).
func Field(h http.Header) (string, error) {
	switch lines := h["Dpop"]; {
	case len(lines) == 0:
		return "", ErrMissing
	case len(lines) > 1:
		return "", ErrSeveral
	default:
		return lines[0], nil
	}
}

// Request is what a proof must be for.
type Request struct {
	// Proof is the DPoP field.
	Proof string
	// Method is the request's.
	Method string
	// URLs are those by which a client may have sent the request; one of them must be the
	// proof's. They are compared without query and fragment, as RFC 3986 §6.2.2 and §6.2.3
	// normalise them.
	URLs []string
	// Token is the access token that came along; empty where one is to be issued.
	Token string
	// Thumbprint is the jkt that the token is bound to. It is required with a Token.
	Thumbprint string
}

// Verified is a good proof.
type Verified struct {
	// Thumbprint is that of the proof's key (RFC 7638).
	Thumbprint string
	// Nonce is to be sent along with the answer if it is not empty, as the proof's grows old.
	Nonce string
}

// Verify checks that the proof is one that the holder of the key made for this request and
// token, not long ago, and that it was not used before (RFC 9449 §4.3). Otherwise it returns an
// *[Error].
func (v *Verifier) Verify(ctx context.Context, r Request) (Verified, error) {
	p, err := token.ParseProof(r.Proof)
	if err != nil {
		return Verified{}, refusal(err)
	}
	if !p.HasType(Type) {
		return Verified{}, refusal(token.ErrWrongType)
	}
	// The key first: a signature of a stranger's key is not worth the work.
	if (r.Token != "" || r.Thumbprint != "") && p.Thumbprint != r.Thumbprint {
		return Verified{}, ErrWrongKey
	}
	if err := p.Verify(); err != nil {
		return Verified{}, refusal(err)
	}
	c, refused := readClaims(p.Claims)
	if refused != nil {
		return Verified{}, refused
	}
	if refused := c.holds(r); refused != nil {
		return Verified{}, refused
	}
	nonce, refused := v.inTime(c)
	if refused != nil {
		return Verified{}, refused
	}

	// Last, so that only a proof that is good in all else is remembered.
	first, err := v.replay.Use(ctx, p.Thumbprint, c.JTI, v.remember())
	switch {
	case err != nil:
		return Verified{}, &Error{Reason: Unavailable, Err: err}
	case !first:
		return Verified{}, ErrReplayed
	}
	return Verified{Thumbprint: p.Thumbprint, Nonce: nonce}, nil
}

// remember is how long a proof is remembered: from the earliest to the latest time at which it
// could be accepted.
func (v *Verifier) remember() time.Duration {
	if v.nonces != nil {
		return v.nonces.lifetime + 2*slack
	}
	return 2*v.window + slack
}

// inTime checks the age of a proof: its iat, or the nonce where they are needed (RFC 9449 §4.3,
// 10 and 11). It returns the next nonce when one is due.
func (v *Verifier) inTime(c *claims) (next string, refused *Error) {
	now, floor := v.clock.read()
	made := c.made
	if v.nonces != nil {
		var ok bool
		if made, ok = v.nonces.open(c.Nonce); !ok {
			return "", ErrNonce
		}
		age := now.Sub(made)
		if age < -slack || age > v.nonces.lifetime {
			return "", ErrNonce
		}
		if age > v.nonces.lifetime/2 {
			next = v.nonces.make(now)
		}
	} else if age := now.Sub(made); age > v.window {
		return "", ErrTooOld
	} else if -age > v.window {
		return "", ErrAhead
	}

	if !made.After(floor) {
		return "", ErrClock
	}
	v.clock.accept(made)
	return next, nil
}

// holds compares a proof with the request that it came with.
func (c *claims) holds(r Request) *Error {
	if c.HTM != r.Method {
		return ErrWrongMethod
	}
	target, ok := NormalURL(c.HTU)
	if !ok || !slices.ContainsFunc(r.URLs, func(u string) bool { own, ok := NormalURL(u); return ok && own == target }) {
		return ErrWrongURL
	}
	if r.Token != "" && c.ATH != hash(r.Token) {
		return ErrWrongToken
	}
	return nil
}

// hash is the ath of an access token (RFC 9449 §4.2).
func hash(raw string) string {
	sum := sha256.Sum256([]byte(raw))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Algorithms returns those that a proof may be signed with, as the algs of a challenge names
// them (RFC 9449 §7.1).
func Algorithms() string {
	var names []string
	for _, alg := range token.ProofAlgorithms() {
		names = append(names, string(alg))
	}
	return strings.Join(names, " ")
}
