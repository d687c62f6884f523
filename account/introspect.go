package account

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/visit"
)

// ScopeIntrospect is the scope that [Config.RoleScopes] gives to those who may ask about
// tokens: other verifiers, each with an API key of a user who has such a role.
const ScopeIntrospect = "introspect"

var (
	notForm    = problem.New(http.StatusUnsupportedMediaType, "unsupported_media_type", "Send application/x-www-form-urlencoded.").With("Accept-Post", "application/x-www-form-urlencoded")
	badForm    = problem.New(http.StatusBadRequest, "invalid_form", "Send the parameter token, once.")
	notAllowed = problem.New(http.StatusForbidden, "insufficient_scope", "This needs the scope introspect.").
			Challenge(problem.Bearer{Error: "insufficient_scope", Scope: ScopeIntrospect})
)

// introspection is what RFC 7662 §2.2 has. Of a token that is not active, nothing more
// is said.
type introspection struct {
	Active   bool     `json:"active"`
	Scope    string   `json:"scope,omitzero"`
	ClientID string   `json:"client_id,omitzero"`
	Type     string   `json:"token_type,omitzero"`
	Expires  int64    `json:"exp,omitzero"`
	Subject  string   `json:"sub,omitzero"`
	Audience string   `json:"aud,omitzero"`
	Issuer   string   `json:"iss,omitzero"`
	ID       string   `json:"jti,omitzero"`
	Session  string   `json:"sid,omitzero"`
	Roles    []string `json:"roles,omitzero"`
}

// handleIntrospect tells another verifier whether a token is good now (RFC 7662).
func (a *Accounts) handleIntrospect(w http.ResponseWriter, r *http.Request) error {
	caller, err := a.caller(r)
	if err != nil {
		return err
	}
	if !caller.HasScope(ScopeIntrospect) {
		return notAllowed
	}
	text, err := formToken(w, r)
	if err != nil {
		return err
	}
	var p visit.Principal
	if IsAPIKey(text) {
		p, err = a.APIKey(r.Context(), text)
	} else {
		p, err = a.Authenticate(text)
	}
	if errors.Is(err, ErrStale) {
		return problem.Unavailable.RetryAfter(pollEvery).Because(err)
	}
	if err != nil {
		return send(w, http.StatusOK, introspection{})
	}
	return send(w, http.StatusOK, introspection{
		Active: true, Scope: strings.Join(p.Scopes, " "), ClientID: p.Client, Type: "Bearer", Expires: p.Expires.Unix(),
		Subject: p.Subject, Audience: a.audience, Issuer: p.Issuer, ID: p.Token, Session: p.Session, Roles: p.Roles,
	})
}

// handleRevoke ends what a token is for (RFC 7009). Whoever has a token may give it up:
// of a refresh token or an access token, the session; of an API key, the key. Of an
// unknown one there is nothing to end, which is a success (§2.2).
func (a *Accounts) handleRevoke(w http.ResponseWriter, r *http.Request) error {
	text, err := formToken(w, r)
	if err != nil {
		return err
	}
	who, err := a.giveUp(r, text)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return a.explain(err)
	}
	if !who.IsZero() {
		a.note(r, audit.TokenRevoked, "by its holder", who)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	return nil
}

func (a *Accounts) giveUp(r *http.Request, text string) (who visit.Principal, err error) {
	ctx := r.Context()
	if IsAPIKey(text) {
		p, err := a.APIKey(ctx, text)
		if err != nil {
			return who, unlessStale(err)
		}
		return p, a.update(ctx, p.Subject, func(c *change) error { return c.revokeKey(ctx, p.Subject, p.Token) })
	}
	if id, _, err := a.secrets.refresh.open(text); err == nil {
		s, err := a.store.Session(ctx, id)
		if err != nil {
			return who, err
		}
		return a.principal(s.UserID, id), a.EndSession(ctx, id)
	}
	p, err := a.Authenticate(text)
	if err != nil {
		return who, unlessStale(err)
	}
	return p, a.EndSession(ctx, p.Session)
}

// unlessStale is nil for a token that is no good anyway.
func unlessStale(err error) error {
	if errors.Is(err, ErrStale) {
		return err
	}
	return nil
}

// formToken reads the one parameter of both requests. token_type_hint may be left
// unread (RFC 7009 §2.1), as the forms of our tokens tell them apart.
func formToken(w http.ResponseWriter, r *http.Request) (string, error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		return "", notForm
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return "", err
		}
		return "", badForm.Because(errors.New("the form cannot be read")) // its error may quote the token
	}
	if list := r.PostForm["token"]; len(list) == 1 && list[0] != "" && !hasToken(r.URL) {
		return list[0], nil
	}
	return "", badForm
}

// hasToken reports whether a token stands in the address, where it ends up in logs.
func hasToken(u *url.URL) bool { return u.Query().Has("token") }
