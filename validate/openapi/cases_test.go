package openapi_test

import (
	"strings"

	"github.com/sallyport-dev/sallyport/internal/samples"
)

// canary stands where a secret would. It is never in an answer.
const canary = samples.Canary

// requestCase is one request to the shop. want is empty when it is accepted, else the
// problem's code, or for a 422 a line for each field: "place code", the place being
// in:parameter and the pointer.
type requestCase struct {
	name, line string // method and target
	header     string // fields, separated by newlines
	body       string
	want       string
}

const jsonType = "Content-Type: application/json"

func form(name, body, want string) requestCase {
	return requestCase{name, "POST /v1/form", "Content-Type: application/x-www-form-urlencoded", body, want}
}

func item(name, members, want string) requestCase {
	return requestCase{name, "POST /v1/items", jsonType, `{"name":"ada","price":1` + members + `}`, want}
}

func query(name, query, want string) requestCase {
	return requestCase{name, "GET /v1/query?" + query, "", "", want}
}

func parts(name, want string, parts ...string) requestCase {
	body := "--b\r\n" + strings.Join(parts, "\r\n--b\r\n") + "\r\n--b--\r\n"
	return requestCase{name, "POST /v1/form", `Content-Type: multipart/form-data; boundary=b`, body, want}
}

func part(fields, content string) string {
	return "Content-Disposition: form-data; " + fields + "\r\n\r\n" + content
}

