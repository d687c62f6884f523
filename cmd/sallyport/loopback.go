package main

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/sallyport-dev/sallyport/problem"
)

var otherHost = problem.New(http.StatusMisdirectedRequest, "other_host", "This answers for the machine it runs on: ask 127.0.0.1, [::1] or localhost.")

// onlyLoopback refuses requests for a host by another name. A page of the world whose name
// suddenly means this machine would be of one origin with what answers here.
func onlyLoopback(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopback(r.Host) {
			problem.Write(w, r, otherHost)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// loopback reports whether a host, with a port or without, is this machine.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}
