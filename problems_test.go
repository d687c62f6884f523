package sallyport_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport"
)

// document is what the tests read of the accounts' OpenAPI document.
type document struct {
	Paths      map[string]map[string]any `json:"paths"`
	Components struct {
		Schemas map[string]struct {
			Properties map[string]any `json:"properties"`
			Required   []string       `json:"required"`
		} `json:"schemas"`
	} `json:"components"`
}

// accountAddresses are "METHOD /path" of every operation that the document names, and
// the document.
func (w *world) accountAddresses() (list []string, doc document) {
	if err := json.UnmarshalRead(w.send("GET", "/auth/openapi.json", nil, "").Body, &doc); err != nil {
		w.Fatal(err)
	}
	for path, item := range doc.Paths {
		for method := range item {
			list = append(list, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(list)
	return list, doc
}

// mark is in whatever the client chooses, and in no answer.
const mark = "zq-canary-<b>"

// TestAccountProblems sends what is wrong in many ways to every address of the accounts.
// Whatever is refused is refused in the one form, with the fields its status asks for,
// and quotes nothing.
func TestAccountProblems(t *testing.T) {
	w := withAccounts(t)
	access, refresh := w.signUp("ada")
	fields := func(more ...string) http.Header {
		h := http.Header{"Accept": {"text/html"}, "User-Agent": {mark}, "Content-Type": {"application/json"}}
		for i := 0; i < len(more); i += 2 {
			h.Set(more[i], more[i+1])
		}
		return h
	}
	mine := "Bearer " + access
	seen := map[int]int{}
	all, doc := w.accountAddresses()
	for _, address := range all {
		method, path, _ := strings.Cut(address, " ")
		path = strings.Replace(path, "{id}", "zq-canary-%3Cb%3E", 1)
		for name, c := range map[string]struct {
			method, target string
			fields         http.Header
			body           string
		}{
			"no token":          {method, path, fields(), ""},
			"a token of nobody": {method, path, fields("Authorization", "Bearer "+mark), ""},
			"half a body":       {method, path, fields("Authorization", mine), `{"` + mark + `"`},
			"another member":    {method, path, fields("Authorization", mine), `{"` + mark + `":"` + mark + `"}`},
			"wrong values":      {method, path, fields("Authorization", mine), `{"username":"` + mark + `","email":"` + mark + `","password":"` + mark + `","token":"` + mark + `","code":"` + mark + `"}`},
			"not a body":        {method, path, fields("Authorization", mine, "Content-Type", "text/plain"), mark},
			"a form":            {method, path, fields("Authorization", mine, "Content-Type", "application/x-www-form-urlencoded"), "tok=" + mark},
			"too large":         {method, path, fields("Authorization", mine), `{"email":"` + strings.Repeat("a", 2<<20) + `"}`},
			"another method":    {"PUT", path, fields("Authorization", mine), ""},
			"HEAD":              {"HEAD", path, fields("Authorization", mine), ""},
			"a query":           {method, path + "?q=zq-canary-%3Cb%3E&access_token=" + refresh, fields("Authorization", mine), ""},
		} {
			if strings.HasPrefix(path, "/auth/logout") && c.method == "POST" && name != "no token" && name != "a token of nobody" {
				continue // it would end the session of the others
			}
			res := w.send(c.method, c.target, c.fields, c.body)
			said := read(res)
			if res.StatusCode < 400 {
				continue
			}
			seen[res.StatusCode]++
			if wrong := wrongProblem(c.method, res, said) + doc.undocumented(said); wrong != "" {
				t.Errorf("%s, %s: %d: %s: %s %v", address, name, res.StatusCode, wrong, said, res.Header)
			}
		}
	}
	for _, status := range []int{400, 401, 403, 404, 405, 413, 415, 422} {
		if seen[status] == 0 {
			t.Errorf("no answer was a %d: %v", status, seen)
		}
	}
}

// undocumented are the members of a problem that the document has not, or has and the
// problem lacks.
func (d *document) undocumented(said string) (names string) {
	var members map[string]any
	if said == "" || json.Unmarshal([]byte(said), &members) != nil {
		return ""
	}
	schema := d.Components.Schemas["problem"]
	for name := range members {
		if schema.Properties[name] == nil {
			names += " undocumented " + name
		}
	}
	for _, name := range schema.Required {
		if members[name] == nil {
			names += " without " + name
		}
	}
	return names
}

// wrongProblem says what is wrong with an error's answer.
func wrongProblem(method string, res *http.Response, said string) string {
	h := res.Header
	challenge := h.Get("WWW-Authenticate")
	if all := fmt.Sprint(said, h); strings.Contains(all, "zq-canary") || strings.Contains(all, "spr_") || strings.Contains(all, ".go:") {
		return "it quotes what was sent, or the code"
	}
	if h.Get("Content-Type") != "application/problem+json" || h.Get("Cache-Control") != "no-store" {
		return "the type, or the caching"
	}
	switch res.StatusCode {
	case http.StatusUnauthorized:
		if challenge == "" {
			return "no challenge (RFC 9110 §15.5.2)"
		}
	case http.StatusMethodNotAllowed:
		if h.Get("Allow") == "" {
			return "no Allow (RFC 9110 §15.5.6)"
		}
	case http.StatusUnsupportedMediaType:
		if h.Get("Accept")+h.Get("Accept-Post") == "" {
			return "not said what is supported (RFC 9110 §15.5.16)"
		}
	}
	if method == http.MethodHead {
		if said != "" {
			return "a body for HEAD"
		}
		return ""
	}
	var p answerProblem
	if err := json.Unmarshal([]byte(said), &p); err != nil {
		return err.Error()
	}
	if p.Type == "about:blank" && p.Title != http.StatusText(res.StatusCode) || p.Status != res.StatusCode || p.Type == "" || p.Code == "" || p.Instance == "" {
		return "the members"
	}
	if p.Code == "no_credentials" && strings.Contains(challenge, "error") {
		return "an error for who sent nothing (RFC 6750 §3.1)"
	}
	if p.Code == "invalid_token" && res.StatusCode == 401 && !strings.Contains(challenge, `error="invalid_token"`) {
		return "the challenge does not say so (RFC 6750 §3.1)"
	}
	return ""
}

// TestHeadSaysTheSame: HEAD gets the fields that GET gets, and no body.
func TestHeadSaysTheSame(t *testing.T) {
	for _, path := range []string{"/auth/openapi.json", "/.well-known/jwks.json", "/.well-known/openid-configuration", "/auth/me", "/auth/sessions", "/nowhere"} {
		w := withAccounts(t)
		access, _ := w.signUp("ada")
		get, head := w.send("GET", path, bearer(access), ""), w.send("HEAD", path, bearer(access), "")
		for _, res := range []*http.Response{get, head} {
			for _, name := range []string{"Ratelimit", "Content-Length"} { // of one request each; net/http counts the rest
				res.Header.Del(name)
			}
		}
		if get.StatusCode != head.StatusCode || !maps.EqualFunc(get.Header, head.Header, slices.Equal) {
			t.Errorf("%s: %d %v, HEAD %d %v", path, get.StatusCode, get.Header, head.StatusCode, head.Header)
		}
	}
}

// TestNoLimitOnRedirects: an answer that sends elsewhere says nothing about quotas.
func TestNoLimitOnRedirects(t *testing.T) {
	for _, status := range []int{http.StatusFound, http.StatusNotModified, http.StatusPermanentRedirect} {
		next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		res := newWorld(t, next, nil).send("GET", "/notes", as("u1"), "")
		if res.StatusCode != status || res.Header["Ratelimit"] != nil || res.Header["Ratelimit-Policy"] != nil {
			t.Errorf("%d %v", res.StatusCode, res.Header)
		}
	}
}

// TestPolicyIsConstant: what a limit is does not change from answer to answer, and what
// is left never grows.
func TestPolicyIsConstant(t *testing.T) {
	w := newWorld(t, api(), func(c *sallyport.Config) { routes(c); c.Limit = "8 per 1h" })
	policy, left := "", 9
	for i := range 10 {
		res := w.send("GET", "/notes", as("u1"), "")
		var q, r, seconds int
		if _, err := fmt.Sscanf(res.Header.Get("RateLimit"), `"default";r=%d;t=%d`, &r, &seconds); err != nil || r > left || seconds <= 0 || seconds > 3600 {
			t.Errorf("%d: %q after r=%d: %v", i, res.Header.Get("RateLimit"), left, err)
		}
		left = r
		if _, err := fmt.Sscanf(res.Header.Get("RateLimit-Policy"), `"default";q=%d;w=3600`, &q); err != nil || q != 8 || policy != "" && policy != res.Header.Get("RateLimit-Policy") {
			t.Errorf("%d: %q after %q", i, res.Header.Get("RateLimit-Policy"), policy)
		}
		policy = res.Header.Get("RateLimit-Policy")
		if len(res.Trailer) > 0 {
			t.Errorf("trailers %v", res.Trailer)
		}
	}
	if left != 0 {
		t.Errorf("%d are left", left)
	}
}
