package account

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/clientip"
	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/visit"
)

// routes makes the table ready to be looked up in.
func (a *Accounts) routes() error {
	a.mux, a.endpoints = http.NewServeMux(), map[string]Endpoint{}
	for _, h := range a.table() {
		guarded := h.need != needNothing
		if guarded {
			h.handle = a.authorized(h.need, h.handle)
		}
		if guarded || h.method != http.MethodGet { // the others answer from memory
			h.handle = a.current(h.handle)
		}
		a.mux.Handle(h.method+" "+h.pattern, a.handler(h.handle))
		a.endpoints[h.pattern] = Endpoint{h.pattern, guarded, h.free}
	}
	a.admin = a.adminRoutes()
	var err error
	a.openapi, err = newOpenAPI(a)
	return err
}

// handler turns a function that may fail into a handler whose challenges name the realm.
func (a *Accounts) handler(f func(http.ResponseWriter, *http.Request) error) http.Handler {
	return problem.Handler(func(w http.ResponseWriter, r *http.Request) error { return a.inRealm(r, f(w, r)) })
}

// inRealm puts the realm into the challenge of the problem that err holds: the Gate's, or
// without a Gate the Config's.
func (a *Accounts) inRealm(r *http.Request, err error) error {
	p, ok := errors.AsType[*problem.Problem](err)
	if !ok || p == nil {
		return err
	}
	if v := visit.From(r.Context()); v != nil && v.Realm != "" {
		return p.In(v.Realm)
	}
	return p.In(a.realm)
}

// authorized refuses a caller who may not call an endpoint before anything of the body is
// read: what an endpoint takes is for those who may call it.
func (a *Accounts) authorized(n need, next func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := a.authorize(r, n); err != nil {
			return err
		}
		return next(w, r)
	}
}

func (a *Accounts) authorize(r *http.Request, n need) error {
	p, err := a.caller(r)
	switch {
	case err != nil:
		return err
	case n >= needSession && p.Session == "":
		return sessionOnly
	case n == needRecentLogin:
		_, err = a.sensitive(r, func(context.Context, *change, *User, *Session) error { return nil })
	}
	return err
}

// current refuses at once while the store does not answer, before anybody waits for it.
func (a *Accounts) current(next func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if a.stale() {
			return problem.Unavailable.RetryAfter(pollEvery).Because(ErrStale)
		}
		return next(w, r)
	}
}

// ServeHTTP answers the account API. Behind a Gate it takes the caller the Gate has
// verified; without one it verifies the credential itself.
func (a *Accounts) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.serveTable(a.mux, w, r) }

// serveTable answers by a mux that holds whole paths only, with problems where the mux
// would write text of its own.
func (a *Accounts) serveTable(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	if _, pattern := mux.Handler(r); pattern != "" {
		ctx, cancel := context.WithTimeout(r.Context(), a.patience)
		defer cancel()
		mux.ServeHTTP(w, r.WithContext(ctx))
		return
	}
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
		asked := *r
		asked.Method = method
		if _, pattern := mux.Handler(&asked); pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 {
		problem.Write(w, r, problem.MethodNotAllowed(allowed...))
		return
	}
	problem.Write(w, r, problem.NotFound)
}

// caller is who asks: whom the Gate has verified, or whom the credential names.
func (a *Accounts) caller(r *http.Request) (p visit.Principal, err error) {
	p, ok := visit.Caller(r.Context())
	switch {
	case ok:
	case visit.From(r.Context()) != nil:
		return p, noToken
	default:
		raw, err := a.bearer(r)
		switch {
		case errors.Is(err, ErrCrossSite):
			return p, crossSite.Because(err)
		case errors.Is(err, token.ErrNoCredentials):
			return p, noToken
		case errors.Is(err, errTwice):
			return p, badCookie.Because(err)
		case errors.Is(err, token.ErrBadAuthorization):
			return p, oneToken.Because(err)
		case err == nil && IsAPIKey(raw):
			p, err = a.APIKey(r.Context(), raw)
		case err == nil:
			p, err = a.Authenticate(raw)
		}
		if errors.Is(err, ErrStale) || errors.Is(err, token.ErrNoKeys) {
			return p, problem.Unavailable.RetryAfter(pollEvery).Because(err)
		}
		if err != nil {
			return p, badToken.Because(err)
		}
	}
	if p.Issuer != a.name {
		return p, foreign
	}
	return p, nil
}

