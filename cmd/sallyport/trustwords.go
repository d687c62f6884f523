package main

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/token/remote"
)

// trusted is an issuer elsewhere, as --trust names it.
type trusted struct {
	issuer   token.Issuer
	remote   remote.Config
	file, ca string // of keys instead of an address, and of certificates
}

const trustExample = `--trust "https://id.example.com audience=my-api"`

// trustWords are what may follow the issuer, each NAME=VALUE once.
var trustWords = map[string]func(t *trusted, value string) error{
	"audience":  func(t *trusted, v string) error { t.issuer.Audiences = strings.Split(v, ","); return nil },
	"type":      func(t *trusted, v string) error { t.issuer.Types = strings.Split(v, ","); return nil },
	"subject":   func(t *trusted, v string) error { t.issuer.Claims.Subject = v; return nil },
	"scopes":    func(t *trusted, v string) error { t.issuer.Claims.Scopes = v; return nil },
	"roles":     func(t *trusted, v string) error { t.issuer.Claims.Roles = v; return nil },
	"ca":        func(t *trusted, v string) error { t.ca = v; return notForAll("--trust ca="+v, v) },
	"client_id": func(t *trusted, v string) error { return t.require("client_id", v) },
	"azp":       func(t *trusted, v string) error { return t.require("azp", v) },
	"bound": func(t *trusted, v string) error {
		if t.issuer.RequireBound = token.Binding(v); !slices.Contains(bindings, t.issuer.RequireBound) {
			return fmt.Errorf("bound=%q: tokens are bound by dpop, mtls or any", v)
		}
		return nil
	},
	"second-factor": func(t *trusted, v string) error {
		t.issuer.SecondFactors = strings.Split(v, ",")
		return nil
	},
	"alg": func(t *trusted, v string) error {
		for _, a := range strings.Split(v, ",") {
			t.remote.Algorithms = append(t.remote.Algorithms, token.Algorithm(a))
		}
		return nil
	},
	"jwks": func(t *trusted, v string) error {
		if strings.Contains(v, "://") {
			t.remote.URL = v
			return nil
		}
		t.file = v
		return notForAll("--trust jwks="+v, v)
	},
	"leeway": func(t *trusted, v string) (err error) {
		t.issuer.Leeway, err = time.ParseDuration(v)
		if err != nil || t.issuer.Leeway <= 0 || t.issuer.Leeway > time.Minute {
			return fmt.Errorf("leeway=%s is out of bounds: 1s to 60s", v)
		}
		return nil
	},
}

var bindings = []token.Binding{token.BoundByDPoP, token.BoundByMTLS, token.BoundByAny}

// trustSwitches are words without a value.
var trustSwitches = map[string]func(t *trusted){
	"insecure-http":        func(t *trusted) { t.remote.InsecureHTTP = true },
	"insecure-no-audience": func(t *trusted) { t.issuer.InsecureNoAudience = true },
}

// requirePrefix is before the name of a claim that tokens must have.
const requirePrefix = "require:"

func (t *trusted) require(claim, values string) error {
	t.issuer.Require = append(t.issuer.Require, token.Requirement{Claim: claim, OneOf: strings.Split(values, ",")})
	return nil
}

// parseTrust reads an issuer's name and the words that follow it.
func parseTrust(text string) (t trusted, err error) {
	words := strings.Fields(text)
	wrong := func(err error) (trusted, error) {
		return trusted{}, fmt.Errorf("--trust %q: %w: write it as in "+trustExample, text, err)
	}
	if len(words) == 0 {
		return wrong(errors.New("the issuer is missing"))
	}
	t.issuer.Name, t.remote.Issuer = words[0], words[0]
	seen := map[string]bool{}
	for _, word := range words[1:] {
		name, err := t.word(word)
		if err == nil && seen[name] {
			err = fmt.Errorf("%s is there twice", name)
		}
		if err != nil {
			return wrong(err)
		}
		seen[name] = true
	}
	if err := t.check(); err != nil {
		return wrong(err)
	}
	return t, nil
}

// word reads one word, and returns its name.
func (t *trusted) word(word string) (name string, err error) {
	name, value, _ := strings.Cut(word, "=")
	if set, ok := trustSwitches[word]; ok {
		set(t)
		return name, nil
	}
	set, known := trustWords[name]
	claim, required := strings.CutPrefix(name, requirePrefix)
	switch {
	case !known && !required:
		return name, fmt.Errorf("%q is unknown; there are %s, require:CLAIM and %s", name,
			strings.Join(slices.Sorted(maps.Keys(trustWords)), ", "), strings.Join(slices.Sorted(maps.Keys(trustSwitches)), ", "))
	case value == "":
		return name, fmt.Errorf("%q is not NAME=VALUE", word)
	case required:
		return name, t.require(claim, value)
	}
	return name, set(t, value)
}

// check finds what the words have to be together.
func (t *trusted) check() error {
	u, err := url.Parse(t.issuer.Name)
	isAddress := err == nil && u.Host != ""
	switch {
	case !isAddress && t.remote.URL == "" && t.file == "":
		return fmt.Errorf("%q is not an address, so that its keys cannot be found by it; say jwks=, with the address or the file of its key set",
			t.issuer.Name)
	case len(t.issuer.Audiences) == 0 && !t.issuer.InsecureNoAudience:
		return errors.New("audience is missing: the aud by which the issuer's tokens name this API")
	case t.file != "" && (t.ca != "" || t.remote.InsecureHTTP):
		return errors.New("the keys are in a file, which neither ca nor insecure-http is for")
	}
	return nil
}
