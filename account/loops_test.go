package account_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// health returns the state of one loop.
func (w *world) health(name string) account.LoopHealth {
	w.Helper()
	list := w.Health()
	i := slices.IndexFunc(list, func(l account.LoopHealth) bool { return l.Name == name })
	if i < 0 {
		w.Fatalf("no loop %q in %+v", name, list)
	}
	return list[i]
}

// faulty is a store whose feed fails as its function says, if there is one.
type faulty struct {
	account.Store
	feed atomic.Pointer[func(context.Context) error]
}

func (f *faulty) set(do func(context.Context) error) { f.feed.Store(&do) }

func (f *faulty) Feed(ctx context.Context, after int64, limit int) ([]account.Revocation, error) {
	if do := f.feed.Load(); do != nil && *do != nil {
		if err := (*do)(ctx); err != nil {
			return nil, err
		}
	}
	return f.Store.Feed(ctx, after, limit)
}

// TestDeadConnection: a read of the feed that is never answered leaves time for another one before
// tokens are refused for want of news.
func TestDeadConnection(t *testing.T) {
	f := &faulty{}
	w := newWorld(t, nil)
	f.Store = w.store
	waits := make(chan time.Duration, 1)
	f.set(func(ctx context.Context) error {
		end, _ := ctx.Deadline()
		select {
		case waits <- time.Until(end):
		default:
		}
		return nil
	})
	newWorldOn(t, f, nil)
	if wait := <-waits; wait <= 0 || wait > 2500*time.Millisecond {
		t.Errorf("a read of the feed waits for %v, and tokens are refused after 5s", wait)
	}
}

func TestHealth(t *testing.T) {
	errDown := errors.New("the store is down")
	for name, row := range map[string]struct {
		feed   func(context.Context) error
		want   error
		panics int64
	}{
		"well":             {nil, nil, 0},
		"down":             {func(context.Context) error { return errDown }, errDown, 0},
		"panics":           {func(context.Context) error { panic("a bug") }, nil, 1},
		"stands still":     {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, context.DeadlineExceeded, 0},
		"well after a bug": {nil, nil, 1},
	} {
		f := &faulty{}
		w := newWorld(t, nil)
		f.Store = w.store
		n := newWorldOn(t, f, func(c *account.Config) { account.SetPatience(c, 100*time.Millisecond) })
		if row.panics > 0 {
			f.set(func(context.Context) error { panic("a bug") })
			n.Round(t.Context(), "revocations")
		}
		f.set(row.feed)
		n.Round(t.Context(), "revocations")
		h := n.health("revocations")
		if h.Panics < row.panics || row.panics == 0 && h.Panics != 0 {
			t.Errorf("%s: %d panics", name, h.Panics)
		}
		if row.want != nil && !errors.Is(h.Err, row.want) || row.want == nil && row.feed == nil && h.Err != nil || h.Stuck != "" || h.Ended.IsZero() {
			t.Errorf("%s: %+v", name, h)
		}
	}
}

// TestStuck: a loop whose round does not end is reported as stuck, and the others are not.
func TestStuck(t *testing.T) {
	w := newWorld(t, nil)
	f := &faulty{Store: w.store}
	n := newWorldOn(t, f, func(c *account.Config) { account.SetPatience(c, time.Second) })
	hangs, letGo := make(chan struct{}, 1), make(chan struct{})
	f.set(func(context.Context) error { // one that does not look at its context
		select {
		case hangs <- struct{}{}:
		default:
		}
		<-letGo
		return nil
	})
	<-hangs
	if h := n.health("revocations"); h.Stuck != "" {
		t.Errorf("at once: %s", h.Stuck)
	}
	later := n.clock.Add(time.Minute)
	n.shown.Store(&later) // not by setClock, which polls
	if h := n.health("revocations"); !strings.Contains(h.Stuck, "must end within 1s") {
		t.Errorf("after a minute: %q", h.Stuck)
	}
	if h := n.health("prune"); h.Stuck != "" {
		t.Errorf("prune: %s", h.Stuck)
	}
	close(letGo)
	for n.health("revocations").Stuck != "" && t.Context().Err() == nil { // until the round has ended
	}
}

// TestStuckMailer: a Mailer that never returns is named as the reason why no mail goes.
func TestStuckMailer(t *testing.T) {
	letGo, under := make(chan struct{}), make(chan struct{}, account.MailsAtOnce)
	m := &mailer{send: func(context.Context, int) error { under <- struct{}{}; <-letGo; return nil }}
	w := newWorld(t, func(c *account.Config) { c.Mail = m })
	t.Cleanup(func() { close(letGo) })
	for _, name := range []string{"user1", "user2", "user3", "user4"}[:account.MailsAtOnce] {
		add(t, w.Accounts, name)
		w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", name+"@example.com"))
		<-under
	}
	w.Round(t.Context(), "outbox")
	if h := w.health("outbox"); h.Stuck != "" {
		t.Errorf("at once: %s", h.Stuck)
	}
	w.clock = w.clock.Add(time.Hour)
	w.setClock(w.clock)
	w.Round(t.Context(), "outbox")
	if h := w.health("outbox"); !strings.Contains(h.Stuck, "Mailer") {
		t.Errorf("after an hour: %+v", h)
	}
}

// TestLoops: which loops run follows from who sends mail.
func TestLoops(t *testing.T) {
	for name, row := range map[string]struct {
		mail account.Mailer
		want []string
	}{
		"no mail":   {nil, []string{"revocations", "token-use", "keys", "prune"}},
		"elsewhere": {account.Elsewhere{}, []string{"revocations", "token-use", "keys", "prune"}},
		"mail":      {&mailbox{}, []string{"revocations", "token-use", "keys", "prune", "outbox"}},
	} {
		w := newWorld(t, func(c *account.Config) { c.Mail = row.mail })
		var got []string
		for _, h := range w.Health() {
			got = append(got, h.Name)
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}
