package storetest

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/secret"
)

const adasPassword = "correct-horse-41-battery"

// node is one process with accounts.
type node struct {
	*account.Accounts
	fail func(error)
}

func newNode(t *testing.T, s account.Store) *node {
	t.Helper()
	return newMailingNode(t, s, nil)
}

func newMailingNode(t *testing.T, s account.Store, mail account.Mailer) *node {
	t.Helper()
	n, err := makeNode(s, mail)
	if err != nil {
		t.Fatal(err)
	}
	n.fail = func(err error) { t.Helper(); t.Fatal(err) }
	t.Cleanup(func() { n.Close() })
	return n
}

// newNodes are three processes that share the store.
func newNodes(t *testing.T, w *world) (nodes []*node) {
	t.Helper()
	for _, s := range w.views(3) {
		nodes = append(nodes, newNode(t, s))
	}
	return nodes
}

func makeNode(s account.Store, mail account.Mailer) (*node, error) {
	h, err := password.New(password.Config{Memory: 64, Time: 1, InsecureWeakParameters: true})
	if err != nil {
		return nil, err
	}
	a, err := account.New(context.Background(), account.Config{
		Store: s, Secret: secret.NewBytes([]byte("0123456789abcdef0123456789ABCDEF")), Issuer: "https://api.example", Passwords: h,
		LoginLimit: "100000 per 1m", RegisterLimit: "100000 per 1m", MaxSessions: 1000, Mail: mail, ErrorLog: slog.New(slog.DiscardHandler),
	})
	return &node{Accounts: a}, err
}

// call sends a request, and returns the status and what was said.
func (n *node) call(method, path, bearer, body string) (int, map[string]any) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	rec := httptest.NewRecorder()
	n.ServeHTTP(rec, r)
	var said map[string]any
	json.Unmarshal(rec.Body.Bytes(), &said) // what is no JSON says nothing
	return rec.Code, said
}

func (n *node) add(name string) {
	_, err := n.Add(context.Background(), account.NewUser{Username: name, Email: name + "@example.com", Password: secret.New(adasPassword)})
	if err != nil {
		n.fail(err)
	}
}

func (n *node) login(name string) (access, refresh string) {
	status, said := n.call("POST", "/auth/login", "", `{"username":"`+name+`","password":"`+adasPassword+`"}`)
	if status != http.StatusOK {
		n.fail(fmt.Errorf("login: %d %v", status, said))
		return "", ""
	}
	return said["access_token"].(string), said["refresh_token"].(string)
}

func (n *node) refresh(raw string) (status int, access, refresh string) {
	status, said := n.call("POST", "/auth/refresh", "", `{"refresh_token":"`+raw+`"}`)
	access, _ = said["access_token"].(string)
	refresh, _ = said["refresh_token"].(string)
	return status, access, refresh
}

// refreshAtOnce: of many refreshes with one token, on several nodes, all succeed with one
// successor.
func refreshAtOnce(t *testing.T, w *world) {
	nodes := newNodes(t, w)
	nodes[0].add("ada")
	_, raw := nodes[0].login("ada")
	var mu sync.Mutex
	got := map[string]int{}
	var all sync.WaitGroup
	const many = 100
	for i := range many {
		all.Go(func() {
			status, _, next := nodes[i%len(nodes)].refresh(raw)
			if status != http.StatusOK {
				t.Errorf("refresh: %d", status)
			}
			mu.Lock()
			defer mu.Unlock()
			got[next]++
		})
	}
	all.Wait()
	if len(got) != 1 {
		t.Errorf("%d successors", len(got))
	}
	for next := range got {
		if status, _, _ := nodes[1].refresh(next); status != http.StatusOK {
			t.Errorf("the successor: %d", status)
		}
	}
}

