package account

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/token"
)

// ErrSecret is for a Config.Secret that is not the one of the store.
var ErrSecret = errors.New("account: Secret is not the one that these accounts were made with: " +
	"take that one, from another node or a backup; only if it is lost for good, see ReplaceSecret (sallyport keys replace-secret)")

// errNoApp is for a mail of a process that administers, on a store that none has served.
var errNoApp = errors.New("account: App is not known, as no gate has been started on these accounts yet, " +
	"so that a mail has no name and no link: start the gate once, or give App and Page")

const (
	kindSettings = "settings"
	settingsID   = "accounts"
)

// settings are what the processes that share a store have to agree on. The store keeps one
// record of them, which the serving process that started last has written.
type settings struct {
	// Fingerprint is derived from Config.Secret: it tells two of them apart, and nothing else.
	Fingerprint []byte `json:"fingerprint"`

	// The rest is zero until a process has served.
	Issuer    string          `json:"issuer,omitzero"`
	Audience  string          `json:"audience,omitzero"`
	App       string          `json:"app,omitzero"`
	Page      string          `json:"page,omitzero"`
	Algorithm token.Algorithm `json:"algorithm,omitzero"`
	// Rotation and Access are Config.KeyRotation and Config.AccessTTL in seconds.
	Rotation int64 `json:"key_rotation,omitzero"`
	Access   int64 `json:"access_ttl,omitzero"`

	// Replacing is set while ReplaceSecret is at work, or was interrupted.
	Replacing bool `json:"replacing,omitzero"`
}

func readSettings(ctx context.Context, in Reader) (s settings, found bool, err error) {
	rec, err := in.Record(ctx, kindSettings, settingsID)
	if errors.Is(err, ErrNotFound) {
		return s, false, nil
	}
	if err == nil {
		err = json.Unmarshal(rec.Data, &s)
	}
	if err != nil {
		return s, false, fmt.Errorf("account: reading the store's settings: %w", err)
	}
	return s, true, nil
}

func (s *settings) keep(ctx context.Context, tx Tx) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return tx.PutRecord(ctx, Record{Kind: kindSettings, ID: settingsID, Data: data})
}

// Established reports whether a process has kept accounts in a store already. If so, nobody
// should make a Secret for it: it needs the one it was made with.
func Established(ctx context.Context, store Store) (bool, error) {
	if _, found, err := readSettings(ctx, store); found || err != nil {
		return found, err
	}
	keys, err := store.RecordsOf(ctx, kindSigning, "")
	if len(keys) > 0 || err != nil {
		return len(keys) > 0, err
	}
	users, err := store.Users(ctx, UserQuery{Limit: 1})
	return len(users) > 0, err
}

// checkSecret returns the store's settings, or [ErrSecret]. In a store from before there were
// settings, the oldest of its signing keys proves the Secret: a process with another one may
// have added its own since.
func (a *Accounts) checkSecret(ctx context.Context, in Reader) (s settings, found bool, err error) {
	if s, found, err = readSettings(ctx, in); err != nil {
		return s, found, err
	}
	if found {
		if !a.sameSecret(s) {
			err = ErrSecret
		}
		return s, found, err
	}

	list, err := storedKeys(ctx, in)
	if err != nil || len(list) == 0 {
		return s, false, err
	}
	oldest := slices.MinFunc(list, func(x, y storedKey) int { return x.Created.Compare(y.Created) })
	if _, err := a.ring.unseal(oldest); err != nil {
		return s, false, ErrSecret
	}
	return s, false, nil
}

// sameSecret reports whether settings are of this process's Secret.
func (a *Accounts) sameSecret(s settings) bool {
	return subtle.ConstantTimeCompare(s.Fingerprint, a.secrets.fingerprint) == 1
}

// settle makes the settings of this process those of the store. The process that starts last
// decides; that another one had set others is logged.
func (a *Accounts) settle(ctx context.Context) error {
	mine := settings{
		Fingerprint: a.secrets.fingerprint, Issuer: a.name, Audience: a.audience,
		App: a.app, Page: a.page, Algorithm: a.ring.algorithm,
		Rotation: int64(a.ring.every / time.Second), Access: int64(a.ttl.access / time.Second),
	}
	var before settings // another process's
	err := a.update(ctx, kindSettings, func(c *change) (err error) {
		if before, _, err = a.checkSecret(ctx, c); err != nil {
			return err
		}
		if len(before.differences(mine)) == 0 && before.Fingerprint != nil {
			return nil
		}
		mine.Replacing = before.Replacing
		return mine.keep(ctx, c)
	})
	if err != nil {
		return err
	}
	if list := before.differences(mine); before.Issuer != "" && len(list) > 0 {
		a.errors.WarnContext(ctx, "the accounts had other settings; those of the process that started last hold: "+
			"start every node with the same", "changed", strings.Join(list, "; "))
	}
	return nil
}

// differences lists what is set otherwise in b.
func (s *settings) differences(b settings) (list []string) {
	for _, one := range []struct{ name, before, now any }{
		{"Issuer", s.Issuer, b.Issuer}, {"Audience", s.Audience, b.Audience}, {"App", s.App, b.App}, {"Page", s.Page, b.Page},
		{"Algorithm", s.Algorithm, b.Algorithm},
		{"KeyRotation", time.Duration(s.Rotation) * time.Second, time.Duration(b.Rotation) * time.Second},
		{"AccessTTL", time.Duration(s.Access) * time.Second, time.Duration(b.Access) * time.Second},
	} {
		if one.before != one.now {
			list = append(list, fmt.Sprintf("%s %v, before %v", one.name, one.now, one.before))
		}
	}
	return list
}

// settled returns the algorithm of signing keys and how often they are replaced: the store's,
// or this process's where none has served yet.
func (a *Accounts) settled(ctx context.Context, in Reader) (token.Algorithm, time.Duration, error) {
	s, found, err := a.checkSecret(ctx, in)
	if err != nil || !found || s.Algorithm == "" {
		return a.ring.algorithm, a.ring.every, err
	}
	return s.Algorithm, time.Duration(s.Rotation) * time.Second, nil
}

// adopt takes what cfg left out from the store's settings.
func (a *Accounts) adopt(cfg *Config, s settings) {
	adopted := func(mine *string, given, stored string) {
		if given == "" && stored != "" {
			*mine = stored
		}
	}
	adopted(&a.name, cfg.Issuer, s.Issuer)
	adopted(&a.audience, cfg.Audience, s.Audience)
	adopted(&a.app, cfg.App, s.App)
	adopted(&a.page, cfg.Page, s.Page)
	if cfg.AccessTTL == 0 && s.Access > 0 {
		a.ttl.access = time.Duration(s.Access) * time.Second
	}
}

// pinSecret keeps the fingerprint of the Secret in a store that has no settings yet, before the
// first write of a process that administers: none with another Secret writes after it.
func (a *Accounts) pinSecret(ctx context.Context) error {
	if !a.administer || a.pinned.Load() {
		return nil
	}
	err := a.store.Update(ctx, kindSettings, func(tx Tx) error {
		_, found, err := a.checkSecret(ctx, tx)
		if found || err != nil {
			return err
		}
		s := settings{Fingerprint: a.secrets.fingerprint}
		return s.keep(ctx, tx)
	})
	if err == nil {
		a.pinned.Store(true)
	}
	return err
}
