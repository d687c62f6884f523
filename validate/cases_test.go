package validate_test

import (
	"net/netip"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport-dev/sallyport/secret"
)

// canary stands where a secret would. It is never in an answer.
const canary = "c4n4ry-Tr0ub4dor"

// Base is embedded, so its members are everything's own.
type Base struct {
	Version uint8 `json:"version" validate:"optional,min=1"`
}

// everything has each kind of member once.
type everything struct {
	Base
	Name   string                    `json:"name" validate:"min=3,max=20,pattern=^[a-z ,']+$"`
	Email  string                    `json:"email" validate:"optional,email"`
	Secret secret.String             `json:"secret" validate:"optional,min=8,max=64"`
	Web    string                    `json:"web" validate:"optional,url"`
	ID     string                    `json:"id" validate:"optional,uuid"`
	When   time.Time                 `json:"when" validate:"optional"`
	Stamp  string                    `json:"stamp" validate:"optional,time"`
	Day    string                    `json:"day" validate:"optional,date"`
	Role   string                    `json:"role" validate:"optional,enum=reader|writer"`
	Big    int64                     `json:"big" validate:"optional"`
	Small  int8                      `json:"small" validate:"optional,min=-5,max=100"`
	Level  uint32                    `json:"level" validate:"optional,enum=1|2|3"`
	Ratio  float64                   `json:"ratio" validate:"optional,min=0,max=1e300"`
	Single float32                   `json:"single" validate:"optional"`
	On     bool                      `json:"on" validate:"optional"`
	Nick   *string                   `json:"nick" validate:"optional,max=4"`
	Code   string                    `json:"code" validate:"optional,len=2"`
	Tags   []string                  `json:"tags" validate:"optional,min=1,max=3,unique,each(min=1,max=5)"`
	Grid   [][]int                   `json:"grid" validate:"optional,each(len=2,each(max=9))"`
	Limits map[string]int            `json:"limits" validate:"optional,max=2,each(min=1),keys(max=8,pattern=^[^()]([a-z/~]+)$)"`
	Child  *everything               `json:"child" validate:"optional"`
	Parts  []part                    `json:"parts" validate:"optional"`
	ByName map[string]part           `json:"byName" validate:"optional"`
	Raw    jsontext.Value            `json:"raw,omitempty" validate:"optional"`
	Bytes  []byte                    `json:"bytes" validate:"optional,min=1,max=4"`
	Addr   netip.Addr                `json:"addr,omitzero" validate:"optional"`
	Deep   map[string]map[string]int `json:"deep" validate:"optional,each(each(max=3))"`
	Hidden string                    `json:"-"`
}

type part struct {
	A int  `json:"a"`
	B bool `json:"b" validate:"optional"`
}

// decodeCase is one body for everything. want is empty when it is accepted, else the
// problem's code, or for a 422 "pointer code" for each field.
type decodeCase struct{ name, body, want string }

// with wraps members in an object that is otherwise fine.
func with(members string) string { return `{"name": "ada", ` + members + `}` }