var requestCases = []requestCase{
	{"plain", "GET /v1/items", "", "", ""},
	{"three parameters", "GET /v1/items?limit=10&sort=name", "X-Trace: 0123456789abcdef", "", ""},
	{"HEAD as GET", "HEAD /v1/items", "", "", ""},
	{"API key", "GET /v1/items?api_key=" + canary, "", "", ""},
	{"no base", "GET /items", "", "", "not_found"},
	{"other base", "GET /v2/items", "", "", "not_found"},
	{"slash at the end", "GET /v1/items/", "", "", "not_found"},
	{"undocumented path", "GET /v1/admin/" + canary, "", "", "not_found"},
	{"undocumented method", "DELETE /v1/items", "", "", "method_not_allowed"},
	{"lower case method", "get /v1/items", "", "", "method_not_allowed"},
	{"case of the path", "GET /v1/Items", "", "", "not_found"},
	{"empty segment", "GET /v1//items", "", "", "not_found"},
	{"written out before open", "GET /v1/items/newest", "", "", ""},
	{"text around a parameter", "GET /v1/items/ab.png", "", "", ""},
	{"text around, too short", "GET /v1/items/a.png", "", "", "path:id too_short"},
	{"method of 3.2", "QUERY /v1/items/1", "", "", ""},
	{"additional operation", "LOCK /v1/items/1", "", "", ""},

	{"path integer", "GET /v1/items/7", "", "", ""},
	{"path integer over 32 bits", "GET /v1/items/2147483648", "", "", "path:id format"},
	{"path integer under", "GET /v1/items/0", "", "", "path:id too_small"},
	{"slash in a value", "GET /v1/path/a%2Fb/1,2/x,1/x=1/.5/.1/;matrix=3/;x=1", "", "", "path:simple malformed"},
	{"backslash in a value", "GET /v1/path/a%5Cb/1,2/x,1/x=1/.5/.1/;matrix=3/;x=1", "", "", "path:simple malformed"},
	{"dots for a value", "GET /v1/path/%2E%2E/1,2/x,1/x=1/.5/.1/;matrix=3/;x=1", "", "", "path:simple malformed"},
	{"path text", "GET /v1/items/" + canary, "", "", "path:id wrong_type"},
	{"path encoded digit", "GET /v1/items/%37", "", "", ""},
	{"path not UTF-8", "GET /v1/items/%FF", "", "", "path:id malformed"},
	{"path leading zero", "GET /v1/items/007", "", "", "path:id wrong_type"},
	{"path plus", "GET /v1/items/+7", "", "", "path:id wrong_type"},
	{"path hex", "GET /v1/items/0x7", "", "", "path:id wrong_type"},
	{"path exponent is whole", "GET /v1/items/1e2", "", "", ""},
	{"path styles", "GET /v1/path/ab/1,2/x,1,y,2/x=1,y=2/.5/.1.2/;matrix=3,4/;x=1;y=2", "", "", ""},
	{"path styles wrong", "GET /v1/path/abcdef/1,a/x,1,y/x=1,x=2/5/.a/3/;x=1;y=10", "", "",
		"path:simple too_long\npath:list/1 wrong_type\npath:object malformed\npath:exploded malformed\npath:label malformed\npath:labels/0 wrong_type\npath:matrix malformed\npath:matrices/y too_large"},
	{"path list too long", "GET /v1/path/ab/1,2,3/x,1/x=1/.5/.1/;matrix=3/;x=1", "", "", "path:list too_many"},
	{"path encoded comma, which most readers undo", "GET /v1/path/ab/1%2C2/x,1/x=1/.5/.1/;matrix=3/;x=1", "", "", ""},

	query("every query style", "text=a%20b&empty=&flag=true&number=1.5&big=9007199254740992&either=12&list=1&list=2&joined=a,b&spaced=1%202+3&piped=1|2%7C3&deep[a]=1&deep[tags]=x&deep[tags]=y&x=1&y=2&flat=x,1,y,2&filter=%7B%22x%22:1%7D&when=2026-01-31T09:30:00Z&id=0b8e1a3c-9b2f-4c63-8f5e-0a4b7c1d2e3f", ""),
	query("every query style wrong", "text=abcdef&flag=1&number=0.7&list=1&list=1&joined=abcd,b&spaced=1%20a&piped=1|x&deep[a]=x&deep[b]=1&x=a&flat=x,1,y&filter=%7B%22y%22:10%7D&when=now&id=1",
		"query:deep/a wrong_type\nquery:deep/b unknown_member\nquery:filter/x required\nquery:filter/y too_large\nquery:flag wrong_type\nquery:flat malformed\nquery:id not_uuid\nquery:joined/0 too_long\nquery:list not_unique\n"+
			"query:number not_multiple\nquery:piped/1 wrong_type\nquery:spaced/1 wrong_type\nquery:text too_long\nquery:when not_time\nquery:point/x wrong_type"),
	query("either text", "either=abc", ""),
	query("either neither", "either=A1", "query:either pattern"),
	query("exactly above 2^53", "big=9007199254740993", "query:big too_large"),
	query("far above", "big=900719925474099299999999999", "query:big too_large"),
	query("scalar twice", "text=a&text="+canary, "query:text duplicate"),
	query("scalar twice, the same", "text=a&text=a", "query:text duplicate"),
	query("joined twice", "joined=a&joined=b", "query:joined duplicate"),
	query("array brackets", "list[]=1", "query:list[] unknown_parameter"),
	query("operator", "text[$ne]=1", "query:text[$ne] unknown_parameter"),
	query("unknown", "debug="+canary, "query:debug unknown_parameter"),
	query("unknown, name not shown", "%3Cscript%3E=1", "query: unknown_parameter"),
	query("prototype", "__proto__[a]=1&constructor=1", "query:__proto__[a] unknown_parameter\nquery:constructor unknown_parameter"),
	query("deep twice", "deep[a]=1&deep[a]=2", "query:deep/a duplicate"),
	query("deep deeper", "deep[a][b]=1", "query:deep/a wrong_type"),
	query("case of a name", "Text=a", "query:Text unknown_parameter"),
	query("encoded name", "te%78t=abcdef", "query:text too_long"),
	query("plus is a space", "text=a+b", ""),
	query("encoded comma is data", "joined=a%2Cb,c", ""),
	query("content not JSON", "filter=%7Bx%7D", "query:filter malformed"),
	query("content duplicate", "filter=%7B%22x%22:1,%22x%22:2%7D", "query:filter malformed"),
	query("content deep", "filter="+strings.Repeat("[", 100), "query:filter malformed"),
	query("number 1e400", "number=1e400", "query:number wrong_type"),
	query("number NaN", "number=NaN", "query:number wrong_type"),
	query("number with space", "number=+1.5", "query:number wrong_type"),
	query("boolean in upper case", "flag=TRUE", "query:flag wrong_type"),
	query("empty number", "number=", "query:number wrong_type"),
	query("bad escape", "text=%zz", "query:text malformed"),
	query("bad escape in a name", "%zz=1", "bad_query"),
	query("not UTF-8", "text=%FF", "query:text malformed"),
	query("encoded semicolon", "text=a%3Bb", ""),
	query("equals signs in a value", "text=a=b=", ""),
	query("bracket and equals sign escaped", "text=%5D%3D", ""),
	query("qs cuts at ]=", "text=x]=y", "bad_query"),
	query("qs cuts at %5D=", "text=x%5d=y", "bad_query"),
	query("qs cuts at a later ]=", "text=x=]=y", "bad_query"),
	query("not ASCII", "text=\u00e9", "bad_query"),
	query("name not ASCII", "t\u00e9xt=1", "bad_query"),
	query("space before a name", "%20text=a", "query: text unknown_parameter"),
	query("dot before a name", ".text=a", "query:.text unknown_parameter"),
	query("NUL in a name", "text%00=a", "query: unknown_parameter"),
	query("method override", "_method=DELETE", "query:_method unknown_parameter"),
	query("semicolon", "text=a;flag=true", "bad_query"),
	query("many pairs", strings.Repeat("a=1&", 101), "too_many_pairs"),
	query("same failure again", strings.Repeat("a=1&", 40), "query:a unknown_parameter"),

	{"headers and cookies", "GET /v1/needs?q=1", "X-List: 1, 2\nX-List: 3\nX-Point: x=1,y=2\nX-One: 7\nCookie: session=abcd; tabs=1,2; other=x\nAuthorization: Bearer " + canary, "", ""},
	{"headers and cookies missing", "GET /v1/needs", "", "", "query:q required\nheader:X-List required\ncookie:session required"},
	{"headers and cookies wrong", "GET /v1/needs?q=", "X-List: 1, a\nX-Point: x=1,y=20\nX-One: " + canary + "\nCookie: session=a; tabs=x", "",
		"query:q too_short\nheader:X-List/1 wrong_type\nheader:X-One wrong_type\nheader:X-Point/y too_large\ncookie:session too_short\ncookie:tabs/0 wrong_type"},
	{"header twice", "GET /v1/needs?q=1", "X-List: 1\nX-One: 1\nX-One: 2\nCookie: session=abcd", "", "header:X-One duplicate"},
	{"cookie twice", "GET /v1/needs?q=1", "X-List: 1\nCookie: session=abcd; session=" + canary, "", "cookie:session duplicate"},
	{"cookies are not a form", "GET /v1/needs?q=1", "X-List: 1\nCookie: session=a+%20b; tabs=1%2C2", "", "cookie:tabs/0 wrong_type"},
	{"many cookies", "GET /v1/needs?q=1", "X-List: 1\nCookie: session=abcd" + strings.Repeat("; a=1", 100), "", "too_many_cookies"},
	{"header not UTF-8", "GET /v1/needs?q=1", "X-List: 1\nX-One: \xFF\nCookie: session=abcd", "", "header:X-One malformed"},
	{"querystring", "GET /v1/search?q=a&n=1&l=1&l=2", "", "", ""},
	{"querystring not ASCII", "GET /v1/search?q=\u00e9", "", "", "bad_query"},
	{"querystring with an operator", "GET /v1/search?q=a&n[$gt]=1", "", "", "querystring:all/n[$gt] bad_name"},
	{"querystring wrong", "GET /v1/search?n=a&z=1", "", "", "querystring:all/n wrong_type\nquerystring:all/q required\nquerystring:all/z unknown_member"},

	item("least", "", ""),
	item("everything", `,"count":9007199254740993,"small":1.0,"owner":null,"secret":"`+canary+`","link":"https://a.example/p","host":"a.example","v4":"192.0.2.1","v6":"2001:db8::1","data":"AAEC","tags":["a"],"anything":{"a":[1]},"either":"abc","color":"red","parts":[{"name":"eve","price":0}]`, ""),
	item("everything wrong", `,"count":9007199254740994,"small":2147483648,"owner":"x","secret":1,"link":"/p","host":"1.2.3","v4":"1.2.3","v6":"::g","data":"A","tags":["a","a","B"],"either":"abcd","color":"blue","parts":[{"name":"e"}]`,
		"/color not_in_enum\n/count too_large\n/data not_base64\n/either too_long\n/host format\n/link format\n/owner not_email\n/parts/0/name too_short\n/parts/0/price required\n/secret wrong_type\n/small format\n/tags not_unique\n/tags/2 pattern\n/v4 format\n/v6 format"),
	item("read-only", `,"id":1`, "/id read_only"),
	item("read-only below", `,"parts":[{"name":"eve","price":0,"id":"`+canary+`"}]`, "/parts/0/id read_only"),
	item("unknown", `,"admin":true,"__proto__":{}`, "/__proto__ unknown_member\n/admin unknown_member"),
	item("unknown, not shown", `,"<b>`+"\u202e"+`":1`, " unknown_member"),
	item("null", `,"secret":null`, "/secret null_not_allowed"),
	item("duplicate", `,"name":"`+canary+`"`, "duplicate_member"),
	item("duplicate where anything goes", `,"anything":{"a":1,"a":2}`, "duplicate_member"),
	item("1e400", `,"anything":1e400`, "/anything too_large"),
	item("-1e400", `,"count":-1e400`, "/count too_large"),
	item("1e-400", `,"anything":1e-400`, ""),
	item("1e-99999", `,"anything":1e-99999`, "/anything too_large"),
	item("1e999999999", `,"count":1e999999999`, "/count too_large"),
	item("long number", `,"anything":`+strings.Repeat("1", 65), "/anything too_large"),
	item("long text", `,"anything":"`+strings.Repeat("a", 64<<10)+`"`, "/anything too_long"),
	item("many items", `,"anything":[0`+strings.Repeat(",0", 1000)+`]`, "/anything too_many"),
	item("deep", `,"anything":`+strings.Repeat("[", 64)+strings.Repeat("]", 64), "too_deep"),
	{"not an object", "POST /v1/items", jsonType, `"` + canary + `"`, " wrong_type"},
	{"null body", "POST /v1/items", jsonType, `null`, " null_not_allowed"},
	{"empty", "POST /v1/items", jsonType, "", "empty_body"},
	{"blank", "POST /v1/items", jsonType, " ", "empty_body"},
	{"garbage", "POST /v1/items", jsonType, `{"name":"ada","price":1}` + canary, "trailing_data"},
	{"byte order mark", "POST /v1/items", jsonType, "\xEF\xBB\xBF{}", "malformed_json"},
	{"UTF-16", "POST /v1/items", jsonType, "{\x00\xD8", "invalid_utf8"},
	{"NaN", "POST /v1/items", jsonType, `{"price":NaN}`, "malformed_json"},
	{"comment", "POST /v1/items", jsonType, `{/**/}`, "malformed_json"},
	{"cut off", "POST /v1/items", jsonType, `{"name":"` + canary, "malformed_json"},
	{"+json", "POST /v1/items", "Content-Type: application/vnd.shop+json", `{"x-a":1}`, ""},
	{"+json wrong", "POST /v1/items", "Content-Type: application/vnd.shop+json", `{"x-a":"1","y":2}`, " too_many\n/x-a wrong_type\n/y unknown_member"},
	{"charset", "POST /v1/items", "Content-Type: application/json; charset=UTF-8", `{"name":"ada","price":1}`, ""},
	{"other charset", "POST /v1/items", "Content-Type: application/json; charset=latin1", `{}`, "unsupported_media_type"},
	{"no type", "POST /v1/items", "", `{}`, "unsupported_media_type"},
	{"two types", "POST /v1/items", jsonType + "\nContent-Type: text/plain", `{}`, "unsupported_media_type"},
	{"text as JSON", "POST /v1/items", "Content-Type: text/plain", `{}`, "unsupported_media_type"},
	{"XML", "POST /v1/items", "Content-Type: application/xml", `<a/>`, "unsupported_media_type"},
	{"compressed", "POST /v1/items", jsonType + "\nContent-Encoding: gzip", `{}`, "unsupported_content_encoding"},
	{"body where none is", "GET /v1/items", jsonType, `{}`, "unexpected_body"},
	{"parameters before the body", "POST /v1/items?a=1", jsonType, `{"name":"a","price":1}`, "query:a unknown_parameter\n/name too_short"},

	{"no body needed", "POST /v1/form", "", "", ""},
	form("form", "name=ada&age=7&tags=a&tags=b&at=%7B%22x%22:1%7D&codes=1|2", ""),
	form("form wrong", "name=abcdefghijk&age=x&tags=a&tags=b&tags=c&at=%7B%7D&codes=1|a&admin=1", "/admin unknown_member\n/age wrong_type\n/at/x required\n/codes/1 wrong_type\n/name too_long\n/tags too_many"),
	form("form without", "age=1", "/name required"),
	form("form twice", "name=a&name="+canary, "/name duplicate"),
	form("form with a bad escape", "name=%zz", "/name malformed"),
	form("form with a semicolon", "name=a;age=1", "malformed_form"),
	form("form with a bracket and equals sign", "name=a]=b", "malformed_form"),
	form("form with a list of a text", "name[]=ada", "/name[] bad_name"),
	form("form with an operator", "name[$ne]=ada", "/name[$ne] bad_name"),
	form("form with a method", "name=ada&_method=DELETE", "/_method bad_name"),
	form("form with NUL at its end", "name=ada\x00", "malformed_form"),
	form("form in bare UTF-8", "name=\u00e9", "malformed_form"),
	form("form without an equals sign", "name=ada&tags", "malformed_form"),
	form("form with ampersands", "&name=ada&&tags=&", ""),
	form("form as JSON", `{"name":"ada"}`, "malformed_form"),
	{"text", "POST /v1/form", "Content-Type: text/plain", "5", ""},
	{"text wrong", "POST /v1/form", "Content-Type: text/plain; charset=utf-8", "6", " too_large"},
	{"text not UTF-8", "POST /v1/form", "Content-Type: text/plain", "\xFF", "invalid_utf8"},
	{"bytes", "POST /v1/form", "Content-Type: application/octet-stream", "\x00\xFF", ""},
	{"XML with a shape", "POST /v1/form", "Content-Type: application/xml", "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///'>]><a>&b;</a>", "unsupported_media_type"},
	parts("parts", "", part(`name="name"`, "ada"), part(`name="age"`, "7"), part("name=\"at\"\r\nContent-Type: application/json", `{"x":1}`), part(`name="file"; filename="../../etc/passwd"`, "\x00\xFF"),
		part("name=\"pictures\"; filename=a\r\nContent-Type: image/png", "1"), part("name=\"pictures\"; filename=b\r\nContent-Type: image/jpeg", "2")),
	parts("parts wrong", "/admin unknown_member\n/age too_small\n/at/x wrong_type\n/name too_long", part(`name="name"`, "abcdefghijk"), part(`name="age"`, "-1"), part(`name="at"`, `{"x":"`+canary+`"}`), part(`name="admin"`, "1")),
	parts("part of another type", "/pictures media_type", part(`name="name"`, "ada"), part("name=\"pictures\"\r\nContent-Type: text/html", "<script>")),
	parts("part twice", "/name duplicate", part(`name="name"`, "ada"), part(`name="name"`, canary)),
	parts("part not JSON", "/at malformed", part(`name="name"`, "ada"), part(`name="at"`, `{x}`)),
	parts("part not UTF-8", "/name not_utf8", part(`name="name"`, "\xFF")),
	parts("part without a name", "malformed_multipart", part(`filename="a"`, "ada")),
	parts("part encoded", "malformed_multipart", part("name=\"name\"\r\nContent-Transfer-Encoding: base64", "YWRh")),
	parts("many parts", "too_many_parts", strings.Split(strings.Repeat(part(`name="pictures"`, "")+"|", 100)+part(`name="name"`, "ada"), "|")...),
	{"parts without an end", "POST /v1/form", "Content-Type: multipart/form-data; boundary=b", "--b\r\n" + part(`name="name"`, "ada"), "malformed_multipart"},
	{"parts without a boundary", "POST /v1/form", "Content-Type: multipart/form-data", "--b--", "malformed_multipart"},

	{"cat", "POST /v1/pets", jsonType, `{"kind":"Cat","lives":9}`, ""},
	{"cat by mapping", "POST /v1/pets", jsonType, `{"kind":"kitten","lives":9}`, ""},
	{"cat wrong", "POST /v1/pets", jsonType, `{"kind":"Cat","lives":10,"barks":true}`, "/barks unknown_member\n/lives too_large"},
	{"neither", "POST /v1/pets", jsonType, `{"kind":"` + canary + `","lives":10}`, "/kind not_in_enum"},
	{"no kind", "POST /v1/pets", jsonType, `{"lives":10}`, "/kind required"},
	{"number for a choice", "POST /v1/pets", jsonType, `5`, " wrong_type"},
	{"choice within allOf", "POST /v1/pets", "Content-Type: application/vnd.wrapped+json", `{"kind":"Dog","barks":1}`, "/barks wrong_type"},
	{"choice told apart by its members", "POST /v1/expressions", jsonType, `{"all":[1,{"op":"not","not":[true]}]}`, "/all/1/not/0 no_match"},
	{"choice with a member too many", "POST /v1/expressions", jsonType, `{"all":[1],"any":[]}`, " no_match"},
	{"heir", "POST /v1/pets", "Content-Type: application/vnd.animal+json", `{"kind":"Bird","wings":2}`, ""},
	{"heir wrong", "POST /v1/pets", "Content-Type: application/vnd.animal+json", `{"kind":"Bird"}`, "/wings required"},
	{"heir of an heir", "POST /v1/pets", "Content-Type: application/vnd.animal+json", `{"kind":"Parrot","words":2}`, "/wings required"},
	{"no heir", "POST /v1/pets", "Content-Type: application/vnd.animal+json", `{"kind":"Fish"}`, "/kind not_in_enum"},
}
