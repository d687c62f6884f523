package account_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/internal/totp"
	"github.com/sallyport-dev/sallyport/secret"
)

// TestReplaceSecret: who lost the Secret gets the accounts back with another one, without the
// sessions, and nobody with a second factor gets in by the password alone.
func TestReplaceSecret(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	add(t, w.Accounts, "bob")
	add(t, w.Accounts, "eve")
	access, refresh := w.login()
	key := w.mustCall(201, "POST", "/auth/keys", access, `{"name":"build","scopes":["api"]}`)["key"].(string)
	_, said := w.loginAs("bob", adasPW)
	bob := said["access_token"].(string)
	seed := seedOf(t, w.mustCall(200, "POST", "/auth/mfa/totp/enroll", bob, "")["secret"].(string))
	w.mustCall(200, "POST", "/auth/mfa/totp/confirm", bob, body("code", totp.Code(seed, totp.Step(w.clock))))
	w.sent()
	if _, err := w.ForceReset(t.Context(), "eve"); err != nil { // a mail that waits
		t.Fatal(err)
	}

	// With the Secret it has, nothing is touched.
	before := w.records()
	cfg := account.Config{Store: w.store, Secret: theSecret}
	if _, err := account.ReplaceSecret(t.Context(), cfg); !errors.Is(err, account.ErrSecretKept) {
		t.Errorf("the same Secret: %v", err)
	}
	w.mustCall(200, "GET", "/auth/me", access, "")

	cfg.Secret = otherSecret
	lost, err := account.ReplaceSecret(t.Context(), cfg)
	if err != nil || lost.Keys != 1 || lost.Mails != 1 || lost.Users != 2 || lost.Factors != 1 {
		t.Errorf("%+v %v, before it %q", lost, err, before)
	}
	if _, err := account.ReplaceSecret(t.Context(), cfg); !errors.Is(err, account.ErrSecretKept) {
		t.Errorf("twice: %v", err)
	}

	// A process with the lost one, which has turned up, lets nobody in.
	w.setClock(w.clock.Add(time.Second))
	w.setClock(w.clock.Add(6 * time.Second))
	if _, err := w.Authenticate(access); err == nil {
		t.Error("the process of before accepts a token")
	}
	if rec := w.send("POST", "/auth/login", "", body("username", "ada", "password", adasPW)); rec.Code != 503 {
		t.Errorf("the process of before answers a login with %d", rec.Code)
	}
	if _, err := account.New(t.Context(), account.Config{Store: w.store, Secret: theSecret, Issuer: issuer}); !errors.Is(err, account.ErrSecret) {
		t.Errorf("the Secret of before: %v", err)
	}

	again := newWorldOn(t, w.store, func(c *account.Config) { withMail(c); c.Secret = otherSecret })
	again.setClock(w.clock.Add(time.Second))
	if status, _, _ := again.tryRefresh(refresh); status != 400 {
		t.Errorf("a refresh token of before: %d", status)
	}
	if _, err := again.Authenticate(access); err == nil {
		t.Error("an access token of before")
	}
	if _, err := again.APIKey(t.Context(), key); err != nil {
		t.Errorf("an API key of before: %v", err)
	}
	again.login()
	if status, said := again.loginAs("bob", adasPW); status == 200 {
		t.Errorf("bob gets in by the password alone: %v", said)
	}
	again.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "bob@example.com"))
	again.later(time.Minute)
	again.mustCall(204, "POST", "/auth/password/reset", "", body("token", again.token("bob@example.com", "password"), "password", "violet-otter-runs-91"))
	if status, said := again.loginAs("bob", "violet-otter-runs-91"); status != 200 || said["mfa_required"] != nil {
		t.Errorf("bob after a reset: %d %v", status, said)
	}
}

// TestReplaceSecretResumed: what was interrupted goes on with the same Secret, and with no other
// one's leave.
func TestReplaceSecretResumed(t *testing.T) {
	base := newWorld(t, nil)
	base.register()
	base.login()
	base.Accounts.Close()
	for fail := int32(1); ; fail++ {
		store := &failing{Store: base.store}
		store.left.Store(fail)
		cfg := account.Config{Store: store, Secret: secret.NewBytes([]byte("another secret of 32 bytes or so" + string(rune('a'+fail))))}
		_, err := account.ReplaceSecret(t.Context(), cfg)
		if err == nil {
			if fail < 5 {
				t.Errorf("only %d writes", fail)
			}
			return
		}
		if !errors.Is(err, errOutage) {
			t.Fatal(err)
		}
		if fail == 1 {
			continue // nothing was done
		}
		store.left.Store(1 << 30)
		if _, err := account.ReplaceSecret(t.Context(), cfg); err != nil {
			t.Errorf("again, after %d writes: %v", fail-1, err)
		}
		again := newWorldOn(t, base.store, func(c *account.Config) { c.Secret = cfg.Secret })
		again.login()
		again.Accounts.Close()
	}
}

// failing is a store whose writes fail after some.
type failing struct {
	account.Store
	left atomic.Int32
}

func (f *failing) Update(ctx context.Context, key string, do func(account.Tx) error) error {
	if f.left.Add(-1) <= 0 {
		return errOutage
	}
	return f.Store.Update(ctx, key, do)
}
