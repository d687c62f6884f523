package readers_test

import (
	"math/rand/v2"
	"strings"
)

// formWords are pieces that some reader of multipart bodies takes a meaning from.
var formWords = []string{
	"\r\n", "\n", "\r", " ", "\t", "\x00", `"`, "'", `\`, ";", ":", "=", "*", "--", ",", "\r\n\r\n", "\n\n", "\r\n ",
	"\v", "\xff", "%", "; name=\"role\"", "; name=role", "name=\"role\"; ", "; name*=utf-8''role",
	"; name*0=ro; name*1=le", `; filename="x"`, "; filename=x", "; filename*=utf-8''x", `; filename=""`,
	"; filename*0=\"x\"", "Content-Type: application/octet-stream\r\n", "; NAME=\"role\"",
	"Content-Type: text/plain; charset=utf-16\r\n", "Content-Type: text/html\r\n",
	"Content-Type: application/json\r\n", "Content-Transfer-Encoding: base64\r\n",
	"Content-Transfer-Encoding: quoted-printable\r\n", "Content-Disposition: form-data; name=\"role\"\r\n",
	"Content-Disposition : form-data; name=\"role\"\r\n", "Content-Length: 1\r\n", "X-Other: y\r\n", "admin", "999",
	"<b>", "role", "kind", "count", "count[]", "count[x", "count.x", " count", "COUNT", "[count]", "count]", "%22",
	"%0d%0a", "_charset_", "attachment", "form-data", "multipart/mixed; boundary=x", "--" + "----B7MA4YWxkTrZu0gW",
	"\r\n------B7MA4YWxkTrZu0gW\r\n", "\n------B7MA4YWxkTrZu0gW\n", "------B7MA4YWxkTrZu0gW--",
	"\r\n------B7MA4YWxkTrZu0gW--\r\n", "\r\n------B7MA4YWxkTrZu0gW \r\n", "=?utf-8?B?cm9sZQ==?=", "; boundary=x",
	"; boundary*=x", "; boundary*0=----B7MA4; boundary*1=YWxkTrZu0gW", "; charset=utf-8", "; charset=utf-16",
	"boundary",
}

const joints = "\r\n;\"=:-, "

// place is a position in s, mostly where its grammar has a joint.
func place(rnd *rand.Rand, s string) int {
	at := rnd.IntN(len(s) + 1)
	if rnd.IntN(4) == 0 {
		return at
	}
	if i := strings.IndexAny(s[at:], joints); i >= 0 {
		return at + i + rnd.IntN(2)
	}
	return at
}

func insert(s string, at int, word string) string { return s[:at] + word + s[at:] }

// mutate changes a text at one place.
func mutate(rnd *rand.Rand, s string, words []string) string {
	if s == "" {
		return words[rnd.IntN(len(words))]
	}
	word := words[rnd.IntN(len(words))]
	switch at := place(rnd, s); rnd.IntN(7) {
	case 0: // leave out
		return s[:at] + s[min(len(s), at+1+rnd.IntN(3)):]
	case 1: // replace
		return s[:at] + word + s[min(len(s), at+len(word)):]
	case 2: // another line end
		return replaceOne(rnd, s, "\r\n", []string{"\n", "\r", " \r\n", "\r\n\r\n", "\r\r\n", "\t\r\n"}[rnd.IntN(6)])
	case 3: // a line, or a pair, twice
		return again(rnd, s)
	default:
		return insert(s, at, word)
	}
}

func replaceOne(rnd *rand.Rand, s, old, by string) string {
	n := strings.Count(s, old)
	if n == 0 {
		return s
	}
	at := 0
	for range 1 + rnd.IntN(n) {
		at += strings.Index(s[at:], old) + len(old)
	}
	return s[:at-len(old)] + by + s[at:]
}

// again puts a piece of s somewhere else too.
func again(rnd *rand.Rand, s string) string {
	from, to := place(rnd, s), place(rnd, s)
	piece := s[min(from, to):max(from, to)]
	return insert(s, place(rnd, s), piece)
}

// contentWords are contents of parts.
var contentWords = []string{
	"user", "guest", "admin", "7", "999", "x", "héllo", "<b>", "", " ", "\r\n", "\n", "\r\n\r\n", "--", "\r\n--",
	"a", "b", `{"x":2}`, `{"x":"y"}`, "\xff\x00", "\x00", "%3Cb%3E", "&lt;", "=?utf-8?B?YQ==?=", `"x"`, "a=b&c=d",
	"+ADw-", "\u2028", "\ufeffx",
}

// fill gives a part another content.
func fill(rnd *rand.Rand, body, boundary string) string {
	pieces := strings.Split(body, "--"+boundary)
	i := rnd.IntN(len(pieces))
	head, _, ok := strings.Cut(pieces[i], "\r\n\r\n")
	if ok {
		pieces[i] = head + "\r\n\r\n" + contentWords[rnd.IntN(len(contentWords))] + "\r\n"
	}
	return strings.Join(pieces, "--"+boundary)
}

func mutateForm(rnd *rand.Rand, r request) request {
	_, boundary, _ := strings.Cut(r.contentType, "boundary=")
	boundary = strings.Trim(boundary, `"`)
	switch rnd.IntN(8) {
	case 0:
		r.contentType = strings.Map(visible, mutate(rnd, r.contentType, formWords))
		return r
	case 1, 2:
		r.body = fill(rnd, r.body, boundary)
		return r
	}
	words := formWords
	if rnd.IntN(3) == 0 && len(boundary) < 80 { // the boundary of this form
		delimiter := "--" + boundary
		words = []string{
			delimiter, delimiter + "--", "\r\n" + delimiter + "\r\n", "\n" + delimiter + "\n", "\r\n" + delimiter + " \r\n",
		}
	}
	r.body = mutate(rnd, r.body, words)
	return r
}

