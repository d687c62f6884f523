package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"hash/crc32"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/visit"
)

// errAPIKey is for a key that is unknown, revoked or expired: to a client, all the same.
var errAPIKey = errors.New("account: the API key is unknown, revoked or expired")

// An API key is sp_live_<id>_<secret>_<checksum>: 12, 43 and 6 characters of base 62.
// The id finds it, the secret has 256 random bits, of which the store has the hash, and
// the checksum is the CRC-32 of what stands before it, so that a scanner can tell a key
// from what looks like one, and a typing error costs no query.
const (
	// APIKeyPrefix is what every API key starts with.
	APIKeyPrefix = "sp_live_"

	keyIDSize  = 12
	keySecret  = 43
	keyCheck   = 6
	apiKeySize = len(APIKeyPrefix) + keyIDSize + 1 + keySecret + 1 + keyCheck

	kindKey     = "api-key"
	maxKeys     = 50
	defaultDays = 90
	// usedEvery is how exact the time of last use is.
	usedEvery = 10 * time.Minute
)

// APIKey is a key as its owner sees it.
type APIKey struct {
	ID, Name          string
	Scopes            []string
	Created, Expires  time.Time
	LastUsed, Revoked time.Time
}

// storedAPIKey is an APIKey with the hash of the whole text.
type storedAPIKey struct {
	APIKey
	Hash []byte
}

// IsAPIKey reports whether a bearer token is meant to be an API key.
func IsAPIKey(raw string) bool { return strings.HasPrefix(raw, APIKeyPrefix) }

