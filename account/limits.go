package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/sallyport-dev/sallyport/clientip"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/visit"
)

// limits are bounds on the address prefix that requests come from, on the mail that one
// address is sent, and on all mail that strangers have sent.
type limits struct{ login, register, recipient, mails, admin *bound }

// mailLimit bounds the mails to one address, whoever asks for them. Those by which a
// password is set are counted apart: else a stranger could use the others up, and keep
// the owner from one.
const mailLimit = "3 per 1h"

// adminLimit bounds the requests to the API for administrators, good ones or not.
const adminLimit = "600 per 1m"

// bound is one limiter and the name its keys have.
type bound struct {
	*ratelimit.Limiter
	keys *ratelimit.Keyer
	name string
}

func newLimits(cfg Config) (l limits, err error) {
	store, keys := cfg.Limits, ratelimit.NewKeyer()
	if store == nil {
		store, err = ratelimit.NewMemory(ratelimit.MemoryConfig{Now: cfg.now})
	} else { // perhaps one that other processes use, which have the same secret
		keys, err = ratelimit.NewSharedKeyer(cfg.Secret.Reveal())
	}
	if err != nil {
		return l, err
	}
	var errLogin, errRegister, errRecipient, errMails, errAdmin error
	l.login, errLogin = newBound(store, keys, "login", "LoginLimit", cfg.LoginLimit)
	l.register, errRegister = newBound(store, keys, "register", "RegisterLimit", cfg.RegisterLimit)
	l.recipient, errRecipient = newBound(store, keys, "mail", "", mailLimit)
	l.mails, errMails = newBound(store, keys, "mails", "MailLimit", cfg.MailLimit)
	l.admin, errAdmin = newBound(store, keys, "admin", "", adminLimit)
	return l, errors.Join(errLogin, errRegister, errRecipient, errMails, errAdmin)
}

func newBound(store ratelimit.Store, keys *ratelimit.Keyer, name, field, text string) (*bound, error) {
	limit, err := ratelimit.Parse(text)
	if err != nil {
		reason := strings.TrimPrefix(err.Error(), fmt.Sprintf("ratelimit: limit %q: it ", text))
		return nil, &ConfigError{field, text, reason}
	}
	limiter, err := ratelimit.New(ratelimit.Config{Name: name, Limit: limit, Store: store})
	return &bound{limiter, keys, name}, err
}

// take charges one attempt and says so in the answer's fields.
func (b *bound) take(w http.ResponseWriter, r *http.Request) error {
	d, err := b.Take(r.Context(), b.keys.Prefix(b.name, clientip.Prefix(clientOf(r))), 1)
	if err != nil {
		return problem.Unavailable.RetryAfter(pollEvery).Because(err)
	}
	b.Apply(w.Header(), d)
	if !d.Allowed {
		return b.Refusal(d)
	}
	return nil
}

// takeMail charges one mail that a stranger has sent to somebody or nobody. How many others
// have asked for is told to nobody before there are too many.
func (b *bound) takeMail(ctx context.Context) error {
	d, err := b.Take(ctx, b.keys.Sum(b.name), 1)
	if err != nil {
		return problem.Unavailable.RetryAfter(pollEvery).Because(err)
	}
	if !d.Allowed {
		return b.Refusal(d)
	}
	return nil
}

// mayMail charges one mail to an address as it was written, known or not. Who asks is
// not told: the answer is the same. That nobody can count is an error, as an answer which
// promises a mail would be wrong; it says nothing of the address.
func (b *bound) mayMail(ctx context.Context, p purpose, address string) (bool, error) {
	d, err := b.Take(ctx, b.keys.Sum(b.name, string(p), Fold(address)), 1)
	if err != nil {
		return false, problem.Unavailable.RetryAfter(pollEvery).Because(err)
	}
	return d.Allowed, nil
}

// clientOf is the address the Gate found, or that of the connection.
func clientOf(r *http.Request) netip.Addr {
	if v := visit.From(r.Context()); v != nil {
		return v.Client
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap()
}