var decodeCases = []decodeCase{
	{"least", `{"name":"ada"}`, ""},
	{"white space around", " \t\r\n{ \"name\" : \"ada\" } \n", ""},
	{"escapes", `{"n\u0061me": "\u0061da"}`, ""},
	{"pattern with a comma", `{"name": "a, b"}`, ""},
	{"everything", with(`"version":1,"email":"a@b.example","secret":"12345678","web":"https://a.example/?q=1","id":"0b8e1a3c-9b2f-4c63-8f5e-0a4b7c1d2e3f",
		"when":"2026-01-31T09:30:00.5+01:00","stamp":"2026-01-31T09:30:00Z","day":"2028-02-29","role":"writer","big":1,"small":-5,"level":3,"ratio":0.5,
		"single":1.5,"on":true,"nick":"ad","code":"de","tags":["a","b"],"grid":[[1,2],[-3,9]],"limits":{"ab":1,"c/~":2},"child":{"name":"eve"},
		"parts":[{"a":1},{"a":-0,"b":false}],"byName":{"x":{"a":2}},"raw":{"free":[null, 1e999]},"bytes":"AAEC","addr":"2001:db8::1","deep":{"x":{"y":3}}`), ""},
	{"null for a pointer", with(`"nick":null,"child":null`), ""},
	{"null where anything goes", with(`"raw":null`), ""},
	{"code points, not bytes", with(`"nick":"🦊🦊🦊🦊","code":"é\u00e9"`), ""},
	{"exact above 2^53", with(`"big":9007199254740993`), ""},
	{"largest int64", with(`"big":9223372036854775807`), ""},
	{"underflow is zero", with(`"ratio":1e-999`), ""},
	{"injection is a text like another", `{"name":"a','b' or 'x"}`, ""},

	{"empty", ``, "empty_body"},
	{"blank", " \n", "empty_body"},
	{"cut off", `{"name":"` + canary, "malformed_json"},
	{"cut off in an escape", `{"name":"` + canary + `\u00`, "malformed_json"},
	{"byte order mark", "\xEF\xBB\xBF{\"name\":\"ada\"}", "malformed_json"},
	{"not UTF-8", `{"name":"` + canary + "\xFF\"}", "invalid_utf8"},
	{"UTF-16", "{\x00\"\x00}\x00\xD8\x00", "invalid_utf8"},
	{"lone surrogate", `{"name":"` + canary + `\ud800"}`, "malformed_json"},
	{"unknown escape", `{"name":"` + canary + `\x"}`, "malformed_json"},
	{"control character", "{\"name\":\"" + canary + "\n\"}", "malformed_json"},
	{"duplicate", `{"name":"ada","name":"` + canary + `"}`, "duplicate_member"},
	{"duplicate behind an escape", `{"name":"ada","n\u0061me":"` + canary + `"}`, "duplicate_member"},
	{"duplicate in an unknown member", with(`"x":{"y":1,"y":"` + canary + `"}`), "duplicate_member"},
	{"duplicate in a map", with(`"limits":{"ab":1,"ab":2}`), "duplicate_member"},
	{"duplicate in raw", with(`"raw":{"ab":1,"ab":2}`), "duplicate_member"},
	{"second value", `{"name":"ada"}{"name":"` + canary + `"}`, "trailing_data"},
	{"garbage after", `{"name":"ada"}` + canary, "trailing_data"},
	{"NUL after", "{\"name\":\"ada\"}\x00", "trailing_data"},
	{"comma after", `{"name":"ada"},`, "trailing_data"},
	{"trailing comma", `{"name":"ada",}`, "malformed_json"},
	{"comment", `{"name":"ada" /* ` + canary + ` */}`, "malformed_json"},
	{"single quotes", `{'name':'` + canary + `'}`, "malformed_json"},
	{"bare word", canary, "malformed_json"},
	{"NaN", with(`"ratio":NaN`), "malformed_json"},
	{"leading zero", with(`"big":007`), "malformed_json"},
	{"plus", with(`"big":+7`), "malformed_json"},
	{"form", "name=" + canary, "malformed_json"},
	{"XML", "<name>" + canary + "</name>", "malformed_json"},
	{"64 levels", strings.Repeat("[", 64) + strings.Repeat("]", 64), " wrong_type"},
	{"65 levels", strings.Repeat("[", 65) + strings.Repeat("]", 65), "too_deep"},
	{"65 levels where anything goes", with(`"raw":` + strings.Repeat(`{"a":`, 64) + "1" + strings.Repeat("}", 64)), "too_deep"},
	{"100000 levels", strings.Repeat("[", 100_000), "too_deep"},
	{"brackets in a text", `{"name":"` + strings.Repeat(`[\"`, 100) + `"}`, "/name too_long"},
	{"malformed after failures", `{"name":1,"x":2,`, "malformed_json"},

	{"array", `[]`, " wrong_type"},
	{"text", `"` + canary + `"`, " wrong_type"},
	{"null", `null`, " null_not_allowed"},
	{"number", `1e999`, " wrong_type"},
	{"nothing in it", `{}`, "/name required"},
	{"case counts", `{"Name":"ada"}`, "/Name unknown_member\n/name required"},
	{"null is not absent", `{"name":null}`, "/name null_not_allowed"},
	{"null for a secret", with(`"secret":null`), "/secret null_not_allowed"},
	{"null for a time, list, map", with(`"when":null,"tags":null,"limits":null,"addr":null`), "/when null_not_allowed\n/tags null_not_allowed\n/limits null_not_allowed\n/addr null_not_allowed"},
	{"empty text is too short", `{"name":""}`, "/name too_short\n/name pattern"},
	{"every wrong type at once", `{"name":1,"email":true,"secret":["` + canary + `"],"when":1,"on":"true","big":"1","tags":{},"limits":[],"child":"x","bytes":1,"addr":1}`,
		"/name wrong_type\n/email wrong_type\n/secret wrong_type\n/when wrong_type\n/on wrong_type\n/big wrong_type\n/tags wrong_type\n/limits wrong_type\n/child wrong_type\n/bytes wrong_type\n/addr wrong_type"},
	{"types and rules in one answer", with(`"secret":"short","tags":["",2,"a","a"],"child":{"name":"x"},"parts":[{"a":1},{"b":1,"c":2}]`),
		"/secret too_short\n/tags/0 too_short\n/tags/1 wrong_type\n/tags too_many\n/child/name too_short\n/parts/1/b wrong_type\n/parts/1/c unknown_member\n/parts/1/a required"},
	{"fraction", with(`"big":1.5`), "/big wrong_type"},
	{"whole number as a fraction", with(`"big":1.0`), "/big wrong_type"},
	{"whole number with an exponent", with(`"big":1e3`), "/big wrong_type"},
	{"int64 overflow", with(`"big":9223372036854775808`), "/big wrong_type"},
	{"int8 overflow", with(`"small":128`), "/small wrong_type"},
	{"int8 bounds", with(`"small":-6`), "/small too_small"},
	{"negative unsigned", with(`"version":-1`), "/version wrong_type"},
	{"uint8 overflow", with(`"version":256`), "/version wrong_type"},
	{"embedded rule", with(`"version":0`), "/version too_small"},
	{"float overflow", with(`"ratio":1e400`), "/ratio wrong_type"},
	{"float bound", with(`"ratio":1e301`), "/ratio too_large"},
	{"float32 overflow", with(`"single":1e39`), "/single wrong_type"},
	{"integer enum", with(`"level":4`), "/level not_in_enum"},
	{"enum", with(`"role":"Writer"`), "/role not_in_enum"},
	{"length", with(`"code":"deu"`), "/code too_long"},
	{"length by a combining mark", with(`"code":"e\u0301u"`), "/code too_long"},
	{"not unique", with(`"tags":["a","a"]`), "/tags not_unique"},
	{"too few", with(`"tags":[]`), "/tags too_few"},
	{"grid", with(`"grid":[[1],[1,2,3],[10,1],7]`), "/grid/0 too_few\n/grid/1 too_many\n/grid/2/0 too_large\n/grid/3 wrong_type"},
	{"map rules", with(`"limits":{"ab":0,"(b":1,"cd":1}`), "/limits/ab too_small\n/limits/(b pattern\n/limits too_many"},
	{"nested maps", with(`"deep":{"a/b":{"~":4}}`), "/deep/a~1b/~0 too_large"},
	{"email with a line", with(`"email":"a@b.example\r\nBcc: ` + canary + `@x.example"`), "/email not_email"},
	{"URL of a script", with(`"web":"javascript:alert(1)"`), "/web not_url"},
	{"UUID in upper case", with(`"id":"0B8E1A3C-9B2F-4C63-8F5E-0A4B7C1D2E3F"`), "/id not_uuid"},
	{"times", with(`"when":"2026-01-31 09:30:00Z","stamp":"2026-01-31T9:30:00Z","day":"2026-02-29"`), "/when not_time\n/stamp not_time\n/day not_date"},
	{"base64", with(`"bytes":"A==="`), "/bytes not_base64\n/bytes too_short"},
	{"base64 with spare bits", with(`"bytes":"AAB="`), "/bytes not_base64\n/bytes too_short"},
	{"base64 with more spare bits", with(`"bytes":"AB=="`), "/bytes not_base64\n/bytes too_short"},
	{"base64 without spare bits", with(`"bytes":"AAA="`), ""},
	{"base64 by an escape, which JSON makes the same text", with(`"bytes":"\u0041AA="`), ""},
	{"base64 without padding", with(`"bytes":"AAE"`), "/bytes not_base64\n/bytes too_short"},
	{"base64 with a line end", with(`"bytes":"AA\nA="`), "/bytes not_base64\n/bytes too_short"},
	{"base64 with a line end after", with(`"bytes":"AAA=\r\n"`), "/bytes not_base64\n/bytes too_short"},
	{"base64 of the URL alphabet", with(`"bytes":"_-8="`), "/bytes not_base64\n/bytes too_short"},
	{"base64 padded twice", with(`"bytes":"AA==AA=="`), "/bytes not_base64\n/bytes too_short"},
	{"address", with(`"addr":"` + canary + `"`), "/addr bad_value"},
	{"unknown members", with(`"__proto__":{"admin":true},"constructor":1,"$ne":1,"id[]":1,"a/b~c":1`),
		"/__proto__ unknown_member\n/constructor unknown_member\n/$ne unknown_member\n/id[] unknown_member\n/a~1b~0c unknown_member"},
	{"unknown names not shown", with(`"<script>":1,"":2,"\u202e":3,"a\nb":4,"` + strings.Repeat("x", 65) + `":5`), " unknown_member\n unknown_member\n unknown_member\n unknown_member\n unknown_member"},
	{"map name not shown", with(`"byName":{"<b>":{"a":"x"}}`), "/byName wrong_type"},
	{"Go name and ignored field", with(`"Hidden":"x","-":"y"`), "/Hidden unknown_member\n/- unknown_member"},
	{"embedded name", with(`"Base":{"version":1}`), "/Base unknown_member"},
}
