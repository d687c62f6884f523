// Package account keeps who may log in: it registers users, logs them in, refreshes and
// ends their sessions, keeps their second factors and API keys, and makes the access
// tokens that a Gate accepts. The requests it answers, and with what, are in the OpenAPI
// document it serves at /auth/openapi.json.
//
// It fails when composed wrongly:
//
//   - Who verifies an access token with the published keys alone learns of a logout only
//     when the token expires. Ask [Accounts.Revoked] or POST /auth/introspect too, as the
//     Gate does, and keep [Config.AccessTTL] short for those who cannot.
//   - Whoever has [Config.Secret] and the store can make tokens of any user. Keep the
//     two apart.
//   - The client's address is part of how guessing is counted. Without a Gate in front,
//     and behind a proxy, every client has the proxy's address.
//   - Without [Config.Mail] nobody can set a new password, and registering tells which
//     names are taken, as there is no other way to say so.
//   - A password that was trimmed or changed before it came here is another one.
package account

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/token"
)

// Config says where accounts are kept and what their tokens say.
type Config struct {
	// Store keeps everything. It is required, and stays the caller's to close, after
	// [Accounts.Close].
	Store Store
	// Secret is 32 random bytes or more, kept outside the store, the same in every process
	// that shares it: what is secret in the store is encrypted under it, and refresh tokens
	// are made with it. Losing it logs everybody out, and loses signing keys and second
	// factors. [secret.LoadOrCreate] keeps one in a file.
	Secret secret.Bytes
	// Issuer is the iss claim and the public address of this API, such as
	// https://api.example.com. It is required.
	Issuer string
	// Audience is the aud claim: the API the tokens are for. Default Issuer.
	Audience string
	// Realm names the protected space in challenges, where no Gate with a realm of its own
	// stands in front. Default "api".
	Realm string
	// App is what mails and authenticator apps call this service. Default: Issuer's host.
	App string
	// Page is the address of the application's page that mails link to. What is to be done
	// and the token for it follow after "#", as in "#reset=spt_...". Without a page, mails
	// hold the token alone.
	Page string

	// Algorithm signs access tokens: ES256, Ed25519 or RS256. Default ES256.
	Algorithm token.Algorithm
	// KeyRotation is how often another key takes the signing over. Default 90 days.
	KeyRotation time.Duration

	// Administer is for a process that administers accounts which another one serves, such as
	// a command. It makes, replaces and prunes nothing by itself and delivers no mail: with
	// Mail set, mails are put into the outbox. A method that only reads writes nothing. Issuer,
	// Audience, App, Page, Algorithm, KeyRotation and AccessTTL are those of the serving
	// process where they are left out here; the first four may be empty until one has served.
	Administer bool

	// Passwords hashes. Make one for the process; default password.New's.
	Passwords *password.Hasher
	// Policy says which new passwords are good; default password.NewPolicy's. App counts
	// as a word of its context.
	Policy *password.Policy
	// Breached is asked whether a new password is on a list of stolen ones, such as a
	// breached.List's Holds. Default nil: nobody is asked. What it cannot tell is taken, and
	// logged.
	Breached func(ctx context.Context, pw secret.String) (bool, error)

	// Scopes is what every user's token may do; default "api".
	Scopes []string
	// RoleScopes adds scopes to those who have a role. Scope "introspect" is for those who
	// may ask about tokens.
	RoleScopes map[string][]string
	// DefaultRoles are the roles of whoever registers; default "user".
	DefaultRoles []string

	// AccessTTL is how long an access token lives: 1 to 60 minutes, 10 by default.
	AccessTTL time.Duration
	// IdleTTL ends a session that was not refreshed for so long; default 7 days.
	IdleTTL time.Duration
	// SessionTTL ends a session in any case; default 30 days.
	SessionTTL time.Duration
	// ReauthTTL is how long after proving who they are somebody may make changes that
	// matter; default 10 minutes.
	ReauthTTL time.Duration
	// RetryWindow is how long a refresh token that was just exchanged may be sent again, by
	// a second tab or after a lost answer; default 10 s, at most a minute.
	RetryWindow time.Duration
	// StrictRefresh takes every refresh token once, whatever got lost on the way.
	StrictRefresh bool
	// FactorRecovery is how long after asking by mail a second factor that its owner has lost
	// can be removed: 24 hours to 30 days, 72 hours by default. [GroupRecovery] in Off switches
	// that off.
	FactorRecovery time.Duration
	// MaxSessions is how many sessions a user may have; one more ends the oldest. Default 20.
	MaxSessions int

	// Registration says who may register. Default [RegistrationOpen].
	Registration Registration
	// Mail sends mail, from an outbox in the store. Without it there is none: no new
	// password for who forgot theirs, no other address, no invites.
	Mail Mailer
	// InsecureUnverified lets users in before they have confirmed their address, and so
	// lets registering tell which names are taken. Without Mail it is always so.
	InsecureUnverified bool

	// Off are groups of endpoints that there are not. Under /auth/, no handler behind a
	// Gate gets what was theirs.
	Off []Group

	// TrustedOrigins are those whose pages may use cookies, beside this host's own: that of
	// the application, such as https://app.example.com beside https://api.example.com. They
	// need CORS with credentials as well.
	TrustedOrigins []string

	// LoginLimit bounds attempts to log in, and RegisterLimit to register and to be sent
	// mail, from one address prefix. Defaults: "100 per 10m" and "20 per 1h".
	LoginLimit, RegisterLimit string
	// MailLimit bounds the mails that all strangers together have sent, so that nobody's
	// many networks cost the mail server its good name. Past it, who registers or forgot a
	// password is asked to wait. Default "1000 per 1h".
	MailLimit string
	// Limits keeps the counters of these three; default this process's memory. Processes
	// that share it share the counters, as their Secret is the same.
	Limits ratelimit.Store
	// LimitStatus, when set, is what administrators read under GET /admin/api/limits, as
	// JSON: what the limits in front of the accounts do.
	LimitStatus func() any
	// AnswerStatus is the same for GET /admin/api/answers: which answers were not as an
	// OpenAPI document describes them.
	AnswerStatus func() any

	// Audit gets the events of requests that came without a Gate, and of the methods
	// that administrators call. Behind a Gate, the Gate writes one event per request.
	Audit *audit.Log
	// ErrorLog gets what goes wrong with the store and with mails. Default slog.Default().
	ErrorLog *slog.Logger

	now      func() time.Time
	patience time.Duration // instead of answerWithin
}

