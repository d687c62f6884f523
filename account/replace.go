package account

import (
	"context"
	"errors"

	"github.com/sallyport-dev/sallyport/audit"
)

// ErrSecretKept is for a Secret that is the store's already, so that none was lost.
var ErrSecretKept = errors.New("account: Secret is the one that these accounts were made with, " +
	"and nothing has to be replaced; a signing key that it does not open is removed by RevokeKey (sallyport keys revoke)")

// replacePage is how many users or mails are looked at in one read.
const replacePage = 500

// Replaced counts what was lost with a Secret.
type Replaced struct {
	// Keys are signing keys, and with them every access token.
	Keys int
	// Mails waited to be sent. Ask for them again.
	Mails int
	// Users is how many users had sessions, which have ended.
	Users int
	// Factors is how many users had a second factor. They set a new password by mail before
	// they log in again, as the password alone was not enough before.
	Factors int
}

// ReplaceSecret makes cfg.Secret the store's, for when the one before is lost for good. What
// was encrypted under it is lost, and so are all sessions; see [Replaced]. Passwords, API keys,
// and tokens that were mailed stay good. Stop every process on the store first: those that go
// on with the Secret before refuse everything. When it fails, call it again: it goes on. A
// Secret that is the store's already is [ErrSecretKept].
func ReplaceSecret(ctx context.Context, cfg Config) (lost Replaced, err error) {
	cfg.Administer = true
	a, err := prepare(&cfg)
	if err != nil {
		return lost, err
	}
	a.pinned.Store(true) // the record of the Secret before is what is replaced

	if err := a.replaceKeys(ctx, &lost); err != nil {
		return lost, err
	}
	if err := a.dropMails(ctx, &lost); err != nil {
		return lost, err
	}
	if err := a.endUsers(ctx, &lost); err != nil {
		return lost, err
	}
	err = a.update(ctx, kindSettings, func(c *change) error {
		s, _, err := a.checkSecret(ctx, c)
		if err != nil {
			return err
		}
		s.Replacing = false
		return s.keep(ctx, c)
	})
	if err == nil {
		a.administered(ctx, audit.KeyChanged, "", "the secret was replaced")
	}
	return lost, err
}

// replaceKeys replaces the record of the Secret, and removes the keys that were sealed under
// another one. From then on, processes with the Secret before refuse everything.
func (a *Accounts) replaceKeys(ctx context.Context, lost *Replaced) error {
	return a.update(ctx, kindSettings, func(c *change) error {
		if err := c.Lock(ctx, kindSigning); err != nil {
			return err
		}
		s, _, err := readSettings(ctx, c)
		if err != nil {
			return err
		}
		if a.sameSecret(s) && !s.Replacing {
			return ErrSecretKept
		}
		s.Fingerprint, s.Replacing = a.secrets.fingerprint, true
		if err := s.keep(ctx, c); err != nil {
			return err
		}

		_, foreign, err := a.ring.stored(ctx, c)
		if err != nil {
			return err
		}
		lost.Keys = len(foreign)
		for _, k := range foreign {
			err := errors.Join(c.DeleteRecord(ctx, kindSigning, k.ID), c.revoke(ctx, KindSigningKey, k.ID, 0))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// dropMails removes the mails that nobody can read any more.
func (a *Accounts) dropMails(ctx context.Context, lost *Replaced) error {
	for {
		n := 0
		err := a.update(ctx, kindMail, func(c *change) error {
			n = 0
			list, err := c.RecordsDue(ctx, kindMail, c.now.Add(10*mailTTL), replacePage)
			if err != nil {
				return err
			}
			for _, rec := range list {
				if _, _, err := a.openMail(rec); err == nil {
					continue
				}
				if err := c.DeleteRecord(ctx, kindMail, rec.ID); err != nil {
					return err
				}
				n++
			}
			return nil
		})
		if lost.Mails += n; err != nil || n == 0 {
			return err
		}
	}
}

// endUsers ends the sessions of all users, and removes the second factors that nobody can use
// any more.
func (a *Accounts) endUsers(ctx context.Context, lost *Replaced) error {
	for after := ""; ; {
		list, err := a.store.Users(ctx, UserQuery{After: after, Limit: replacePage})
		if err != nil {
			return err
		}
		for _, u := range list {
			if err := a.endUser(ctx, u.ID, lost); err != nil {
				return err
			}
			after = u.ID
		}
		if len(list) < replacePage {
			return nil
		}
	}
}

func (a *Accounts) endUser(ctx context.Context, id string, lost *Replaced) error {
	sessions, err := a.store.Sessions(ctx, id)
	if err != nil {
		return err
	}
	useless, err := a.factorLost(ctx, a.store, id)
	if err != nil || !useless && len(sessions) == 0 {
		return err
	}

	err = a.update(ctx, id, func(c *change) error {
		if useless, err = a.factorLost(ctx, c, id); err != nil {
			return err
		}
		if useless {
			if err := a.loseFactor(ctx, c, id); err != nil {
				return err
			}
		}
		return errors.Join(c.endAll(ctx, id, ""), c.revoke(ctx, KindUser, id, 0))
	})
	if err != nil {
		return err
	}
	if len(sessions) > 0 {
		lost.Users++
	}
	if useless {
		lost.Factors++
	}
	return nil
}

// factorLost reports whether a user has a second factor whose seed cannot be opened.
func (a *Accounts) factorLost(ctx context.Context, in Reader, userID string) (bool, error) {
	f, err := a.factorOf(ctx, in, userID)
	if errors.Is(err, ErrNotFound) || err == nil && f.Sealed == nil {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = a.seedOf(&f, userID)
	return err != nil, nil
}

func (a *Accounts) loseFactor(ctx context.Context, c *change, userID string) error {
	u, err := c.User(ctx, userID)
	if err != nil {
		return err
	}
	u.MustReset = true
	u.Credential++
	return errors.Join(c.DeleteRecord(ctx, kindFactor, userID), void(ctx, c, userID, allButRevert), c.SetUser(ctx, u))
}
