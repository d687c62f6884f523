package account

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/token"
)

// ErrManyKeys is for a rotation while the keys of many others are still published.
var ErrManyKeys = errors.New("account: there are too many keys already: wait until some have expired, or revoke them")

// SigningKey is one of the keys that make access tokens, as an administrator sees it.
type SigningKey struct {
	ID        string
	Algorithm token.Algorithm
	Created   time.Time
	// SignsFrom is when it starts to sign, and VerifiesUntil when its last token has
	// expired; zero while no other key has taken its place.
	SignsFrom, VerifiesUntil time.Time
	// Foreign reports that the key cannot be opened with Config.Secret: a process with
	// another one stored it. It neither signs nor verifies; revoke it.
	Foreign bool `json:"-"`
}

// signs reports whether k may sign now.
func (k *SigningKey) signs(now time.Time) bool { return !now.Before(k.SignsFrom) && k.verifies(now) }

func (k *SigningKey) verifies(now time.Time) bool {
	return k.VerifiesUntil.IsZero() || now.Before(k.VerifiesUntil)
}

// SigningKeys returns the keys that sign or verify in the order in which they sign, and then
// the foreign ones.
func (a *Accounts) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	own, foreign, err := a.ring.stored(ctx, a.store)
	var out []SigningKey
	for _, k := range slices.Concat(own, foreign) {
		out = append(out, k.SigningKey)
	}
	return out, err
}

// RotateKeys makes the next signing key. It is published at once and signs six minutes
// later, when every verifier that keeps to the Cache-Control of the key set has it, and
// after those that wait already. The keys before it verify until their last token has
// expired; while there are 16, it fails with [ErrManyKeys].
func (a *Accounts) RotateKeys(ctx context.Context) error {
	algorithm, _, err := a.settled(ctx, a.store)
	if err != nil {
		return err
	}
	next, err := a.ring.fresh(algorithm)
	if err != nil {
		return err
	}
	err = a.ring.alter(ctx, func(c *change, list []storedKey) error {
		if list = live(list, c.now); len(list) >= maxSigning {
			return ErrManyKeys
		}
		return a.ring.add(ctx, c, list, next)
	})
	if err == nil {
		a.administered(ctx, audit.KeyChanged, "", "another key was made")
	}
	return err
}

// RevokeKey takes a signing key away at once, for when its private half may have leaked:
// its tokens are refused everywhere within a second, and clients refresh. When it was the
// one that signs, a key that verifiers know signs in its place: the one before it, while it
// is published, until the next one has been for six minutes; or else the first that waits.
// Only where there is none does a key sign at once that verifiers which have kept the old
// set do not know for up to five minutes.
func (a *Accounts) RevokeKey(ctx context.Context, id string) error {
	if _, err := a.store.Record(ctx, kindSigning, id); err != nil {
		return err
	}
	algorithm, _, err := a.settled(ctx, a.store)
	if err != nil {
		return err
	}
	next, err := a.ring.fresh(algorithm) // in case that it is needed
	if err != nil {
		return err
	}
	err = a.ring.alter(ctx, func(c *change, list []storedKey) error {
		if _, err := c.Record(ctx, kindSigning, id); err != nil {
			return err
		}
		if err := c.DeleteRecord(ctx, kindSigning, id); err != nil {
			return err
		}
		if err := c.revoke(ctx, KindSigningKey, id, 0); err != nil {
			return err
		}

		rest := slices.DeleteFunc(live(list, c.now), func(k storedKey) bool { return k.ID == id })
		if !open(rest) {
			return a.ring.add(ctx, c, rest, next)
		}
		return a.ring.keep(ctx, c, rest)
	})
	if err == nil {
		a.administered(ctx, audit.KeyChanged, id, "revoked")
	}
	return err
}

// storedKey is a SigningKey with its private half, sealed.
type storedKey struct {
	SigningKey
	Sealed []byte

	key *token.SigningKey // once it has been opened
}

func storedKeys(ctx context.Context, in Reader) ([]storedKey, error) {
	records, err := in.RecordsOf(ctx, kindSigning, "")
	if err != nil {
		return nil, err
	}
	list := make([]storedKey, len(records))
	for i, rec := range records {
		if err := json.Unmarshal(rec.Data, &list[i]); err != nil {
			list[i] = storedKey{} // which cannot be opened either
		}
		list[i].ID = rec.ID
	}
	slices.SortFunc(list, func(a, b storedKey) int {
		if c := a.SignsFrom.Compare(b.SignsFrom); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}

func putKey(ctx context.Context, c *change, k storedKey) error {
	data, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return c.PutRecord(ctx, Record{Kind: kindSigning, ID: k.ID, End: k.VerifiesUntil, Data: data})
}
