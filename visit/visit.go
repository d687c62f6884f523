// Package visit is the one record of a request: who asks, from where, for what, and
// what became of it.
//
// The Gate opens a [Visit] when a request comes in, puts it into the request's
// context (it is the only value there), fills it as the request passes the rooms,
// and closes it with one audit event. A handler behind the Gate reads it with
// [From] or, for the one thing most handlers want, [Caller].
//
// A Visit belongs to the goroutine that serves the request. What another goroutine needs of
// it is copied first; it may call [Visit.Note], [Visit.NoteEvent] and [Caller], before and
// after the request has ended.
package visit

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Visit is the record of one request.
type Visit struct {
	// ID names the request in answers, in the audit log and for the upstream. The Gate
	// makes it, and no client can choose it: a UUIDv7.
	ID string
	// ClientRequest is the id that the client gave the request in X-Request-Id, if it gave
	// one that [ValidID] allows. Others may give the same one.
	ClientRequest string
	// Started is when the request came in.
	Started time.Time
	// Client is the address the request came from, by the trusted-proxy rule of
	// package clientip. It is the zero Addr when none could be told.
	Client netip.Addr
	// Secure says that the request came over TLS, here or at a trusted proxy.
	Secure bool
	// Realm names the protected space in challenges; empty outside a Gate.
	Realm string
	// Path is the path as received, still escaped.
	Path string
	// Route is the pattern of the route that took the request.
	Route string
	// ErrorBodies reports that the route lets bodies of the upstream's 5xx pass. The proxy of
	// the binary reads it.
	ErrorBodies bool
	// Principal is who the request's credential speaks for.
	Principal Principal

	// Event is the audit event the request ends with, in the OWASP vocabulary;
	// empty when nothing happened that matters.
	Event string
	// Reason is why, for the audit log only. A client never sees it.
	Reason string
	// About is whom the event is about, where that is not the caller: the user somebody
	// tried to log in as.
	About *Principal
	// Status is the HTTP status that was sent.
	Status int

	mu    sync.Mutex
	ended bool
}

// Note sets the Reason, unless there is one or the request has ended. It may be called from
// any goroutine, such as that of a handler behind http.TimeoutHandler.
func (v *Visit) Note(reason string) { v.NoteEvent("", reason) }

// NoteEvent is Note, and sets the Event as well if it is not empty.
func (v *Visit) NoteEvent(event, reason string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ended {
		return
	}
	if event != "" {
		v.Event = event
	}
	if v.Reason == "" {
		v.Reason = reason
	}
}

// End makes Note and NoteEvent do nothing any more. It is called when the handler has
// returned: the Visit is then read.
func (v *Visit) End() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ended = true
}

// Principal is an authenticated caller. The zero value is nobody.
type Principal struct {
	// Issuer and Subject together name the caller; a Subject alone does not, as two
	// issuers may use the same one.
	Issuer, Subject string
	// Client is the OAuth client the token was made for, when it names one.
	Client string
	// Session and Token are the ids (sid and jti) by which the credential can be
	// revoked.
	Session, Token string
	// Key is the id of the key that verified the credential, where it has one (kid).
	Key string
	// Scopes and Roles are what the caller may do.
	Scopes, Roles []string
	// Methods are the ways the caller proved who they are (amr, RFC 8176), such as "pwd"
	// and "otp", and AuthTime is when they last did, if the credential says so.
	Methods  []string
	AuthTime time.Time
	// Expires is when the credential ends.
	Expires time.Time
	// SecondFactor reports whether Methods prove a second factor, by what the issuer of the
	// credential calls one.
	SecondFactor bool
	// Claims are further text claims, those that a token's issuer is asked to keep.
	Claims map[string]string
	// Unread names claims of the credential that are not read as they have another form,
	// each with the rule it breaks: for the audit log, where a rule misses one of them.
	Unread []string
}

// clockMargin is how far the clocks of the machines that write and compare times may differ.
const clockMargin = 5 * time.Minute

// Recent reports whether at is at most within before now. A time more than 5 minutes in the
// future is not recent, as now comes from a clock that was set back: how long ago at was
// cannot be told.
func Recent(at, now time.Time, within time.Duration) bool {
	age := now.Sub(at)
	return age <= within && age >= -clockMargin
}

// IsZero reports whether p is nobody.
func (p Principal) IsZero() bool { return p.Subject == "" }

// HasScope reports whether p holds the scope, compared exactly.
func (p Principal) HasScope(scope string) bool { return slices.Contains(p.Scopes, scope) }

// HasRole reports whether p holds the role, compared exactly.
func (p Principal) HasRole(role string) bool { return slices.Contains(p.Roles, role) }

// Claim returns the text claims a rule may compare: iss, sub, sid, jti, client_id, and
// those in Claims. Another name, or a claim the credential lacks, is not ok.
func (p Principal) Claim(name string) (value string, ok bool) {
	switch name {
	case "iss":
		value = p.Issuer
	case "sub":
		value = p.Subject
	case "sid":
		value = p.Session
	case "jti":
		value = p.Token
	case "client_id":
		value = p.Client
	default:
		value = p.Claims[name]
	}
	return value, value != ""
}

type key struct{}

// With returns a context that carries v.
func With(ctx context.Context, v *Visit) context.Context {
	return context.WithValue(ctx, key{}, v)
}

// From returns the visit ctx carries, or nil outside a Gate.
func From(ctx context.Context) *Visit {
	v, _ := ctx.Value(key{}).(*Visit)
	return v
}

// Caller returns the principal of the request ctx belongs to; ok is false when the
// request is anonymous or did not pass a Gate. The lists are the caller's own to change: a
// verified token is remembered, and its lists and claims are those of the next request as
// well.
func Caller(ctx context.Context) (p Principal, ok bool) {
	if v := From(ctx); v != nil {
		p = v.Principal
		p.Scopes, p.Roles, p.Methods = slices.Clone(p.Scopes), slices.Clone(p.Roles), slices.Clone(p.Methods)
		p.Claims, p.Unread = maps.Clone(p.Claims), slices.Clone(p.Unread)
	}
	return p, !p.IsZero()
}
