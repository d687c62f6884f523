package storetest

import (
	"bufio"
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// Together runs two processes that write to the store at the same time, and looks on from
// this one, which opens and closes the store meanwhile: what they acknowledge is true here,
// what they revoke is refused here, and both survive that they are killed.
func Together(t *testing.T, address string, open func(address string) (account.Store, error)) {
	const lines = 120 // of each
	store, err := open(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	here := newNode(t, store)

	said := make(chan []string)
	var writers sync.WaitGroup
	for range 2 {
		writers.Go(func() { runWriter(t, address, lines, said) })
	}
	go func() { writers.Wait(); close(said) }()
	var ended []string // access tokens
	refreshed := map[string]string{}
	heard := 0
	for f := range said {
		if heard++; heard%40 == 0 {
			if again, err := open(address); err != nil {
				t.Error(err)
			} else if err := again.Close(); err != nil {
				t.Error(err)
			}
		}
		switch name := f[1]; f[0] {
		case "refreshed":
			refreshed[name] = f[2]
			// It may have ended by now, and is accepted or refused for that reason alone.
			if status, _ := here.call("GET", "/auth/me", f[3], ""); status != http.StatusOK && status != http.StatusUnauthorized {
				t.Errorf("%s, which another process gave a token: %d", name, status)
			}
		case "ending": // it ends now or, if its process is killed, perhaps never
			delete(refreshed, name)
		case "ended":
			ended = append(ended, f[3])
		}
	}
	refusedHere(t, here, ended)
	if len(ended) == 0 || len(refreshed) == 0 {
		t.Errorf("%d ended, %d refreshed", len(ended), len(refreshed))
	}
	for name, raw := range refreshed {
		if status, _, _ := here.refresh(raw); status != http.StatusOK {
			t.Errorf("%s was acknowledged, and cannot be refreshed: %d", name, status)
		}
	}
}

// refusedHere waits until all tokens are refused, for some seconds at the most.
func refusedHere(t *testing.T, here *node, tokens []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for _, access := range tokens {
		for {
			if _, err := here.Authenticate(access); err != nil {
				break
			}
			if ctx.Err() != nil {
				t.Fatal("a token that another process ended is accepted after five seconds")
			}
		}
	}
}

// runWriter runs a process that writes, passes on what it says in fields, and kills it.
func runWriter(t *testing.T, address string, lines int, said chan<- []string) {
	self, err := os.Executable()
	if err != nil {
		t.Error(err)
		return
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), child+"="+address)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return
	}
	scan, n := bufio.NewScanner(out), 0
	for scan.Scan() {
		said <- strings.Fields(scan.Text())
		if n++; n == lines {
			cmd.Process.Kill()
		}
	}
	cmd.Wait()
	if n < lines {
		t.Errorf("a process ended by itself after %d lines", n)
	}
}
