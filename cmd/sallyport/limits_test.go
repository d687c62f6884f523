package main

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/internal/redistest"
)

// limitsOf is what an administrator of a gate on a Redis would read.
func limitsOf(t *testing.T, redis string) string {
	t.Helper()
	a, err := open(t.Context(), options{
		place: place{data: t.TempDir()}, listen: "127.0.0.1:0", accounts: "on", registration: "closed",
		limitOptions: limitOptions{limit: "9 per 1h shadow", clientLimit: "5 per 1h", quotas: []string{"q: 1 at once"}, redis: redis},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.close(); err != nil {
			t.Error(err)
		}
	}()
	got, err := json.Marshal(a.limitsStatus())
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

// TestLimitsStatus is what an administrator reads, with and without Redis.
func TestLimitsStatus(t *testing.T) {
	const limits = `"limits":[{"name":"default","limit":"9 per 1h shadow","shadow":true,"refused":0},` +
		`{"name":"client","limit":"5 per 1h","shadow":false,"refused":0},{"name":"q","limit":"1 at once","shadow":false,"refused":0}]`
	if got, want := limitsOf(t, ""), `{"counts":"in this process; other nodes count by themselves",`+limits+`}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	address := redistest.Start(t).Addr()
	got := limitsOf(t, "redis://"+address)
	for _, want := range []string{`{"counts":"in Redis at ` + address + `, by every request",` + limits + `,"redis":{"asked":0,`, `"leased":0,"denied":0,"alone":0,"untold":0,"degraded":`, `"nodes":1}`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s has no %s", got, want)
		}
	}
}
