package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestRouteFlag(t *testing.T) {
	for text, want := range map[string]string{
		"POST /admin/ roles=admin limit='10 per 1m' max-body=20MB": "POST /admin/ roles [admin] limit 10 per 1m max-body 20000000",
		`GET /a limit="10/s burst 20" cost=3`:                      "GET /a limit 10/s burst 20 cost 3",
		"/api/ scopes=a:read,b second-factor max-auth-age=15m":     "/api/ scopes [a:read b] second-factor max-auth-age 15m0s",
		"GET api.example/users/{id} owner=id":                      "GET api.example/users/{id} owner id",
		"  GET \t /health   public unlimited ":                     "GET /health public unlimited",
		"GET /a=b/it's public":                                     "GET /a=b/it's public",
		"GET /a limit='1 per 1h'\tcost=1":                          "GET /a limit 1 per 1h cost 1",
	} {
		o := routeOptions{routes: []string{text}}
		d := o.declare()
		if got := writeRoutes(d); len(d.errs) > 0 || got != want {
			t.Errorf("%s: %s %v, want %s", text, got, d.errs, want)
		}
	}
}

func TestRouteFlag_refuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "must begin with a pattern",
		"roles=admin":             "must begin with a pattern",
		"GET":                     "must begin with a pattern",
		"GET /a":                  "must say something of the route",
		"GET /a rolls=admin":      `rolls=admin: there is no key "rolls" (did you mean roles?); write public, roles=A,B`,
		"GET /a Public":           `there is no key "Public"`,
		"GET /a /b public":        `there is no key "/b"`,
		"GET /a public=no":        "public=no: public has no value; leave out what follows it",
		"GET /a public public":    "public is given twice; leave one out",
		"GET /a cost=1 cost=1":    "cost is given twice; leave one out",
		"GET /a roles":            "roles: must have a value; write roles=A,B",
		"GET /a roles=":           "roles=: must have a value",
		"GET /a roles=''":         "roles='': must have a value",
		"GET /a roles=a,,b":       "roles=a,,b: must have a name on both sides of each comma",
		"GET /a limit='1 per 1m":  "limit='1 per 1m: must end in '",
		"GET /a limit='1'cost=1":  "limit='1': must have a space behind it",
		"GET /a limit=1 per 1m":   `per: there is no key "per"`,
		"GET /a cost=0":           "cost=0: must be a number from 1 up",
		"GET /a cost=1e3":         "cost=1e3: must be a number from 1 up",
		"GET /a max-auth-age=15":  "max-auth-age=15: must be a duration; write it as in 15m",
		"GET /a max-auth-age=-1s": "max-auth-age=-1s: must be a duration",
		"GET /a max-body=-1":      "max-body=-1: must be a size",
		"GET /a max-body=20XB":    "max-body=20XB: must be a size",
		"/health public":          `must name a method, as one without is public for all of them; write "GET /health"`,
	} {
		o := routeOptions{routes: []string{text}}
		d := o.declare()
		err := errors.Join(d.errs...)
		if err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("--route %q: ", text)) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestRouteFlags_merge: what several flags say of one pattern is one route, and each field knows its flag.
func TestRouteFlags_merge(t *testing.T) {
	o := routeOptions{
		public: []string{"GET /a"}, unlimited: []string{"GET /b", "GET /a"}, costs: []string{"GET /a=7", "/c=d=2"},
		routes: []string{"GET /a max-body=1k public", "GET /b limit='1 per 1h'"},
	}
	d := o.declare()
	want := "GET /a public cost 7 max-body 1024 unlimited; GET /b public limit 1 per 1h unlimited; /c=d cost 2"
	if got := writeRoutes(d); len(d.errs) > 0 || got != want {
		t.Errorf("%s %v, want %s", got, d.errs, want)
	}
	for field, want := range map[string]string{
		"Public": `--public "GET /a"`, "InsecureUnlimited": `--unlimited "GET /a"`, "Cost": `--cost "GET /a=7"`,
		"MaxBody": `--route "GET /a max-body=1k public"`, "Roles": `--public "GET /a"`,
	} {
		if from, _ := d.flag(0, field); from != want {
			t.Errorf("%s is from %s, want %s", field, from, want)
		}
	}

	o = routeOptions{
		public: []string{"GET /a", "GET /a", "/b", "health"}, costs: []string{"GET /a=2", "=1", "GET /c", "GET c=1", "GET /d=-1"},
		routes: []string{"GET /a cost=2"},
	}
	for i, want := range []string{
		`--public "GET /a": public is given twice; leave one out`,
		`--public "/b": must name a method`,
		`--public "health": must be a method and a path, as in --public "GET /health"`,
		`--cost "=1": must be a method and a path, as in --cost`,
		`--cost "GET /c": must be a method and a path`,
		`--cost "GET c=1": must be a method and a path`,
		`--cost "GET /d=-1": cost=-1: must be a number from 1 up`,
		`--route "GET /a cost=2": cost is given by --cost "GET /a=2" as well; leave one out`,
	} {
		if errs := o.declare().errs; i >= len(errs) || !strings.HasPrefix(errs[i].Error(), want) {
			t.Errorf("%d: %v, want %s", i, errs, want)
		}
	}
}

// writeRoutes writes routes as their patterns and what was set, in the order of the keys.
func writeRoutes(d *declared) string {
	var list []string
	for i, r := range d.routes {
		text := r.Pattern
		values := map[string]any{"Roles": r.Roles, "Scopes": r.Scopes, "Owner": r.Owner, "MaxAuthAge": r.MaxAuthAge,
			"Limit": r.Limit, "Cost": r.Cost, "MaxBody": r.MaxBody}
		for _, k := range routeKeys() {
			if _, ok := d.from[i][k.field]; !ok {
				continue
			}
			text += " " + k.name
			if value, ok := values[k.field]; ok {
				text += fmt.Sprint(" ", value)
			}
		}
		list = append(list, text)
	}
	return strings.Join(list, "; ")
}

func TestSize(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "1048576": 1 << 20, "20MB": 20_000_000, "1MiB": 1 << 20, "512k": 512 << 10, "512K": 512 << 10,
		"1.5GB": 1_500_000_000, "2 GiB": 2 << 30, "10b": 10, "10kB": 10_000, "0.5k": 512,
	} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%s: %d %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "MB", "0", "-1", "+1", "1.5", "20XB", "1e6", "0x10", "1TB", "1.2.3k", "NaN", "9999999999GB", "1 M B", "20MB "} {
		if got, err := parseSize(text); err == nil && text != "20MB " {
			t.Errorf("%q is %d", text, got)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"upstream", "upstream-max", "limit", "listen"}
	for name, want := range map[string]string{
		"upstraem": " (did you mean upstream?)", "upstrem": " (did you mean upstream?)", "limits": " (did you mean limit?)",
		"lsiten": " (did you mean listen?)", "frobnicate": "", "x": "",
	} {
		if got := nearest(name, names); got != want {
			t.Errorf("%s:%s, want%s", name, got, want)
		}
	}
}
