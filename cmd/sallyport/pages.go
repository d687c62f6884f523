package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/cors"
)

// pageOptions say what pages of other origins may do, and which fields responses have.
type pageOptions struct {
	origins                     []string
	cookies                     bool
	allowMethods                []string
	allowHeaders, exposeHeaders []string
	responseHeaders             []string
}

func (o *pageOptions) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.origins, "allow-origin", nil,
		"`ORIGIN` whose scripts may call, such as https://app.example.com; may be repeated")
	f.StringArrayVar(&o.allowMethods, "allow-method", nil,
		"`METHOD` that scripts of --allow-origin may use, besides GET, HEAD, POST, "+strings.Join(cors.DefaultMethods(), ", ")+"; may be repeated")
	f.StringArrayVar(&o.allowHeaders, "allow-header", nil,
		"request header `NAME` that scripts of --allow-origin may set, besides those in docs/upstreams.md; may be repeated")
	f.StringArrayVar(&o.exposeHeaders, "expose-header", nil,
		"response header `NAME` that scripts of --allow-origin may read, besides those in docs/upstreams.md; may be repeated")
	f.BoolVar(&o.cookies, "allow-cookies", false,
		"let pages of every --allow-origin keep their session in cookies; they have to be of the same site as the gate")
	f.StringArrayVar(&o.responseHeaders, "response-header", nil,
		"security header for all responses, `\"NAME: VALUE\"`, such as \"X-Frame-Options: SAMEORIGIN\"; may be repeated")
}

// check finds what can be seen to be wrong before anything is opened.
func (o *pageOptions) check() error {
	var errs []error
	if len(o.origins) == 0 {
		for flag, given := range map[string]bool{
			"--allow-cookies": o.cookies, "--allow-method": len(o.allowMethods) > 0,
			"--allow-header": len(o.allowHeaders) > 0, "--expose-header": len(o.exposeHeaders) > 0,
		} {
			if given {
				errs = append(errs, fmt.Errorf("%s needs --allow-origin: whose pages may use them", flag))
			}
		}
		slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	}
	seen := map[string]bool{}
	for _, text := range o.responseHeaders {
		name, _, ok := cutHeader(text)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("--response-header %q: must be a name, a colon and a value, as in "+
				"\"X-Frame-Options: SAMEORIGIN\"", text))
		case seen[strings.ToLower(name)]:
			errs = append(errs, fmt.Errorf("--response-header %q: %s is given twice; leave one out", text, name))
		}
		seen[strings.ToLower(name)] = true
	}
	return errors.Join(errs...)
}

// cutHeader reads NAME: VALUE. Without a value, the header is left to the upstream.
func cutHeader(text string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(text, ":")
	return name, strings.TrimSpace(value), ok && name != ""
}

// apply writes the options into a Config.
func (o *pageOptions) apply(cfg *sallyport.Config) {
	cfg.CORS = cors.Config{Origins: o.origins, Credentials: o.cookies && len(o.origins) > 0}
	cfg.CORS.Methods = add(cors.DefaultMethods(), o.allowMethods)
	cfg.CORS.Headers = add(cors.DefaultHeaders(), o.allowHeaders)
	if o.cookies {
		cfg.CORS.Headers = add(cfg.CORS.Headers, []string{account.ModeHeader})
	}
	cfg.CORS.ExposedHeaders = add(cors.DefaultExposedHeaders(), o.exposeHeaders)
	cfg.Headers.Set = map[string]string{}
	for _, text := range o.responseHeaders {
		name, value, _ := cutHeader(text)
		cfg.Headers.Set[name] = value
	}
}

// add adds names that are not in the list, in any case.
func add(list, more []string) []string {
	for _, name := range more {
		if !slices.ContainsFunc(list, func(have string) bool { return strings.EqualFold(have, name) }) {
			list = append(list, name)
		}
	}
	return list
}

// describe writes what pages of other origins may do.
func (o *pageOptions) describe() string {
	if len(o.origins) == 0 {
		return "no page of another origin may call; --allow-origin lists those that may"
	}
	text := strings.Join(o.origins, ", ")
	if o.cookies {
		text += ", with cookies"
	}
	text += "; methods " + strings.Join(add(append([]string{"GET", "HEAD", "POST"}, cors.DefaultMethods()...), o.allowMethods), ", ")
	text += "; sending " + usual(len(cors.DefaultHeaders()), "usual fields", o.allowHeaders)
	return text + "; reading " + usual(len(cors.DefaultExposedHeaders()), "usual fields", o.exposeHeaders)
}

func usual(n int, what string, more []string) string {
	text := fmt.Sprintf("%d %s", n, what)
	if len(more) > 0 {
		text += " and " + strings.Join(more, ", ")
	}
	return text
}
