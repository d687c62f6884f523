package main

import (
	"fmt"
	"strings"

	"github.com/sallyport-dev/sallyport"
)

// describeRoutes returns the patterns that are public, and a line for each route of which more is said.
func (d *declared) describeRoutes() (public, policies []string) {
	for i, r := range d.routes {
		if r.Public {
			public = append(public, describePattern(r.Pattern))
		}
		if policy := d.describePolicy(i, r); policy != "" {
			policies = append(policies, describePattern(r.Pattern)+": "+policy)
		}
	}
	return public, policies
}

// describePattern says so of a pattern that is for everything below a path.
func describePattern(pattern string) string {
	method, path, ok := strings.Cut(pattern, " ")
	if !ok {
		method, path = "request", pattern
	}
	if i := strings.LastIndexByte(path, '/'); strings.HasPrefix(path[i+1:], "{") && strings.HasSuffix(path, "...}") {
		path = path[:i+1]
	}
	if !strings.HasSuffix(path, "/") {
		return pattern
	}
	return "every " + method + " below " + strings.TrimSpace(path)
}

// describePolicy lists what a route asks for besides a credential, or nothing.
func (d *declared) describePolicy(i int, r sallyport.Route) string {
	values := map[string]any{
		"Roles": strings.Join(r.Roles, " or "), "Scopes": strings.Join(r.Scopes, " and "), "Owner": "{" + r.Owner + "}",
		"MaxAuthAge": r.MaxAuthAge, "Limit": r.Limit, "Cost": r.Cost, "MaxBody": fmt.Sprint(r.MaxBody, " bytes"),
	}
	var list []string
	for _, k := range routeKeys() {
		if _, set := d.from[i][k.field]; !set {
			continue
		}
		text := k.name
		if value, ok := values[k.field]; ok {
			text += fmt.Sprint(" ", value)
		}
		list = append(list, text)
	}
	if len(list) == 1 && list[0] == "public" {
		return ""
	}
	return strings.Join(list, ", ")
}

// examples are requests to try: of a route that is public, and of one that is not.
func (a *app) examples() (list []string) {
	o := &a.options
	curl := "curl -i " + a.curlFlags() + a.server.URL()
	for _, r := range o.declared.routes {
		path, isGet := strings.CutPrefix(r.Pattern, "GET /")
		if a.proxy != nil && r.Public && isGet && !strings.Contains(path, "{") {
			list = append(list, curl+"/"+path+"  (public)")
			break
		}
	}
	if o.accounts == "on" {
		return append(list, curl+"/auth/me  (401, as it has no token)")
	}
	return append(list, curl+"/")
}