// Registration says who may register.
type Registration string

// Who may register.
const (
	RegistrationOpen   Registration = "open"
	RegistrationInvite Registration = "invite" // who was sent an invite
	RegistrationClosed Registration = "closed" // nobody: [Accounts.Add] makes users
)

// Accounts is the accounts of one issuer. It is safe for concurrent use.
type Accounts struct {
	store        Store
	name         string // the issuer's
	audience     string
	realm        string
	app, page    string
	secrets      secrets
	ring         *ring
	verifier     *token.Verifier
	passwords    *password.Hasher
	policy       *password.Policy
	breached     func(context.Context, secret.String) (bool, error)
	scopes       scopes
	roles        []string
	ttl          ttls
	window       time.Duration
	maxSessions  int
	registration Registration
	mail         Mailer
	outbox       *outbox
	unverified   bool
	off          []Group
	limits       limits
	limitStatus  func() any
	answerStatus func() any
	audit        *audit.Log
	errors       *slog.Logger
	now          func() time.Time
	patience     time.Duration

	mux       *http.ServeMux
	endpoints map[string]Endpoint
	admin     http.Handler
	openapi   document
	crossSite *http.CrossOriginProtection
	revoked   view
	delivered delivered
	known     knownKeys
	loops     []*loop
	stop      context.CancelFunc
	stopped   sync.WaitGroup

	administer bool
	given      Config      // as it was handed to New
	pinned     atomic.Bool // see pinSecret
	clock      storeClock
}

type ttls struct{ access, idle, session, reauth, recovery time.Duration }