// visible leaves out of a field what net/http sends nowhere.
func visible(c rune) rune {
	if c < ' ' || c == 0x7F {
		return -1
	}
	return c
}

var pairWords = []string{
	"&", "=", ";", "[", "]", "[]", "[$gt]", "[x", ".", ".x", "+", "%20", "%00", "%5B", "%5D", "%5D=", "]=", "%",
	"%zz", "%c3", "é", " ", "\t", "\x00", "&count=999", "&count[]=999", "&kind=admin", "&role=admin", "count",
	"kind", "COUNT", "%63ount", "admin", "999", "<b>", "%3Cb%3E", "!", "(1i)", "#", "\r\n", "&tags[]=z", "tags",
	"&&", "==", "_", "-", "__proto__", "&utf8=%E2%9C%93", "%26", "%3D", "%3B", "%2B", ",", "|", "'", `"`, "\\", "/",
	"?",
}

func mutatePairs(rnd *rand.Rand, r request) request {
	if r.kind == forForm {
		r.body = mutate(rnd, r.body, pairWords)
		return r
	}
	r.query = strings.Map(sendable, mutate(rnd, r.query, pairWords))
	return r
}

// sendable leaves out of a query what ends it.
func sendable(c rune) rune {
	if c <= ' ' || c == 0x7F || c == '#' {
		return -1
	}
	return c
}

var cookieWords = []string{
	";", "; ", "=", " =", "= ", ",", ", ", " ", "\t", `"`, `\`, `\"`, "[]", "[x", ".x", "%20", "%00", "%3D", "%3B",
	"%", "+", "$", "!", "é", "j:", "j:[1]", "count", "kind", "COUNT", "c%6Funt", "admin", "999", "<b>", "count=999",
	"; count=999", ", count=999", " count=999", `"; count=999; x="`, "$Version=1; ", "; kind=admin", ";kind=admin",
	"x=", `x="`, "; note=%3Cb%3E", "%22", "'", "{", "}", ":", "&", "|", "==", "; ;", "__Host-count", "user",
}

func mutateCookies(rnd *rand.Rand, r request) request {
	r.cookie = strings.Trim(strings.Map(visible, mutate(rnd, r.cookie, cookieWords)), " ")
	return r
}
