package account

import (
	"context"
	"errors"
	"net/http"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/visit"
)

// endpoint is one address of the API.
type endpoint struct {
	method  string
	guarded bool
	handle  func(w http.ResponseWriter, r *http.Request) error
}

func (a *Accounts) routes() map[string]endpoint {
	return map[string]endpoint{
		"/auth/register":         {http.MethodPost, false, a.handleRegister},
		"/auth/login":            {http.MethodPost, false, a.handleLogin},
		"/auth/refresh":          {http.MethodPost, false, a.handleRefresh},
		"/auth/logout":           {http.MethodPost, true, a.handleLogout},
		"/auth/me":               {http.MethodGet, true, a.handleMe},
		"/.well-known/jwks.json": {http.MethodGet, false, a.handleJWKS},
	}
}

// ServeHTTP answers the account API. Behind a Gate it takes the caller the Gate has
// verified; without one it verifies the token itself.
func (a *Accounts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	problem.Handler(a.serve).ServeHTTP(w, r)
}

func (a *Accounts) serve(w http.ResponseWriter, r *http.Request) error {
	e, ok := a.endpoints[r.URL.Path]
	switch {
	case !ok:
		return problem.NotFound
	case r.Method == http.MethodHead && e.method == http.MethodGet:
	case r.Method != e.method:
		return problem.MethodNotAllowed(e.method)
	}
	return e.handle(w, r)
}

func (a *Accounts) handleRegister(w http.ResponseWriter, r *http.Request) error {
	if a.closed {
		return closedDoor
	}
	in, err := applications.Body(r)
	if err != nil {
		return err
	}
	// Before the limit is charged: who mends a weak password should not be shut out for
	// it.
	n := NewUser{Username: in.Username, Email: in.Email, Password: in.Password}
	if wrong := a.wrongWith(n); len(wrong) > 0 {
		return invalid(wrong...)
	}
	if err := a.limits.register.take(w, r); err != nil {
		return err
	}
	u, err := a.create(r.Context(), n)
	if err != nil {
		return a.explain(err)
	}
	a.note(r, audit.UserCreated, "registered", visit.Principal{Issuer: a.issuer.Name, Subject: u.ID})
	return send(w, http.StatusCreated, profileOf(u))
}

func (a *Accounts) handleLogin(w http.ResponseWriter, r *http.Request) error {
	in, err := credentials.Body(r)
	if err != nil {
		return err
	}
	if (in.Username == "") == (in.Email == "") {
		return invalid(problem.Field{Pointer: "", Code: "one_of", Detail: "Send either username or email."})
	}
	if err := a.limits.login.take(w, r); err != nil {
		return err
	}
	tokens, u, s, err := a.login(r.Context(), in.Username+in.Email, in.Password)
	if errors.Is(err, errUnknown) || errors.Is(err, errWrong) || errors.Is(err, errDisabled) || errors.Is(err, ErrEnded) {
		a.note(r, audit.LoginFail, err.Error(), visit.Principal{Issuer: a.issuer.Name, Subject: u.ID})
		return wrongCredentials
	}
	if err != nil {
		return a.explain(err)
	}
	a.note(r, audit.LoginSuccess, "password", visit.Principal{Issuer: a.issuer.Name, Subject: u.ID, Session: s.ID})
	return send(w, http.StatusOK, tokens)
}

func (a *Accounts) handleRefresh(w http.ResponseWriter, r *http.Request) error {
	in, err := refreshes.Body(r)
	if err != nil {
		return err
	}
	tokens, s, err := a.refresh(r.Context(), in.RefreshToken.Reveal())
	who := visit.Principal{Issuer: a.issuer.Name, Subject: s.UserID, Session: s.ID}
	switch {
	case err == nil:
		a.note(r, audit.SessionRenew, "", who)
		return send(w, http.StatusOK, tokens)
	case errors.Is(err, ErrReused):
		a.note(r, audit.TokenReuse, "a refresh token that was exchanged before", who)
	case errors.Is(err, ErrEnded):
		a.note(r, audit.SessionAfter, "a refresh token of a session that has ended", who)
	case errors.Is(err, ErrNotFound), errors.Is(err, errNotRefresh):
		a.note(r, audit.TokenInvalid, "an unknown refresh token", visit.Principal{})
	default:
		return a.explain(err)
	}
	return badGrant
}

func (a *Accounts) handleLogout(w http.ResponseWriter, r *http.Request) error {
	caller, err := a.caller(r)
	if err != nil {
		return err
	}
	if err := a.EndSession(r.Context(), caller.Session); err != nil && !errors.Is(err, ErrNotFound) {
		return a.explain(err)
	}
	a.note(r, audit.SessionLogout, "", caller)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *Accounts) handleMe(w http.ResponseWriter, r *http.Request) error {
	caller, err := a.caller(r)
	if err != nil {
		return err
	}
	u, err := a.store.UserByID(r.Context(), caller.Subject)
	if errors.Is(err, ErrNotFound) {
		return badToken
	}
	if err != nil {
		return a.explain(err)
	}
	return send(w, http.StatusOK, profileOf(u))
}

// caller is who asks: whom the Gate has verified, or whom the token names.
func (a *Accounts) caller(r *http.Request) (visit.Principal, error) {
	p, ok := visit.Caller(r.Context())
	switch {
	case ok:
	case visit.From(r.Context()) != nil:
		return p, noToken
	default:
		raw, err := token.Bearer(r.Header)
		if errors.Is(err, token.ErrNoCredentials) {
			return p, noToken
		}
		if err == nil {
			p, err = a.Authenticate(raw)
		}
		if errors.Is(err, ErrStale) {
			return p, problem.Unavailable.RetryAfter(pollEvery).Because(err)
		}
		if err != nil {
			return p, badToken.Because(err)
		}
	}
	if p.Issuer != a.issuer.Name {
		return p, foreign
	}
	return p, nil
}

// explain turns what went wrong inside into an answer.
func (a *Accounts) explain(err error) error {
	busy, isBusy := errors.AsType[*password.BusyError](err)
	switch {
	case isBusy:
		return problem.Unavailable.RetryAfter(busy.RetryAfter).Because(err)
	case errors.Is(err, ErrTaken):
		return taken.Because(err)
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
