package main

import (
	"cmp"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/sallyport-dev/sallyport/problem"
)

var otherHost = problem.New(http.StatusMisdirectedRequest, "other_host", "This answers for the machine it runs on: ask 127.0.0.1, [::1] or localhost.")

// onlyLoopback refuses requests for a host by another name than this machine's, and than own,
// by which the operator has named it. A page of the world whose name suddenly means this
// machine would be of one origin with what answers here. A request that names no host is none of a
// browser's: health checks over HTTP/1.0 send it.
func onlyLoopback(next http.Handler, own string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "" && !loopback(r.Host) && !strings.EqualFold(hostname(r.Host), cmp.Or(own, "localhost")) {
			problem.Write(w, r, otherHost)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// loopback reports whether a host, with a port or without, is this machine.
func loopback(host string) bool {
	host = strings.TrimSuffix(strings.TrimPrefix(hostname(host), "["), "]")
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

// hostname is a host without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}
