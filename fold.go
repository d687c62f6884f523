package sallyport

import (
	"net/http"
	"net/url"
	"strings"
)

// limiting is the chain whose limits a request counts for. Many frameworks take a path
// in another case, or with a slash behind it, for the same: here that is another route,
// which asks for no less than a token, but to a limit on the first it is the same one.
func (t *routes) limiting(r *http.Request, c *chain) *chain {
	if t.folded == nil || c.reserved {
		return c
	}
	path := strings.ToLower(strings.TrimRight(r.URL.Path, "/"))
	if path == "" {
		path = "/"
	}
	h, _ := t.folded.Handler(&http.Request{Method: r.Method, Host: strings.ToLower(r.Host), URL: &url.URL{Path: path}})
	if found, ok := h.(*chain); ok && found != t.rest {
		return found
	}
	return c
}

// foldPattern is a pattern in the spelling that limiting looks for: one for a path, and
// two for a path and all below it.
func foldPattern(pattern string) []string {
	method, path, ok := strings.Cut(pattern, " ")
	if ok {
		method += " "
	} else {
		method, path = "", pattern
	}
	path = strings.TrimSpace(strings.ToLower(path))
	bare, all := strings.CutSuffix(path, "/")
	if one, ok := strings.CutSuffix(path, "/{$}"); ok {
		bare = one
	}
	if !strings.Contains(bare, "/") { // nothing but a host
		return []string{method + path}
	}
	if all {
		return []string{method + bare, method + path}
	}
	return []string{method + bare}
}