// guessesAtOnce: guesses at one password on three nodes at once are no more than on one,
// and a node that starts knows of them.
func guessesAtOnce(t *testing.T, w *world) {
	nodes := newNodes(t, w)
	nodes[0].add("ada")
	guess := func(n *node) int {
		status, _ := n.call("POST", "/auth/login", "", `{"username":"ada","password":"wrong-wrong"}`)
		return status
	}
	statuses := make(chan int, 30)
	var all sync.WaitGroup
	for i := range cap(statuses) {
		all.Go(func() { statuses <- guess(nodes[i%len(nodes)]) })
	}
	all.Wait()
	close(statuses)
	admitted := 0
	for status := range statuses {
		if status == http.StatusUnauthorized {
			admitted++
		}
	}
	// Five are free, and the waits after them are 1, 2, 4 and 8 seconds.
	if admitted < 5 || admitted > 9 {
		t.Errorf("%d guesses", admitted)
	}
	restarted := newNode(t, w.Store)
	// The wait may be over by now: then the first guess is let in, and makes another one.
	first, second := guess(restarted), guess(restarted)
	if first != http.StatusTooManyRequests && second != http.StatusTooManyRequests {
		t.Errorf("on a new node: %d and %d", first, second)
	}
}

// roundsVariable is how often to let a refresh and a revocation meet; 50 times where it
// is not set.
const roundsVariable = "SALLYPORT_TEST_ROUNDS"

func rounds(t *testing.T) int {
	n, err := strconv.Atoi(cmp.Or(os.Getenv(roundsVariable), "50"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// revokedAndRefreshed: when a logout or a disabling has answered, no token that a refresh
// at the same time gave is good on that node.
func revokedAndRefreshed(t *testing.T, w *world) {
	views := w.views(2)
	here, there := newNode(t, views[0]), newNode(t, views[1])
	here.add("ada")
	for round := range rounds(t) {
		access, raw := here.login("ada")
		var given string
		var all sync.WaitGroup
		all.Go(func() { _, given, _ = there.refresh(raw) })
		if round%2 == 0 {
			if status, _ := here.call("POST", "/auth/logout", access, ""); status != http.StatusNoContent {
				t.Errorf("logout: %d", status)
			}
		} else if _, err := here.SetDisabled(t.Context(), "ada", true); err != nil {
			t.Error(err)
		}
		all.Wait()
		for _, raw := range []string{access, given} {
			if status, _ := here.call("GET", "/auth/me", raw, ""); raw != "" && status != http.StatusUnauthorized {
				t.Errorf("round %d: a token is good afterwards: %d", round, status)
			}
		}
		if status, _, _ := there.refresh(raw); status != http.StatusBadRequest {
			t.Errorf("round %d: the session goes on: %d", round, status)
		}
		if _, err := here.SetDisabled(t.Context(), "ada", false); err != nil {
			t.Error(err)
		}
	}
}

// rightsAndRefreshed: when a role has been taken away, no token that a refresh at the same
// time gave has it on that node.
func rightsAndRefreshed(t *testing.T, w *world) {
	views := w.views(2)
	here, there := newNode(t, views[0]), newNode(t, views[1])
	here.add("ada")
	for round := range rounds(t) {
		if _, err := here.SetRoles(t.Context(), "ada", []string{"admin"}); err != nil {
			t.Fatal(err)
		}
		access, raw := here.login("ada")
		var given string
		var all sync.WaitGroup
		all.Go(func() { _, given, _ = there.refresh(raw) })
		if _, err := here.SetRoles(t.Context(), "ada", nil); err != nil {
			t.Error(err)
		}
		all.Wait()
		for _, raw := range []string{access, given} {
			if p, err := here.Authenticate(raw); err == nil && slices.Contains(p.Roles, "admin") {
				t.Errorf("round %d: a token has the role afterwards", round)
			}
		}
		if status, _, _ := there.refresh(raw); status != http.StatusOK {
			t.Errorf("round %d: the session is over: %d", round, status)
		}
		w.must(here.EndSessions(t.Context(), "ada"))
	}
}

// oneSigningKey: of several nodes that start at once on an empty store, one makes the
// key, and all sign with it.
func oneSigningKey(t *testing.T, w *world) {
	views := w.views(3)
	nodes := make([]*node, len(views))
	var all sync.WaitGroup
	for i, s := range views {
		all.Go(func() { nodes[i] = newNode(t, s) })
	}
	all.Wait()
	if t.Failed() {
		return
	}
	for _, n := range nodes {
		if list, err := n.SigningKeys(t.Context()); err != nil || len(list) != 1 {
			t.Fatalf("%d keys, %v", len(list), err)
		}
	}
	nodes[0].add("ada")
	access, _ := nodes[1].login("ada")
	if status, _ := nodes[2].call("GET", "/auth/me", access, ""); status != http.StatusOK {
		t.Errorf("another node's token: %d", status)
	}
}
