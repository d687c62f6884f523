// Package token verifies and signs JSON Web Tokens (RFC 7519, signed as in RFC 7515),
// to the rules of RFC 8725 and its successor draft: one reading of every token, or
// none.
//
// It fails when composed wrongly:
//
//   - A key that two issuers share lets each speak for the other. Give every issuer
//     its own keys.
//   - An audience that several APIs share lets each replay the other's tokens. Name
//     this API alone.
//   - An ID token is not an access token. Keep [Issuer.Types] at its default where the
//     issuer can send at+jwt (RFC 9068); with "JWT" in the list, every signed thing
//     this issuer makes for this audience opens the door.
//   - With HS256 whoever can verify can also sign. Use it only where both ends are one
//     program.
//   - A verified token says who, not whether they still may: ask the revocation view
//     too (package account), and authorize (package authz).
//   - Tokens that were refused are an attacker's text. Log the [Reason], never the token.
//
// What a rule, a mapping or a limit reads is held to its form; a claim or a member of the
// header that nothing reads may be anything that JSON has, within [Config.MaxSize]. A name
// that is there twice is refused at any depth. What would change the meaning is refused
// rather than ignored: encryption, compression, unencoded payloads, critical extensions of
// any kind, and, but for [Verifier.VerifyBound], tokens that are bound to a key of their
// client (cnf, RFC 7800). Keys and addresses of keys in a token are never used.
package token

import (
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/secret"
)

// Bounds. Every one is checked before anything that costs.
const (
	// MaxSize is the default of Config.MaxSize, in bytes.
	MaxSize = 16 << 10
	// MaxLeeway is the most Config.Leeway may be.
	MaxLeeway = time.Minute
	// MaxIssuerLeeway is the most Issuer.Leeway may be.
	MaxIssuerLeeway = 5 * time.Minute

	defaultLeeway = 5 * time.Second
	maxText       = 255  // bytes of a claim or a member of a list that is read, of typ and kid
	maxList       = 1000 // scopes, roles, audiences, methods
	maxListItem   = 128  // bytes of a name in Keep
	maxKeep       = 16   // further claims
)

// AccessToken is the media type of access tokens (RFC 9068 §2.1), without its
// application/ prefix.
const AccessToken = "at+jwt"

