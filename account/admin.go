package account

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/visit"
)

var (
	newRoles = reads[rolesBody]()
	invites  = reads[inviteBody]()
)

type (
	rolesBody struct {
		Roles []string `json:"roles" validate:"max=32"`
	}
	inviteBody struct {
		Email string   `json:"email" validate:"max=254,email"`
		Roles []string `json:"roles" validate:"optional,max=32"`
	}
	userView struct {
		profile
		Disabled  bool `json:"disabled"`
		MustReset bool `json:"must_reset"`
	}
	signingKeyView struct {
		ID            string `json:"id"`
		Algorithm     string `json:"algorithm"`
		Created       string `json:"created"`
		SignsFrom     string `json:"signs_from"`
		VerifiesUntil string `json:"verifies_until,omitzero"`
	}
)

// Admin answers the API for administrators, under /admin/api/. It is for a listener of
// its own, that the world does not reach: [Accounts.ServeHTTP] knows none of it. Whoever
// calls it needs an access token of a user who has the role "admin" and has logged in
// with a second factor, and to change something, has done so lately.
func (a *Accounts) Admin() http.Handler { return a.admin }

func (a *Accounts) adminRoutes() http.Handler {
	mux := http.NewServeMux()
	for _, e := range []struct {
		pattern string
		handle  func(w http.ResponseWriter, r *http.Request) error
	}{
		{"GET /admin/api/users", a.adminUsers},
		{"GET /admin/api/users/{id}", a.adminUser},
		{"POST /admin/api/users/{id}/disable", a.adminChange(a.adminDisable)},
		{"POST /admin/api/users/{id}/enable", a.adminChange(func(ctx context.Context, id string) error { _, err := a.SetDisabled(ctx, id, false); return err })},
		{"POST /admin/api/users/{id}/force-reset", a.adminChange(func(ctx context.Context, id string) error { _, err := a.ForceReset(ctx, id); return err })},
		{"POST /admin/api/users/{id}/remove-mfa", a.adminChange(func(ctx context.Context, id string) error { _, err := a.RemoveSecondFactor(ctx, id); return err })},
		{"POST /admin/api/users/{id}/end-sessions", a.adminChange(a.EndSessions)},
		{"POST /admin/api/users/{id}/roles", a.adminRoles},
		{"POST /admin/api/invites", a.adminInvite},
		{"GET /admin/api/keys", a.adminKeys},
		{"POST /admin/api/keys/rotate", a.adminChange(func(ctx context.Context, _ string) error { return a.RotateKeys(ctx) })},
		{"DELETE /admin/api/keys/{id}", a.adminChange(a.RevokeKey)},
	} {
		mux.Handle(e.pattern, problem.Handler(e.handle))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		p, err := a.administrator(r)
		if err != nil {
			a.record(r, p, audit.AuthzFail, "not an administrator with a second factor")
			problem.Write(w, r, problem.From(err))
			return
		}
		serveTable(mux, w, r.WithContext(visit.With(r.Context(), &visit.Visit{Principal: p, Client: clientOf(r)})))
	})
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

// record writes what an administrator did or tried.
func (a *Accounts) record(r *http.Request, p visit.Principal, event, reason string) {
	a.audit.Emit(audit.Event{
		Name: event, Client: clientOf(r), Issuer: p.Issuer, Subject: p.Subject, Session: p.Session,
		Method: r.Method, Route: r.Pattern, Object: r.PathValue("id"), Reason: reason,
	})
}

// lately refuses a change by somebody who has not proved lately who they are.
func (a *Accounts) lately(r *http.Request) error {
	p, _ := visit.Caller(r.Context())
	if a.now().Sub(p.AuthTime) > a.ttl.reauth {
		return reauthFirst
	}
	return nil
}

// adminChange answers a change of what the path names.
func (a *Accounts) adminChange(f func(ctx context.Context, id string) error) func(w http.ResponseWriter, r *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		return a.do(w, r, func() error { return f(r.Context(), r.PathValue("id")) })
	}
}

