package account_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/token"
)

// keyless is a store whose next reads of the signing keys fail.
type keyless struct {
	account.Store
	fail atomic.Int32
}

func (s *keyless) RecordsOf(ctx context.Context, kind, owner string) ([]account.Record, error) {
	if kind == "signing-key" && s.fail.Load() > 0 {
		s.fail.Add(-1)
		return nil, errOutage
	}
	return s.Store.RecordsOf(ctx, kind, owner)
}

// TestRevokedKeyReadFails: a node that fails to read the keys once after one was revoked reads
// them at its next poll; one that goes on failing accepts nothing after five seconds.
func TestRevokedKeyReadFails(t *testing.T) {
	for name, failures := range map[string]int32{"none": 0, "one": 1, "three": 3, "all": 1 << 30} {
		w := newWorld(t, nil)
		w.register()
		store := &keyless{Store: w.store}
		other := newWorldOn(t, store, nil)
		access, _ := w.login()
		other.mustCall(200, "GET", "/auth/me", access, "")
		store.fail.Store(failures)
		if err := w.RevokeKey(t.Context(), kid(t, access)); err != nil {
			t.Fatal(err)
		}
		for range failures % 100 {
			other.setClock(other.clock.Add(250 * time.Millisecond))
		}
		other.setClock(other.clock.Add(250 * time.Millisecond))
		if failures < 100 {
			other.mustCall(401, "GET", "/auth/me", access, "")
			raw, err := other.Mint()
			if err != nil || kid(t, raw) == kid(t, access) {
				t.Errorf("%s: signs with the revoked key: %v", name, err)
			}
			continue
		}
		other.setClock(other.clock.Add(6 * time.Second))
		if _, err := other.Authenticate(access); !errors.Is(err, account.ErrStale) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReadFailsAfterRevoking: the node that revokes a key says so when the store has done it,
// also where it cannot read the keys at that moment.
func TestReadFailsAfterRevoking(t *testing.T) {
	base := newWorld(t, nil)
	base.register()
	store := &keyless{Store: base.store}
	w := newWorldOn(t, store, nil)
	access, _ := w.login()
	store.fail.Store(1) // transactions read through their Tx, and load through the store
	if err := w.RevokeKey(t.Context(), kid(t, access)); err != nil {
		t.Error(err)
	}
	w.later(250 * time.Millisecond)
	w.mustCall(401, "GET", "/auth/me", access, "")
}

// putForeign stores a key under another Secret, as a process of before settings did.
func (w *world) putForeign(signs, created time.Time) string {
	w.Helper()
	other := newWorld(w.T, func(c *account.Config) { c.Secret = otherSecret })
	records, err := other.store.RecordsOf(w.Context(), "signing-key", "")
	if err != nil || len(records) != 1 {
		w.Fatal(len(records), err)
	}
	var fields map[string]any
	if err := json.Unmarshal(records[0].Data, &fields); err != nil {
		w.Fatal(err)
	}
	fields["Created"], fields["SignsFrom"] = created.UTC(), signs.UTC()
	data, err := json.Marshal(fields)
	if err != nil {
		w.Fatal(err)
	}
	w.change(func(tx account.Tx) error {
		return tx.PutRecord(w.Context(), account.Record{Kind: "signing-key", ID: records[0].ID, Data: data})
	})
	return records[0].ID
}

// TestForeignKey: a key that a process with another Secret has stored, whenever it signs, keeps
// no node from starting, neither signs nor verifies, is listed, and can be revoked.
func TestForeignKey(t *testing.T) {
	for name, row := range map[string]struct {
		signs  time.Duration // from now
		before func(w *world)
	}{
		"signing":                      {-time.Minute, func(*world) {}},
		"waiting":                      {6 * time.Minute, func(*world) {}},
		"in a store without settings":  {-time.Minute, (*world).withoutSettings},
		"beside a key that ends":       {-time.Minute, func(w *world) { w.endKey(w.newest(), w.clock.Add(21*time.Minute)) }},
		"beside a key that has ended":  {-time.Minute, func(w *world) { w.endKey(w.newest(), w.clock.Add(-time.Minute)) }},
		"without any other":            {-time.Minute, func(w *world) { w.change(deleteRecord(t, "signing-key", w.newest())) }},
		"beside one of unknown format": {-time.Minute, func(w *world) { w.change(putRecord(t, "signing-key", "odd", "{")) }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.register()
			w.Accounts.Close()
			row.before(w)
			foreign := w.putForeign(w.clock.Add(row.signs), w.clock.Add(time.Second))
			var logged bytes.Buffer
			again := newWorldOn(t, w.store, func(c *account.Config) { c.ErrorLog = slog.New(slog.NewTextHandler(&logged, nil)) })
			if text := logged.String(); strings.Count(text, foreign) != 1 || !strings.Contains(text, "keys revoke") {
				t.Errorf("the log says %q", text)
			}
			for range 30 {
				access, _ := again.login()
				if kid(t, access) == foreign {
					t.Fatal("signed with it")
				}
				again.later(time.Minute)
				again.mustCall(200, "GET", "/auth/me", access, "")
			}
			if err := again.Tend(t.Context()); err != nil {
				t.Error(err)
			}

			admin := newWorldOn(t, w.store, administer)
			list, err := admin.SigningKeys(t.Context())
			if last := list[len(list)-1]; err != nil || !last.Foreign {
				t.Errorf("%+v %v", list, err)
			}
			if err := admin.RevokeKey(t.Context(), foreign); err != nil {
				t.Error(err)
			}
			if list, err = admin.SigningKeys(t.Context()); err != nil || list[len(list)-1].ID == foreign {
				t.Errorf("%+v %v", list, err)
			}
			for _, key := range again.published() {
				if key.ID == foreign {
					t.Error("it was published")
				}
			}
		})
	}
}

func deleteRecord(t *testing.T, kind, id string) func(account.Tx) error {
	return func(tx account.Tx) error { return tx.DeleteRecord(t.Context(), kind, id) }
}

func putRecord(t *testing.T, kind, id, data string) func(account.Tx) error {
	return func(tx account.Tx) error {
		return tx.PutRecord(t.Context(), account.Record{Kind: kind, ID: id, Data: []byte(data)})
	}
}

// endKey gives a stored key an end, as the addition of another one does.
func (w *world) endKey(id string, end time.Time) {
	w.Helper()
	w.change(func(tx account.Tx) error {
		rec, err := tx.Record(w.Context(), "signing-key", id)
		if err != nil {
			return err
		}
		var fields map[string]any
		if err := json.Unmarshal(rec.Data, &fields); err != nil {
			return err
		}
		fields["VerifiesUntil"] = end.UTC()
		if rec.Data, err = json.Marshal(fields); err != nil {
			return err
		}
		return tx.PutRecord(w.Context(), rec)
	})
}

// TestClockAheadForAMinute: a clock that ran months ahead for a moment leaves keys that still
// follow each other within minutes.
func TestClockAheadForAMinute(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	start := w.clock
	w.setClock(start.Add(400 * 24 * time.Hour))
	if err := w.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.setClock(start.Add(time.Minute))
	if err := w.RotateKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		access, _ := w.login()
		w.later(time.Minute)
		w.mustCall(200, "GET", "/auth/me", access, "")
	}
	list, err := w.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	access, _ := w.login()
	if last := list[len(list)-1]; last.ID != kid(t, access) {
		t.Errorf("the key made last does not sign: %+v", list)
	}
}

