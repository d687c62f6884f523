package readers_test

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/samples"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// textsDocument describes the query and the cookies.
const textsDocument = `openapi: 3.1.0
info: {title: texts, version: "1"}
paths:
  /query:
    get:
      parameters:
        - {name: kind, in: query, schema: {enum: [user, guest]}}
        - {name: note, in: query, schema: {type: string, maxLength: 20, pattern: "^[^<>]*$"}}
        - {name: count, in: query, schema: {type: integer, maximum: 100}}
        - {name: tags, in: query, schema: {type: array, items: {enum: [a, b, c]}}}
  /cookie:
    get:
      parameters:
        - {name: kind, in: cookie, schema: {enum: [user, guest]}}
        - {name: note, in: cookie, schema: {type: string, maxLength: 20, pattern: "^[^<>]*$"}}
        - {name: count, in: cookie, schema: {type: integer, maximum: 100}}
`

func formRules() rules {
	return rules{
		"kind": oneOf("user", "guest"), "note": like(`^[^<>]{0,20}$`), "count": atMost(100), "tags": oneOf("a", "b", "c"),
		"meta": like(`^\{"x":-?[0-9]+\}$`), "file": anything,
	}
}

func queryRules() rules {
	r := formRules()
	delete(r, "meta")
	delete(r, "file")
	return r
}

func cookieRules() rules {
	r := queryRules()
	delete(r, "tags")
	return r
}

func subjects(t *testing.T) []*subject {
	t.Helper()
	forms := decide(parse(t, samples.FormDocument, openapi.Config{}))
	texts := decide(parse(t, textsDocument, openapi.Config{}))
	loose := decide(parse(t, textsDocument, openapi.Config{InsecureIgnoreUnknownQuery: true}))
	queries := textRequests(forQuery, "", func(r *request, s string) { r.query = s }, pairTexts)
	bodies := textRequests(forForm, formType, func(r *request, s string) { r.body = s }, pairTexts)
	trickyQueries := textRequests(forQuery, "", func(r *request, s string) { r.query = s }, pairTricks)
	trickyBodies := textRequests(forForm, formType, func(r *request, s string) { r.body = s }, pairTricks)
	cookies := textRequests(forCookie, "", func(r *request, s string) { r.cookie = s }, cookieTexts)
	trickyCookies := textRequests(forCookie, "", func(r *request, s string) { r.cookie = s }, cookieTricks)
	honest, tricks := formRequests(samples.HonestForms()), formRequests(samples.HostileForms())

	return []*subject{
		{"multipart", forMultipart, true, forms("/form"), honest, tricks, mutateForm, formRules()},
		{"multipart, free", forMultipart, false, forms("/free"), honest, tricks, mutateForm, formRules()},
		{"form", forForm, true, forms("/form"), bodies, trickyBodies, mutatePairs, formRules()},
		{"form, free", forForm, false, forms("/free"), bodies, trickyBodies, mutatePairs, formRules()},
		{"query", forQuery, true, texts("/query"), queries, trickyQueries, mutatePairs, queryRules()},
		{"query, free", forQuery, false, loose("/query"), queries, trickyQueries, mutatePairs, queryRules()},
		{"cookie", forCookie, false, texts("/cookie"), cookies, trickyCookies, mutateCookies, cookieRules()},
	}
}

const formType = "application/x-www-form-urlencoded"

