package account

import (
	"time"

	"github.com/sallyport-dev/sallyport/token"
)

// Tokens is the answer to a login and to a refresh (RFC 6749 §5.1). In cookie mode it
// holds no token.
type Tokens struct {
	AccessToken string `json:"access_token,omitzero"`
	TokenType   string `json:"token_type"`
	// ExpiresIn is the access token's life in seconds.
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitzero"`
	Scope        string `json:"scope,omitzero"`
	// DeviceToken, sent along with the next login on this device, keeps strangers who
	// guess at the password from slowing that login down.
	DeviceToken string `json:"device_token,omitzero"`
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
	AuthTime int64    `json:"auth_time"`
	Methods  []string `json:"amr"`
}

// clientID is the client of all sessions: whoever has the user's password.
const clientID = "password"

// tokensFor makes the tokens of a session as the store has just allowed it. It is for a
// transaction: what cannot be made, or not be kept by a browser, fails before the commit.
// No access token outlives its session: once the session is pruned, nothing would revoke it.
func (a *Accounts) tokensFor(u *User, s *Session) (*Tokens, error) {
	now := a.now()
	expires := a.accessUntil(now, s)
	scope := a.scopes.of(u.Roles)
	access, err := a.ring.sign(accessClaims{
		Issuer: a.name, Subject: u.ID, Audience: a.audience,
		Expires:  expires.Unix(),
		IssuedAt: now.Unix(),
		ID:       tokenID(now, s.Refresh.Current, s.Epoch), Session: s.ID, ClientID: clientID, Scope: scope,
		Roles: append([]string{}, u.Roles...), AuthTime: s.AuthTime.Unix(), Methods: s.Methods,
	}, token.AccessToken)
	if err != nil {
		return nil, err
	}
	if s.Cookie {
		if err := a.fits(access); err != nil {
			return nil, err
		}
	}
	return &Tokens{
		AccessToken: access, TokenType: "Bearer",
		ExpiresIn:    int64(max(min(expires.Sub(now), a.ttl.access), 0) / time.Second),
		RefreshToken: a.secrets.refresh.token(s.ID, s.Refresh.Current), Scope: scope,
	}, nil
}

// accessUntil returns when an access token that is made now expires, in whole seconds: after
// Config.AccessTTL, or with the session if that is earlier. What the session has left is
// measured between times of the store, whose clock may differ from this process's.
func (a *Accounts) accessUntil(now time.Time, s *Session) time.Time {
	left := earlier(s.IdleUntil, s.Expires).Sub(s.LastUsed)
	whole := a.ttl.access + time.Second // what rounding removes, so that ExpiresIn holds
	return time.Unix(now.Add(min(left, whole)).Unix(), 0)
}