// TestFreshTokensApart: nodes whose clocks are five minutes apart accept each other's fresh
// tokens, both ways. Further apart, the one behind refuses them until it is within five
// minutes, and the one ahead takes less of their time.
func TestFreshTokensApart(t *testing.T) {
	for _, row := range []struct {
		apart       time.Duration
		behind      error // what the node behind says of the other's
		lives, dies time.Duration
	}{
		{0, nil, 10 * time.Minute, 10*time.Minute + 2*time.Second},
		{5 * time.Second, nil, 9*time.Minute + 54*time.Second, 10 * time.Minute},
		{5 * time.Minute, nil, 4*time.Minute + 59*time.Second, 5*time.Minute + 2*time.Second},
		{6 * time.Minute, token.ErrNotYetValid, 3*time.Minute + 59*time.Second, 4*time.Minute + 2*time.Second},
	} {
		ahead := newWorld(t, nil)
		ahead.register()
		behind := newWorldOn(t, ahead.store, nil)
		behind.setClock(ahead.clock)
		ahead.later(row.apart)
		early, err := ahead.Mint()
		if err != nil {
			t.Fatal(err)
		}
		late, err := behind.Mint()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := behind.Authenticate(early); !errors.Is(err, row.behind) {
			t.Errorf("%s ahead: behind says %v", row.apart, err)
		}
		if _, err := ahead.Authenticate(late); err != nil {
			t.Errorf("%s ahead: ahead says %v", row.apart, err)
		}
		behind.later(row.apart)
		if _, err := behind.Authenticate(early); err != nil {
			t.Errorf("%s ahead, as much later: behind says %v", row.apart, err)
		}
		start := ahead.clock
		ahead.setClock(start.Add(row.lives))
		if _, err := ahead.Authenticate(late); err != nil {
			t.Errorf("%s ahead, after %s: %v", row.apart, row.lives, err)
		}
		ahead.setClock(start.Add(row.dies))
		if _, err := ahead.Authenticate(late); !errors.Is(err, token.ErrExpired) {
			t.Errorf("%s ahead, after %s: %v", row.apart, row.dies, err)
		}
	}
}
