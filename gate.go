// Package sallyport is the guarded way into an HTTP API: everything that passes is
// examined, in a fixed order, and everything that leaves carries the right fields.
//
//	gate, err := sallyport.New(sallyport.Config{Accounts: accounts})
//	...
//	http.ListenAndServe(addr, gate.Handler(mux))
//
// It fails when composed wrongly:
//
//   - The Gate must be the outermost handler. What stands in front of it (a mux that
//     cleans paths, a middleware that answers by itself) is not guarded, and what the
//     Gate authorised may not be what the handler gets.
//   - Do not add a second CORS layer, rate limiter or panic guard behind it.
//   - [Route.Public] is the only way past authentication. A handler that needs to know
//     who is calling asks [visit.Caller], never a header.
//   - net/http's default server has no timeouts: use an http.Server with
//     ReadHeaderTimeout, ReadTimeout and IdleTimeout set.
//   - Behind a proxy, set [Config.TrustedProxies]; otherwise every client has the
//     proxy's address, and shares its limits.
//
// [Handle] is for what stands behind the Gate: it adds a function of Go types to a mux, and
// its route to an OpenAPI document.
//
// Each room is also usable alone; this package is the only place that knows them all.
package sallyport

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/clientip"
	"github.com/sallyport-dev/sallyport/cors"
	"github.com/sallyport-dev/sallyport/headers"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/visit"
)

// Gate guards handlers. It is immutable and safe for concurrent use.
type Gate struct {
	clients   *clientip.Resolver
	headers   *headers.Headers
	cors      *cors.Policy
	limits    *limits
	verifier  verifier // nil when every route is public
	accounts  *account.Accounts
	routes    *routes
	described *described // nil without a document
	methods   methods
	challenge challenges
	binding   *binding
	audit     *audit.Log
	errors    *slog.Logger
	now       func() time.Time
	maxHeader int // bytes of all header fields

	streamCheck time.Duration
}

// Handler returns next with the Gate in front of it; without next, whatever passes is
// a 404. When next is an *http.ServeMux, what the mux itself says of unknown paths and
// methods becomes a problem too.
//
// Once next has returned, reading the body and writing to the ResponseWriter fail, so that
// goroutines it leaves behind do no harm, and [http.TimeoutHandler] may stand around it. They
// must recover their own panics, and leave alone the map that Header returned.
func (g *Gate) Handler(next http.Handler) http.Handler {
	if next == nil {
		next = problem.Handler(func(http.ResponseWriter, *http.Request) error { return problem.NotFound })
	}
	_, isMux := next.(*http.ServeMux)
	return &door{gate: g, next: next, isMux: isMux}
}

// door is one handler behind the Gate.
type door struct {
	gate  *Gate
	next  http.Handler
	isMux bool
}

// ServeHTTP is the way of every request, top to bottom. A room either lets it pass or
// answers with a problem, and then no later room sees it.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g := d.gate
	now, client := g.now(), g.clients.FromRequest(r)
	// First of all, so that nothing is refused, answered or logged without end.
	decision, failed := g.limits.takeClient(r.Context(), client.Addr)
	if failed == nil && !decision.Allowed && !g.limits.client.shadow {
		g.turnAway(w, r, client, now, decision)
		return
	}
	a := g.open(w, r, now, client)
	defer g.close(a)

	r = a.request
	g.headers.Apply(a.Header(), a.visit.Secure)
	g.cors.Apply(a.Header(), r)
	closeAfterChunks(a.Header(), r)
	if failed != nil {
		g.refuse(a, "", limitsDown(failed))
		return
	}
	if !decision.Allowed {
		g.limits.shadow(g.limits.client, g.methods.of(r), &a.visit)
	}
	forms, p := g.sane(r)
	if p != nil {
		g.refuse(a, audit.InputFail, p)
		return
	}
	if g.preflight(a) {
		return
	}
	if p := g.foreignUpgrade(r); p != nil {
		g.refuse(a, audit.CrossOrigin, p)
		return
	}
	held, ask := g.described.find(r, g.routes.match(r))
	a.routes, a.visit.Route = held, held.own.pattern
	if forms != 0 {
		if p := g.widen(a, forms, &ask); p != nil {
			g.refuse(a, audit.InputFail, p)
			return
		}
	}
	if p := g.destination(a, &ask); p != nil {
		g.refuse(a, audit.InputFail, p)
		return
	}
	a.visit.ErrorBodies = a.routes.all(isErrorBodies)
	if event, p := g.admit(a); p != nil {
		g.refuse(a, event, p)
		return
	}
	if p := g.bound(a, a.routes.maxBody()); p != nil {
		g.refuse(a, audit.InputFail, p)
		return
	}
	g.limits.measure(a)
	if p := ask.check(r); p != nil {
		g.refuse(a, "", p)
		return
	}
	if a.routes.own.reserved {
		g.accounts.ServeHTTP(a, r)
		return
	}
	a.fromMux = d.isMux
	if ask.op == nil {
		a.serve(a, r, d.next)
		return
	}
	if v := ask.op.Serve(a, r, behind{a, d.next}); v.Code != "" {
		a.visit.Event, a.visit.Reason = audit.AnswerUndeclared, v.Reason()
	}
}

