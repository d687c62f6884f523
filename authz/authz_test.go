package authz_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/authz"
	"github.com/sallyport-dev/sallyport/visit"
)

var ada = visit.Principal{Issuer: "i", Subject: "ada", Client: "web", Scopes: []string{"orders:read", "orders:list"}, Roles: []string{"clerk"}}

var cases = []struct {
	name   string
	rule   authz.Rule
	caller visit.Principal
	path   string // of the pattern /users/{id}
	want   authz.Reason
}{
	{name: "any caller", caller: ada},
	{name: "nobody", want: authz.Anonymous},
	{name: "nobody with rights", caller: visit.Principal{Scopes: ada.Scopes, Roles: ada.Roles}, want: authz.Anonymous},
	{name: "scope", rule: authz.Rule{Scopes: []string{"orders:read"}}, caller: ada},
	{name: "both scopes", rule: authz.Rule{Scopes: []string{"orders:list", "orders:read"}}, caller: ada},
	{name: "J-18 another scope", rule: authz.Rule{Scopes: []string{"orders:write"}}, caller: ada, want: authz.Scope},
	{name: "one of two scopes", rule: authz.Rule{Scopes: []string{"orders:read", "orders:write"}}, caller: ada, want: authz.Scope},
	{name: "J-18 a longer scope", rule: authz.Rule{Scopes: []string{"orders:write"}}, caller: visit.Principal{Subject: "x", Scopes: []string{"orders:write2"}}, want: authz.Scope},
	{name: "J-18 a shorter scope", rule: authz.Rule{Scopes: []string{"orders:write"}}, caller: visit.Principal{Subject: "x", Scopes: []string{"orders"}}, want: authz.Scope},
	{name: "scope in another case", rule: authz.Rule{Scopes: []string{"orders:read"}}, caller: visit.Principal{Subject: "x", Scopes: []string{"Orders:Read"}}, want: authz.Scope},
	{name: "two scopes in one string", rule: authz.Rule{Scopes: []string{"b"}}, caller: visit.Principal{Subject: "x", Scopes: []string{"a b"}}, want: authz.Scope},
	{name: "a wildcard is a name like any other", rule: authz.Rule{Scopes: []string{"orders:write"}}, caller: visit.Principal{Subject: "x", Scopes: []string{"*", "orders:*"}}, want: authz.Scope},
	{name: "role", rule: authz.Rule{Roles: []string{"admin", "clerk"}}, caller: ada},
	{name: "no role", rule: authz.Rule{Roles: []string{"admin"}}, caller: ada, want: authz.Role},
	{name: "role in another case", rule: authz.Rule{Roles: []string{"Clerk"}}, caller: ada, want: authz.Role},
	{name: "a role is no scope", rule: authz.Rule{Scopes: []string{"clerk"}}, caller: ada, want: authz.Scope},
	{name: "scope and role", rule: authz.Rule{Scopes: []string{"orders:read"}, Roles: []string{"admin"}}, caller: ada, want: authz.Role},
	{name: "own", rule: authz.Rule{Claim: "sub", Equals: "path.id"}, caller: ada, path: "/users/ada"},
	{name: "own, encoded", rule: authz.Rule{Claim: "sub", Equals: "path.id"}, caller: visit.Principal{Subject: "ada l"}, path: "/users/ada%20l"},
	{name: "another's", rule: authz.Rule{Claim: "sub", Equals: "path.id"}, caller: ada, path: "/users/bob", want: authz.Ownership},
	{name: "another case", rule: authz.Rule{Claim: "sub", Equals: "path.id"}, caller: ada, path: "/users/Ada", want: authz.Ownership},
	{name: "a longer id", rule: authz.Rule{Claim: "sub", Equals: "path.id"}, caller: ada, path: "/users/ada%00", want: authz.Ownership},
	{name: "an encoded slash is part of the id", rule: authz.Rule{Claim: "sub", Equals: "path.id"}, caller: ada, path: "/users/ada%2fx", want: authz.Ownership},
	{name: "an id that does not decode", rule: authz.Rule{Claim: "sub", Equals: "path.id"}, caller: ada, path: "/users/ada%zz", want: authz.Ownership},
	{name: "no such wildcard", rule: authz.Rule{Claim: "sub", Equals: "path.nid"}, caller: ada, path: "/users/ada", want: authz.Ownership},
	{name: "no claim, no path", rule: authz.Rule{Claim: "sid", Equals: "path.nid"}, caller: ada, path: "/users/ada", want: authz.Ownership},
	{name: "client", rule: authz.Rule{Claim: "client_id", Equals: "path.id"}, caller: ada, path: "/users/web"},
}

