// Package account keeps who may log in: it registers users, logs them in, refreshes
// and ends their sessions, and makes the access tokens that a Gate accepts.
//
//	POST /auth/register {username, email, password}      201, the user
//	POST /auth/login    {username or email, password}    200, the tokens
//	POST /auth/refresh  {refresh_token}                  200, the next tokens
//	POST /auth/logout                                    204
//	GET  /auth/me                                        200, the user
//	GET  /.well-known/jwks.json                          200, the key that verifies
//
// It fails when composed wrongly:
//
//   - Who verifies an access token with the published key alone learns of a logout only
//     when the token expires. Ask [Accounts.Revoked] too, as the Gate does, and keep
//     [Config.AccessTTL] short for those who cannot.
//   - Two Accounts with one signing key and different stores accept each other's tokens,
//     and not each other's logouts.
//   - The client's address limits how often it may guess. Without a Gate in front, and
//     behind a proxy, every client has the proxy's address.
//   - A password that was trimmed or changed before it came here is another one.
//
// What it does not hide at this depth: registering says that a name is taken.
package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/token"
)

// Config says where accounts are kept and what their tokens say.
type Config struct {
	// Store keeps users and sessions. It is required, and stays the caller's to close,
	// after [Accounts.Close].
	Store Store
	// Issuer is the iss claim, and Audience the aud claim: the API the tokens are for.
	// Issuer is required; Audience is the Issuer when empty.
	Issuer, Audience string
	// Key signs access tokens. It is required.
	Key *token.SigningKey

	// Passwords hashes. Make one for the process; default password.New's.
	Passwords *password.Hasher
	// Policy says which new passwords are good; default password.NewPolicy's.
	Policy *password.Policy

	// Scopes is what every user's token may do; default "api".
	Scopes []string
	// RoleScopes adds scopes to those who have a role.
	RoleScopes map[string][]string
	// DefaultRoles are the roles of whoever registers; default "user".
	DefaultRoles []string

	// AccessTTL is how long an access token lives: 1 to 60 minutes, 10 by default.
	AccessTTL time.Duration
	// IdleTTL ends a session that was not refreshed for so long; default 7 days.
	IdleTTL time.Duration
	// SessionTTL ends a session in any case; default 30 days.
	SessionTTL time.Duration

	// LoginLimit bounds attempts to log in, and RegisterLimit to register, from one
	// address prefix. Defaults: "30 per 10m" and "20 per 1h".
	LoginLimit, RegisterLimit string
	// Limits keeps the counters; default this process's memory.
	Limits ratelimit.Store
	// ClosedRegistration refuses POST /auth/register: users are added by [Accounts.Add].
	ClosedRegistration bool

	// Audit gets the events of requests that came without a Gate, and of the methods
	// that administrators call. Behind a Gate, the Gate writes one event per request.
	Audit *audit.Log
	// ErrorLog gets what goes wrong with the store. Default slog.Default().
	ErrorLog *slog.Logger

	now func() time.Time
}

// ConfigError is one thing in a Config that cannot be meant.
type ConfigError struct{ Field, Value, Reason string }

func (e *ConfigError) Error() string {
	if e.Value == "" {
		return "account: " + e.Field + " " + e.Reason
	}
	return fmt.Sprintf("account: %s %q %s", e.Field, e.Value, e.Reason)
}

// Accounts is the accounts of one issuer. It is safe for concurrent use.
type Accounts struct {
	store     Store
	issuer    token.Issuer
	verifier  *token.Verifier
	key       *token.SigningKey
	jwks      document
	passwords *password.Hasher
	policy    *password.Policy
	scopes    scopes
	roles     []string
	ttl       ttls
	limits    limits
	closed    bool
	audit     *audit.Log
	errors    *slog.Logger
	now       func() time.Time

	endpoints map[string]endpoint
	revoked   view
	stop      context.CancelFunc
	stopped   sync.WaitGroup
}

type ttls struct{ access, idle, session time.Duration }

