package e2e_test

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/pgtest"
)

// roundsVariable is how often to log in on one node and out again; 5 times where it is
// not set. With 1000 it takes some minutes:
//
//	SALLYPORT_TEST_ROUNDS=1000 go test -count=1 -v -run TestTwoNodes ./internal/e2e
const roundsVariable = "SALLYPORT_TEST_ROUNDS"

// TestTwoNodes runs two gates on one PostgreSQL: what one is told, the other knows.
func TestTwoNodes(t *testing.T) {
	store := pgtest.Start(t).Database(t)
	dir := t.TempDir()
	node := func(name string) *gate {
		return serve(t, "--store", store, "--data", filepath.Join(dir, name), "--secret", filepath.Join(dir, "secret.key"), "--issuer", "https://api.example.com", "--limit", "1000000 per 1m", "--login-limit", "1000000 per 1m")
	}
	one, two := node("one"), node("two")
	token := one.login("ada")
	rounds, err := strconv.Atoi(cmp.Or(os.Getenv(roundsVariable), "5"))
	if err != nil {
		t.Fatal(err)
	}
	took := make([]time.Duration, rounds)
	for i := range took {
		two.me(token)
		began := time.Now()
		one.do("POST", "/auth/logout", as(token), "").want(204)
		took[i] = two.refuses(token, began)
		token = one.again("ada")
	}
	slices.Sort(took)
	t.Logf("%d rounds: the other node refused after %s at the median, %s at the worst", rounds, took[rounds/2], took[rounds-1])
	one.me(two.login("bob"))
	if _, err := os.Stat(filepath.Join(dir, "one", "accounts.db")); err == nil {
		t.Error("a node made a file of its own")
	}
	for _, n := range []*gate{one, two} {
		if out := n.said.String(); strings.Contains(out, "postgres://") {
			t.Errorf("a node prints the database's address: %s", out)
		}
	}
}

// refuses returns how long after began a node no longer takes a token.
func (g *gate) refuses(token string, began time.Time) time.Duration {
	g.t.Helper()
	for {
		switch status := g.get("/auth/me", as(token)).status; {
		case status == 401:
			return time.Since(began)
		case status != 200:
			g.t.Fatalf("status %d", status)
		case time.Since(began) > limit:
			g.t.Fatal("the other node never heard of it")
		}
	}
}