func TestCheck(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := authz.New(c.rule)
			if err != nil {
				t.Fatal(err)
			}
			err = p.Check(c.caller, users(c.path))
			denied, _ := errors.AsType[*authz.Denied](err)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (denied == nil || denied.Reason != c.want):
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestRefusingDoesNotAllocate(t *testing.T) {
	for _, c := range cases {
		p, err := authz.New(c.rule)
		if err != nil {
			t.Fatal(err)
		}
		path := func(string) string { return "bob" }
		if n := testing.AllocsPerRun(100, func() { p.Check(c.caller, path) }); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}

func TestProblem(t *testing.T) {
	p, err := authz.New(authz.Rule{Scopes: []string{"a", "b"}, Roles: []string{"admin"}, Realm: "notes"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		caller    visit.Principal
		status    int
		challenge string
	}{
		{visit.Principal{}, 401, `Bearer realm="notes"`},
		{ada, 403, `Bearer realm="notes", error="insufficient_scope", scope="a b"`},
		{visit.Principal{Subject: "x", Scopes: []string{"a", "b"}}, 403, ""},
	} {
		denied, ok := errors.AsType[*authz.Denied](p.Check(c.caller, nil))
		if !ok {
			t.Fatal("not refused")
		}
		got := denied.Problem()
		if got.Status != c.status || got.Header.Get("WWW-Authenticate") != c.challenge {
			t.Errorf("%d %q", got.Status, got.Header.Get("WWW-Authenticate"))
		}
		if !errors.Is(got, denied) {
			t.Error("the problem does not know its cause")
		}
	}
}

func TestRulesThatCannotBeMeant(t *testing.T) {
	for name, rule := range map[string]authz.Rule{
		"scope with a space":   {Scopes: []string{"a b"}},
		"empty scope":          {Scopes: []string{""}},
		"scope with a quote":   {Scopes: []string{`a"`}},
		"empty role":           {Roles: []string{""}},
		"role not ASCII":       {Roles: []string{"é"}},
		"claim alone":          {Claim: "sub"},
		"equals alone":         {Equals: "path.id"},
		"unknown claim":        {Claim: "email", Equals: "path.id"},
		"equals a constant":    {Claim: "sub", Equals: "ada"},
		"equals a query value": {Claim: "sub", Equals: "query.id"},
		"equals no name":       {Claim: "sub", Equals: "path."},
		"realm with a quote":   {Realm: `a", error="`},
		"realm with a line":    {Realm: "a\r\nSet-Cookie: a=b"},
		"realm not ASCII":      {Realm: "é"},
	} {
		if _, err := authz.New(rule); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	_, err := authz.New(authz.Rule{Scopes: []string{"a b"}, Roles: []string{""}, Claim: "x"})
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("not all told: %v", err)
	}
}

// users gives the wildcard of /users/{id}; of an id that does not decode there is none.
func users(path string) func(string) string {
	return func(name string) string {
		id, _ := url.PathUnescape(strings.TrimPrefix(path, "/users/"))
		return map[string]string{"id": id}[name]
	}
}

func BenchmarkCheck(b *testing.B) {
	p, err := authz.New(authz.Rule{Scopes: []string{"orders:read"}, Roles: []string{"clerk"}, Claim: "sub", Equals: "path.id"})
	if err != nil {
		b.Fatal(err)
	}
	values := users("/users/ada")
	b.ReportAllocs()
	for b.Loop() {
		if p.Check(ada, values) != nil {
			b.Fatal("refused")
		}
	}
}

func ExamplePolicy_Check() {
	own, err := authz.New(authz.Rule{Scopes: []string{"notes:read"}, Claim: "sub", Equals: "path.id"})
	if err != nil {
		panic(err)
	}
	ada := visit.Principal{Subject: "ada", Scopes: []string{"notes:read"}}
	fmt.Println(own)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}/notes", func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(own.Check(ada, r.PathValue))
	})
	mux.ServeHTTP(nil, httptest.NewRequest("GET", "/users/ada/notes", nil))
	mux.ServeHTTP(nil, httptest.NewRequest("GET", "/users/bob/notes", nil))
	// Output:
	// any caller with a valid token, with scope notes:read, whose sub equals path.id
	// <nil>
	// authz: not the owner
}
