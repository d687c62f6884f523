package sallyport

import "testing"

// TestHosts is what a Host field may be.
func TestHosts(t *testing.T) {
	for host, want := range map[string]bool{
		"a": true, "api.example": true, "api.example:8080": true, "127.0.0.1:80": true, "[::1]": true, "[::1]:8080": true, "a_b": true,
		"": false, "]:[": false, "::::": false, "[": false, "a:b:c": false, "x:999999": false, "a:": false, ":80": false, "a:8a": false,
		"[::1": false, "[::1]x": false, "[1.2.3.4]": false, "[fe80::1%eth0]": false, "a.": false, "a.:80": false, "a b": false, "a@b": false, "a/b": false, "a%62": false, "é": false,
	} {
		if plainHost(host) != want {
			t.Errorf("%q: %v", host, !want)
		}
	}
}
