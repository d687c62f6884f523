// Command notes is the API of a short guide, made safe: accounts, and notes that only
// their owner may read. It is meant to be copied from.
//
//	go run ./examples/notes
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/sqlite"
	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/validate"
	"github.com/sallyport-dev/sallyport/visit"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8081", "address to listen on")
	data := flag.String("data", "./notes-data", "folder for the accounts and the signing key")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	handler, closeAll := open(ctx, "http://"+*listen, *data)
	// net/http's own default is to wait forever.
	server := &http.Server{Addr: *listen, Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: time.Minute}
	drained := make(chan error)
	context.AfterFunc(ctx, func() {
		last, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		drained <- server.Shutdown(last)
	})
	log.Printf("listening on http://%s", *listen)
	err := server.ListenAndServe()
	if errors.Is(err, http.ErrServerClosed) {
		err = <-drained
	}
	if err = errors.Join(err, closeAll()); err != nil {
		log.Fatal(err)
	}
}

// open builds the gate and everything behind it. What cannot be opened ends the program,
// which says why.
func open(ctx context.Context, url, data string) (h http.Handler, closeAll func() error) {
	store := must(sqlite.Open(ctx, filepath.Join(data, "accounts.db")))
	events := must(audit.New(audit.Config{Out: os.Stderr, App: "notes"}))
	accounts := must(account.New(ctx, account.Config{
		Store:  store,
		Issuer: url,
		Secret: must(secret.LoadOrCreate(filepath.Join(data, "secret.key"))),
		// The guide's least length; leave the Policy out, and it is 12. Either way the
		// most common passwords are refused.
		Policy: must(password.NewPolicy(password.PolicyConfig{MinLength: 8})),
		Audit:  events,
	}))
	gate := must(sallyport.New(sallyport.Config{
		Accounts: accounts, // answers under /auth/
		Audit:    events,
		Routes: []sallyport.Route{
			{Pattern: "POST /users", Public: true, Limit: "20 per 1h"},
			{Pattern: "GET /users/{id}/notes", Owner: "id"},
		},
	}))
	closeAll = func() error { return errors.Join(accounts.Close(), store.Close(), events.Close()) }
	return gate.Handler((&notes{accounts: accounts, byID: map[string]note{}}).mux()), closeAll
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// notes is the API. Whoever gets here has passed the gate.
type notes struct {
	accounts *account.Accounts
	mu       sync.Mutex
	byID     map[string]note
}

type note struct {
	ID    string `json:"id"`
	Owner string `json:"owner"`
	Text  string `json:"text"`
}

func (n *notes) mux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("POST /users", problem.Handler(n.addUser))
	mux.Handle("GET /me", problem.Handler(n.me))
	mux.Handle("POST /notes", problem.Handler(n.add))
	mux.Handle("GET /notes/{id}", problem.Handler(n.one))
	mux.Handle("GET /users/{id}/notes", problem.Handler(n.ofUser))
	return mux
}

// newUser is the guide's schema.
type newUser struct {
	Username string        `json:"username" validate:"min=3,max=20"`
	Email    string        `json:"email" validate:"email"`
	Password secret.String `json:"password" validate:"min=8,max=256"`
}

func (n *notes) addUser(w http.ResponseWriter, r *http.Request) error {
	in, err := validate.Body[newUser](r)
	if err != nil {
		return err
	}
	u, err := n.accounts.Add(r.Context(), account.NewUser{Username: in.Username, Email: in.Email, Password: in.Password})
	if err != nil {
		return err
	}
	return send(w, http.StatusCreated, map[string]string{"id": u.ID, "username": u.Username})
}

func (n *notes) me(w http.ResponseWriter, r *http.Request) error {
	caller, _ := visit.Caller(r.Context())
	return send(w, http.StatusOK, map[string]any{"id": caller.Subject, "roles": caller.Roles, "scopes": caller.Scopes})
}

func (n *notes) add(w http.ResponseWriter, r *http.Request) error {
	in, err := validate.Body[struct {
		Text string `json:"text" validate:"min=1,max=1000"`
	}](r)
	if err != nil {
		return err
	}
	caller, _ := visit.Caller(r.Context())
	one := note{ID: visit.NewID(time.Now()), Owner: caller.Subject, Text: in.Text}
	n.mu.Lock()
	n.byID[one.ID] = one
	n.mu.Unlock()
	return send(w, http.StatusCreated, one)
}

// one shows a note to its owner. To everybody else there is none: a 403 would tell that
// it exists.
func (n *notes) one(w http.ResponseWriter, r *http.Request) error {
	caller, _ := visit.Caller(r.Context())
	n.mu.Lock()
	one, ok := n.byID[r.PathValue("id")]
	n.mu.Unlock()
	if !ok || one.Owner != caller.Subject {
		return problem.NotFound
	}
	return send(w, http.StatusOK, one)
}

// ofUser needs no check of its own: the route's Owner has made it.
func (n *notes) ofUser(w http.ResponseWriter, r *http.Request) error {
	list := []note{}
	n.mu.Lock()
	for _, one := range n.byID {
		if one.Owner == r.PathValue("id") {
			list = append(list, one)
		}
	}
	n.mu.Unlock()
	return send(w, http.StatusOK, list)
}

func send(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body)
	return nil
}
