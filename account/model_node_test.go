package account_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/internal/model"
	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/secret"
)

// modelNode is one node of a model test. It sends the requests of the model to accounts, by
// HTTP where users send them and by Go where administrators call.
type modelNode struct {
	*account.Accounts
	cfg      account.Config
	mails    *mailbox
	gate     bool         // in front
	handler  http.Handler // of the Gate, or the accounts
	requests atomic.Uint32
}

// noLimits admits everything: how often anybody may ask is no part of the model.
type noLimits struct{}

func (noLimits) Take(_ context.Context, _ ratelimit.Key, l ratelimit.Limit, _ int) (ratelimit.Decision, error) {
	return ratelimit.Decision{Allowed: true, Limit: l.Quota(), Remaining: l.Quota()}, nil
}

func newModelNode(ctx context.Context, store account.Store, now func() time.Time, gate bool) (*modelNode, error) {
	hasher, err := password.New(password.Config{Memory: 64, Time: 1, InsecureWeakParameters: true})
	if err != nil {
		return nil, err
	}
	log, err := audit.New(audit.Config{Out: io.Discard, App: "model"})
	if err != nil {
		return nil, err
	}
	n := &modelNode{mails: &mailbox{}, gate: gate}
	n.cfg = account.Config{
		Store: failingStore{store}, Issuer: issuer, Secret: theSecret, Passwords: hasher, Mail: n.mails, Limits: noLimits{},
		Page: "https://app.example/account", MaxSessions: 1000, Audit: log, ErrorLog: slog.New(slog.DiscardHandler),
	}
	account.SetClock(&n.cfg, now)
	account.SetPatience(&n.cfg, time.Hour)
	return n, n.start(ctx)
}

// start makes the accounts, and the Gate.
func (n *modelNode) start(ctx context.Context) error {
	a, err := account.New(ctx, n.cfg)
	if err != nil {
		return err
	}
	n.Accounts, n.handler = a, a
	if !n.gate {
		return nil
	}
	g, err := sallyport.New(sallyport.Config{
		Accounts: a, InsecureUnlimited: true, Audit: n.cfg.Audit, ErrorLog: n.cfg.ErrorLog,
	})
	if err == nil {
		n.handler = g.Handler(http.NotFoundHandler())
	}
	return err
}

// restart is a process that ends and starts again, with nothing in its memory.
func (n *modelNode) restart(ctx context.Context) error {
	return errors.Join(n.Close(), n.start(withFault(ctx, model.Fault{})))
}

// Do sends a request of the model.
func (n *modelNode) Do(ctx context.Context, c *model.Call) model.Result {
	ctx = withFault(ctx, c.Fault)
	if admin := n.admin(ctx, c); admin != nil {
		return admin()
	}
	r := &modelRequest{modelNode: n, ctx: ctx, call: c}
	if c.Verb == "mfa-on" {
		return r.setUpFactor()
	}
	path, in := r.request()
	return r.send("POST", path, in)
}

// admin returns what an administrator calls, or nil.
func (n *modelNode) admin(ctx context.Context, c *model.Call) func() model.Result {
	user := func(_ account.User, err error) error { return err }
	calls := map[string]func() error{
		"add": func() error {
			u := account.NewUser{Username: c.User, Email: c.Email, Password: secret.New(c.New)}
			return user(n.Add(ctx, u))
		},
		"invite":       func() error { return n.Invite(ctx, c.Email, strings.Fields(c.Roles)) },
		"withdraw":     func() error { return n.WithdrawInvite(ctx, c.Email) },
		"disable":      func() error { return user(n.SetDisabled(ctx, c.User, true)) },
		"enable":       func() error { return user(n.SetDisabled(ctx, c.User, false)) },
		"roles":        func() error { return user(n.SetRoles(ctx, c.User, strings.Fields(c.Roles))) },
		"force-reset":  func() error { return user(n.ForceReset(ctx, c.User)) },
		"mfa-remove":   func() error { return user(n.RemoveSecondFactor(ctx, c.User)) },
		"end-sessions": func() error { return n.EndSessions(ctx, c.User) },
		"rotate":       func() error { return n.RotateKeys(ctx) },
		"revoke-key":   func() error { return n.RevokeKey(ctx, c.Text) },
		"prune":        func() error { n.Prune(ctx); return nil },
		"restart":      func() error { return n.restart(ctx) },
	}
	call := calls[c.Verb]
	if call == nil {
		return nil
	}
	return func() model.Result { return resultOf(call()) }
}

// resultOf gives an error of Go the status that it has over HTTP.
func resultOf(err error) model.Result {
	p, isProblem := errors.AsType[*problem.Problem](err)
	switch {
	case err == nil:
		return model.Result{Status: http.StatusOK}
	case errors.Is(err, errOutage):
		return model.Result{Status: http.StatusServiceUnavailable, Text: err.Error()}
	case errors.Is(err, account.ErrNotFound):
		return model.Result{Status: http.StatusNotFound}
	case isProblem && p != nil:
		return model.Result{Status: p.Status, Text: p.Code}
	}
	return model.Result{Status: http.StatusConflict, Text: err.Error()}
}

// Probe presents a token or a key that is not used up by that: one time in eight by HTTP, and
// always through a Gate.
func (n *modelNode) Probe(ctx context.Context, kind model.Kind, text string, cookie bool) int {
	if n.gate || n.requests.Add(1)%8 == 0 {
		req := httptest.NewRequestWithContext(ctx, "GET", "/auth/me", nil)
		if cookie {
			req.AddCookie(&http.Cookie{Name: account.CookiePrefix + "at", Value: text})
		} else {
			req.Header.Set("Authorization", "Bearer "+text)
		}
		rec := httptest.NewRecorder()
		n.handler.ServeHTTP(rec, req)
		return rec.Code
	}
	var err error
	if kind == model.Key {
		_, err = n.APIKey(ctx, text)
	} else {
		_, err = n.Authenticate(text)
	}
	switch {
	case err == nil:
		return http.StatusOK
	case errors.Is(err, account.ErrStale):
		return http.StatusServiceUnavailable
	}
	return http.StatusUnauthorized
}

// Follow reads what was revoked, and writes which tokens were used.
func (n *modelNode) Follow(ctx context.Context, f model.Fault) error {
	if err := n.Poll(withFault(ctx, f)); err != nil {
		return err
	}
	n.Confirm(ctx)
	return nil
}

// Mails sends what is due, and returns the tokens in what was sent.
func (n *modelNode) Mails(ctx context.Context) (list []model.Sent) {
	n.Deliver(ctx)
	n.mails.mu.Lock()
	defer n.mails.mu.Unlock()
	for _, m := range n.mails.list {
		_, rest, found := strings.Cut(m.text, "https://app.example/account#")
		line, _, _ := strings.Cut(rest, "\n")
		kind, text, _ := strings.Cut(line, "=")
		if found {
			list = append(list, model.Sent{Kind: model.Kind(kind), To: m.to, Text: text})
		}
	}
	n.mails.list = nil
	return list
}
