package server

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/crash"
)

var errReset = errors.New("the stream was reset")

// stream is net/http's ResponseWriter of an HTTP/2 stream as far as guard sees it: a
// deadline in the past resets it, and once the handler has returned it panics.
type stream struct {
	*httptest.ResponseRecorder
	pause time.Duration // that each write takes
	reset chan struct{}
	rws   atomic.Pointer[bool]
}

func newStream(pause time.Duration) *stream {
	s := &stream{ResponseRecorder: httptest.NewRecorder(), pause: pause, reset: make(chan struct{})}
	s.rws.Store(new(bool))
	return s
}

func (s *stream) SetWriteDeadline(t time.Time) error {
	if past := *s.rws.Load() || t.Before(time.Now()); past {
		close(s.reset)
	}
	return nil
}

func (s *stream) Write(b []byte) (int, error) {
	select {
	case <-time.After(s.pause):
		return s.ResponseRecorder.Write(b)
	case <-s.reset:
		return 0, errReset
	}
}

// TestGuard: an answer may take its time as long as each piece gets sent within the limit.
func TestGuard(t *testing.T) {
	const limit = time.Minute
	for _, c := range []struct {
		name    string
		pause   time.Duration
		want    int
		stalled int // counted while a piece waits
		err     error
	}{
		{"fast", 0, 4 * guardPiece, 0, nil},
		{"a little slow", time.Second / 2, 4 * guardPiece, 0, nil},
		{"slow but on time", 59 * time.Second, 4 * guardPiece, 1, nil},
		{"too slow", 61 * time.Second, 0, 1, errReset},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := guardWrites(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					if n, err := w.Write(make([]byte, 4*guardPiece)); n != c.want || !errors.Is(err, c.err) {
						t.Errorf("wrote %d bytes, %v; want %d, %v", n, err, c.want, c.err)
					}
				}), newPace(limit, 1<<10), nil)
				all := &streams{}
				var watch sync.WaitGroup
				watch.Go(func() {
					<-time.After(stallAfter + stallAfter/10)
					all.mu.Lock()
					defer all.mu.Unlock()
					if all.stalled != c.stalled {
						t.Errorf("%d streams are counted as stalled, want %d", all.stalled, c.stalled)
					}
				})
				r := h2Request()
				h.ServeHTTP(newStream(c.pause), r.WithContext(context.WithValue(r.Context(), streamsKey{}, all)))
				watch.Wait()
				if all.stalled != 0 {
					t.Errorf("%d streams are counted as stalled in the end", all.stalled)
				}
			})
		})
	}
}

// TestGuard_limitAtTheEnd: the client opens its window in the very moment in which the
// limit passes, and the handler returns. The timer must not touch a writer that net/http
// has taken back by then.
func TestGuard_limitAtTheEnd(t *testing.T) {
	const limit = time.Minute
	crashes := crash.NewReporter(nil, nil)
	for range 2000 {
		synctest.Test(t, func(t *testing.T) {
			w := newStream(limit)
			h := guardWrites(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 100)) }),
				newPace(limit, 1<<10), crashes)
			h.ServeHTTP(w, h2Request())
			w.rws.Store(nil) // as net/http does when the handler has returned
			synctest.Wait()
		})
	}
	if n := crashes.Count(); n != 0 {
		t.Errorf("%d panics", n)
	}
}

func h2Request() *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.ProtoMajor, r.ProtoMinor = 2, 0
	return r
}
