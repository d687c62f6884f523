package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestUpstreamFlags: what is wrong with the files is said under the flag that names them.
func TestUpstreamFlags(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	empty := file("empty.pem", "")
	for _, c := range []struct {
		options upstreamOptions
		want    string
	}{
		{upstreamOptions{}, ""},
		{upstreamOptions{upstreamCA: filepath.Join(dir, "none")}, "--upstream-ca: "},
		{upstreamOptions{upstreamCA: empty}, "has no certificate"},
		{upstreamOptions{upstreamCert: empty}, "--upstream-cert and --upstream-key belong together"},
		{upstreamOptions{upstreamKey: empty}, "--upstream-cert and --upstream-key belong together"},
		{upstreamOptions{upstreamCert: empty, upstreamKey: filepath.Join(dir, "none")}, "--upstream-key: "},
		{upstreamOptions{upstreamCert: empty, upstreamKey: file("key.pem", "x")}, "does not go with"},
	} {
		err := c.options.load()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.options, err, c.want)
		}
	}
}

// TestUpstreamSocket: the gate serves before an upstream, says that it cannot be reached, and finds it when it
// has started.
func TestUpstreamSocket(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "app.sock")
	said := make(lines, 16)
	a, err := open(t.Context(), options{
		place: place{data: t.TempDir()}, listen: "127.0.0.1:0", accounts: "on", registration: "closed", upstream: "unix:" + socket,
		routeOptions: routeOptions{public: []string{"GET /"}}, limitOptions: limitOptions{limit: "100 per 1h"},
		upstreamOptions: upstreamOptions{keepHost: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	a.options.log = slog.New(slog.NewTextHandler(said, nil))
	a.watchUpstream(t.Context())
	select {
	case line := <-said:
		if !strings.Contains(line, "cannot be reached") || !strings.Contains(line, socket) {
			t.Error(line)
		}
	case <-time.After(limit):
		t.Error("nothing is said of an upstream that is not there")
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Skip(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host) })}
	go s.Serve(l)
	defer s.Close()
	r := httptest.NewRequest("GET", "/", nil)
	r.Host = "api.example"
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	if w.Code != 200 || w.Body.String() != "api.example" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// lines is a log that a test reads line by line.
type lines chan string

func (l lines) Write(b []byte) (int, error) { l <- string(b); return len(b), nil }
