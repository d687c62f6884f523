// Package authz decides who may do what: scopes, roles, and whose object it is.
//
// It fails when a rule is only about the kind of request. A caller with the scope
// notes:read may read notes; whose notes is another question, and the most common hole
// in APIs is that nobody asks it (OWASP API1). Where the path names the owner, let a
// rule compare it; where only the database knows, the handler has to.
//
// Names are compared whole and exactly: notes:write2 is not notes:write, and Admin is
// not admin. Nobody, that is a principal without a subject, passes no rule.
package authz

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/visit"
)

// Rule says what a caller needs. The zero Rule asks for any authenticated caller.
type Rule struct {
	// Scopes are needed, all of them.
	Scopes []string
	// Roles are needed, any one of them.
	Roles []string
	// Claim and Equals compare a claim of the caller (iss, sub, sid, jti or client_id)
	// with a wildcard of the route: Claim "sub", Equals "path.id".
	Claim, Equals string
	// Realm names the protected space in challenges. Default "api".
	Realm string
}

// Reason is the part of a rule that a caller does not meet.
type Reason string

// The reasons.
const (
	Anonymous Reason = "no caller"
	Scope     Reason = "a scope is missing"
	Role      Reason = "no role fits"
	Ownership Reason = "not the owner"
)

// Denied is the error of a refusal.
type Denied struct {
	Reason  Reason
	problem *problem.Problem
}

func (d *Denied) Error() string { return "authz: " + string(d.Reason) }

// Problem is the answer for the client: 401 for nobody, 403 otherwise, for a missing
// scope with the challenge that names it (RFC 6750 §3.1).
func (d *Denied) Problem() *problem.Problem { return d.problem }

// Policy is a compiled rule. It is immutable.
type Policy struct {
	scopes, roles []string
	claim, path   string
	text          string

	anonymous, scope, role, owner *Denied
}

// New compiles a rule, or returns every reason why it cannot be meant.
func New(rule Rule) (*Policy, error) {
	var errs []error
	for _, s := range rule.Scopes {
		if !scopeToken(s) {
			errs = append(errs, fmt.Errorf("authz: scope %q: write visible ASCII without space, quote or backslash (RFC 6749 §3.3)", s))
		}
	}
	for _, s := range rule.Roles {
		if !scopeToken(s) {
			errs = append(errs, fmt.Errorf("authz: role %q: write visible ASCII without space, quote or backslash", s))
		}
	}
	if err := problem.CheckRealm(rule.Realm); err != nil {
		errs = append(errs, fmt.Errorf("authz: realm %q: %w", rule.Realm, err))
	}
	path, err := comparison(rule)
	if err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	p := &Policy{scopes: slices.Clone(rule.Scopes), roles: slices.Clone(rule.Roles), claim: rule.Claim, path: path, text: describe(rule)}
	p.refusals(rule)
	return p, nil
}

var claims = []string{"iss", "sub", "sid", "jti", "client_id"}

// comparison returns the wildcard the claim is compared with.
func comparison(rule Rule) (string, error) {
	if rule.Claim == "" && rule.Equals == "" {
		return "", nil
	}
	if !slices.Contains(claims, rule.Claim) {
		return "", fmt.Errorf("authz: claim %q cannot be compared: write one of %s", rule.Claim, strings.Join(claims, ", "))
	}
	name, ok := strings.CutPrefix(rule.Equals, "path.")
	if !ok || name == "" {
		return "", fmt.Errorf("authz: Equals %q: write path. and the name of a wildcard, such as path.id", rule.Equals)
	}
	return name, nil
}

// refusals makes every answer the policy can give, so that refusing costs nothing.
func (p *Policy) refusals(rule Rule) {
	p.anonymous = &Denied{Anonymous, problem.New(http.StatusUnauthorized, "no_credentials", "Send a token: Authorization: Bearer TOKEN.").
		Challenge(problem.Bearer{Realm: rule.Realm})}
	scopes := strings.Join(p.scopes, " ")
	p.scope = &Denied{Scope, problem.New(http.StatusForbidden, "insufficient_scope", "The token needs the scope "+scopes+".").
		Challenge(problem.Bearer{Realm: rule.Realm, Error: "insufficient_scope", Scope: scopes})}
	p.role = &Denied{Role, problem.Forbidden}
	p.owner = &Denied{Ownership, problem.Forbidden}
	for _, d := range []*Denied{p.anonymous, p.scope, p.role, p.owner} {
		d.problem = d.problem.Because(d)
	}
}

// Check returns nil or a *Denied. path gives the wildcards of the matched route, as
// [http.Request.PathValue] does; it is called only when the rule compares one.
func (p *Policy) Check(caller visit.Principal, path func(name string) string) error {
	if d := p.check(caller, path); d != nil {
		return d
	}
	return nil
}

func (p *Policy) check(caller visit.Principal, path func(name string) string) *Denied {
	if caller.IsZero() {
		return p.anonymous
	}
	for _, s := range p.scopes {
		if !caller.HasScope(s) {
			return p.scope
		}
	}
	if len(p.roles) > 0 && !slices.ContainsFunc(p.roles, caller.HasRole) {
		return p.role
	}
	if p.claim != "" {
		value, ok := caller.Claim(p.claim)
		if !ok || path == nil || value != path(p.path) {
			return p.owner
		}
	}
	return nil
}

// String says in words what the policy asks for.
func (p *Policy) String() string { return p.text }

func describe(rule Rule) string {
	text := "any caller with a valid token"
	if len(rule.Scopes) > 0 {
		text += ", with scope " + strings.Join(rule.Scopes, " and ")
	}
	if len(rule.Roles) > 0 {
		text += ", with role " + strings.Join(rule.Roles, " or ")
	}
	if rule.Claim != "" {
		text += ", whose " + rule.Claim + " equals " + rule.Equals
	}
	return text
}

// scopeToken is the scope-token of RFC 6749 §3.3.
func scopeToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}