func parse(t *testing.T, document string, cfg openapi.Config) *openapi.Document {
	t.Helper()
	d, err := openapi.Parse([]byte(document), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// decide has a document decide about requests at a path.
func decide(d *openapi.Document) func(path string) gate {
	return func(path string) gate {
		return func(r request) error {
			method := "GET"
			if r.kind == forMultipart || r.kind == forForm {
				method = "POST"
			}
			req := httptest.NewRequest(method, path, nil)
			req.URL.RawQuery = r.query
			if r.contentType != "" {
				req.Header["Content-Type"] = []string{r.contentType}
			}
			if r.cookie != "" {
				req.Header["Cookie"] = []string{r.cookie}
			}
			if r.body != "" {
				req.Body, req.ContentLength = io.NopCloser(strings.NewReader(r.body)), int64(len(r.body))
			}
			op, values, err := d.Match(method, req.Host, path)
			if err != nil {
				return err
			}
			return op.Check(req, values)
		}
	}
}

func formRequests(forms []samples.Form) (all []request) {
	for _, f := range forms {
		all = append(all, request{kind: forMultipart, contentType: f.ContentType, body: f.Body})
	}
	return all
}

func textRequests(kind, contentType string, set func(*request, string), texts []string) (all []request) {
	for _, text := range texts {
		r := request{kind: kind, contentType: contentType}
		set(&r, text)
		all = append(all, r)
	}
	return all
}

// pairTexts are what honest clients send in a query or a form.
var pairTexts = []string{
	"kind=user", "kind=guest&note=two+words&count=7&tags=a&tags=b", "kind=user&note=h%C3%A9llo%21&tags=c",
	"kind=user&note=a%5Bb%5D%3Dc%26d%3Be", "kind=user&note=a=b==&count=100", "kind=user&note=&tags=a",
}

// pairTricks are read by some program as something that was not checked.
var pairTricks = []string{
	"kind=user&count[$gt]=999", "kind=user&count[]=999", "kind=user&%20count=999", "kind=user&count.x=999",
	"kind=user&count[=999", "kind=user&count%5B%5D=999", "kind=user&COUNT=999", "kind=user&count%00=999",
	"kind=user&.count=999", "kind=user&+count=999", "kind=user&count;=999", "kind=user;count=999",
	"kind=user&[count]=999", "kind=user&count]=999", "kind=user&note=a]=b", "kind=user&note=a%5D=b",
	"kind=user&note=x&note[]=<b>", "kind=user&count=1&count[]=999", "kind=user&& count=999",
	"kind[]=admin&kind=user", "kind=user&kind=admin", "kind=user&note=\xff", "kind=user&note=%ff",
	"kind=user&note=%zz", "kind=user&note=é", "kind=user&c%6Funt=999", "kind=user&role=admin",
	"kind=user&\tcount=999", "kind=user&count\x00=999", "kind=user&tags=a&tags[x]=z", "kind=user&tags[0]=z",
	"kind=user&tags[]=z", "__proto__[count]=999&kind=user", "kind=user&x.count=999", "kind=user&x[count]=999",
	"kind=user&!count=999", "kind=user&count(1i)=999",
	"?count=999",
}

// cookieTexts are what honest clients send: declared cookies beside those of others.
var cookieTexts = []string{
	"kind=user", "kind=guest; note=dark; count=7", "kind=user;note=a", `note="a/b=="; kind=user`,
	"note=h%C3%A9llo; _ga=GA1.2.3.4", `kind=user; prefs={"color":"x","list":[1,2]}; _pk=a,b,c; empty=; bare`,
	"kind=user; kind.sig=AbC-_1; x=a=b&c=d|e; note=%7Bx%7D", "kind=user; utm=source=google|medium=(none)",
	"kind=user; ", "kind=user; other=\"a b\"; t=Mon, 01 Jan 2026 00:00:00 GMT",
}

var cookieTricks = []string{
	"count =999", "count= 999", "count\t=999", `count="999"`, `count=""999""`, "count[]=999", "count.x=999",
	"count x=999", "COUNT=999", "c%6Funt=999", ";count=999", "x=1;count=999", "x=1,count=999", "x=1 count=999",
	`x="; count=999; y="`, `x="a; kind=admin"`, "$Version=1; count=999", "count=1; count=999", "count=999; count=1",
	"count", "=count=999", "count%5B%5D=999", "kind=user\x00", "kind=us%65r", `kind="user`, `kind=user"`,
	"kind=user, count=999", "note=j:%7B%22x%22:1%7D", "note=j%3A[1]", "note=a,b", "note=a b", `note="a\"b"`,
	"note=%", "note=%zz", "note=é", `x="1, count=999"`, "count%20=999", " count=999", "  kind=admin",
	"count=1;count=999", "x=\"a\\\"; kind=admin; y=\"", "count[x=999", "count%00=999", "!count=999", "kind==user",
	`"kind"=admin`, "kind=user;;count=999",
}