// admit authenticates, counts and authorizes a request. What is the caller's own is
// charged first: a bad credential to the address it came from, so that guessing is
// limited like anything else. What others share is charged last, when it is known that
// the caller may have it.
func (g *Gate) admit(a *answer) (event string, p *problem.Problem) {
	ctx, h := a.request.Context(), &a.routes
	event, p = g.authenticate(a, h.public())
	c := g.limits.charging(a, p == nil)
	if limited := c.own(ctx); limited != nil {
		return "", limited
	}
	if p == nil {
		event, p = audit.AuthzFail, h.authorize(&a.visit, a.request)
	}
	if p != nil {
		c.refused(ctx)
		return event, p
	}
	return "", c.shared(ctx)
}

// open starts the visit.
func (g *Gate) open(w http.ResponseWriter, r *http.Request, now time.Time, client clientip.Client) *answer {
	a := &answer{ResponseWriter: w, gate: g}
	a.visit = visit.Visit{
		ID: visit.NewID(now), ClientRequest: givenID(r), Started: now, Path: asReceived(r.URL),
		Client: client.Addr, Secure: client.Secure, Realm: g.challenge.realm,
	}
	a.request = r.WithContext(visit.With(r.Context(), &a.visit))
	a.request.Pattern = "" // a mux behind the Gate sets its own
	return a
}

// givenID is the id that the client gave the request, if it may be kept. It is never the
// request's own: the log is searched by that, and a client could give its request the id of
// somebody else's.
func givenID(r *http.Request) string {
	if id := r.Header["X-Request-Id"]; len(id) == 1 && visit.ValidID(id[0]) {
		return id[0]
	}
	return ""
}

// refuse answers with p and notes why. Without an event, the status gives it.
func (g *Gate) refuse(a *answer, event string, p *problem.Problem) {
	a.visit.Event = event
	a.visit.Reason = p.Reason()
	if a.dpop {
		p = p.DPoP(g.binding.algs) // a client is challenged under the scheme that it used
	}
	problem.Write(a, a.request, p)
}

// close ends the visit: a panic becomes a 500 that says nothing, and what matters
// becomes an audit event.
func (g *Gate) close(a *answer) {
	defer a.settle()
	abort := false
	v := recover()
	a.endHandler() // of the accounts too, and where a panic came before the handler
	switch v {
	case nil:
		if abort = a.outer.over(); !abort { // a stream that was cut has no proper end
			a.finish()
		}
	case http.ErrAbortHandler:
		abort = true
	default:
		abort = g.crashed(a, v)
	}
	if a.visit.Status == http.StatusInternalServerError && a.visit.Reason != "" && a.visit.Event == "" {
		g.errors.LogAttrs(context.Background(), slog.LevelError, "request failed",
			slog.String("request", a.visit.ID), slog.String("route", a.visit.Route),
			slog.String("reason", a.visit.Reason))
	}
	if event := eventOf(a); event != "" {
		who := &a.visit.Principal
		if a.visit.About != nil {
			who = a.visit.About
		}
		g.audit.Emit(audit.Event{
			Name: event, Request: a.visit.ID, ClientRequest: a.visit.ClientRequest, Client: a.visit.Client,
			Issuer: who.Issuer, Subject: who.Subject, Session: who.Session,
			Method: g.methods.of(a.request), Route: a.visit.Route, Path: a.visit.Path,
			Reason: a.visit.Reason, Status: a.visit.Status,
		})
	}
	if abort {
		panic(http.ErrAbortHandler)
	}
}

// crashed answers for a handler that panicked. It reports whether half an answer was
// out already: then cutting the connection is the only way left to say that it is not
// whole.
func (g *Gate) crashed(a *answer, v any) (abort bool) {
	a.visit.Event, a.visit.Reason = audit.SysCrash, "panic in the handler"
	g.errors.LogAttrs(context.Background(), slog.LevelError, "panic in the handler",
		slog.String("request", a.visit.ID), slog.String("route", a.visit.Route),
		slog.String("panic", fmt.Sprint(v)), slog.String("stack", string(debug.Stack())))
	if a.wrote {
		return true
	}
	h := a.Header()
	clear(h) // whatever the handler was about to say
	g.headers.Apply(h, a.visit.Secure)
	g.cors.Apply(h, a.request)
	closeAfterChunks(h, a.request)
	a.fromMux = false
	problem.Write(a, a.request, problem.Internal)
	return false
}

// eventOf is the audit event of an answer that a handler gave without naming one.
func eventOf(a *answer) string {
	if a.visit.Event != "" {
		return a.visit.Event
	}
	switch a.visit.Status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return audit.InputFail
	case http.StatusForbidden:
		return audit.AuthzFail
	case http.StatusTooManyRequests:
		return audit.RateLimit
	case http.StatusServiceUnavailable:
		return audit.Overload
	}
	return ""
}

// closeAfterChunks has the connection closed after a request whose body is chunked.
// net/http drops a Content-Length that came along with it, so that the Gate cannot
// see and refuse the pair; but a proxy in front may have counted by that length, and
// what is left on the connection is then not a request (RFC 9112 §6.1).
func closeAfterChunks(h http.Header, r *http.Request) {
	if r.ProtoMajor == 1 && len(r.TransferEncoding) > 0 {
		h["Connection"] = closeValue
	}
}

var closeValue = []string{"close"}

// OwnedHeaders are the names of the response fields on which the Gate has the last word: the
// security headers. A handler may set them all the same, or pass on another server's: the Gate
// settles both sides' values when the response begins, see [headers.Headers.Reconcile].
func (g *Gate) OwnedHeaders() []string { return g.headers.Names() }
