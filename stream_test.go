package sallyport_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/account"
)

// streams is an upstream of streams: each sends a line and then goes on as its name says,
// until the client has gone.
func streams() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/silent", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "begun")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/chatty", func(w http.ResponseWriter, r *http.Request) {
		for c := http.NewResponseController(w); ; {
			if _, err := fmt.Fprintln(w, "begun"); err != nil || c.Flush() != nil {
				return
			}
			select {
			case <-r.Context().Done():
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	mux.HandleFunc("/switched", func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: lines\r\n\r\nbegun\n")
		rw.Flush()
		io.Copy(io.Discard, rw)
	})
	return mux
}

// TestStream: an open stream ends when its credential is taken back, whether or not
// anything is being sent, and no other.
func TestStream(t *testing.T) {
	type events struct {
		accounts *account.Accounts
		w        *world
		access   string
	}
	for _, tc := range []struct {
		name string
		key  bool // the stream was opened with an API key
		what func(e events) error
		ends bool
	}{
		{"logout", false, func(e events) error {
			if res := e.w.send("POST", "/auth/logout", bearer(e.access), ""); res.StatusCode != http.StatusNoContent {
				return errors.New(res.Status)
			}
			return nil
		}, true},
		{"disabled", false, func(e events) error { _, err := e.accounts.SetDisabled(t.Context(), "ada", true); return err }, true},
		{"roles", false, func(e events) error { _, err := e.accounts.SetRoles(t.Context(), "ada", nil); return err }, true},
		{"all sessions", false, func(e events) error { return e.accounts.EndSessions(t.Context(), "ada") }, true},
		{"signing key revoked", false, func(e events) error {
			keys, err := e.accounts.SigningKeys(t.Context())
			if err != nil {
				return err
			}
			return e.accounts.RevokeKey(t.Context(), keys[0].ID)
		}, true},
		{"signing key rotated", false, func(e events) error { return e.accounts.RotateKeys(t.Context()) }, false},
		{"another user", false, func(e events) error { _, err := e.accounts.SetDisabled(t.Context(), "bob", true); return err }, false},
		{"key: logout of its maker", true, func(e events) error { return e.accounts.EndSessions(t.Context(), "ada") }, false},
		{"key: disabled", true, func(e events) error { _, err := e.accounts.SetDisabled(t.Context(), "ada", true); return err }, true},
		{"key: another user", true, func(e events) error { _, err := e.accounts.SetDisabled(t.Context(), "bob", true); return err }, false},
	} {
		for _, path := range []string{"/silent", "/chatty", "/switched"} {
			for _, http2 := range []bool{false, true} {
				if http2 && path == "/switched" {
					continue
				}
				t.Run(fmt.Sprintf("%s%s/http2=%t", tc.name, path, http2), func(t *testing.T) {
					t.Parallel()
					e := events{accounts: newAccounts(t)}
					var gate *sallyport.Gate
					e.w = newGate(t, streams(), &gate, func(c *sallyport.Config) { c.Accounts, c.InsecureUnlimited = e.accounts, true })
					sallyport.SetStreamCheck(gate, 5*time.Millisecond)
					e.access, _ = e.w.signUp("ada")
					e.w.signUp("bob")
					credential := e.access
					if tc.key {
						credential = e.w.newKey(e.access)
					}
					res, lines := e.w.stream(t, path, credential, http2)
					if line, err := lines.ReadString('\n'); line != "begun\n" {
						t.Fatalf("%s: %q, %v", res.Status, line, err)
					}
					if err := tc.what(e); err != nil {
						t.Fatal(err)
					}
					e.w.goesOn(t, res, lines, !tc.ends)
				})
			}
		}
	}
}

// newKey makes an API key.
func (w *world) newKey(access string) string {
	w.Helper()
	fields := bearer(access)
	fields.Set("Content-Type", "application/json")
	res := w.send("POST", "/auth/keys", fields, `{"name":"k"}`)
	var made struct {
		Key string `json:"key"`
	}
	if err := json.Unmarshal([]byte(read(res)), &made); err != nil || made.Key == "" {
		w.Fatalf("%s: no key: %v", res.Status, err)
	}
	return made.Key
}

// stream opens a stream over a real connection.
func (w *world) stream(t *testing.T, path, credential string, http2 bool) (*http.Response, *bufio.Reader) {
	t.Helper()
	s := listen(t, w, http2)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host, r.Header = "api.example", bearer(credential)
	if path == "/switched" {
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "lines")
	}
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res, bufio.NewReader(res.Body)
}

// goesOn reads a stream until it ends, or for long enough that it would have.
func (w *world) goesOn(t *testing.T, res *http.Response, lines *bufio.Reader, want bool) {
	t.Helper()
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, lines)
		ended <- err
	}()
	patience := 10 * time.Second
	if want {
		patience = 100 * time.Millisecond // twenty looks at the credential
	}
	select {
	case err := <-ended:
		if want {
			t.Fatalf("the stream ended: %v", err)
		}
		if err == nil && res.StatusCode == http.StatusOK {
			t.Error("the stream ended as if it were whole")
		}
	case <-time.After(patience):
		if !want {
			t.Fatal("the stream goes on")
		}
	}
}

// TestStream_event: the audit log says that a stream was cut, once.
func TestStream_event(t *testing.T) {
	accounts := newAccounts(t)
	var gate *sallyport.Gate
	w := newGate(t, streams(), &gate, func(c *sallyport.Config) { c.Accounts, c.InsecureUnlimited = accounts, true })
	sallyport.SetStreamCheck(gate, time.Millisecond)
	access, _ := w.signUp("ada")
	s := listen(t, w, false)
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/silent", nil)
	r.Header = bearer(access)
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := accounts.EndSessions(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	s.Close() // waits for the handler
	if n := strings.Count(w.audit.String(), `"level":"INFO","event":"session_expired"`); n != 1 {
		t.Errorf("%d events:\n%s", n, w.audit)
	}
}
