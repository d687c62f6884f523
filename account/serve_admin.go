package account

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/visit"
)

var (
	newRoles = readsStrictly[rolesBody]()
	invites  = readsStrictly[inviteBody]()
)

type (
	rolesBody struct {
		Roles []string `json:"roles" validate:"max=32"`
	}
	inviteBody struct {
		Email string   `json:"email" validate:"max=254,email"`
		Roles []string `json:"roles" validate:"optional,max=32"`
	}
	inviteView struct {
		ID      string   `json:"id"`
		Email   string   `json:"email"`
		Roles   []string `json:"roles"`
		Inviter string   `json:"inviter,omitzero"`
		Created string   `json:"created"`
		Expires string   `json:"expires"`
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
	may := a.notLast
	if slices.Contains(in.Roles, RoleAdmin) {
		may = always
	}
	return a.do(w, r, func() error {
		_, err := a.setRoles(r.Context(), r.PathValue("id"), in.Roles, may)
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
	return a.do(w, r, func() error {
		p, _ := visit.Caller(r.Context())
		return a.invite(r.Context(), in.Email, in.Roles, p.Subject)
	})
}

func (a *Accounts) adminInvites(w http.ResponseWriter, r *http.Request) error {
	list, err := a.Invites(r.Context())
	if err != nil {
		return a.explain(err)
	}
	out := []inviteView{}
	for _, i := range list {
		roles := i.Roles
		if roles == nil {
			roles = a.roles
		}
		out = append(out, inviteView{i.ID, i.Email, append([]string{}, roles...), i.Inviter, shown(i.Created), shown(i.Expires)})
	}
	return send(w, http.StatusOK, map[string]any{"invites": out})
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
	_, err := a.setDisabled(ctx, id, true, a.notLast)
	return err
}

// administrators is the key under which one administrator less is decided, so that two who
// shut each other out at once do not both find the other.
const administrators = "administrators"

// notLast refuses to change the only one who could call this API.
func (a *Accounts) notLast(ctx context.Context, c *change, u *User) error {
	if err := c.Lock(ctx, administrators); err != nil {
		return err
	}
	if able, err := a.administers(ctx, c, u); err != nil || !able {
		return err
	}
	const page = 500
	for q := (UserQuery{Limit: page}); ; {
		list, err := c.Users(ctx, q)
		if err != nil {
			return err
		}
		for _, other := range list {
			if able, err := a.administers(ctx, c, &other); err != nil || able && other.ID != u.ID {
				return err
			}
		}
		if len(list) < page {
			return errLastAdmin
		}
		q.After = list[page-1].ID
	}
}

// administers reports whether a user could call this API, after a login.
func (a *Accounts) administers(ctx context.Context, in Reader, u *User) (bool, error) {
	if !a.mayLogIn(u) || !slices.Contains(u.Roles, RoleAdmin) {
		return false, nil
	}
	f, err := a.factorOf(ctx, in, u.ID)
	return f.Confirmed, err
}

func (a *Accounts) adminLimits(w http.ResponseWriter, _ *http.Request) error {
	return sendStatus(w, a.limitStatus)
}

func (a *Accounts) adminAnswers(w http.ResponseWriter, _ *http.Request) error {
	return sendStatus(w, a.answerStatus)
}

func sendStatus(w http.ResponseWriter, status func() any) error {
	if status == nil {
		return problem.NotFound
	}
	return send(w, http.StatusOK, status())
}