// New checks the config, reads what was revoked, and follows it from then on until
// [Accounts.Close].
func New(ctx context.Context, cfg Config) (*Accounts, error) {
	cfg.complete()
	errs := cfg.check()
	a := &Accounts{
		store: cfg.Store, key: cfg.Key, passwords: cfg.Passwords, policy: cfg.Policy, roles: slices.Clone(cfg.DefaultRoles),
		ttl:    ttls{cfg.AccessTTL, cfg.IdleTTL, cfg.SessionTTL},
		closed: cfg.ClosedRegistration, audit: cfg.Audit, errors: cfg.ErrorLog, now: cfg.now,
	}
	var err error
	if a.limits, err = newLimits(cfg); err != nil {
		errs = append(errs, err)
	}
	if a.scopes, err = newScopes(cfg.Scopes, cfg.RoleScopes); err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	a.issuer = token.Issuer{Name: cfg.Issuer, Audiences: []string{cfg.Audience}, Keys: []token.Key{cfg.Key.Key()}, RequireProfile: true}
	if a.verifier, err = token.New(token.Config{Issuers: []token.Issuer{a.issuer}, Now: a.now}); err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	if a.jwks, err = newDocument(a.issuer.Keys); err != nil {
		return nil, fmt.Errorf("account: Key: %w", err)
	}
	a.endpoints = a.routes()
	if err := a.follow(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

func (c *Config) complete() {
	if c.Audience == "" {
		c.Audience = c.Issuer
	}
	if c.Scopes == nil {
		c.Scopes = []string{"api"}
	}
	if c.DefaultRoles == nil {
		c.DefaultRoles = []string{"user"}
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&c.AccessTTL, 10 * time.Minute}, {&c.IdleTTL, 7 * 24 * time.Hour}, {&c.SessionTTL, 30 * 24 * time.Hour}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if c.LoginLimit == "" {
		c.LoginLimit = "30 per 10m"
	}
	if c.RegisterLimit == "" {
		c.RegisterLimit = "20 per 1h"
	}
	if c.ErrorLog == nil {
		c.ErrorLog = slog.Default()
	}
	if c.now == nil {
		c.now = time.Now
	}
}

func (c *Config) check() (errs []error) {
	add := func(field, value, reason string) { errs = append(errs, &ConfigError{field, value, reason}) }
	if c.Store == nil {
		add("Store", "", "is missing: open one, such as sqlite.Open's")
	}
	if c.Issuer == "" {
		add("Issuer", "", "is missing: write the address of this API, such as https://api.example.com")
	}
	if c.Key == nil {
		add("Key", "", "is missing: take token.LoadOrCreate's")
	} else if c.Key.Key().Public == nil {
		add("Key", c.Key.String(), "is symmetric: whoever verifies could also sign; use ES256")
	}
	if c.AccessTTL < time.Minute || c.AccessTTL > time.Hour {
		add("AccessTTL", c.AccessTTL.String(), "is out of bounds: write 1m to 60m")
	}
	if c.IdleTTL < c.AccessTTL || c.SessionTTL < c.IdleTTL || c.SessionTTL > 366*24*time.Hour {
		add("SessionTTL", c.SessionTTL.String(), "does not fit: AccessTTL ≤ IdleTTL ≤ SessionTTL ≤ 366 days")
	}
	if err := checkRoles(c.DefaultRoles); err != nil {
		errs = append(errs, err)
	}
	var err error
	if c.Passwords == nil {
		if c.Passwords, err = password.New(password.Config{}); err != nil {
			errs = append(errs, err)
		}
	}
	if c.Policy == nil {
		if c.Policy, err = password.NewPolicy(password.PolicyConfig{}); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// Issuer is how a verifier knows the tokens made here.
func (a *Accounts) Issuer() token.Issuer {
	in := a.issuer
	in.Audiences, in.Keys = slices.Clone(in.Audiences), slices.Clone(in.Keys)
	return in
}

// Paths are the addresses ServeHTTP answers at, and whether each needs a token.
func (a *Accounts) Paths() map[string]bool {
	out := map[string]bool{}
	for path, e := range a.endpoints {
		out[path] = e.guarded
	}
	return out
}
