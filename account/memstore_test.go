package account_test

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/storetest"
)

// memStore is a store in memory. A committed state never changes, so that a test keeps one
// and starts as many stores from it as it likes.
type memStore struct {
	writing chan struct{} // holds one element while a transaction runs
	state   atomic.Pointer[memState]
	closed  atomic.Bool
}

// memState is all that a memStore holds.
type memState struct {
	users    map[string]account.User
	sessions map[string]account.Session
	records  map[[2]string]account.Record // by kind and id
	feed     []account.Revocation
	seq      int64
}

var errClosed = errors.New("the store is closed")

func newMemStore() *memStore {
	return memStoreOf(&memState{
		users: map[string]account.User{}, sessions: map[string]account.Session{}, records: map[[2]string]account.Record{},
	})
}

// memStoreOf returns a store that starts with a state.
func memStoreOf(s *memState) *memStore {
	m := &memStore{writing: make(chan struct{}, 1)}
	m.state.Store(s)
	return m
}

func (s *memState) clone() *memState {
	return &memState{maps.Clone(s.users), maps.Clone(s.sessions), maps.Clone(s.records), slices.Clone(s.feed), s.seq}
}

func (m *memStore) at(ctx context.Context) (memReader, error) {
	if m.closed.Load() {
		return memReader{}, errClosed
	}
	return memReader{m.state.Load()}, ctx.Err()
}

func (m *memStore) Update(ctx context.Context, _ string, f func(account.Tx) error) error {
	select {
	case m.writing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-m.writing }()
	r, err := m.at(ctx)
	if err != nil {
		return err
	}
	next := r.clone()
	if err := f(&memTx{memReader{next}}); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	m.state.Store(next)
	return nil
}

func (m *memStore) Prune(ctx context.Context, now time.Time) error {
	return m.Update(ctx, "", func(tx account.Tx) error {
		s := tx.(*memTx).memState
		s.feed = slices.DeleteFunc(s.feed, func(r account.Revocation) bool { return !now.Before(r.Until) })
		maps.DeleteFunc(s.sessions, func(_ string, s account.Session) bool { return !now.Before(s.Expires) })
		maps.DeleteFunc(s.records, func(_ [2]string, r account.Record) bool {
			return !r.End.IsZero() && !now.Before(r.End)
		})
		return nil
	})
}

func (m *memStore) Close() error {
	m.closed.Store(true)
	return nil
}

func (m *memStore) User(ctx context.Context, id string) (account.User, error) {
	r, err := m.at(ctx)
	if err != nil {
		return account.User{}, err
	}
	return r.User(ctx, id)
}

func (m *memStore) UserByLogin(ctx context.Context, login string) (account.User, error) {
	r, err := m.at(ctx)
	if err != nil {
		return account.User{}, err
	}
	return r.UserByLogin(ctx, login)
}

func (m *memStore) Users(ctx context.Context, q account.UserQuery) ([]account.User, error) {
	r, err := m.at(ctx)
	if err != nil {
		return nil, err
	}
	return r.Users(ctx, q)
}

func (m *memStore) Session(ctx context.Context, id string) (account.Session, error) {
	r, err := m.at(ctx)
	if err != nil {
		return account.Session{}, err
	}
	return r.Session(ctx, id)
}

func (m *memStore) Sessions(ctx context.Context, userID string) ([]account.Session, error) {
	r, err := m.at(ctx)
	if err != nil {
		return nil, err
	}
	return r.Sessions(ctx, userID)
}

func (m *memStore) Record(ctx context.Context, kind, id string) (account.Record, error) {
	r, err := m.at(ctx)
	if err != nil {
		return account.Record{}, err
	}
	return r.Record(ctx, kind, id)
}

func (m *memStore) RecordsOf(ctx context.Context, kind, owner string) ([]account.Record, error) {
	r, err := m.at(ctx)
	if err != nil {
		return nil, err
	}
	return r.RecordsOf(ctx, kind, owner)
}

func (m *memStore) RecordsDue(ctx context.Context, kind string, now time.Time, limit int) ([]account.Record, error) {
	r, err := m.at(ctx)
	if err != nil {
		return nil, err
	}
	return r.RecordsDue(ctx, kind, now, limit)
}

func (m *memStore) Feed(ctx context.Context, after int64, limit int) ([]account.Revocation, error) {
	r, err := m.at(ctx)
	if err != nil {
		return nil, err
	}
	return r.Feed(ctx, after, limit)
}

// memReader answers from one state.
type memReader struct{ *memState }

func (r memReader) User(_ context.Context, id string) (account.User, error) {
	return found(r.users, id)
}

func (r memReader) UserByLogin(_ context.Context, login string) (account.User, error) {
	login = account.Fold(login)
	for _, u := range r.users {
		if account.Fold(u.Username) == login || account.Fold(u.Email) == login {
			return u, nil
		}
	}
	return account.User{}, account.ErrNotFound
}

func (r memReader) Users(_ context.Context, q account.UserQuery) ([]account.User, error) {
	search := account.Fold(q.Search)
	var list []account.User
	for _, id := range slices.Sorted(maps.Keys(r.users)) {
		u := r.users[id]
		matches := strings.Contains(account.Fold(u.Username), search) || strings.Contains(account.Fold(u.Email), search)
		if id > q.After && matches && len(list) < q.Limit {
			list = append(list, u)
		}
	}
	return list, nil
}

