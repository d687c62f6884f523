package token

import (
	"strings"
	"testing"
)

// TestClaimNames: what other issuers call things.
func TestClaimNames(t *testing.T) {
	k := signer()[ES256]
	for _, row := range []struct {
		name                  string
		names                 ClaimNames
		more                  string // members of the claims
		subject, scope, roles string
		want                  *Error
	}{
		{"none", ClaimNames{}, ``, "u1", "", "", nil},
		{"nested roles", ClaimNames{Roles: "/realm_access/roles"}, `,"realm_access":{"roles":["a","b"]}`, "u1", "", "a b", nil},
		{"one role", ClaimNames{Roles: "/role"}, `,"role":"admin"`, "u1", "", "admin", nil},
		{"scopes in a list", ClaimNames{Scopes: "/scp"}, `,"scp":["read","write"]`, "u1", "read write", "", nil},
		{"scopes in a text", ClaimNames{Scopes: "/scp"}, `,"scp":"read write"`, "u1", "read write", "", nil},
		{"a name with slashes", ClaimNames{Roles: "/https:~1~1example.com~1roles"}, `,"https://example.com/roles":["x"]`, "u1", "", "x", nil},
		{"another subject", ClaimNames{Subject: "/oid"}, `,"oid":"o-7"`, "o-7", "", "", nil},
		{"the standard scope does not count then", ClaimNames{Scopes: "/scp"}, `,"scope":"admin"`, "u1", "", "", nil},
		{"no roles there", ClaimNames{Roles: "/realm_access/roles"}, `,"realm_access":{}`, "u1", "", "", nil},
		{"no object there", ClaimNames{Roles: "/realm_access/roles"}, `,"realm_access":"roles"`, "u1", "", "", nil},
		{"no subject there", ClaimNames{Subject: "/oid"}, ``, "", "", "", ErrMissingClaim},
		{"a subject that is no text", ClaimNames{Subject: "/oid"}, `,"oid":7`, "", "", "", ErrBadClaims},
		{"an empty subject", ClaimNames{Subject: "/oid"}, `,"oid":""`, "", "", "", ErrBadClaims},
		{"roles that are none", ClaimNames{Roles: "/r"}, `,"r":{"admin":true}`, "", "", "", ErrBadClaims},
		{"a role that is none", ClaimNames{Roles: "/r"}, `,"r":["a",1]`, "", "", "", ErrBadClaims},
		{"a role of two lines", ClaimNames{Roles: "/r"}, `,"r":["a\nb"]`, "", "", "", ErrBadClaims},
		{"too many", ClaimNames{Roles: "/r"}, `,"r":["a"` + strings.Repeat(`,"a"`, maxList) + `]`, "", "", "", ErrBadClaims},
		{"two spaces", ClaimNames{Scopes: "/s"}, `,"s":"a  b"`, "", "", "", ErrBadClaims},
		{"null", ClaimNames{Scopes: "/s"}, `,"s":null`, "", "", "", ErrBadClaims},
	} {
		v := verifierOf(t, ES256, func(in *Issuer) { in.Claims = row.names })
		plain := fair()
		delete(plain, "scope")
		delete(plain, "roles")
		claims := strings.TrimSuffix(claimsJSON(plain), "}") + row.more + "}"
		c, err := v.Verify(forge(k, head(k), claims))
		if row.want != nil {
			if err != row.want {
				t.Errorf("%s: %v, want %v", row.name, err, row.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if c.Subject != row.subject || strings.Join(c.Scopes, " ") != row.scope || strings.Join(c.Roles, " ") != row.roles {
			t.Errorf("%s: %q %q %q", row.name, c.Subject, c.Scopes, c.Roles)
		}
	}
	for _, bad := range []ClaimNames{{Roles: "roles"}, {Subject: "/~"}, {Scopes: "/a~2"}} {
		if _, err := newMapping(bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}
