package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// TestOthersProofs has a gate take the DPoP proofs that jose makes, and refuse what is wrong with
// their likes, for the reason that is meant.
func TestOthersProofs(t *testing.T) {
	t.Parallel()
	made := script[struct {
		JWKS     jsontext.Value
		Requests []struct{ Name, Token, Proof, Why string }
	}](t, "dpop.mjs", map[string]string{"issuer": issuer, "audience": audience, "url": audience + "/whoami"})
	dir := t.TempDir()
	keys, log := filepath.Join(dir, "keys.json"), filepath.Join(dir, "audit.jsonl")
	if err := os.WriteFile(keys, made.JWKS, 0o600); err != nil {
		t.Fatal(err)
	}
	g := serve(t, "--accounts=off", "--issuer", issuer, "--audience", audience, "--jwks", keys, "--public-url", audience,
		"--limit", "1000 per 1m", "--audit", log, "--upstream", express(t).url)

	if len(made.Requests) < 50 {
		t.Errorf("only %d requests", len(made.Requests))
	}
	seen := 0
	for _, one := range made.Requests {
		got := g.get("/whoami", http.Header{"Authorization": {"DPoP " + one.Token}, "Dpop": {one.Proof}})
		lines, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		said := string(lines[seen:])
		seen = len(lines)
		if one.Why == "" {
			got.want(200)
			if subject := got.member("subject"); subject != "ada" {
				t.Errorf("%s: the upstream sees %q, want ada", one.Name, subject)
			}
		} else if got.status != 401 || !strings.Contains(said, `"dpop: `+one.Why+`"`) ||
			!strings.Contains(got.header.Get("Www-Authenticate"), `DPoP realm="api", error="invalid_dpop_proof"`) {
			t.Errorf("%s: %d %s, want %s", one.Name, got.status, said, one.Why)
		}
		if bearer := g.get("/whoami", as(one.Token)); bearer.status != 401 {
			t.Errorf("%s: as a bearer token: %d", one.Name, bearer.status)
		}
		if lines, err = os.ReadFile(log); err == nil {
			seen = len(lines)
		}
	}
}
