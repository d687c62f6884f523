// Package demo is the upstream of `sallyport demo`: a notes API that knows no
// security at all. It believes whatever the X-Sallyport- headers say, which is right
// only behind a gate that takes the client's own away.
package demo

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/go-json-experiment/json"
)

type note struct {
	ID    int    `json:"id"`
	Owner string `json:"owner"`
	Text  string `json:"text"`
}

type notes struct {
	mu   sync.Mutex
	list []note
}

// Notes returns the API: GET /health, GET /notes, POST /notes, GET /notes/{id}, and
// GET /boom, which fails the way careless programs do.
func Notes() http.Handler {
	n := &notes{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { send(w, 200, map[string]string{"status": "ok"}) })
	mux.HandleFunc("GET /notes", n.all)
	mux.HandleFunc("POST /notes", n.add)
	mux.HandleFunc("GET /notes/{id}", n.one)
	mux.HandleFunc("GET /boom", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Powered-By", "notes/1.0")
		http.Error(w, "panic: nil map\n\tat /srv/notes/store.go:42", http.StatusInternalServerError)
	})
	return mux
}

func (n *notes) all(w http.ResponseWriter, r *http.Request) {
	mine := []note{}
	n.mu.Lock()
	for _, one := range n.list {
		if one.Owner == owner(r) {
			mine = append(mine, one)
		}
	}
	n.mu.Unlock()
	send(w, http.StatusOK, mine)
}

func (n *notes) add(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Text string `json:"text"`
	}
	if err := json.UnmarshalRead(r.Body, &in); err != nil {
		send(w, http.StatusBadRequest, map[string]string{"error": "send {\"text\": \"...\"}"})
		return
	}
	n.mu.Lock()
	one := note{ID: len(n.list) + 1, Owner: owner(r), Text: in.Text}
	n.list = append(n.list, one)
	n.mu.Unlock()
	send(w, http.StatusCreated, one)
}

func (n *notes) one(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, one := range n.list {
		if fmt.Sprint(one.ID) == r.PathValue("id") && one.Owner == owner(r) {
			send(w, http.StatusOK, one)
			return
		}
	}
	send(w, http.StatusNotFound, map[string]string{"error": "no such note"})
}

// owner is all the security this program has: who the gate says is calling.
func owner(r *http.Request) string { return r.Header.Get("X-Sallyport-Subject") }

func send(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.MarshalWrite(w, v)
}
