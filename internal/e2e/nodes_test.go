package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/pgtest"
)

// TestTwoNodes runs two gates on one PostgreSQL: what one is told, the other knows.
func TestTwoNodes(t *testing.T) {
	t.Setenv("SALLYPORT_STORE", pgtest.Start(t).Database(t))
	dir := t.TempDir()
	node := func(name string) *gate {
		return serve(t, "--data", filepath.Join(dir, name), "--secret", filepath.Join(dir, "secret.key"), "--issuer", "https://api.example.com", "--limit", "10000 per 1m")
	}
	one, two := node("one"), node("two")
	token := one.login("ada")
	two.me(token)
	one.do("POST", "/auth/logout", as(token), "").want(204)
	began := time.Now()
	for two.get("/auth/me", as(token)).status != 401 {
		if time.Since(began) > limit {
			t.Fatal("the other node never heard of it")
		}
	}
	t.Logf("the other node refused after %s", time.Since(began))
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
