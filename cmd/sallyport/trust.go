package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/token/remote"
)

// trusted is an issuer elsewhere, as --trust names it.
type trusted struct {
	issuer, jwks string
	audiences    []string
	algorithms   []token.Algorithm
	types        []string
	claims       token.ClaimNames
	bound        token.Binding
}

var bindings = []token.Binding{token.BoundByDPoP, token.BoundByMTLS, token.BoundByAny}

const trustExample = `--trust "https://id.example.com audience=my-api"`

// parseTrust reads an issuer's address and what follows it, each NAME=VALUE once.
func parseTrust(text string) (t trusted, err error) {
	words := strings.Fields(text)
	wrong := func(format string, args ...any) (trusted, error) {
		return trusted{}, fmt.Errorf("--trust %q: "+format+": write it as in "+trustExample, append([]any{text}, args...)...)
	}
	if len(words) == 0 {
		return wrong("the issuer's address is missing")
	}
	t.issuer = words[0]
	if u, err := url.Parse(t.issuer); err != nil || u.Host == "" {
		return wrong("%q is not an address", t.issuer)
	}
	seen := map[string]bool{}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		if value == "" {
			return wrong("%q is not NAME=VALUE", word)
		}
		if seen[name] {
			return wrong("%s is there twice", name)
		}
		seen[name] = true
		switch name {
		case "audience":
			t.audiences = strings.Split(value, ",")
		case "jwks":
			t.jwks = value
		case "alg":
			for _, a := range strings.Split(value, ",") {
				t.algorithms = append(t.algorithms, token.Algorithm(a))
			}
		case "type":
			t.types = strings.Split(value, ",")
		case "bound":
			if t.bound = token.Binding(value); !slices.Contains(bindings, t.bound) {
				return wrong("bound=%q: tokens are bound by dpop, mtls or any", value)
			}
		case "subject":
			t.claims.Subject = value
		case "scopes":
			t.claims.Scopes = value
		case "roles":
			t.claims.Roles = value
		default:
			return wrong("%q is unknown; there are audience, jwks, alg, type, subject, scopes, roles and bound", name)
		}
	}
	if len(t.audiences) == 0 {
		return wrong("audience is missing: the aud by which the issuer's tokens name this API")
	}
	return t, nil
}

// trust opens the sources of the keys of all issuers that are trusted.
func (a *app) trust(ctx context.Context) (list []token.Issuer, err error) {
	for _, text := range a.options.trust {
		t, err := parseTrust(text)
		if err != nil {
			return nil, err
		}
		source, err := remote.New(ctx, remote.Config{Issuer: t.issuer, URL: t.jwks, Algorithms: t.algorithms, ErrorLog: a.options.errorLog()})
		if err != nil {
			return nil, err
		}
		a.onClose("the keys of "+t.issuer, source.Close)
		list = append(list, token.Issuer{Name: t.issuer, Audiences: t.audiences, Types: t.types, Claims: t.claims, Source: source, Keep: a.options.claims(),
			RequireBound: t.bound})
	}
	return list, nil
}

// describeTrust names the issuers for the person who starts it.
func (o *options) describeTrust() string {
	var names []string
	for _, text := range o.trust {
		name, _, _ := strings.Cut(text, " ")
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
