package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestOtherHost: what listens for this machine does not answer to a name of the world.
func TestOtherHost(t *testing.T) {
	h := onlyLoopback(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) }), "My-Machine.lan")
	for host, want := range map[string]int{
		"127.0.0.1": 204, "127.0.0.1:8081": 204, "[::1]:8081": 204, "[::1]": 204, "localhost": 204, "LocalHost:8081": 204, "127.8.8.8": 204,
		"my-machine.lan": 204, "MY-MACHINE.lan:8081": 204, "my-machine.lan.evil.example": 421, "my-machine": 421,
		"": 204, "evil.example": 421, "evil.example:8081": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421,
		"192.0.2.1": 421, "0.0.0.0:8081": 421, "localhost:8081:1": 421, "127.1": 421, "2130706433": 421,
	} {
		r := httptest.NewRequest("GET", "/admin/api/users", nil)
		r.Host = host
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != want {
			t.Errorf("%q: %d, want %d", host, rec.Code, want)
		}
	}
}
