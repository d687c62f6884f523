package sallyport

import (
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/cors"
	"github.com/sallyport-dev/sallyport/headers"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// Config says what a Gate guards and how. The zero value of every field is the safe
// choice; what weakens the Gate starts with Insecure. [New] copies what it needs, so
// that changing a Config later changes nothing.
type Config struct {
	// Accounts, when set, answers under /auth/ and at its addresses under /.well-known/,
	// and its tokens, cookies and API keys are accepted until they end.
	Accounts *account.Accounts

	// Issuers are others whose tokens are accepted. A Gate needs Accounts or at least
	// one issuer, unless every route it has is public.
	Issuers []token.Issuer

	// MaxToken is the longest token read, in bytes, and TokenLeeway how far an issuer's clock
	// may run ahead of this one, for nbf and iat; see [token.Config]. Default 16 KiB, at most
	// 64 KiB, and 5 s, at most 60 s. Header fields may have 16 KiB more than MaxToken.
	MaxToken    int
	TokenLeeway time.Duration

	// PublicURLs are the addresses by which clients reach the Gate, such as
	// "https://api.example.com", with a path where a proxy in front takes one off. A DPoP proof
	// must be for one of them: the Host field of a request proves nothing. Default: the name of
	// the Accounts' issuer. Where that is a loopback address or there is none, proofs for any
	// loopback address are accepted, and no others.
	PublicURLs []string

	// DPoP adjusts how the proofs are verified that come with tokens that are bound to a key.
	DPoP DPoP

	// TokenCache is how many good tokens are remembered, so that the signature of each is
	// checked once. What is said of a token is the same with and without. Default 16384; -1
	// remembers none.
	TokenCache int

	// Routes declares what differs from the rule. The rule, for every request that no
	// route matches, is: a valid token is needed, and nothing more.
	//
	// A request must meet what the most specific route that matches it asks for, and what
	// every route asks for that a program behind the Gate may take it for. Many compare
	// paths without regard to case, make no difference of a slash at the end, or undo
	// escapes before they compare, where others leave them: for each of them, and for any
	// that does several of these, the most specific route it finds holds as well. So "GET
	// /admin" guards /Admin and /admin/, "/admin/" guards /admin, and a public route opens
	// no other spelling of what a second one guards. What is more specific in the same
	// spelling stays free of the wider: "GET /notes" is not held to "GET /notes/".
	//
	// The limits of all these routes hold, and the smallest of their MaxBody. Two that differ
	// in case or in a slash at the end alone must have the same Limit and Cost.
	Routes []Route

	// OpenAPI, when set, is the document that requests are held to, after everything else
	// has let them in: a path it does not have is a 404, a method a 405, and parameters and
	// bodies are checked. What it says under security holds as well. An operation that needs
	// a bearer token, OAuth 2 or OpenID Connect, with or without scopes, needs just that, and
	// "security: []" lets anybody in; where it says nothing, Routes decide. [New] refuses
	// whatever Routes and the document disagree on, and a route that the document does not
	// have. Addresses of the accounts are not held to it. What the document was loaded with
	// says whether answers are held to it too; those that are not as described are audit
	// events, and counted, see [openapi.Document.Answers].
	OpenAPI *openapi.Document

	// InsecureIgnoreOpenAPISecurity has Routes alone decide who may call.
	InsecureIgnoreOpenAPISecurity bool

	// Limit is how many requests one caller may make, such as "100 per 15m" or
	// "10/s burst 20". A caller is the token's subject; the client's address prefix
	// where there is no token or a bad one. Default "100 per 15m". With " shadow" behind
	// it, this limit and those below refuse nobody: what they would refuse is counted,
	// and an audit event.
	Limit string

	// ClientLimit is how many requests one address prefix may make, whoever they are
	// from: it is checked first, before any cryptography, and leaves room for many
	// callers behind one address. Default: ten times Limit.
	ClientLimit string

	// Quotas are further limits, up to 16.
	Quotas []Quota

	// Limits stores the counters. Default: this process's memory. Package redisstore has
	// one that processes share.
	Limits ratelimit.Store

	// LimitSecret makes the keys of the counters, so that no client can aim at another's:
	// 16 random bytes or more, the same in every process that shares Limits. Needed with
	// any store but a [ratelimit.Memory]. Default: random.
	LimitSecret secret.Bytes

	// LegacyRateLimitFields sends the fields X-RateLimit-Limit, -Remaining and -Reset as
	// well. For scripts of other origins, CORS.ExposedHeaders has to name them.
	LegacyRateLimitFields bool

	// TrustedProxies are the proxies in front of the Gate, whose word on the client's
	// address is taken. Default: none, and no header is read.
	TrustedProxies []netip.Prefix

	// CORS lets scripts of other origins call. Default: none.
	CORS cors.Config

	// Headers adjusts the security headers.
	Headers headers.Config

	// MaxBody is the most bytes a request body may have. Default 1 MiB.
	MaxBody int64

	// Realm names the protected space in challenges. Default "api".
	Realm string

	// InvalidTokenForbidden answers a bad token with 403, as the guide does, for
	// clients that rely on it, instead of the 401 of RFC 6750 §3.1.
	InvalidTokenForbidden bool

	// InsecureUnlimited switches Limit and ClientLimit off. A Route's own limit stays, and
	// so do Quotas.
	InsecureUnlimited bool

	// Audit gets the security events. Default: they are dropped.
	Audit *audit.Log

	// ErrorLog gets what the developer needs to see: panics with their stack.
	// Default slog.Default().
	ErrorLog *slog.Logger

	now func() time.Time
}

// Route is what holds for the requests that a pattern matches.
type Route struct {
	// Pattern is a pattern of net/http.ServeMux, such as "GET /notes/{id}". The most
	// specific one wins, whatever the order. [New] refuses those that ServeMux takes and
	// that match no request, such as "get /notes" or a host with a port.
	Pattern string

	// Public lets anybody in. No credential is read on a public route. A pattern that
	// ends in a slash or in "..." is for everything below it: "GET /" opens all that can
	// be read, "GET /{$}" the root alone.
	Public bool

	// Scopes are needed, all of them.
	Scopes []string

	// Roles are needed, any one of them.
	Roles []string

	// SecondFactor asks for a login with a second factor: "otp" among the token's amr
	// (RFC 8176).
	SecondFactor bool

	// MaxAuthAge asks for a login, or POST /auth/reauth, at most so long ago by the token's
	// auth_time. A token that does not say when is refused, and so are API keys.
	MaxAuthAge time.Duration

	// Owner names a wildcard of the pattern that must be the caller's own subject:
	// with "GET /users/{id}" and Owner "id", each user sees only their own.
	Owner string

	// AllowEncodedSlash accepts %2F in the path, which is otherwise refused: a project's
	// "group%2Fproject", or the key of an object. Patterns are matched on the segments as they
	// are written, so that {id} matches "a%2Fb", and the handler gets them so.
	//
	// Programs differ in how they read such a path, and in front of one that decodes first
	// "a%2Fb" is "a/b". A request with a form that this field or one of the next three allows is
	// held to its own route and to the rules of every path that some program reads it as: Routes,
	// the document, and for what nobody declared, the rule that a token is needed. So it opens
	// nothing, and a Public route whose wildcard takes "a%2Fb" needs one for "a/b" beside it.
	// What some program would read as a dot segment, or as an address of the accounts, is
	// refused all the same.
	AllowEncodedSlash bool

	// AllowSemicolon accepts ";" and %3B, as in "/map;v=2": servlet containers cut off what
	// follows in the segment.
	AllowSemicolon bool

	// AllowEmptySegment accepts "//", which others merge into one slash.
	AllowEmptySegment bool

	// AllowEncodedPercent accepts %25, as in "100%25", which some decode until nothing is left
	// to decode.
	AllowEncodedPercent bool

	// Limit is an own limit of this route for each caller, on top of the Config's. It
	// counts by this route's Cost.
	Limit string

	// Cost is how many requests one of this route counts as, for Limit and Quotas; the
	// highest one counts of several routes that hold for a request. What is refused as it
	// has no good token costs one, and Config.ClientLimit counts each as one. Default 1.
	Cost int

	// MaxBody replaces the Config's.
	MaxBody int64

	// InsecureErrorBodies hands on the body of an upstream's 5xx if it is JSON or XML, which may
	// show what went wrong inside. Every route that holds for a request must have it. Without
	// it, the binary's proxy sends a problem in its place. A Go handler behind the Gate sends
	// its own 5xx as it is, with or without.
	InsecureErrorBodies bool

	// InsecureUnlimited keeps requests of this route out of Config.Limit and Config.Quotas,
	// for health checks and the like. Config.ClientLimit, a Limit of the route's own, and
	// the charge for bad tokens hold all the same.
	InsecureUnlimited bool
}

// Quota is a limit beside Config.Limit and Config.ClientLimit.
type Quota struct {
	// Name is what clients know it by: a letter a to z, then up to 31 letters a to z,
	// digits, "-" and "_".
	Name string

	// Limit is how much there may be, for each key:
	//
	//	1000 per 1m              requests, as in Config.Limit; or "10/s burst 20"
	//	50000000 bytes per 1h    bytes of request bodies
	//	10 at once               requests in flight, in this process
	//
	// Bytes that are announced are charged before the handler runs, others as they are
	// read: reading then fails with a *problem.Problem once there are too many.
	Limit string

	// By says what has a bucket of its own; several make one for each combination:
	//
	//	principal     the token's subject; the address prefix of who has no good token
	//	client        the address prefix: an IPv4 address, an IPv6 /64
	//	apikey        the API key; of other requests, the principal
	//	route         the route, in all spellings that a lax upstream takes for one path
	//	claim:NAME    a text claim, see [token.Issuer]'s Keep; of a token without it, the principal
	//
	// Default: principal.
	//
	// A bucket that callers share, as it is by route or claim alone, is charged only once it
	// is known that the request is let in. Who has no good token has a bucket of its own.
	By []string
}

// ConfigError is one validation error of a Config.
type ConfigError struct {
	// Field is the path of the field, such as "Routes[2].Scopes".
	Field string
	// Value is what it holds.
	Value string
	// Reason says which rule it breaks, and what to write instead.
	Reason string

	err error // of the package that the setting belongs to, if it found the mistake
}

// Unwrap returns the error of the package that the setting belongs to, if that found the mistake.
func (e *ConfigError) Unwrap() error { return e.err }

func (e *ConfigError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("sallyport: %s: %s", e.Field, e.Reason)
	}
	return fmt.Sprintf("sallyport: %s %q: %s", e.Field, e.Value, e.Reason)
}
