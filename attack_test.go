package sallyport_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/cors"
)

// flood is a Gate that has had enough of a client, and one more request of it.
func flood(t testing.TB) (h http.Handler, w *nothing, r *http.Request, log *bytes.Buffer) {
	log = &bytes.Buffer{}
	events, err := audit.New(audit.Config{Out: log, App: "test", Patience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	gate := newWorld(t, anything, func(c *sallyport.Config) {
		sallyport.SetClock(c, func() time.Time { return now })
		c.ClientLimit, c.Audit, c.CORS = "1 per 1h", events, cors.Config{Origins: []string{appOrigin}}
	})
	r = httptest.NewRequest("GET", "/notes?x=1", nil)
	r.Header.Set("Origin", appOrigin)
	r.Header.Set("Authorization", "Bearer guess")
	w = &nothing{http.Header{}}
	gate.ServeHTTP(w, r)
	return gate, w, r, log
}

// TestFloodCostsNothing: what is refused before anything else is done is answered
// without allocating, and ends up in the log as a count.
func TestFloodCostsNothing(t *testing.T) {
	gate, w, r, log := flood(t)
	one := func() { clear(w.h); gate.ServeHTTP(w, r) }
	for range 30 { // up to where the log only counts
		one()
	}
	if w.h.Get("Retry-After") != "3600" || w.h.Get("Access-Control-Allow-Origin") != appOrigin || w.h.Get("X-Content-Type-Options") != "nosniff" {
		t.Fatalf("%v", w.h)
	}
	written := log.Len()
	if n := testing.AllocsPerRun(1000, one); n != 0 && !raceEnabled {
		t.Errorf("%v allocations for one refusal", n)
	}
	if log.Len() != written || strings.Count(log.String(), "\n") > 21 {
		t.Errorf("the log grows with the flood: %s", log)
	}
	if line, _, _ := strings.Cut(log.String()[strings.Index(log.String(), "excess_rate"):], "\n"); !strings.Contains(line, `"reason":"policy client"`) || !strings.Contains(line, "192.0.2.1") {
		t.Errorf("%s", line)
	}
}

// TestOneBucket: a limit of a route counts whatever a client does to the spelling of the
// path, the query, the connection and the version of HTTP. What the Gate refuses for its
// spelling is not let in either.
func TestOneBucket(t *testing.T) {
	const most = 40
	w := newWorld(t, anything, func(c *sallyport.Config) {
		c.Limit = "1000 per 1h"
		c.Quotas = []sallyport.Quota{{Name: "one", Limit: fmt.Sprint(most, " per 1h"), By: []string{"route"}}}
		c.Routes = []sallyport.Route{{Pattern: "/Reports/{id}"}, {Pattern: "/", Public: true}}
	})
	server := httptest.NewUnstartedServer(w)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	auth := as("u1").Get("Authorization")
	admitted, asked := 0, 0
	ask := func(client *http.Client, method, target, field string) {
		req, err := http.NewRequest(method, server.URL+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", auth)
		req.Header.Set("X-HTTP-Method-Override", field)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		asked++
		if res.StatusCode == 200 {
			admitted++
		}
	}
	one := server.Client().Transport.(*http.Transport).Clone()
	one.ForceAttemptHTTP2, one.TLSClientConfig.NextProtos = false, []string{"http/1.1"}
	for i := range 6 {
		for _, target := range []string{"/Reports/7", "/reports/7", "/REPORTS/7", "/Reports/7/", "/reports/7/", "/Reports/7?x=%d", "//Reports/7", "/./Reports/7", "/%%52eports/7", "/Reports/%%37", "/x/../Reports/7"} {
			if strings.Contains(target, "%") {
				target = strings.ReplaceAll(strings.Replace(target, "%d", fmt.Sprint(i), 1), "%%", "%")
			}
			for _, method := range []string{"GET", "POST", "HEAD"} {
				ask(server.Client(), method, target, "DELETE")        // HTTP/2
				ask(&http.Client{Transport: one}, method, target, "") // HTTP/1.1
				fresh := one.Clone()                                  // another connection
				ask(&http.Client{Transport: fresh}, method, target, "")
				fresh.CloseIdleConnections()
			}
		}
	}
	if admitted != most {
		t.Errorf("%d of %d were let in, want %d", admitted, asked, most)
	}
	if line := oldest(t, server, "/reports/8", auth); !strings.Contains(line, "429") {
		t.Errorf("HTTP/1.0: %s", line)
	}
}

// TestFolded: what a slash or the case makes another route here is the same one to a
// limit on it, and what is another route is not.
func TestFolded(t *testing.T) {
	for _, c := range []struct {
		pattern, first, second string
		want                   int
	}{
		{"GET /a", "/a", "/A/", 429},
		{"GET /a/{$}", "/a/", "/A", 429},
		{"GET /Files/", "/Files/x", "/files/Y/z", 429},
		{"GET /Files/", "/Files/", "/FILES", 429},
		{"GET /x/{id}/Parts", "/x/1/Parts", "/X/2/parts/", 429},
		{"GET api.example/a", "/a", "/A", 429},
		{"GET /a", "/a", "/b", 200},
		{"GET /a", "/a", "/a/b", 200},
		{"GET /{$}", "/", "/a", 200},
	} {
		w := newWorld(t, anything, func(cfg *sallyport.Config) {
			cfg.Routes = []sallyport.Route{{Pattern: c.pattern, Limit: "1 per 1h"}}
		})
		first, second := w.send("GET", c.first, as("u1"), ""), w.send("GET", c.second, as("u1"), "")
		if first.StatusCode != 200 || second.StatusCode != c.want {
			t.Errorf("%s: %d and then %s: %d, want %d", c.pattern, first.StatusCode, c.second, second.StatusCode, c.want)
		}
	}
}

// oldest sends a request of HTTP/1.0, and returns the first line of the answer.
func oldest(t *testing.T, server *httptest.Server, target, auth string) string {
	t.Helper()
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := d.DialContext(ctx, "tcp", server.Listener.Addr().(*net.TCPAddr).String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.0\r\nHost: api.example\r\nAuthorization: %s\r\n\r\n", target, auth)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return line
}