// self runs f for a user who is logged in, with a session: in a transaction of theirs.
func (a *Accounts) self(r *http.Request, f func(ctx context.Context, c *change, u *User, s *Session) error) (visit.Principal, error) {
	p, err := a.caller(r)
	if err != nil {
		return p, err
	}
	if p.Session == "" {
		return p, sessionOnly
	}
	ctx := r.Context()
	err = a.update(ctx, p.Subject, func(c *change) error {
		s, err := c.Session(ctx, p.Session)
		if errors.Is(err, ErrNotFound) || err == nil && !s.alive(c.now) {
			return badToken
		}
		if err != nil {
			return err
		}
		u, err := c.User(ctx, p.Subject)
		if err != nil {
			return err
		}
		return f(ctx, c, &u, &s)
	})
	return p, a.explain(err)
}

// sensitive is self for what only those may do who have just proved who they are.
func (a *Accounts) sensitive(r *http.Request, f func(ctx context.Context, c *change, u *User, s *Session) error) (visit.Principal, error) {
	return a.self(r, func(ctx context.Context, c *change, u *User, s *Session) error {
		if !visit.Recent(s.AuthTime, c.now, a.ttl.reauth) {
			return reauthFirst
		}
		return f(ctx, c, u, s)
	})
}

// explain turns what went wrong inside into an answer.
func (a *Accounts) explain(err error) error {
	if err == nil {
		return nil
	}
	if p, ok := errors.AsType[*problem.Problem](err); ok && p != nil {
		return p
	}
	busy, isBusy := errors.AsType[*password.BusyError](err)
	wait, isWait := errors.AsType[*throttled](err)
	switch {
	case isBusy:
		return problem.Unavailable.RetryAfter(busy.RetryAfter).Because(err)
	case isWait:
		return tooSoon(wait.wait).Because(err)
	case errors.Is(err, errCode):
		return wrongCode.Because(err)
	case errors.Is(err, errTicket):
		return wrongToken.Because(err)
	case errors.Is(err, ErrTaken):
		return taken.Because(err)
	case errors.Is(err, ErrManyKeys):
		return manyKeys.Because(err)
	case errors.Is(err, errLastAdmin):
		return lastAdmin.Because(err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return problem.Unavailable.Because(err)
	}
	a.errors.Error("the accounts store failed", "error", err)
	return problem.Unavailable.RetryAfter(pollEvery).Because(err)
}

// note puts what happened into the visit, for the Gate to write; without a Gate it is
// written here.
func (a *Accounts) note(r *http.Request, event, reason string, who visit.Principal) {
	if v := visit.From(r.Context()); v != nil {
		v.Event, v.Reason = event, reason
		if v.Principal.IsZero() {
			v.About = &who
		}
		return
	}
	a.audit.Emit(audit.Event{
		Name: event, Client: clientOf(r), Issuer: who.Issuer, Subject: who.Subject, Session: who.Session,
		Method: r.Method, Route: r.URL.Path, Reason: reason,
	})
}

// principal is how events name a user.
func (a *Accounts) principal(userID, sessionID string) visit.Principal {
	return visit.Principal{Issuer: a.name, Subject: userID, Session: sessionID}
}

// formOf is what is kept of how a request's client logs in.
func formOf(r *http.Request, cookies bool) loginForm {
	return loginForm{Prefix: clientip.Prefix(clientOf(r)).String(), Agent: agentOf(r), Cookie: cookies}
}

// agentOf is the name a program gives itself, as far as it is fit to be shown.
func agentOf(r *http.Request) string {
	name := r.UserAgent()
	name = strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, name[:min(len(name), 160)])
	return name
}
