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

func (a *Accounts) handleLogin(w http.ResponseWriter, r *http.Request) error {
	cookies, err := a.mode(r)
	if err != nil {
		return err
	}
	in, err := credentials.Body(r)
	if err != nil {
		return err
	}
	name, email := canonical(value(in.Username)), canonical(value(in.Email))
	if (name == "") == (email == "") {
		return invalid(problem.Field{Pointer: "", Code: "one_of", Detail: "Send either username or email."})
	}
	login, device := name+email, value(in.DeviceToken).Reveal()
	if cookies {
		if device, err = fromCookie(r, cookieDevice); err != nil {
			return err
		}
	}
	known, err := a.onKnownDevice(r.Context(), login, device)
	if err != nil {
		return a.explain(err)
	}
	if !known {
		if err := a.limits.login.take(w, r); err != nil {
			return err
		}
	}
	e, err := a.login(r.Context(), attempt{login, in.Password, device, clientOf(r), formOf(r, cookies)})
	if err != nil {
		return a.explain(err)
	}
	return a.enter(w, r, &e, cookies)
}

// handleSecond is the second step of a login.
func (a *Accounts) handleSecond(w http.ResponseWriter, r *http.Request) error {
	cookies, err := a.mode(r)
	if err != nil {
		return err
	}
	in, err := seconds.Body(r)
	if err != nil {
		return err
	}
	given := proof{value(in.Code), value(in.RecoveryCode)}
	if given.code.IsZero() == given.recovery.IsZero() {
		return oneProof
	}
	ticket, device := value(in.Token).Reveal(), ""
	if cookies {
		if ticket, err = fromCookie(r, cookieSecond); err != nil {
			return err
		}
		if device, err = fromCookie(r, cookieDevice); err != nil {
			return err
		}
	}
	e, err := a.second(r.Context(), second{ticket, given, clientOf(r), device, cookies})
	if err != nil {
		return a.explain(err)
	}
	if errors.Is(e.err, errTicket) { // a good one was charged when it was asked for
		if err := a.limits.login.take(w, r); err != nil {
			return err
		}
	}
	return a.enter(w, r, &e, cookies)
}

// enter answers with what an attempt came to.
func (a *Accounts) enter(w http.ResponseWriter, r *http.Request, e *entry, cookies bool) error {
	who := a.principal(e.user.ID, e.session.ID)
	switch {
	case errors.Is(e.err, errCode), errors.Is(e.err, errTicket):
		a.note(r, audit.LoginFail, e.err.Error(), who)
		return wrongCode
	case e.err != nil:
		if wait, ok := errors.AsType[*throttled](e.err); ok {
			a.note(r, audit.LoginFailMax, e.err.Error(), who)
			return tooSoon(wait.wait).Because(e.err)
		}
		a.note(r, audit.LoginFail, e.err.Error(), who)
		return wrongCredentials
	case e.second != "":
		a.note(r, audit.FactorAsked, "", who)
		answer := secondNeeded{Required: true, Token: e.second, Expires: int64(toSecond.ttl().Seconds())}
		if cookies {
			setCookie(w, cookieSecond, e.second, toSecond.ttl(), http.SameSiteStrictMode)
			answer.Token = ""
		}
		return send(w, http.StatusOK, answer)
	}
	a.note(r, audit.LoginSuccess, e.how, who)
	e.tokens.DeviceToken = e.device
	return a.hand(w, e.tokens, &e.session, cookies)
}

// hand gives the client the tokens of its session.
func (a *Accounts) hand(w http.ResponseWriter, tokens *Tokens, s *Session, cookies bool) error {
	if cookies {
		a.intoCookies(w, tokens, s.IdleUntil.Sub(s.LastUsed))
	}
	return send(w, http.StatusOK, tokens)
}

