package proxy

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-dev/sallyport/visit"
)

// pausing is a body whose next byte takes a while.
type pausing struct {
	ctx   context.Context
	pause time.Duration
}

func (p pausing) Read(b []byte) (int, error) {
	select {
	case <-p.ctx.Done():
		return 0, context.Cause(p.ctx)
	case <-time.After(p.pause):
		return 1, nil
	}
}

// A body of known length has to get on; a stream may pause.
func TestPauses(t *testing.T) {
	for _, c := range []struct {
		name   string
		length int64
		pause  time.Duration
		err    error
	}{
		{"promised, in time", 10, 59 * time.Second, nil},
		{"promised, too late", 10, 61 * time.Second, errStalled},
		{"stream", -1, 24 * time.Hour, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := &exchange{p: &Proxy{timeout: time.Minute}, in: httptest.NewRequest("GET", "/", nil), visit: &visit.Visit{}}
				defer x.close()
				ctx := x.begin().Context()
				body := x.watch(&http.Response{ContentLength: c.length, Body: io.NopCloser(pausing{ctx, c.pause})})
				for range 3 {
					if _, err := body.Read(make([]byte, 1)); err != c.err {
						t.Errorf("err is %v, want %v", err, c.err)
					}
				}
				if (x.visit.Reason != "") != (c.err != nil) {
					t.Errorf("reason is %q", x.visit.Reason)
				}
			})
		})
	}
}
