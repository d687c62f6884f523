package storetest

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// Nodes logs in on one node and out again, and measures how long another node still
// takes the access token: 200 times, some of them at once.
func Nodes(t *testing.T, open func() account.Store) {
	const atOnce, each = 25, 8 // fewer at once than the wrong guesses a network has
	here, there := newNode(t, open()), newNode(t, open())
	var mu sync.Mutex
	var took []time.Duration
	var all sync.WaitGroup
	for i := range atOnce {
		name := fmt.Sprint("user", i)
		here.add(name)
		all.Go(func() {
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for range each {
				access, _ := here.login(name)
				if status, _ := there.call("GET", "/auth/me", access, ""); status != http.StatusOK {
					t.Errorf("before the logout: %d", status)
				}
				if status, _ := here.call("POST", "/auth/logout", access, ""); status != http.StatusNoContent {
					t.Errorf("logout: %d", status)
				}
				start := time.Now()
				if _, err := here.Authenticate(access); err == nil {
					t.Error("the node itself takes the token")
				}
				for range tick.C {
					if _, err := there.Authenticate(access); err != nil {
						break
					}
				}
				mu.Lock()
				took = append(took, time.Since(start))
				mu.Unlock()
			}
		})
	}
	all.Wait()
	slices.Sort(took)
	worst := took[len(took)-1]
	t.Logf("%d rounds: the other node refused after %s at the median, %s at the worst", len(took), took[len(took)/2], worst)
	// The promise is a second, and a loaded machine may take its time; a feed that nobody
	// follows would take for ever.
	if worst > 5*time.Second {
		t.Errorf("it took %s", worst)
	}
}
