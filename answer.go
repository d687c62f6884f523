package sallyport

import (
	"bufio"
	"net"
	"net/http"

	"github.com/sallyport-dev/sallyport/headers"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/visit"
)

// answer is the ResponseWriter a handler behind the Gate gets, and the visit that
// goes with it: one allocation for both. It notes the status, and turns the plain
// text in which http.ServeMux says 404 and 405 into problems.
type answer struct {
	http.ResponseWriter
	gate    *Gate
	visit   visit.Visit
	request *http.Request // as the handler got it; its Pattern is the mux's match
	fromMux bool          // the handler is a ServeMux, whose own 404 and 405 have no pattern
	wrote   bool
	dropped bool // the body being written is the mux's text, replaced already
	apiKey  bool // the principal is that of an API key
	cookie  bool // the credential came in a cookie
	dpop    bool // the credential came under the scheme DPoP
	routes  held // what holds for the request

	body      *requestBody  // nil when there is none
	continues bool          // reading the body may send a 100 over HTTP/1
	outer     handlerWriter // what the handler gets

	// What the limits work with: room spares an allocation where there are few.
	takes    []ratelimit.Take
	room     [2]ratelimit.Take
	rules    []*rule // of each of takes
	ruleRoom [2]*rule
	held     []holding
	meters   []meter
}

func (a *answer) WriteHeader(status int) {
	if a.wrote {
		return
	}
	if status < 200 && status != http.StatusSwitchingProtocols {
		a.inform(status)
		return
	}
	a.wrote = true
	a.visit.Status = status
	a.reconcile(status)
	if status >= 300 && status < 400 {
		// Drop the rate-limit fields on redirects: they do not describe the target.
		for _, name := range limitFields {
			delete(a.Header(), name)
		}
	}
	if a.fromMux && a.request.Pattern == "" {
		if p := muxProblem(status); p != nil {
			a.dropped = true
			problem.Write(a.ResponseWriter, a.request, p)
			return
		}
	}
	a.ResponseWriter.WriteHeader(status)
}

// reconcile settles the fields that the handler behind the Gate has set with the Gate's. What
// the Gate and the accounts answer themselves is as it must be.
func (a *answer) reconcile(status int) {
	if a.outer.w == nil {
		return
	}
	h := a.Header()
	a.gate.headers.Reconcile(h, status, a.visit.Secure)
	if a.gate.cors.Varies() {
		addVary(h, "Origin") // a handler may have replaced it
	}
	a.guardCaching(h)
}

// finish begins the response of a handler that has returned without.
func (a *answer) finish() {
	if !a.wrote {
		a.WriteHeader(http.StatusOK)
	}
}

// inform sends an informational response; the final one is yet to come. Two kinds are
// dropped, as a server may (RFC 9110 §15.2). A transport may be reading the body by now, and
// the first Read has net/http write a 100 to the same buffer. And over HTTP/2, net/http hands
// the map of header fields to the goroutine that writes the frame, and no longer waits for it
// once the client has reset the stream: setting a field then would end the process.
func (a *answer) inform(status int) {
	http2 := a.request.ProtoMajor > 1
	if !http2 && (status == http.StatusContinue || !a.continues) {
		a.ResponseWriter.WriteHeader(status)
	}
}

var limitFields = []string{"Ratelimit", "Ratelimit-Policy", "X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset"}

// muxProblem is the problem for what a ServeMux says itself. It has set Allow.
func muxProblem(status int) *problem.Problem {
	switch status {
	case http.StatusNotFound:
		return problem.NotFound
	case http.StatusMethodNotAllowed:
		return muxMethod
	}
	return nil
}

var muxMethod = problem.New(http.StatusMethodNotAllowed, "method_not_allowed", "The method is not allowed here; the Allow field lists those that are.")

func (a *answer) Write(b []byte) (int, error) {
	if !a.wrote {
		headers.Detect(a.Header(), b)
		a.WriteHeader(http.StatusOK)
	}
	if a.dropped {
		return len(b), nil
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the server's own writer.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Flush and Hijack are here for handlers that ask for http.Flusher or http.Hijacker
// instead of using http.ResponseController.
func (a *answer) Flush() { a.FlushError() }

// FlushError sends what is buffered.
func (a *answer) FlushError() error {
	if !a.wrote {
		a.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Hijack hands over the connection, as for a WebSocket.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(a.ResponseWriter).Hijack()
	if err == nil {
		a.wrote = true
		a.visit.Status = http.StatusSwitchingProtocols
	}
	return conn, rw, err
}