func newAPIKey() (text, id string) {
	id = randomText(keyIDSize)
	text = APIKeyPrefix + id + "_" + randomText(keySecret) + "_"
	return text + checksum(text), id
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func randomText(n int) string {
	b := make([]byte, n)
	most := big.NewInt(int64(len(base62)))
	for i := range b {
		k, err := rand.Int(rand.Reader, most)
		if err != nil {
			panic(err) // crypto/rand never fails
		}
		b[i] = base62[k.Int64()]
	}
	return string(b)
}

func checksum(text string) string {
	sum := crc32.ChecksumIEEE([]byte(text))
	var b [keyCheck]byte
	for i := range b {
		b[keyCheck-1-i] = base62[sum%62]
		sum /= 62
	}
	return string(b[:])
}

// parseAPIKey returns the id of a text that is well-formed.
func parseAPIKey(text string) (id string, ok bool) {
	if len(text) != apiKeySize || !IsAPIKey(text) || checksum(text[:apiKeySize-keyCheck]) != text[apiKeySize-keyCheck:] {
		return "", false
	}
	return text[len(APIKeyPrefix):][:keyIDSize], true
}

// APIKey returns whom a key speaks for: its owner, with those of the key's scopes that
// the owner still has, and no roles. The error is [ErrStale] while the store cannot be
// asked what was revoked; any other one means that the key is refused or cannot be
// looked up.
func (a *Accounts) APIKey(ctx context.Context, text string) (visit.Principal, error) {
	id, ok := parseAPIKey(text)
	if !ok || !a.on(GroupKeys) {
		return visit.Principal{}, errAPIKey
	}
	if a.stale() {
		return visit.Principal{}, ErrStale
	}
	hash := sha256.Sum256([]byte(text))
	if p, ok := a.known.get(id, hash, a.storeNow()); ok {
		return p, nil
	}
	return a.lookupKey(ctx, id, hash)
}

func (a *Accounts) lookupKey(ctx context.Context, id string, hash [sha256.Size]byte) (p visit.Principal, err error) {
	ctx, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	now := a.storeNow()
	generation := a.revoked.generation.Load()
	rec, k, err := readKey(ctx, a.store, id)
	if errors.Is(err, ErrNotFound) {
		return p, errAPIKey
	}
	if err != nil {
		return p, unavailable{err}
	}
	u, err := a.store.User(ctx, rec.Owner)
	if err != nil {
		return p, unavailable{err}
	}
	if subtle.ConstantTimeCompare(k.Hash, hash[:]) != 1 || !k.Revoked.IsZero() || !now.Before(k.Expires) || !a.mayLogIn(&u) {
		return p, errAPIKey
	}
	p = visit.Principal{
		Issuer: a.name, Subject: u.ID, Client: "key:" + id, Token: id, Methods: []string{byKey}, Expires: k.Expires,
		Scopes: both(k.Scopes, a.scopes.list(u.Roles)),
	}
	if now.Sub(k.LastUsed) >= usedEvery && !a.administer {
		a.usedKey(ctx, rec.Owner, id, now)
	}
	a.known.put(id, knownKey{hash, p, now.Add(usedEvery)}, func() bool { return generation == a.revoked.generation.Load() })
	return p, nil
}

// unavailable is for what could not be looked up, which is not the caller's fault.
type unavailable struct{ error }

func (e unavailable) Unwrap() []error { return []error{ErrStale, e.error} }

func both(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
}

func readKey(ctx context.Context, in Reader, id string) (rec Record, k storedAPIKey, err error) {
	if rec, err = in.Record(ctx, kindKey, id); err == nil {
		err = json.Unmarshal(rec.Data, &k)
	}
	return rec, k, err
}

// usedKey notes the use of a key. That it fails is no reason to refuse the key.
func (a *Accounts) usedKey(ctx context.Context, owner, id string, now time.Time) {
	err := a.update(ctx, owner, func(c *change) error {
		_, k, err := readKey(ctx, c, id)
		if err != nil {
			return err
		}
		k.LastUsed = now
		return k.keep(ctx, c, owner)
	})
	if err != nil && ctx.Err() == nil {
		a.errors.WarnContext(ctx, "the use of an API key is not kept", "key", id, "error", err)
	}
}

func (k *storedAPIKey) keep(ctx context.Context, c *change, owner string) error {
	data, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return c.PutRecord(ctx, Record{Kind: kindKey, ID: k.ID, Owner: owner, End: k.Expires.Add(30 * 24 * time.Hour), Data: data})
}

// addKey makes a key for a user, with scopes that the user has.
func (a *Accounts) addKey(ctx context.Context, c *change, u *User, in keyRequest) (string, APIKey, error) {
	list, err := keysOf(ctx, c, u.ID)
	if err != nil {
		return "", APIKey{}, err
	}
	if len(list) >= maxKeys {
		return "", APIKey{}, tooManyKeys
	}
	text, id := newAPIKey()
	sum := sha256.Sum256([]byte(text))
	k := storedAPIKey{APIKey{ID: id, Name: in.Name, Scopes: value(in.Scopes), Created: c.now, Expires: c.now.AddDate(0, 0, value(in.Days))}, sum[:]}
	if err := k.keep(ctx, c, u.ID); err != nil {
		return "", APIKey{}, err
	}
	return text, k.APIKey, a.letter(ctx, c.Tx, u.Email, letterKey(a.app, k.APIKey))
}

// keysOf are the keys of a user that are not revoked, the oldest first.
func keysOf(ctx context.Context, in Reader, userID string) (list []APIKey, err error) {
	records, err := in.RecordsOf(ctx, kindKey, userID)
	for _, rec := range records {
		var k storedAPIKey
		if err := json.Unmarshal(rec.Data, &k); err != nil {
			return nil, err
		}
		if k.Revoked.IsZero() {
			list = append(list, k.APIKey)
		}
	}
	slices.SortFunc(list, func(x, y APIKey) int { return x.Created.Compare(y.Created) })
	return list, err
}

// revokeKey revokes a key of a user.
func (c *change) revokeKey(ctx context.Context, userID, id string) error {
	rec, k, err := readKey(ctx, c, id)
	if err != nil {
		return err
	}
	if rec.Owner != userID || !k.Revoked.IsZero() {
		return ErrNotFound
	}
	k.Revoked = c.now
	if err := k.keep(ctx, c, userID); err != nil {
		return err
	}
	return c.revoke(ctx, KindAPIKey, id, 0)
}

// revokeKeys revokes all keys of a user.
func (c *change) revokeKeys(ctx context.Context, userID string) error {
	list, err := keysOf(ctx, c, userID)
	for _, k := range list {
		if err := c.revokeKey(ctx, userID, k.ID); err != nil {
			return err
		}
	}
	return err
}
