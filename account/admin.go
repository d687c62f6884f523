package account

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/visit"
)

// Admin answers the API for administrators, under /admin/api/. It is for a listener of
// its own, that the world does not reach: [Accounts.ServeHTTP] knows none of it. Whoever
// calls it needs an access token of a user who has the role "admin" and has logged in
// with a second factor, and to change something, has done so lately.
func (a *Accounts) Admin() http.Handler { return a.admin }

// adminHandling answers requests of one pattern.
type adminHandling struct {
	pattern string
	handle  func(w http.ResponseWriter, r *http.Request) error
}

// adminTable lists the API for administrators.
func (a *Accounts) adminTable() []adminHandling {
	return []adminHandling{
		{"GET /admin/api/users", a.adminUsers},
		{"GET /admin/api/users/{id}", a.adminUser},
		{"POST /admin/api/users/{id}/disable", a.adminChange(a.adminDisable)},
		{"POST /admin/api/users/{id}/enable", a.adminChange(func(ctx context.Context, id string) error { _, err := a.SetDisabled(ctx, id, false); return err })},
		{"POST /admin/api/users/{id}/force-reset", a.adminChange(func(ctx context.Context, id string) error { _, err := a.ForceReset(ctx, id); return err })},
		{"POST /admin/api/users/{id}/remove-mfa", a.adminChange(func(ctx context.Context, id string) error { _, err := a.RemoveSecondFactor(ctx, id); return err })},
		{"POST /admin/api/users/{id}/end-sessions", a.adminChange(a.EndSessions)},
		{"POST /admin/api/users/{id}/roles", a.adminRoles},
		{"GET /admin/api/invites", a.adminInvites},
		{"POST /admin/api/invites", a.adminInvite},
		{"DELETE /admin/api/invites/{id}", a.adminChange(a.WithdrawInvite)},
		{"GET /admin/api/keys", a.adminKeys},
		{"GET /admin/api/limits", a.adminLimits},
		{"GET /admin/api/answers", a.adminAnswers},
		{"POST /admin/api/keys/rotate", a.adminChange(func(ctx context.Context, _ string) error { return a.RotateKeys(ctx) })},
		{"DELETE /admin/api/keys/{id}", a.adminChange(a.RevokeKey)},
	}
}

func (a *Accounts) adminRoutes() http.Handler {
	mux := http.NewServeMux()
	for _, e := range a.adminTable() {
		if !strings.HasPrefix(e.pattern, http.MethodGet+" ") {
			e.handle = a.authorized(needRecentLogin, e.handle)
		}
		mux.Handle(e.pattern, a.handler(a.audited(e.handle)))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		if err := a.limits.admin.take(w, r); err != nil {
			problem.Write(w, r, problem.From(err))
			return
		}
		p, err := a.administrator(r)
		v := &visit.Visit{ID: visit.NewID(a.now()), Client: clientOf(r), Principal: p}
		r = r.WithContext(visit.With(r.Context(), v))
		defer a.catch(w, r)
		if err != nil {
			a.refused(r, err)
			problem.Write(w, r, problem.From(a.inRealm(r, err)))
			return
		}
		_, v.Route = mux.Handler(r)
		a.serveTable(mux, w, r)
	})
}

// catch answers for a handler that panicked.
func (a *Accounts) catch(w http.ResponseWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler {
		panic(v)
	}
	a.errors.Error("panic in the handler for administrators", "panic", v, "stack", string(debug.Stack()))
	a.administered(r.Context(), audit.SysCrash, "", "panic in the handler")
	problem.Write(w, r, problem.Internal)
}

// audited records what was refused, and what was read; what was changed is recorded by
// the method that does it.
func (a *Accounts) audited(handle func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := handle(w, r)
		if err != nil {
			a.refused(r, err)
		} else if r.Method == http.MethodGet || r.Method == http.MethodHead {
			a.administered(r.Context(), audit.AuthzAdmin, r.PathValue("id"), "read")
		}
		return err
	}
}

// refused records a request that got a problem for an answer.
func (a *Accounts) refused(r *http.Request, err error) {
	p, event := problem.From(err), audit.InputFail
	switch {
	case p.Code == noToken.Code:
		event = audit.NoCredentials
	case p.Status == http.StatusUnauthorized:
		event = audit.TokenInvalid
	case p.Status == http.StatusForbidden:
		event = audit.AuthzFail
	case p.Status >= 500:
		event = audit.Overload
	}
	a.administered(r.Context(), event, r.PathValue("id"), p.Reason())
}

// administrator is who calls, if they may. Cookies are not looked at: no page of a
// browser is meant to call this.
func (a *Accounts) administrator(r *http.Request) (p visit.Principal, err error) {
	bare := r.Clone(r.Context())
	bare.Header.Del("Cookie")
	if p, err = a.caller(bare); err != nil {
		return p, err
	}
	if p.Session == "" || !p.HasRole(RoleAdmin) || !slices.Contains(p.Methods, byCode) {
		return p, notAdmin
	}
	return p, nil
}

// adminChange answers a change of what the path names.
func (a *Accounts) adminChange(f func(ctx context.Context, id string) error) func(w http.ResponseWriter, r *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		return a.do(w, r, func() error { return f(r.Context(), r.PathValue("id")) })
	}
}

// do makes a change.
func (a *Accounts) do(w http.ResponseWriter, r *http.Request, f func() error) error {
	if err := f(); err != nil {
		return a.adminError(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *Accounts) adminError(err error) error {
	if errors.Is(err, ErrNotFound) {
		return problem.NotFound
	}
	return a.explain(err)
}