func (r memReader) Session(_ context.Context, id string) (account.Session, error) {
	return found(r.sessions, id)
}

func (r memReader) Sessions(_ context.Context, userID string) (list []account.Session, err error) {
	for _, s := range r.sessions {
		if s.UserID == userID && s.Ended.IsZero() {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b account.Session) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID))
	})
	return list, nil
}

func (r memReader) Record(_ context.Context, kind, id string) (account.Record, error) {
	return found(r.records, [2]string{kind, id})
}

func (r memReader) RecordsOf(_ context.Context, kind, owner string) ([]account.Record, error) {
	list := r.pick(func(rec account.Record) bool { return rec.Kind == kind && rec.Owner == owner })
	slices.SortFunc(list, func(a, b account.Record) int { return strings.Compare(a.ID, b.ID) })
	return list, nil
}

func (r memReader) RecordsDue(_ context.Context, kind string, now time.Time, limit int) ([]account.Record, error) {
	list := r.pick(func(rec account.Record) bool {
		return rec.Kind == kind && !rec.Due.IsZero() && !rec.Due.After(now)
	})
	slices.SortFunc(list, func(a, b account.Record) int {
		return cmp.Or(a.Due.Compare(b.Due), strings.Compare(a.ID, b.ID))
	})
	return list[:min(limit, len(list))], nil
}

func (r memReader) pick(which func(account.Record) bool) (list []account.Record) {
	for _, rec := range r.records {
		if which(rec) {
			list = append(list, rec)
		}
	}
	return list
}

func (r memReader) Feed(_ context.Context, after int64, limit int) ([]account.Revocation, error) {
	list := slices.Clone(r.feed)
	list = slices.DeleteFunc(list, func(one account.Revocation) bool { return one.Seq <= after })
	return list[:min(limit, len(list))], nil
}

func found[K comparable, V any](in map[K]V, key K) (V, error) {
	v, ok := in[key]
	if !ok {
		return v, account.ErrNotFound
	}
	return v, nil
}

// memTx writes into a state that nobody else sees yet. Transactions come one after the
// other, so that there is nothing to lock.
type memTx struct{ memReader }

func (t *memTx) Lock(context.Context, string) error { return nil }

func (t *memTx) AddUser(ctx context.Context, u account.User) error {
	if _, err := t.User(ctx, u.ID); err == nil {
		return account.ErrTaken
	}
	u.Created = kept(u.Created)
	return t.putUser(u)
}

func (t *memTx) SetUser(ctx context.Context, u account.User) error {
	old, err := t.User(ctx, u.ID)
	if err != nil {
		return err
	}
	u.Created = old.Created
	return t.putUser(u)
}

func (t *memTx) putUser(u account.User) error {
	if err := u.Check(); err != nil {
		return err
	}
	for _, other := range t.users {
		sameName := account.Fold(other.Username) == account.Fold(u.Username)
		if other.ID != u.ID && (sameName || account.Fold(other.Email) == account.Fold(u.Email)) {
			return account.ErrTaken
		}
	}
	u.Roles, u.Verified = slices.Clone(u.Roles), kept(u.Verified)
	t.users[u.ID] = u
	return nil
}

func (t *memTx) AddSession(ctx context.Context, s account.Session) error {
	if _, err := t.Session(ctx, s.ID); err == nil {
		return account.ErrTaken
	}
	if err := s.Check(); err != nil {
		return err
	}
	if _, err := t.User(ctx, s.UserID); err != nil {
		return err
	}
	s.Created = kept(s.Created)
	return t.putSession(s)
}

func (t *memTx) SetSession(ctx context.Context, s account.Session) error {
	old, err := t.Session(ctx, s.ID)
	if err != nil {
		return err
	}
	s.UserID, s.Created = old.UserID, old.Created
	return t.putSession(s)
}

func (t *memTx) putSession(s account.Session) error {
	if err := s.Check(); err != nil {
		return err
	}
	for _, at := range []*time.Time{&s.LastUsed, &s.IdleUntil, &s.Expires, &s.Ended, &s.Refresh.Rotated, &s.AuthTime} {
		*at = kept(*at)
	}
	s.Methods = slices.Clone(s.Methods)
	t.sessions[s.ID] = s
	return nil
}

func (t *memTx) PutRecord(_ context.Context, r account.Record) error {
	if err := r.Check(); err != nil {
		return err
	}
	r.Due, r.End, r.Data = kept(r.Due), kept(r.End), slices.Clone(r.Data)
	t.records[[2]string{r.Kind, r.ID}] = r
	return nil
}

func (t *memTx) DeleteRecord(_ context.Context, kind, id string) error {
	delete(t.records, [2]string{kind, id})
	return nil
}

func (t *memTx) Revoke(_ context.Context, r account.Revocation) error {
	if err := r.Check(); err != nil {
		return err
	}
	t.seq++
	r.Seq, r.At, r.Until = t.seq, kept(r.At), kept(r.Until)
	t.feed = append(t.feed, r)
	return nil
}

// kept is a time as a store keeps it: to the microsecond, in UTC.
func kept(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// TestMemStore holds the store of these tests to the contract of all.
func TestMemStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) func() account.Store {
		m := newMemStore()
		return func() account.Store { return m }
	})
}