func (a *Accounts) handleRefresh(w http.ResponseWriter, r *http.Request) error {
	cookies, err := a.mode(r)
	if err != nil {
		return err
	}
	raw, err := tokenOf(r, cookies, cookieRefresh, func() (*secret.String, error) {
		in, err := refreshes.Body(r)
		return in.RefreshToken, err
	})
	if err != nil {
		return err
	}
	if raw == "" {
		return invalid(problem.Field{Pointer: "/refresh_token", Code: "required", Detail: "Send the refresh token."})
	}
	n, err := a.refresh(r.Context(), raw, cookies)
	if err != nil {
		return a.explain(err)
	}
	who := a.principal(n.session.UserID, n.session.ID)
	switch {
	case n.err == nil && n.verdict == retried:
		a.note(r, audit.TokenRetry, "the answer before must have been lost", who)
	case n.err == nil:
		a.note(r, audit.SessionRenew, "", who)
	case errors.Is(n.err, errStolen), errors.Is(n.err, errAhead):
		a.note(r, audit.TokenReuse, n.err.Error(), who)
	case errors.Is(n.err, errNotRefresh):
		a.note(r, audit.TokenInvalid, n.err.Error(), visit.Principal{})
	default:
		a.note(r, audit.SessionAfter, n.err.Error(), who)
	}
	if n.err != nil {
		if cookies {
			clearCookies(w)
		}
		return badGrant.Because(n.err)
	}
	return a.hand(w, n.tokens, &n.session, cookies)
}

// tokenOf is the token that a request is about: in cookie mode that of a cookie, and nobody reads
// the body, which may be missing. It is "" when there is none.
func tokenOf(r *http.Request, cookies bool, name string, inBody func() (*secret.String, error)) (string, error) {
	if cookies {
		return fromCookie(r, name)
	}
	token, err := inBody()
	return value(token).Reveal(), err
}

func (a *Accounts) handleLogout(w http.ResponseWriter, r *http.Request) error {
	p, err := a.caller(r)
	if err != nil {
		return err
	}
	if p.Session == "" {
		return sessionOnly
	}
	if err := a.EndSession(r.Context(), p.Session); err != nil && !errors.Is(err, ErrNotFound) {
		return a.explain(err)
	}
	return a.loggedOut(w, r, p)
}

func (a *Accounts) handleLogoutAll(w http.ResponseWriter, r *http.Request) error {
	p, err := a.self(r, func(ctx context.Context, c *change, u *User, _ *Session) error { return c.endAll(ctx, u.ID, "") })
	if err != nil {
		return err
	}
	return a.loggedOut(w, r, p)
}

func (a *Accounts) loggedOut(w http.ResponseWriter, r *http.Request, p visit.Principal) error {
	if slices.ContainsFunc(r.Cookies(), ownCookie) {
		clearCookies(w)
	}
	a.note(r, audit.SessionLogout, "", p)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// handleReauth lets a user prove again who they are: with the password, and the second
// factor where there is one.
func (a *Accounts) handleReauth(w http.ResponseWriter, r *http.Request) error {
	in, err := reauths.Body(r)
	if err != nil {
		return err
	}
	given := proof{value(in.Code), value(in.RecoveryCode)}
	if !given.code.IsZero() && !given.recovery.IsZero() {
		return oneProof
	}
	user, p, err := a.proveAgain(r, in.Password, audit.LoginFail)
	if err != nil {
		return err
	}
	guess := inSession("second factor of "+user.ID, r, p.Session)
	if err := a.chargeCode(r, guess, a.principal(user.ID, "")); err != nil {
		return err
	}
	var session Session
	var tokens *Tokens
	right := true
	p, err = a.self(r, func(ctx context.Context, c *change, u *User, s *Session) error {
		f, err := a.factorOf(ctx, c, u.ID)
		if err != nil {
			return err
		}
		methods := []string{byPassword}
		if right = true; f.Confirmed {
			if right, err = a.spendFactor(ctx, c, u, given); err != nil || !right {
				return err
			}
			methods = append(methods, byCode)
		}
		s.AuthTime, s.Methods, s.LastUsed = c.now, methods, c.now
		session = *s
		if err := c.SetSession(ctx, *s); err != nil {
			return err
		}
		// The client has shown that it has an access token of this number, and none of a later one:
		// the answer to its last refresh may have been lost.
		holds := *s
		holds.Refresh.Current, _, _ = stamp(p.Token)
		tokens, err = a.tokensFor(u, &holds)
		return err
	})
	if err != nil {
		a.withdraw(r.Context(), guess)
		return err
	}
	if !right {
		a.note(r, audit.LoginFail, errCode.Error(), p)
		return wrongCode
	}
	a.forgive(r.Context(), guess)
	a.note(r, audit.Reauth, "", p)
	tokens.RefreshToken = "" // the one the client has stays good
	if session.Cookie {
		setAccessCookie(w, tokens)
		tokens.AccessToken, tokens.TokenType = "", "Cookie"
	}
	return send(w, http.StatusOK, tokens)
}