// do makes a change, and records it.
func (a *Accounts) do(w http.ResponseWriter, r *http.Request, f func() error) error {
	if err := a.lately(r); err != nil {
		return err
	}
	if err := f(); err != nil {
		return a.adminError(err)
	}
	p, _ := visit.Caller(r.Context())
	a.record(r, p, audit.AuthzAdmin, "")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *Accounts) adminError(err error) error {
	if errors.Is(err, ErrNotFound) {
		return problem.NotFound
	}
	return a.explain(err)
}

func (a *Accounts) adminUsers(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || limit < 1 || limit > 500 {
		limit = 100
	}
	list, err := a.Users(r.Context(), UserQuery{After: q.Get("after"), Search: q.Get("search"), Limit: limit})
	if err != nil {
		return a.explain(err)
	}
	out := []userView{}
	for _, u := range list {
		f, err := a.factorOf(r.Context(), a.store, u.ID)
		if err != nil {
			return a.explain(err)
		}
		out = append(out, userView{profileOf(&u, f.Confirmed), u.Disabled, u.MustReset})
	}
	return send(w, http.StatusOK, map[string]any{"users": out})
}

func (a *Accounts) adminUser(w http.ResponseWriter, r *http.Request) error {
	u, err := a.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return a.adminError(err)
	}
	f, err := a.factorOf(r.Context(), a.store, u.ID)
	if err != nil {
		return a.explain(err)
	}
	return send(w, http.StatusOK, userView{profileOf(&u, f.Confirmed), u.Disabled, u.MustReset})
}

func (a *Accounts) adminRoles(w http.ResponseWriter, r *http.Request) error {
	in, err := newRoles.Body(r)
	if err != nil {
		return err
	}
	if err := checkRoles(in.Roles); err != nil {
		return badRole.Because(err)
	}
	return a.do(w, r, func() error {
		if !slices.Contains(in.Roles, RoleAdmin) {
			if err := a.notLast(r.Context(), r.PathValue("id")); err != nil {
				return err
			}
		}
		_, err := a.SetRoles(r.Context(), r.PathValue("id"), in.Roles)
		return err
	})
}

func (a *Accounts) adminInvite(w http.ResponseWriter, r *http.Request) error {
	in, err := invites.Body(r)
	if err != nil {
		return err
	}
	if err := checkRoles(in.Roles); err != nil {
		return badRole.Because(err)
	}
	return a.do(w, r, func() error { return a.Invite(r.Context(), in.Email, in.Roles) })
}

func (a *Accounts) adminKeys(w http.ResponseWriter, r *http.Request) error {
	list, err := a.SigningKeys(r.Context())
	if err != nil {
		return a.explain(err)
	}
	out := []signingKeyView{}
	for _, k := range list {
		v := signingKeyView{ID: k.ID, Algorithm: string(k.Algorithm), Created: shown(k.Created), SignsFrom: shown(k.SignsFrom)}
		if !k.VerifiesUntil.IsZero() {
			v.VerifiesUntil = shown(k.VerifiesUntil)
		}
		out = append(out, v)
	}
	return send(w, http.StatusOK, map[string]any{"keys": out})
}

// errLastAdmin is for what would leave nobody to call this API. The command line can do
// it all the same.
var errLastAdmin = errors.New("account: the last administrator")

func (a *Accounts) adminDisable(ctx context.Context, id string) error {
	if err := a.notLast(ctx, id); err != nil {
		return err
	}
	_, err := a.SetDisabled(ctx, id, true)
	return err
}

// notLast looks for another administrator than the one with this id, if it is one.
func (a *Accounts) notLast(ctx context.Context, id string) error {
	u, err := a.Find(ctx, id)
	if err != nil || !administers(u) {
		return err
	}
	const page = 500
	for q := (UserQuery{Limit: page}); ; {
		list, err := a.Users(ctx, q)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(list, func(o User) bool { return o.ID != u.ID && administers(o) }) {
			return nil
		}
		if len(list) < page {
			return errLastAdmin
		}
		q.After = list[page-1].ID
	}
}

func administers(u User) bool { return !u.Disabled && slices.Contains(u.Roles, RoleAdmin) }
