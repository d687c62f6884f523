package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/visit"
)

// Tokens is the answer to a login and to a refresh (RFC 6749 §5.1).
type Tokens struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	// ExpiresIn is the access token's life in seconds.
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
	Scope        string `json:"scope,omitzero"`
}

// accessClaims are the claims of an access token (RFC 9068 §2.2), in this order.
type accessClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	Expires  int64    `json:"exp"`
	IssuedAt int64    `json:"iat"`
	ID       string   `json:"jti"`
	Session  string   `json:"sid"`
	ClientID string   `json:"client_id"`
	Scope    string   `json:"scope,omitzero"`
	Roles    []string `json:"roles"`
}

// clientID is the client of all sessions: whoever has the user's password.
const clientID = "password"

// tokensFor makes the tokens of a session that the store has just allowed. The access
// token is issued at the time that the contract of [Store] gives, so that a cut reaches
// exactly the tokens that were made before it.
func (a *Accounts) tokensFor(u User, s Session, refresh string) (*Tokens, error) {
	issued := s.LastUsed.Truncate(time.Second)
	if issued.Before(u.TokensFrom) {
		issued = u.TokensFrom
	}
	scope := a.scopes.of(u.Roles)
	access, err := a.key.Sign(accessClaims{
		Issuer: a.issuer.Name, Subject: u.ID, Audience: a.issuer.Audiences[0],
		Expires:  issued.Add(a.ttl.access + time.Second).Unix(), // what rounding took, so that ExpiresIn holds
		IssuedAt: issued.Unix(),
		ID:       visit.NewID(issued), Session: s.ID, ClientID: clientID, Scope: scope, Roles: append([]string{}, u.Roles...),
	}, token.AccessToken)
	if err != nil {
		return nil, err
	}
	return &Tokens{AccessToken: access, TokenType: "Bearer", ExpiresIn: int64(a.ttl.access / time.Second), RefreshToken: refresh, Scope: scope}, nil
}

// Refresh tokens are 256 random bits behind a prefix by which secret scanners know
// them. Only their hash is stored; of that many random bits a plain one is enough.
const refreshPrefix = "spr_"

func newRefresh() (raw string, hash RefreshHash) {
	var b [32]byte
	rand.Read(b[:])
	raw = refreshPrefix + base64.RawURLEncoding.EncodeToString(b[:])
	return raw, sha256.Sum256([]byte(raw))
}

var errNotRefresh = errors.New("account: not a refresh token")

// hashRefresh looks at the form first, so that a text of another kind costs no query.
func hashRefresh(raw string) (RefreshHash, error) {
	body, ok := strings.CutPrefix(raw, refreshPrefix)
	if b, err := base64.RawURLEncoding.Strict().DecodeString(body); !ok || err != nil || len(b) != 32 || len(body) != 43 {
		return RefreshHash{}, errNotRefresh
	}
	return sha256.Sum256([]byte(raw)), nil
}
