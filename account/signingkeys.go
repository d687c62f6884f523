package account

import (
	"context"
	"errors"
	"fmt"
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
}

// signs reports whether k may sign now.
func (k *SigningKey) signs(now time.Time) bool { return !now.Before(k.SignsFrom) && k.verifies(now) }

func (k *SigningKey) verifies(now time.Time) bool {
	return k.VerifiesUntil.IsZero() || now.Before(k.VerifiesUntil)
}

// SigningKeys returns the keys that sign or verify, the oldest first.
func (a *Accounts) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	list, err := storedKeys(ctx, a.store)
	out := make([]SigningKey, len(list))
	for i, k := range list {
		out[i] = k.SigningKey
	}
	return out, err
}

// RotateKeys makes the next signing key. It is published at once and signs six minutes
// later, when every verifier that keeps to the Cache-Control of the key set has it. The
// keys before it verify until their last token has expired; while there are 16, it fails
// with [ErrManyKeys].
func (a *Accounts) RotateKeys(ctx context.Context) error {
	next, err := a.ring.fresh()
	if err != nil {
		return err
	}
	err = a.ring.alter(ctx, func(c *change, list []storedKey) error {
		if list = slices.DeleteFunc(list, func(k storedKey) bool { return !k.verifies(c.now) }); len(list) >= maxSigning {
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
// its tokens are refused everywhere within a second, and clients refresh. When it was
// the one that signs, another one takes its place at once, which verifiers that have
// kept the old set do not know for up to five minutes.
func (a *Accounts) RevokeKey(ctx context.Context, id string) error {
	if _, err := a.store.Record(ctx, kindSigning, id); err != nil {
		return err
	}
	next, err := a.ring.fresh() // in case that it is needed
	if err != nil {
		return err
	}
	err = a.ring.alter(ctx, func(c *change, list []storedKey) error {
		rest := slices.DeleteFunc(slices.Clone(list), func(k storedKey) bool { return k.ID == id })
		if len(rest) == len(list) {
			return ErrNotFound
		}
		if err := c.DeleteRecord(ctx, kindSigning, id); err != nil {
			return err
		}
		if !slices.ContainsFunc(rest, func(k storedKey) bool { return k.signs(c.now) && k.VerifiesUntil.IsZero() }) {
			return a.ring.add(ctx, c, rest, next)
		}
		return c.revoke(ctx, KindSigningKey, id, 0)
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
}

func storedKeys(ctx context.Context, in Reader) ([]storedKey, error) {
	records, err := in.RecordsOf(ctx, kindSigning, "")
	if err != nil {
		return nil, err
	}
	list := make([]storedKey, len(records))
	for i, rec := range records {
		if err := json.Unmarshal(rec.Data, &list[i]); err != nil {
			return nil, fmt.Errorf("account: signing key %s: %w", rec.ID, err)
		}
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
