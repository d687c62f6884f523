package main

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/visit"
)

// The states of a part of the process, from the best to the worst.
const (
	healthOK       = "ok"
	healthDegraded = "degraded" // it serves, and somebody has to look
	healthFailed   = "failed"   // it does not serve
)

// part is the state of one part of the process. Its reason is read without a login: it names
// no host, address, user or secret.
type part struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Reason string `json:"reason,omitzero"`
}

// health is what /readyz answers.
type health struct {
	Status string `json:"status"`
	Parts  []part `json:"parts,omitzero"`
}

// withHealth answers /livez and /readyz, and hands all else to next, which may be nil.
func (a *app) withHealth(next http.Handler) http.Handler {
	if next == nil {
		next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { problem.Write(w, r, problem.NotFound) })
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asks := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch { // and no mux, which would clean the paths of all others
		case asks && r.URL.Path == "/livez":
			writeHealth(w, http.StatusOK, health{Status: healthOK})
		case asks && r.URL.Path == "/readyz":
			h, status := a.health(), http.StatusOK
			if h.Status == healthFailed {
				status = http.StatusServiceUnavailable
			}
			writeHealth(w, status, h)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func writeHealth(w http.ResponseWriter, status int, h health) {
	body, err := json.Marshal(h)
	if err != nil { // of two types of strings
		panic(err)
	}
	head := w.Header()
	head.Set("Content-Type", "application/json")
	head.Set("Content-Length", strconv.Itoa(len(body)))
	head.Set("Cache-Control", "no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	w.Write(body)
}

// health asks every part. It reads memory alone, and waits for nothing.
func (a *app) health() health {
	h := health{Status: healthOK, Parts: []part{state("listener", a.server.Err(), a.server.Warning())}}
	if a.draining.Load() {
		h.Parts = append(h.Parts, part{"process", healthFailed, "it is ending, and finishes what is in flight"})
	}
	if a.admin != nil {
		h.Parts = append(h.Parts, state("admin", a.admin.Err(), a.admin.Warning()))
	}
	h.Parts = append(h.Parts, a.auditHealth())
	if a.accounts != nil {
		h.Parts = append(h.Parts, a.accountsHealth()...)
	}
	if a.redis != nil {
		h.Parts = append(h.Parts, a.limitsHealth())
	}
	for _, p := range h.Parts {
		if h.Status == healthOK || p.Status == healthFailed {
			h.Status = p.Status
		}
	}
	return h
}

// state is a part that has failed, is degraded, or is well.
func state(name string, failed, degraded error) part {
	switch {
	case failed != nil:
		return part{name, healthFailed, oneLine(failed)}
	case degraded != nil:
		return part{name, healthDegraded, oneLine(degraded)}
	}
	return part{Name: name, Status: healthOK}
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// auditHealth is degraded while events are lost: the gate serves, as refusing all requests would
// let whoever fills a disk stop the service.
func (a *app) auditHealth() part {
	err := a.log.Err()
	if err == nil && a.logFile != nil {
		err = a.logFile.Err()
	}
	return state("audit", nil, err)
}

// accountsHealth has failed while nothing is let in, as what was revoked is not known, or where
// a background loop does not do its work any more. What a round of one failed by may name
// hosts, and is on standard error.
func (a *app) accountsHealth() []part {
	parts := []part{state("accounts", a.accounts.Revoked(visit.Principal{Issuer: a.options.issuer}), nil)}
	for _, l := range a.accounts.Health() {
		p := part{Name: "accounts/" + l.Name, Status: healthOK}
		switch {
		case l.Stuck != "":
			p.Status, p.Reason = healthFailed, l.Stuck
		case l.Err != nil:
			p.Status, p.Reason = healthDegraded, "its last round failed: see standard error"
		}
		parts = append(parts, p)
	}
	return parts
}

// limitsHealth is degraded without Redis: this node counts alone, and admits its share.
func (a *app) limitsHealth() part {
	if a.redis.Stats().Degraded {
		return part{"limits", healthDegraded, "Redis cannot be asked: this node counts alone and admits its share"}
	}
	return part{Name: "limits", Status: healthOK}
}