// Config says whose tokens are accepted.
type Config struct {
	// Issuers are those whose tokens are accepted; at least one.
	Issuers []Issuer
	// Leeway is how far an issuer's clock may run ahead of this one, for nbf and iat.
	// Default 5 s, at most 60 s. There is none for exp: a token is dead when it says.
	Leeway time.Duration
	// MaxSize is the longest token read, in bytes. Default 16 KiB, at most 64 KiB.
	MaxSize int
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Issuer is one maker of tokens.
type Issuer struct {
	// Name is the iss claim, compared byte for byte.
	Name string
	// Audiences are the names this API goes by; a token's aud must hold one of them.
	Audiences []string
	// InsecureNoAudience accepts tokens without aud, which the issuer may have made for any
	// API. Require must then name the client (client_id, azp, appid or cid). A token that has
	// an aud must still name one of Audiences, which may be empty.
	InsecureNoAudience bool
	// Require lists claims that must have one of some values, such as the clients that may
	// call, the tenant, or the repository whose workflow it is.
	Require []Requirement
	// Types are the accepted values of the typ header, compared as media types.
	// Default at+jwt alone. "JWT" accepts tokens that say JWT or nothing.
	Types []string
	// Keys verify the signatures. Each has one algorithm. Up to four of one algorithm may
	// share an ID, or have none.
	Keys []Key
	// Source gives the keys instead, where they change, as a published set's do.
	Source KeySource
	// Claims says where the tokens of this issuer have what others have in sub, scope and
	// roles.
	Claims ClaimNames
	// Keep names further claims to read, such as "org", for limits that count by them: up
	// to 16. Each has to be a string of at most 255 printable bytes, an integer, true or
	// false; a token that has it in another form is refused, one without it, or with null,
	// is not.
	Keep []string
	// SecondFactors are the values of amr that prove a second factor. Default "otp" and
	// "mfa" (RFC 8176), and none where amr lists objects, as the words of those are the
	// issuer's own.
	SecondFactors []string
	// Leeway takes the place of Config.Leeway for this issuer: at most 5 minutes, for one
	// whose nodes are known to have clocks that far apart. 0 leaves it at Config.Leeway.
	Leeway time.Duration
	// RequireProfile asks for every claim that RFC 9068 §2.2 requires: client_id, iat
	// and jti, beside iss, exp, aud and sub, which are always required.
	RequireProfile bool
	// RequireBound refuses tokens of this issuer that are not bound to a key of their client in
	// this way. Default: bearer tokens are accepted, and bound ones where their key is confirmed.
	RequireBound Binding
}

// Key verifies signatures of exactly one algorithm.
type Key struct {
	// ID is the kid by which tokens name the key.
	ID string
	// Algorithm is the one it is for.
	Algorithm Algorithm
	// Public is an *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey.
	Public crypto.PublicKey
	// Secret is the key of HS256, HS384 or HS512: random bytes, as many as the hash has
	// or more. Text is refused, as every secret that leaked or stands in a tutorial is
	// text: decode what is written in hexadecimal or base64.
	Secret secret.Bytes
	// InsecureTextSecret takes a Secret that is text, for issuers that sign with the
	// characters of a random text. Short ones, and those with a word that tutorials use,
	// are refused all the same.
	InsecureTextSecret bool
}

// ConfigError is one thing in a Config that cannot be meant.
type ConfigError struct {
	Field, Value, Reason string
}

func (e *ConfigError) Error() string {
	if e.Value == "" {
		return "token: " + e.Field + " " + e.Reason
	}
	return fmt.Sprintf("token: %s %q %s", e.Field, e.Value, e.Reason)
}

// Verifier verifies tokens. It is immutable and safe for concurrent use.
type Verifier struct {
	issuers map[string]*issuer
	leeway  time.Duration
	maxSize int
	now     func() time.Time
}

// issuer is an Issuer made ready.
type issuer struct {
	name      string
	audiences []string
	types     []string // in lower case; "" stands for no typ
	source    KeySource
	claims    claimRules
	bound     Binding
	leeway    time.Duration // 0 for the verifier's
}

// New returns a Verifier, or every reason why the config cannot be meant.
func New(cfg Config) (*Verifier, error) {
	var errs []error
	add := func(field, value, reason string) { errs = append(errs, &ConfigError{field, value, reason}) }
	v := &Verifier{issuers: map[string]*issuer{}, leeway: cfg.Leeway, maxSize: cfg.MaxSize, now: cfg.Now}
	if v.leeway == 0 {
		v.leeway = defaultLeeway
	}
	if v.leeway < 0 || v.leeway > MaxLeeway {
		add("Leeway", cfg.Leeway.String(), "is out of bounds: write 1s to 60s, or leave it out")
	}
	if v.maxSize == 0 {
		v.maxSize = MaxSize
	}
	if v.maxSize < 256 || v.maxSize > 64<<10 {
		add("MaxSize", fmt.Sprint(cfg.MaxSize), "is out of bounds: write 256 to 65536, or leave it out")
	}
	if v.now == nil {
		v.now = time.Now
	}
	if len(cfg.Issuers) == 0 {
		add("Issuers", "", "is empty, so that no token could pass: add one")
	}
	for i, in := range cfg.Issuers {
		field := fmt.Sprintf("Issuers[%d].", i)
		if _, taken := v.issuers[in.Name]; taken {
			add(field+"Name", in.Name, "is there twice: join the two, keys and audiences")
		}
		v.issuers[in.Name] = newIssuer(in, func(name, value, reason string) { add(field+name, value, reason) })
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return v, nil
}

func newIssuer(in Issuer, add func(field, value, reason string)) *issuer {
	if in.Name == "" {
		add("Name", "", "is empty: write the iss claim of its tokens")
	} else if !plain(in.Name, maxText) {
		add("Name", in.Name, "is one that no token can have: at most 255 bytes, all of them printable")
	}
	if len(in.Audiences) == 0 && !in.InsecureNoAudience || slices.Contains(in.Audiences, "") {
		add("Audiences", "", "is empty, or holds an empty one: write the aud claim that names this API")
	} else if slices.ContainsFunc(in.Audiences, func(a string) bool { return !plain(a, maxText) }) {
		add("Audiences", "", "holds one that no token can have: at most 255 bytes, all of them printable")
	}
	out := &issuer{name: in.Name, audiences: slices.Clone(in.Audiences), leeway: in.Leeway,
		bound: in.RequireBound}
	if !in.RequireBound.known() {
		add("RequireBound", string(in.RequireBound), "is no binding: write dpop, mtls or any, or leave it out")
	}
	if in.Leeway < 0 || in.Leeway > MaxIssuerLeeway {
		add("Leeway", in.Leeway.String(), "is out of bounds: write 1s to 5m, or leave it out")
	}
	out.types = mediaTypes(in.Types)
	out.claims = newClaimRules(in, add)
	if slices.ContainsFunc(in.Types, func(t string) bool { return !plain(shortType(t), maxText) }) {
		add("Types", "", "holds one that is empty or unprintable: write JWT to accept tokens without a typ")
	}
	switch {
	case in.Source != nil && len(in.Keys) > 0:
		add("Source", "", "is set, and there are Keys as well: leave one of the two out")
	case in.Source != nil:
		out.source = in.Source
	case len(in.Keys) == 0:
		add("Keys", "", "is empty: add the issuer's keys")
	default:
		out.source = fixed{newKeySet(in.Keys, add)}
	}
	return out
}

// shortType is a media type in lower case, without the application/ prefix that may be
// left out (RFC 7515 §4.1.9).
func shortType(t string) string { return strings.TrimPrefix(strings.ToLower(t), "application/") }

// mediaTypes prepares the accepted types for comparison.
func mediaTypes(types []string) []string {
	if len(types) == 0 {
		return []string{AccessToken}
	}
	var out []string
	for _, t := range types {
		t = shortType(t)
		out = append(out, t)
		if t == "jwt" {
			out = append(out, "")
		}
	}
	return out
}
