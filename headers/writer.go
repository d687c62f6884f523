package headers

import (
	"bufio"
	"net"
	"net/http"
)

// writer settles the fields when the response begins.
type writer struct {
	http.ResponseWriter
	headers *Headers
	secure  bool
	wrote   bool
}

// WriteHeader settles the fields and sends them.
func (w *writer) WriteHeader(status int) {
	if status >= 200 {
		w.begin(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) begin(status int) {
	if !w.wrote {
		w.wrote = true
		w.headers.Reconcile(w.Header(), status, w.secure)
	}
}

// Write sends a part of the body.
func (w *writer) Write(b []byte) (int, error) {
	if !w.wrote {
		Detect(w.Header(), b)
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// Detect names the Content-Type of a body that begins with b as net/http would, if the handler
// has not, so that [Headers.Reconcile] knows a page from data.
func Detect(h http.Header, b []byte) {
	if _, named := h["Content-Type"]; named || len(b) == 0 || len(h["Content-Encoding"]) > 0 {
		return
	}
	name := http.DetectContentType(b)
	value, common := detected[name]
	if !common {
		value = one(name)
	}
	h["Content-Type"] = value
}

// detected are made once, as text and pages are what a handler leaves unnamed.
var detected = map[string][]string{
	"text/plain; charset=utf-8": one("text/plain; charset=utf-8"),
	"text/html; charset=utf-8":  one("text/html; charset=utf-8"),
}

// FlushError sends what is buffered, for [http.ResponseController].
func (w *writer) FlushError() error {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Flush is FlushError for handlers that look for [http.Flusher].
func (w *writer) Flush() { w.FlushError() }

// Hijack hands over the connection, for handlers that look for [http.Hijacker].
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap lets [http.ResponseController] reach the server's own writer.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
