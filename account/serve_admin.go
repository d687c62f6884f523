package account

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
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
