package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/sallyport-dev/sallyport"
)

// routeOptions are the flags that declare routes.
type routeOptions struct {
	public, unlimited []string
	costs, routes     []string
}

func (o *routeOptions) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.public, "public", nil,
		"`PATTERN` of requests that need no token, such as \"GET /health\"; may be repeated")
	f.StringArrayVar(&o.unlimited, "unlimited", nil,
		"`PATTERN` that is public and not counted by --limit, such as \"GET /health\"; may be repeated")
	f.StringArrayVar(&o.costs, "cost", nil,
		"`PATTERN=N`: count each request as N, such as \"POST /reports=10\"; may be repeated")
	f.StringArrayVar(&o.routes, "route", nil,
		"`PATTERN` and its policy, such as \"POST /admin/ roles=admin\"; keys: "+routeHelp()+"; may be repeated")
}

// declared are the routes that the flags declare: one for each pattern.
type declared struct {
	routes []sallyport.Route
	from   []map[string]string // by the field of the route: the flag that set it, with its text
	errs   []error
}

// declare merges what the flags say of each pattern.
func (o *routeOptions) declare() *declared {
	d := &declared{}
	for _, pattern := range o.public {
		d.words("--public", pattern, pattern, "public")
	}
	for _, pattern := range o.unlimited {
		d.words("--unlimited", pattern, pattern, "public", "unlimited")
	}
	for _, text := range o.costs {
		i := max(strings.LastIndexByte(text, '='), 0)
		d.words("--cost", text, text[:i], "cost"+text[i:])
	}
	for _, text := range o.routes {
		pattern, words, err := parseRoute(text)
		if err != nil {
			d.add(flagText("--route", text), err)
			continue
		}
		d.route(flagText("--route", text), pattern, words)
	}
	return d
}

// words declares what another flag than --route says, in its words.
func (d *declared) words(flag, text, pattern string, list ...string) {
	from := flagText(flag, text)
	if !strings.Contains(pattern, "/") {
		d.add(from, fmt.Errorf("must be a method and a path, as in %s", map[string]string{
			"--public": `--public "GET /health"`, "--unlimited": `--unlimited "GET /health"`, "--cost": costExample,
		}[flag]))
		return
	}
	var words []routeWord
	for _, text := range list {
		name, value, valued := strings.Cut(text, "=")
		words = append(words, routeWord{text: text, name: name, value: value, valued: valued})
	}
	d.route(from, pattern, words)
}

// route declares one pattern, and adds to what another flag has declared of it.
func (d *declared) route(from, pattern string, words []routeWord) {
	i := slices.IndexFunc(d.routes, func(r sallyport.Route) bool { return r.Pattern == pattern })
	if i < 0 {
		i = len(d.routes)
		d.routes = append(d.routes, sallyport.Route{Pattern: pattern})
		d.from = append(d.from, map[string]string{"Pattern": from})
	}
	for _, word := range words {
		if err := d.word(i, from, word); err != nil {
			d.add(from, err)
		}
	}
	if r := d.routes[i]; d.from[i]["Public"] == from && r.Public && !strings.ContainsAny(pattern, " \t") {
		d.add(from, fmt.Errorf("must name a method, as one without is public for all of them; write \"GET %s\"", pattern))
	}
}

// word sets what one word says of a route.
func (d *declared) word(i int, from string, word routeWord) error {
	keys := routeKeys()
	at := slices.IndexFunc(keys, func(k routeKey) bool { return k.name == word.name })
	if at < 0 {
		var names []string
		for _, k := range keys {
			names = append(names, k.name)
		}
		return fmt.Errorf("%s: there is no key %q%s; write %s", word.text, word.name, nearest(word.name, names), routeHelp())
	}

	key := keys[at]
	switch {
	case key.value == "" && word.valued:
		return fmt.Errorf("%s: %s has no value; leave out what follows it", word.text, key.name)
	case key.value != "" && word.value == "":
		return fmt.Errorf("%s: must have a value; write %s=%s", word.text, key.name, key.value)
	}
	switch before, twice := d.from[i][key.field]; {
	case twice && before == from:
		return errors.New(key.name + " is given twice; leave one out")
	case twice && key.value != "":
		return fmt.Errorf("%s is given by %s as well; leave one out", key.name, before)
	case twice:
		return nil
	}
	d.from[i][key.field] = from
	if err := key.set(&d.routes[i], word.value); err != nil {
		return fmt.Errorf("%s: %w", word.text, err)
	}
	return nil
}

// anyPublic reports whether some route needs no credential.
func (d *declared) anyPublic() bool {
	return slices.ContainsFunc(d.routes, func(r sallyport.Route) bool { return r.Public })
}

func (d *declared) add(from string, err error) {
	d.errs = append(d.errs, fmt.Errorf("%s: %w", from, err))
}

// flag returns the flag that has set a field of a route, or else the one that named the pattern first, and
// the key by which the field is known there.
func (d *declared) flag(i int, field string) (from, key string) {
	for _, k := range routeKeys() {
		if k.field == field {
			key = k.name
		}
	}
	if from, ok := d.from[i][field]; ok {
		return from, key
	}
	return d.from[i]["Pattern"], key
}

// flagText is a flag as it was given.
func flagText(flag, text string) string { return flag + " " + strconv.Quote(text) }
