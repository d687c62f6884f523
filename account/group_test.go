package account_test

import (
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/account"
)

// addresses are all there are, by "METHOD /path", as the document says.
func addresses(t *testing.T, a *account.Accounts) map[string]bool {
	all := map[string]bool{}
	for path, item := range documentOf(t, a)["paths"].(object) {
		for method := range item.(object) {
			all[strings.ToUpper(method)+" "+path] = true
		}
	}
	return all
}

// groupOf is the group that the names of the addresses tell.
func groupOf(address string) account.Group {
	_, path, _ := strings.Cut(address, " ")
	switch path {
	case "/auth/login", "/auth/refresh", "/auth/logout", "/auth/logout-all", "/auth/me", "/auth/reauth", "/auth/mfa/totp/verify":
		return account.GroupLogin
	case "/auth/introspect", "/auth/revoke":
		return account.GroupIntrospect
	case "/auth/openapi.json":
		return account.GroupOpenAPI
	case "/auth/mfa/recover", "/auth/mfa/recover/confirm", "/auth/mfa/recover/cancel":
		return account.GroupRecovery
	}
	if strings.HasPrefix(path, "/.well-known/") {
		return account.GroupDiscovery
	}
	return account.Group(strings.Split(path, "/")[2])
}

// TestGroups: each group can be switched off, and with it goes nothing else.
func TestGroups(t *testing.T) {
	all := addresses(t, newWorld(t, nil).Accounts)
	for _, g := range account.Groups() {
		t.Run(string(g), func(t *testing.T) {
			w := newWorld(t, func(c *account.Config) { c.Off = []account.Group{g} })
			gone := 0
			for address := range all {
				method, path, _ := strings.Cut(address, " ")
				rec := w.send(method, strings.Replace(path, "{id}", "x", 1), "", "")
				_, known := w.Endpoint(strings.Replace(path, "{id}", "x", 1))
				of := groupOf(address)
				if off := of == g || of == account.GroupRecovery && g == account.GroupMFA; off != (rec.Code == 404) || off == known {
					t.Errorf("%s: %d, known %t", address, rec.Code, known)
				} else if off {
					gone++
				}
			}
			if gone == 0 {
				t.Error("nothing is gone")
			}
		})
	}
}

// TestGroupsAreSaid: what describes the addresses leaves out those that are off.
func TestGroupsAreSaid(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.Off = []account.Group{account.GroupIntrospect, account.GroupKeys} })
	for address := range addresses(t, w.Accounts) {
		if g := groupOf(address); g == account.GroupIntrospect || g == account.GroupKeys {
			t.Errorf("the document has %s", address)
		}
	}
	_, said, _ := w.call("GET", "/.well-known/openid-configuration", "", "")
	if strings.Contains(said, "introspect") || strings.Contains(said, "revo") || !strings.Contains(said, "openapi.json") {
		t.Error(said)
	}
	w = newWorld(t, func(c *account.Config) { c.Off = []account.Group{account.GroupOpenAPI} })
	if _, said, _ := w.call("GET", "/.well-known/openid-configuration", "", ""); strings.Contains(said, "openapi") || !strings.Contains(said, "introspect") {
		t.Error(said)
	}
}

// TestKeysOff: with the group off, the keys that were made before are refused.
func TestKeysOff(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	access, _ := w.login()
	key := w.mustCall(201, "POST", "/auth/keys", access, body("name", "k"))["key"].(string)
	w.mustCall(200, "GET", "/auth/me", key, "")
	off := newWorldOn(t, w.store, func(c *account.Config) { c.Off = []account.Group{account.GroupKeys} })
	off.mustCall(401, "GET", "/auth/me", key, "")
	off.mustCall(200, "GET", "/auth/me", access, "")
}

// TestMFAOff: with the group off, who has a second factor still needs it.
func TestMFAOff(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	e := enroll(w)
	off := newWorldOn(t, w.store, func(c *account.Config) { c.Off = []account.Group{account.GroupMFA} })
	off.setClock(w.clock)
	in := &enrolled{world: off, seed: e.seed}
	in.second(200, in.first(), "code", in.next())
}
