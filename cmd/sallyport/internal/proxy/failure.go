package proxy

import (
	"cmp"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/problem"
)

// statusClientGone is what nginx calls a request whose client left. Nobody reads the
// answer; the audit log shows the status.
const statusClientGone = 499

const retryAfter = 5 * time.Second

var (
	unreachable = problem.New(http.StatusBadGateway, "upstream_unreachable", "The service behind this address cannot be reached. Try again later.").RetryAfter(retryAfter)
	broken      = problem.New(http.StatusBadGateway, "upstream_error", "The service behind this address gave no usable answer.")
	tooSlow     = problem.New(http.StatusGatewayTimeout, "upstream_timeout", "The service behind this address took too long. Try again later.").RetryAfter(retryAfter)
	badBody     = problem.New(http.StatusBadRequest, "bad_request", "The body broke off or is not framed as HTTP asks.")
	clientGone  = problem.New(statusClientGone, "client_closed_request", "The request was cancelled.")
)

// busy is sent often when it is sent at all, so it is made once and names no instance.
var busy = problem.New(http.StatusServiceUnavailable, "upstream_busy",
	"Too many requests are in progress. Try again later.").RetryAfter(time.Second).Prepare()

// refuseTurn answers a request that got no slot.
func refuseTurn(w http.ResponseWriter, r *http.Request, err error) {
	if err == errGoneOff {
		problem.Write(w, r, clientGone)
		return
	}
	if r.ProtoMajor == 1 && r.ContentLength != 0 {
		// Else net/http would wait for the rest of the body before it sends anything.
		w.Header()["Connection"] = closing
	}
	busy.Write(w, r)
}

var closing = []string{"close"}

var silent = log.New(io.Discard, "", 0)

// fail answers when there is no answer to forward.
func (x *exchange) fail(_ http.ResponseWriter, _ *http.Request, err error) {
	p := x.explain(err)
	event := ""
	if p.Status >= 500 {
		event = audit.UpstreamFail
	}
	x.visit.NoteEvent(event, reason(cmp.Or(x.body.err(), err)))
	if !x.taken {
		problem.Write(x.w, x.in, p)
	}
}

// explain finds out whose fault it is: the client's first, as an upload that breaks
// off makes the upstream's side fail too.
func (x *exchange) explain(err error) *problem.Problem {
	if p, ok := errors.AsType[*problem.Problem](err); ok {
		return p
	}
	if bodyErr := x.body.err(); bodyErr != nil {
		return explainBody(bodyErr)
	}
	if x.in.Context().Err() != nil {
		return clientGone.Because(err)
	}
	if timedOut(err) {
		return tooSlow.Because(err)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return unreachable.Because(err)
	}
	return broken.Because(err)
}

func explainBody(err error) *problem.Problem {
	if p, ok := errors.AsType[*problem.Problem](err); ok {
		return p // what the gate says of a limit on bytes, or the server of a slow client
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problem.From(err)
	}
	return badBody.Because(err)
}

func timedOut(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

const maxReason = 256

// reason is what the audit log says of err. It is cut, as it may quote what the upstream
// sent.
func reason(err error) string {
	text := err.Error()
	if p, ok := err.(*problem.Problem); ok {
		text = p.Reason()
	}
	return text[:min(len(text), maxReason)]
}
