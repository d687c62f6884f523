package account

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/visit"
)

// none is no secret at all.
var none secret.String

func (a *Accounts) handleMe(w http.ResponseWriter, r *http.Request) error {
	p, err := a.caller(r)
	if err != nil {
		return err
	}
	u, err := a.store.User(r.Context(), p.Subject)
	if errors.Is(err, ErrNotFound) {
		return badToken
	}
	if err != nil {
		return a.explain(err)
	}
	f, err := a.factorOf(r.Context(), a.store, u.ID)
	if err != nil {
		return a.explain(err)
	}
	return send(w, http.StatusOK, profileOf(&u, f.Confirmed))
}

func profileOf(u *User, mfa bool) profile {
	return profile{u.ID, u.Username, u.Email, !u.Verified.IsZero(), append([]string{}, u.Roles...), mfa, shown(u.Created)}
}

func (a *Accounts) handleSessions(w http.ResponseWriter, r *http.Request) error {
	out := []sessionView{}
	_, err := a.self(r, func(ctx context.Context, c *change, u *User, current *Session) error {
		list, err := c.Sessions(ctx, u.ID)
		out = out[:0]
		for _, s := range list {
			if s.alive(c.now) {
				out = append(out, sessionView{s.ID, shown(s.Created), shown(s.LastUsed), shown(earlier(s.IdleUntil, s.Expires)), s.Prefix, s.Agent, s.Methods, s.ID == current.ID})
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, sessionList{out})
}

// handleEndSession ends a session of the caller's own. Another's is not there.
func (a *Accounts) handleEndSession(w http.ResponseWriter, r *http.Request) error {
	p, err := a.self(r, func(ctx context.Context, c *change, u *User, _ *Session) error {
		s, err := c.Session(ctx, r.PathValue("id"))
		if errors.Is(err, ErrNotFound) || err == nil && (s.UserID != u.ID || !s.Ended.IsZero()) {
			return problem.NotFound
		}
		if err != nil {
			return err
		}
		return c.end(ctx, &s)
	})
	if err != nil {
		return err
	}
	a.note(r, audit.SessionLogout, "one of the user's sessions", p)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// proveAgain verifies the password of whoever is logged in, and returns them. Wrong ones are
// counted for the session, and recorded as the event.
func (a *Accounts) proveAgain(r *http.Request, pw secret.String, event string) (u User, p visit.Principal, err error) {
	p, err = a.self(r, func(_ context.Context, _ *change, found *User, _ *Session) error { u = *found; return nil })
	if err != nil {
		return u, p, err
	}
	_, err = a.prove(r.Context(), inSession(u.ID, r, p.Session), u.PasswordHash, pw, a.reasonAgainst(&u, false))
	wrong, ok := refusal(err)
	if !ok {
		return u, p, a.explain(err)
	}
	answer := error(wrongCredentials)
	if wait, ok := errors.AsType[*throttled](wrong); ok {
		event, answer = audit.LoginFailMax, tooSoon(wait.wait).Because(wrong)
	}
	a.note(r, event, wrong.Error(), a.principal(u.ID, ""))
	return u, p, answer
}

func (a *Accounts) handlePasswordChange(w http.ResponseWriter, r *http.Request) error {
	in, err := changes.Body(r)
	if err != nil {
		return err
	}
	user, _, err := a.proveAgain(r, in.Current, audit.PasswordFail)
	if err != nil {
		return err
	}
	if wrong := a.weak("/new_password", in.New, user.Username, user.Email); len(wrong) > 0 {
		return invalid(wrong...)
	}
	hash, err := a.hashNew(r.Context(), "/new_password", in.New)
	if err != nil {
		return a.explain(err)
	}
	p, err := a.self(r, func(ctx context.Context, c *change, u *User, s *Session) error {
		if u.Credential != user.Credential {
			return wrongCredentials
		}
		if err := a.setPassword(ctx, c, u, hash, s.ID); err != nil {
			return err
		}
		keys, err := keysOf(ctx, c, u.ID)
		if err != nil {
			return err
		}
		return a.letter(ctx, c.Tx, u.Email, letterPasswordSet(a.app, keys))
	})
	if err != nil {
		return err
	}
	a.note(r, audit.PasswordSet, "", p)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// setPassword stores the hash of another password, ends every other session, and voids
// what was mailed before.
func (a *Accounts) setPassword(ctx context.Context, c *change, u *User, hash secret.String, keep string) error {
	u.PasswordHash, u.MustReset = hash, false
	u.Credential++
	if err := c.SetUser(ctx, *u); err != nil {
		return err
	}
	if err := void(ctx, c, u.ID, allButRevert); err != nil {
		return err
	}
	return c.endAll(ctx, u.ID, keep)
}

func (a *Accounts) handleKeys(w http.ResponseWriter, r *http.Request) error {
	out := []keyView{}
	_, err := a.self(r, func(ctx context.Context, c *change, u *User, _ *Session) error {
		list, err := keysOf(ctx, c, u.ID)
		out = out[:0]
		for _, k := range list {
			out = append(out, viewOf(k))
		}
		return err
	})
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, keyList{out})
}

func viewOf(k APIKey) keyView {
	v := keyView{ID: k.ID, Name: k.Name, Scopes: append([]string{}, k.Scopes...), Created: shown(k.Created), Expires: shown(k.Expires)}
	if !k.LastUsed.IsZero() {
		v.LastUsed = shown(k.LastUsed)
	}
	return v
}

// handleAddKey makes an API key of the caller's, whatever the body says.
func (a *Accounts) handleAddKey(w http.ResponseWriter, r *http.Request) error {
	in, err := keyRequests.Body(r)
	if err != nil {
		return err
	}
	if in.Days == nil {
		in.Days = new(defaultDays)
	}
	var text string
	var k APIKey
	p, err := a.sensitive(r, func(ctx context.Context, c *change, u *User, _ *Session) error {
		may := a.scopes.list(u.Roles)
		for _, s := range value(in.Scopes) {
			if !slices.Contains(may, s) {
				return invalid(problem.Field{Pointer: "/scopes", Code: "not_yours", Detail: "A key may have the scopes that you have, and no others."})
			}
		}
		text, k, err = a.addKey(ctx, c, u, in)
		return err
	})
	if err != nil {
		return err
	}
	a.note(r, audit.TokenCreated, "api key "+k.ID, p)
	view := viewOf(k)
	view.Key = text
	return send(w, http.StatusCreated, view)
}

func (a *Accounts) handleRevokeKey(w http.ResponseWriter, r *http.Request) error {
	p, err := a.self(r, func(ctx context.Context, c *change, u *User, _ *Session) error {
		err := c.revokeKey(ctx, u.ID, r.PathValue("id"))
		if errors.Is(err, ErrNotFound) {
			return problem.NotFound
		}
		return err
	})
	if err != nil {
		return err
	}
	a.note(r, audit.TokenRevoked, "api key", p)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
