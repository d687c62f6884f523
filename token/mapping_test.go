package token

import (
	"errors"
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
		{"a subject that is an integer", ClaimNames{Subject: "/user_id"}, `,"user_id":7`, "7", "", "", nil},
		{"a subject that is an integer, for sub", ClaimNames{Subject: "/sub"}, ``, "u1", "", "", nil},
		{"a subject in another spelling of a number", ClaimNames{Subject: "/oid"}, `,"oid":7.0`, "", "", "", ErrBadClaims},
		{"a subject in another spelling of a number, too", ClaimNames{Subject: "/oid"}, `,"oid":1e3`, "", "", "", ErrBadClaims},
		{"a subject below zero", ClaimNames{Subject: "/oid"}, `,"oid":-0`, "", "", "", ErrBadClaims},
		{"a subject too large for a double", ClaimNames{Subject: "/oid"}, `,"oid":1234567890123456789`, "", "", "", ErrBadClaims},
		{"a subject that is true", ClaimNames{Subject: "/oid"}, `,"oid":true`, "", "", "", ErrBadClaims},
		{"a subject that is a list", ClaimNames{Subject: "/oid"}, `,"oid":["o"]`, "", "", "", ErrBadClaims},
		{"a subject that is null", ClaimNames{Subject: "/oid"}, `,"oid":null`, "", "", "", ErrMissingClaim},
		{"sub is not read then", ClaimNames{Subject: "/oid"}, `,"oid":"o","Sub":7`, "o", "", "", nil},
		{"an empty subject", ClaimNames{Subject: "/oid"}, `,"oid":""`, "", "", "", ErrBadClaims},
		{"roles as members", ClaimNames{Roles: "/r"}, `,"r":{"admin":true,"root":false,"none":null,"set":{}}`, "u1", "", "admin set", nil},
		{"roles of Zitadel", ClaimNames{Roles: "/urn:zitadel:iam:org:project:roles"}, `,"urn:zitadel:iam:org:project:roles":{"admin":{"1":"a.example"},"user":{"1":"a.example","2":"b.example"}}`, "u1", "", "admin user", nil},
		{"roles as members, with a number", ClaimNames{Roles: "/r"}, `,"r":{"admin":1}`, "", "", "", ErrBadClaims},
		{"roles as members, with a text", ClaimNames{Roles: "/r"}, `,"r":{"admin":"no"}`, "", "", "", ErrBadClaims},
		{"roles as members, with a list", ClaimNames{Roles: "/r"}, `,"r":{"admin":[]}`, "", "", "", ErrBadClaims},
		{"roles as members, of two lines", ClaimNames{Roles: "/r"}, `,"r":{"a\nb":true}`, "", "", "", ErrBadClaims},
		{"one role with a space is one", ClaimNames{Roles: "/r"}, `,"r":"store admin"`, "u1", "", "store admin", nil},
		{"no role", ClaimNames{Roles: "/r"}, `,"r":""`, "u1", "", "", nil},
		{"roles null", ClaimNames{Roles: "/r"}, `,"r":null`, "u1", "", "", nil},
		{"roles a number", ClaimNames{Roles: "/r"}, `,"r":7`, "", "", "", ErrBadClaims},
		{"200 groups", ClaimNames{Roles: "/groups"}, `,"groups":["g"` + strings.Repeat(`,"g"`, 199) + `]`, "u1", "", strings.TrimSpace(strings.Repeat("g ", 200)), nil},
		{"a role that is none", ClaimNames{Roles: "/r"}, `,"r":["a",1]`, "", "", "", ErrBadClaims},
		{"a role of two lines", ClaimNames{Roles: "/r"}, `,"r":["a\nb"]`, "", "", "", ErrBadClaims},
		{"too many", ClaimNames{Roles: "/r"}, `,"r":["a"` + strings.Repeat(`,"a"`, maxList) + `]`, "", "", "", ErrBadClaims},
		{"two spaces", ClaimNames{Scopes: "/s"}, `,"s":" a  b "`, "u1", "a b", "", nil},
		{"the standard scope, as a list", ClaimNames{Scopes: "/scope"}, `,"scope":["a","b"]`, "u1", "a b", "", nil},
		{"the standard scope, as a list, with nothing named", ClaimNames{}, `,"scope":["a","b"]`, "u1", "a b", "", nil},
		{"null", ClaimNames{Scopes: "/s"}, `,"s":null`, "u1", "", "", nil},
		{"a tab", ClaimNames{Scopes: "/s"}, `,"s":"a\tb"`, "", "", "", ErrBadClaims},
		{"scopes a number", ClaimNames{Scopes: "/s"}, `,"s":7`, "", "", "", ErrBadClaims},
		{"scopes an object", ClaimNames{Scopes: "/s"}, `,"s":{"admin":true}`, "", "", "", ErrBadClaims},
	} {
		v := verifierOf(t, ES256, func(in *Issuer) { in.Claims = row.names })
		plain := fair()
		delete(plain, "scope")
		delete(plain, "roles")
		claims := strings.TrimSuffix(claimsJSON(plain), "}") + row.more + "}"
		c, err := v.Verify(forge(k, head(k), claims))
		if row.want != nil {
			if !errors.Is(err, row.want) || !strings.Contains(err.Error(), ": /") {
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
		refused := false
		newClaimRules(Issuer{Claims: bad}, func(string, string, string) { refused = true })
		if !refused {
			t.Errorf("%+v is taken", bad)
		}
	}
}
