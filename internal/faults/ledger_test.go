package faults_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// ledger is what was acknowledged, and so must hold.
type ledger struct {
	mu           sync.Mutex
	registrants  []string
	during       map[string]string // the row of each
	row          string
	users        []string // by command
	ended        []*session
	keys         map[string]*apiKey
	outage, over time.Time // of the store, the last one
}

func (l *ledger) registered(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.registrants = append(l.registrants, name)
	if l.during == nil {
		l.during = map[string]string{}
	}
	l.during[name+"@example.com"] = fmt.Sprintf("%s, at %s", l.row, time.Now().UTC().Format(time.TimeOnly))
}

func (l *ledger) added(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.users = append(l.users, name)
}

func (l *ledger) loggedOut(s *session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = append(l.ended, s)
}

// apiKey is a key by its id.
type apiKey struct {
	id    string
	holds bool
}

func (l *ledger) keyed(id, key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.keys == nil {
		l.keys = map[string]*apiKey{}
	}
	l.keys[key] = &apiKey{id, true}
}

func (l *ledger) revoked(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keys[key].holds = false
}

// storeFails notes that the store's feed may be unreadable, from now until storeWorks and as long
// after it as a gate may take to hear of it.
func (l *ledger) storeFails() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outage, l.over = time.Now(), time.Now().Add(time.Hour)
}

func (l *ledger) storeWorks(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = until
}

// readable reports whether the feed could be read all the time.
func (l *ledger) readable(from, to time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return to.Before(l.outage) || from.After(l.over)
}

// settle checks what a row had acknowledged, and empties the ledger but for the mails. It returns
// what is lost.
func (w *world) settle(t *traffic) (lost []string) {
	ctx := w.Context()
	miss := func(format string, args ...any) { lost = append(lost, fmt.Sprintf(format, args...)) }
	w.ledger.mu.Lock()
	ended, keys, users := w.ledger.ended, w.ledger.keys, w.ledger.users
	w.ledger.ended, w.ledger.keys, w.ledger.users = nil, nil, nil
	w.ledger.mu.Unlock()
	for i, s := range ended {
		for _, g := range w.gates {
			if a := g.do(ctx, "GET", "/hello", s.access, ""); a.status != http.StatusUnauthorized {
				miss("logout %d: the access token gets %v", i, a)
			}
		}
		if a := w.renew(ctx, w.gates[0], s); a.status != http.StatusBadRequest {
			miss("logout %d: the refresh token gets %v", i, a)
		}
	}
	for text, key := range keys {
		want := http.StatusOK
		if !key.holds {
			want = http.StatusUnauthorized
		}
		if a := w.gates[0].do(ctx, "GET", "/hello", text, ""); a.status != want {
			miss("an API key that holds (%v) gets %v", key.holds, a)
		}
		w.gates[0].do(ctx, "DELETE", "/auth/keys/"+key.id, t.reader.access, "") // a user has 50 at the most
	}
	for _, name := range users {
		if _, a := w.login(ctx, w.gates[0], name); a.status != http.StatusOK {
			miss("user add %s: the login gets %v", name, a)
		}
	}
	for n := len(t.sessions); n > 0; n-- {
		s := <-t.sessions
		if a := w.renew(ctx, w.gates[n%len(w.gates)], s); a.status != http.StatusOK {
			miss("a session of %v: the refresh gets %v", time.Since(s.born).Round(time.Second), a)
			continue
		}
		t.sessions <- s
	}
	return lost
}

const (
	// deliveredIn is how long a mail usually takes, tries again after a fault included.
	deliveredIn = 40 * time.Second
	// claimedIn is how long one takes that a process had claimed as a fault hit it, or may have sent:
	// minutes, which hurry passes over.
	claimedIn = 60 * time.Second
)

// mails waits until every registration of the ledger has its mail, and confirms some by the token
// in it. It returns what is lost, how many mails came only as the minutes of a claim were passed over,
// and how many came twice.
func (w *world) mails(confirm int) (lost []string, late, twice int) {
	missing := w.undelivered(deliveredIn)
	if late = len(missing); late > 0 {
		w.hurry()
		missing = w.undelivered(claimedIn)
	}
	for _, address := range missing {
		lost = append(lost, fmt.Sprintf("the mail of a registration: %s (%s)", address, w.ledger.during[address]))
	}
	if len(missing) > 0 && w.postgres != nil {
		w.Logf("of those, the store has:\n%s", w.postgres.Query(w, "bench", "SELECT username, created FROM users WHERE email IN ('"+
			strings.Join(missing, "','")+"'); SELECT id, due, ends FROM records WHERE kind = 'mail'"))
	}
	for i, name := range w.ledger.registrants {
		got := w.post.to(name + "@example.com")
		ids := map[string]int{}
		for _, l := range got {
			ids[l.id]++
		}
		if len(got) > len(ids) {
			twice++
		}
		for _, n := range ids {
			if n > 2 {
				lost = append(lost, fmt.Sprintf("one mail came %d times: %s", n, name))
			}
		}
		if i < confirm && len(got) > 0 {
			lost = append(lost, w.confirm(w.gates[i%len(w.gates)], name, got[0])...)
		}
	}
	return lost, late, twice
}

// undelivered waits until no mail of a registration is missing, and returns those that are.
func (w *world) undelivered(wait time.Duration) (missing []string) {
	limit := time.After(wait)
	for {
		missing = nil
		for _, name := range w.ledger.registrants {
			if address := name + "@example.com"; len(w.post.to(address)) == 0 {
				missing = append(missing, address)
			}
		}
		if len(missing) == 0 {
			return nil
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-limit:
			return missing
		}
	}
}

// hurry has every mail that waits be due now.
func (w *world) hurry() {
	const statement = "UPDATE records SET due = 1 WHERE kind = 'mail'"
	if w.postgres != nil {
		w.postgres.DoIn(w, "bench", statement)
		return
	}
	db := w.database(w.data)
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		w.Error(err)
	}
}

// confirm uses the token of a mail, and logs in.
func (w *world) confirm(g *gate, name string, l letter) (lost []string) {
	a := g.do(w.Context(), "POST", "/auth/email/verify", "", body("token", mailToken.FindString(l.text)))
	if a.status != http.StatusNoContent {
		return []string{fmt.Sprintf("a registration cannot be confirmed: %v", a)}
	}
	if _, a := w.login(w.Context(), g, name); a.status != http.StatusOK {
		return []string{fmt.Sprintf("a confirmed registration cannot log in: %v", a)}
	}
	return nil
}
