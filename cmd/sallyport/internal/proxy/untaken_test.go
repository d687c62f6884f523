package proxy

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-dev/sallyport/visit"
)

// TestUntakenBody: an upstream that takes no more of a body has the timeout for each piece; the
// client's own pauses, and a stream whose answer has begun, have none.
func TestUntakenBody(t *testing.T) {
	const limit = time.Minute
	for _, c := range []struct {
		name  string
		do    func(x *exchange, buf []byte)
		ended bool
	}{
		{"taken in time", func(x *exchange, buf []byte) {
			for range 3 {
				x.body.Read(buf)
				time.Sleep(limit - time.Second)
			}
		}, false},
		{"not taken", func(x *exchange, buf []byte) { x.body.Read(buf); time.Sleep(limit + time.Second) }, true},
		{"the third piece not taken", func(x *exchange, buf []byte) {
			x.body.Read(buf)
			x.body.Read(buf)
			x.body.Read(buf)
			time.Sleep(limit + time.Second)
		}, true},
		{"the client pauses", func(x *exchange, buf []byte) {
			x.body.Read(buf)
			x.body.source = pausing{x.in.Context(), time.Hour}
			x.body.Read(buf)
		}, false},
		{"sent to its end", func(x *exchange, buf []byte) { io.Copy(io.Discard, &x.body); time.Sleep(time.Hour) }, false},
		{"the answer has begun", func(x *exchange, buf []byte) {
			x.body.Read(buf)
			x.modify(&http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody})
			x.body.Read(buf)
			time.Sleep(time.Hour)
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newTestProxy(t, Config{Upstream: "http://127.0.0.1:1", Timeout: limit})
				in := httptest.NewRequest("POST", "/", nil)
				x := &exchange{p: p, in: in, visit: &visit.Visit{}, h: http.Header{}, transport: p.pool.transport()}
				ctx := x.begin().Context()
				x.body.source, x.body.crashes = strings.NewReader(strings.Repeat("x", 1000)), p.crashes
				x.impatient()
				c.do(x, make([]byte, 10))
				if (context.Cause(ctx) == errUntaken) != c.ended {
					t.Errorf("ended: %v", context.Cause(ctx))
				}
				if got := x.explain(context.Canceled); c.ended && got.Code != tooSlow.Code {
					t.Errorf("the answer is %d %s", got.Status, got.Code)
				}
				x.close()
			})
		})
	}
}

// TestUntakenBody_closedWindow: an upstream of HTTP/2 that reads nothing of an upload is a 504.
func TestUntakenBody_closedWindow(t *testing.T) {
	up := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
	}))
	up.Config.Protocols = new(http.Protocols)
	up.Config.Protocols.SetUnencryptedHTTP2(true)
	up.Start()
	defer up.Close()
	p := newTestProxy(t, Config{Upstream: "h2c://" + up.Listener.Addr().String(), Timeout: 300 * time.Millisecond})
	v := &visit.Visit{ID: "x", Client: netip.MustParseAddr("192.0.2.1")}
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/", bytes.NewReader(make([]byte, 8<<20)))
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r.WithContext(visit.With(r.Context(), v)))
	if w.Code != http.StatusGatewayTimeout || !strings.Contains(v.Reason, errUntaken.Error()) {
		t.Errorf("%d, %q", w.Code, v.Reason)
	}
}
