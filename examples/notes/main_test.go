package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// world is the program, called as a client calls it.
type world struct {
	*testing.T
	url string
}

func (w *world) call(status int, method, path, bearer, body string) map[string]any {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		w.Fatalf("%s %s: %d, want %d: %s", method, path, res.StatusCode, status, text)
	}
	var said any
	if err := json.Unmarshal(text, &said); err != nil {
		w.Fatal(err)
	}
	object, _ := said.(map[string]any)
	return object
}

const adasPW = "correct-horse-41-battery"

func (w *world) login(name string) string {
	w.Helper()
	return w.call(200, "POST", "/auth/login", "", `{"username":"`+name+`","password":"`+adasPW+`"}`)["access_token"].(string)
}

func TestNotes(t *testing.T) {
	h, closeAll := open(t.Context(), "http://notes.example", t.TempDir())
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		server.Close()
		if err := closeAll(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t, server.URL}
	w.call(201, "POST", "/auth/register", "", `{"username":"ada","email":"ada@example.com","password":"`+adasPW+`"}`)
	w.call(201, "POST", "/users", "", `{"username":"bob","email":"bob@example.com","password":"`+adasPW+`"}`)
	ada, bob := w.login("ada"), w.login("bob")
	me := w.call(200, "GET", "/me", ada, "")["id"].(string)

	id := w.call(201, "POST", "/notes", ada, `{"text":"mine"}`)["id"].(string)
	w.call(200, "GET", "/notes/"+id, ada, "")
	w.call(404, "GET", "/notes/"+id, bob, "")
	w.call(401, "GET", "/notes/"+id, "", "")
	w.call(200, "GET", "/users/"+me+"/notes", ada, "")
	w.call(403, "GET", "/users/"+me+"/notes", bob, "")

	for _, c := range []struct {
		body   string
		status int
		code   string
	}{
		{`{"username":"ab","email":"x","password":"1234567"}`, 422, "invalid_body"},
		{`{"username":"` + strings.Repeat("a", 21) + `","email":"c@example.com","password":"` + adasPW + `"}`, 422, "invalid_body"},
		{`{"username":"cleo","email":"c@example.com","password":"password"}`, 422, "invalid_body"},
		{`{"username":"BOB","email":"c@example.com","password":"` + adasPW + `"}`, 409, "account_exists"},
		{`{"username":"cleo","email":"c@example.com","password":"` + adasPW + `","roles":["admin"]}`, 422, "invalid_body"},
		{`{"username":`, 400, "malformed_json"},
	} {
		if got := w.call(c.status, "POST", "/users", "", c.body); got["code"] != c.code {
			t.Errorf("%s: %v", c.body, got)
		}
	}
	w.call(422, "POST", "/notes", ada, `{"text":""}`)
}
