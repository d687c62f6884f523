package openapi_test

import (
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

const cookieParams = `paths: {/a: {get: {parameters: [
  {name: color, in: cookie, schema: {type: string, enum: [blue, red, dark blue, café]}},
  {name: n, in: cookie, schema: {type: integer, maximum: 9}},
  {name: text, in: cookie, schema: {type: string, maxLength: 8}},
  {name: list, in: cookie, explode: false, schema: {type: array, items: {type: integer}}},
  {name: raw, in: cookie, style: cookie, schema: {type: string, pattern: "^[^']*$"}},
  {name: data, in: cookie, content: {application/json: {schema: {type: object, properties: {a: {type: integer}}}}}},
  {name: under_score, in: cookie, schema: {type: integer, maximum: 9}}]}}}`

func TestCookies(t *testing.T) {
	d := parse(t, with("3.2.0", cookieParams), openapi.Config{})
	for cookie, want := range map[string]string{
		// What clients send.
		"":                          "",
		"color=blue":                "",
		"color=blue; n=5; text=abc": "",
		"color=blue;n=5":            "", // curl -b, Postman
		"color=blue; ":              "",
		"color=blue;":               "",
		"color=dark%20blue":         "",
		"color=caf%C3%A9":           "",
		`text="a/b="`:               "", // Python's http.cookies quotes these
		"text=a+b/c==":              "",
		"text=":                     "",
		"list=1,2":                  "",
		"raw=a%20b":                 "",
		"data=%7B%22a%22:1%7D":      "",
		"text=j:plain":              "",
		"text=s:abc":                "",
		`color=blue; prefs={"color":"x","n":[1,2]}; _ga=GA1.2.3; e=; flag; k=a=b; t="quoted, text"; l=a,b, c; u=é`: "",
		"color.sig=x; color=blue; xcolor=1; colors=2; color-x=3; u=utm=a|color=b; v=/?color=x":                     "",

		// What no cookie of the grammar is.
		"color=green":      "cookie:color not_in_enum",
		"color=Blue":       "cookie:color not_in_enum",
		`color="blue"`:     "cookie:color not_in_enum", // with the quotes to PHP and Rack
		`n="5"`:            "cookie:n wrong_type",
		`color=""blue""`:   "cookie:color malformed",
		`color="blue`:      "cookie:color malformed",
		`color=blue"`:      "cookie:color malformed",
		"color=bl%75e":     "cookie:color malformed", // not decoded by Flask and Go
		"color=caf\u00e9":  "cookie:color malformed", // Latin-1 to Node.js
		"color=dark blue":  "cookie:color malformed",
		"color= blue":      "cookie:color malformed",
		"color=blue ; n=1": "cookie:color malformed",
		"color=blue, n=1":  "cookie:color malformed",
		"color=blue,red":   "cookie:color malformed",
		`color=bl\ue`:      "cookie:color malformed",
		"color=blue%":      "cookie:color malformed",
		"color=blue%zz":    "cookie:color malformed",
		"text=%FF":         "cookie:text malformed",
		"text=j:[1]":       "cookie:text malformed",
		"text=j:%7B%7D":    "cookie:text malformed",
		"text=j%3A1":       "cookie:text malformed",
		`text="j:1"`:       "cookie:text malformed",
		"list=1, 2":        "cookie:list malformed",
		`data={"a":1}`:     "cookie:data malformed",
		"raw=a%27b":        "cookie:raw pattern", // as Express decodes it
		"color=blue; n=99": "cookie:n too_large",
		"n=5; n=5":         "cookie:n duplicate",
		"n=5; n=99":        "cookie:n duplicate",
		"color==blue":      "cookie:color not_in_enum",
		"text=123456789":   "cookie:text too_long",
		`text="1234567"`:   "cookie:text too_long",
		"under_score=99":   "cookie:under_score too_large",
		"color=; n=":       "cookie:color not_in_enum\ncookie:n wrong_type",
		"n=1;n=2":          "cookie:n duplicate",
		"list=a; n=x":      "cookie:list/0 wrong_type\ncookie:n wrong_type",

		// Where one reader finds a declared cookie and another finds none.
		"color =green":                      "bad_cookies",
		"color\t=green":                     "bad_cookies",
		"  color=green":                     "bad_cookies",
		"\tcolor=green":                     "bad_cookies",
		"color":                             "bad_cookies",
		"=color=green":                      "bad_cookies",
		"\xa0color=green":                   "bad_cookies",
		"color\xa0=green":                   "bad_cookies",
		"color;=green":                      "bad_cookies",
		"color[]=green":                     "bad_cookies",
		"color[a]=green":                    "bad_cookies",
		"color[=green":                      "bad_cookies",
		"Color=green":                       "bad_cookies",
		"c%6Flor=green":                     "bad_cookies",
		"color%20=green":                    "bad_cookies",
		"color%5B%5D=green":                 "bad_cookies",
		"color%00=green":                    "bad_cookies",
		"under.score=99":                    "bad_cookies",
		"under score=99":                    "bad_cookies",
		"under[score=99":                    "bad_cookies",
		"x=1, color=green":                  "bad_cookies",
		"x=1,color=green":                   "bad_cookies",
		"x=1 color=green":                   "bad_cookies",
		"x=1 color =green":                  "bad_cookies",
		`x="color=green"`:                   "bad_cookies",
		`x="1, color = green"`:              "bad_cookies",
		`x="; color=blue; y="`:              "bad_cookies",
		`x="a\"; color=blue; y="`:           "bad_cookies",
		`"color"=green`:                     "bad_cookies",
		"$Version=1; color=blue":            "bad_cookies",
		`$Version="1"; color=blue; $Path=/`: "bad_cookies",
		"color=blue; $path=/":               "bad_cookies",
		strings.Repeat("x; ", 101):          "too_many_cookies",
	} {
		r := requestCase{line: "GET /a", header: "Cookie: " + cookie}
		if got := verdict(t, decide(d, r.request())); got != want {
			t.Errorf("%q: got %q, want %q", cookie, got, want)
		}
	}

	two := requestCase{line: "GET /a", header: "Cookie: color=blue\nCookie: n=5"}
	if got := verdict(t, decide(d, two.request())); got != "bad_cookies" {
		t.Errorf("two fields: got %q", got)
	}
}

// TestCookies_none: where no cookie is described, none is looked at.
func TestCookies_none(t *testing.T) {
	d := parse(t, with("3.1.0", "paths: {/a: {get: {}}}"), openapi.Config{})
	r := requestCase{line: "GET /a", header: "Cookie: a =b; $Version=1; \"x\nCookie: c"}
	if got := verdict(t, decide(d, r.request())); got != "" {
		t.Errorf("got %q", got)
	}
}
