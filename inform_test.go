package sallyport_test

import (
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strconv"
	"testing"
)

// TestInform: a 103 reaches clients of HTTP/1.1 alone. Over HTTP/2, net/http reads the
// header map in another goroutine, and may still do so when WriteHeader has returned.
func TestInform(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		s := listen(t, newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", "</a>")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Set("X-After", "1")
			w.WriteHeader(http.StatusNoContent)
		}), open), http2)
		var got []int
		trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
			got = append(got, code)
			return nil
		}}
		r, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodGet, s.URL+"/a", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if want := map[bool]int{false: 1, true: 0}[http2]; len(got) != want || res.StatusCode != http.StatusNoContent || res.Header.Get("X-After") != "1" {
			t.Errorf("HTTP/2 "+strconv.FormatBool(http2)+": informational %v, then %s with %v", got, res.Status, res.Header)
		}
	}
}