// New checks the config and that Secret is the store's, which is [ErrSecret] otherwise,
// before anything is written. It reads what was revoked, and follows it from then on until
// [Accounts.Close].
func New(ctx context.Context, cfg Config) (*Accounts, error) {
	a, err := prepare(&cfg)
	if err != nil {
		return nil, err
	}
	if err := a.begin(ctx); err != nil {
		return nil, err
	}
	if a.name != "" { // which it is on a store that no process has served
		if a.verifier, err = token.New(token.Config{Issuers: []token.Issuer{a.Issuer()}, Now: a.now}); err != nil {
			return nil, err
		}
	}
	if err := a.routes(); err != nil {
		return nil, err
	}
	if err := a.follow(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// Check returns every validation error of cfg that has nothing to do with Store and Secret, which may be missing,
// and the endpoints that New would serve. By it, a program finds mistakes before it opens a store or makes a secret.
func Check(cfg Config) ([]Endpoint, error) {
	cfg.Store, cfg.Limits = struct{ Store }{}, nil // which nothing uses before New does
	if cfg.Secret.IsZero() {
		cfg.Secret = secret.NewBytes(make([]byte, minSecret)) // of which nothing is kept
	}
	a, err := prepare(&cfg)
	if err == nil {
		err = a.routes()
	}
	if err != nil {
		return nil, err
	}
	return a.Endpoints(), nil
}

// CheckSecret returns [ErrSecret] if a store holds accounts that were made with another secret. It writes nothing.
func CheckSecret(ctx context.Context, store Store, key secret.Bytes) error {
	a, err := prepare(&Config{Store: store, Secret: key, Administer: true})
	if err != nil {
		return err
	}
	_, _, err = a.checkSecret(ctx, a.store)
	return err
}

// prepare makes Accounts that have not looked into their store.
func prepare(cfg *Config) (*Accounts, error) {
	given := *cfg
	cfg.complete()
	errs := cfg.check()
	a := &Accounts{
		name: cfg.Issuer, audience: cfg.Audience, realm: cfg.Realm, app: cfg.App, page: cfg.Page,
		passwords: cfg.Passwords, policy: cfg.Policy, breached: cfg.Breached, roles: slices.Clone(cfg.DefaultRoles),
		ttl:    ttls{cfg.AccessTTL, cfg.IdleTTL, cfg.SessionTTL, cfg.ReauthTTL, cfg.FactorRecovery},
		window: cfg.RetryWindow, maxSessions: cfg.MaxSessions, registration: cfg.Registration,
		mail: cfg.Mail, unverified: cfg.InsecureUnverified || cfg.Mail == nil,
		off: slices.Clone(cfg.Off), limitStatus: cfg.LimitStatus, answerStatus: cfg.AnswerStatus,
		audit: cfg.Audit, errors: cfg.ErrorLog, now: cfg.now, patience: cfg.patience, crossSite: http.NewCrossOriginProtection(),
	}
	a.outbox = newOutbox()
	if cfg.Store != nil {
		a.store = newBoundedStore(cfg.Store, cfg.patience)
	}
	var err error
	if a.limits, err = newLimits(*cfg); err != nil {
		errs = append(errs, err)
	}
	if a.scopes, err = newScopes(cfg.Scopes, cfg.RoleScopes); err != nil {
		errs = append(errs, err)
	}
	if a.secrets, err = newSecrets(cfg.Secret); err != nil && !cfg.Secret.IsZero() {
		errs = append(errs, err)
	}
	for _, origin := range cfg.TrustedOrigins {
		if err := a.crossSite.AddTrustedOrigin(origin); err != nil {
			errs = append(errs, &ConfigError{"TrustedOrigins", origin, "is no origin: write one such as https://app.example.com"})
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	a.revoked.sessions, a.revoked.changed = map[string]ending{}, a.changed
	a.delivered.seen = map[string]sighting{}
	a.known.keys = map[string]knownKey{}
	a.ring = &ring{Accounts: a, algorithm: cfg.Algorithm, every: cfg.KeyRotation, generate: token.GenerateKey}
	a.administer, a.given = cfg.Administer, given
	return a, nil
}

// begin looks into the store, and in a process that serves makes what has to be there.
func (a *Accounts) begin(ctx context.Context) error {
	stored, _, err := a.checkSecret(ctx, a.store)
	if err != nil {
		return err
	}
	if a.administer {
		a.adopt(&a.given, stored)
		return a.ring.load(ctx)
	}
	if err := a.settle(ctx); err != nil {
		return err
	}
	return a.ring.tend(ctx)
}

// changed takes in what the feed says of other things than sessions.
func (a *Accounts) changed(r Revocation) {
	if r.Kind == KindSigningKey {
		a.ring.dirty.Store(true)
		return
	}
	a.known.drop(r)
}

// Issuer is how a verifier in this process knows the tokens made here. Its keys change
// as they are rotated. The clocks of nodes that share a store may be five minutes apart:
// then each accepts the fresh tokens of the other, for as much less or more of their time.
func (a *Accounts) Issuer() token.Issuer {
	return token.Issuer{Name: a.name, Audiences: []string{a.audience}, Source: a.ring, RequireProfile: true, Leeway: clockMargin}
}

// address is the public address of a path here.
func (a *Accounts) address(path string) string { return strings.TrimSuffix(a.name, "/") + path }

// hostOf is what a service is called by whoever gave it no name.
func hostOf(issuer string) string {
	if u, err := url.Parse(issuer); err == nil && u.Host != "" {
		return u.Hostname()
	}
	return issuer
}
