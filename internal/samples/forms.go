package samples

import "strings"

// Form is a multipart/form-data request.
type Form struct {
	Name        string // the client, or the trick
	ContentType string
	Body        string
}

// FormDocument describes what forms send: at POST /form nothing else may be sent, at POST /free it may.
const FormDocument = `openapi: 3.1.0
info: {title: forms, version: "1"}
components:
  schemas:
    form:
      type: object
      required: [kind]
      properties:
        kind: {enum: [user, guest]}
        note: {type: string, maxLength: 20, pattern: "^[^<>]*$"}
        count: {type: integer, maximum: 100}
        tags: {type: array, items: {enum: [a, b, c]}}
        meta: {type: object, required: [x], additionalProperties: false, properties: {x: {type: integer}}}
        file: {type: string, contentMediaType: application/octet-stream}
    strict: {$ref: "#/components/schemas/form", unevaluatedProperties: false}
    free: {$ref: "#/components/schemas/form", additionalProperties: true}
paths:
  /form:
    post:
      requestBody:
        required: true
        content:
          multipart/form-data: {schema: {$ref: "#/components/schemas/strict"}}
          application/x-www-form-urlencoded: {schema: {$ref: "#/components/schemas/strict"}}
  /free:
    post:
      requestBody:
        required: true
        content:
          multipart/form-data: {schema: {$ref: "#/components/schemas/free"}}
          application/x-www-form-urlencoded: {schema: {$ref: "#/components/schemas/free"}}
`

// FormBoundary is the boundary of [FormOf].
const FormBoundary = "----B7MA4YWxkTrZu0gW"

// FormOf makes a form of parts, each its header and content.
func FormOf(name string, parts ...string) Form { return formOf(name, FormBoundary, parts...) }

func formOf(name, boundary string, parts ...string) Form {
	var b strings.Builder
	for _, part := range parts {
		b.WriteString("--" + boundary + "\r\n" + part + "\r\n")
	}
	b.WriteString("--" + boundary + "--\r\n")
	return Form{name, "multipart/form-data; boundary=" + boundary, b.String()}
}

// FormPart makes a part of its content and the lines of its header.
func FormPart(content string, lines ...string) string {
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + content
}

// FormField makes a part from the parameters of its Content-Disposition, and further lines.
func FormField(parameters, content string, lines ...string) string {
	return FormPart(content, append([]string{"Content-Disposition: form-data; " + parameters}, lines...)...)
}

// HonestForms are what clients send, byte for byte but for what they make up: the boundaries and the content.
func HonestForms() []Form {
	const (
		png   = "\x00\xff\r\n\x89"
		image = "Content-Type: image/png"
		octet = "Content-Type: application/octet-stream"
		json  = "Content-Type: application/json"
	)
	user, meta := FormField(`name="kind"`, "user"), FormField(`name="meta"`, `{"x":1}`, json)
	picture := FormField(`name="file"; filename="pic.png"`, png, image)

	quoted := func(f Form) Form {
		f.ContentType = strings.Replace(f.ContentType, "boundary=", `boundary="`, 1) + `"`
		return f
	}
	spring := func(f Form) Form {
		f.ContentType = strings.Replace(f.ContentType, "; boundary=", ";charset=UTF-8;boundary=", 1)
		return f
	}

	return []Form{
		formOf("curl", "------------------------d74496d66958873e",
			user,
			FormField(`name="note"`, "héllo"), meta, FormField(`name="file"; filename="é %22q%22.png"`, png, image)),
		formOf("Chromium", "----WebKitFormBoundary7MA4YWxkTrZu0gW",
			FormField(`name="kind"`, "guest"), FormField(`name="note"`, "two\r\nlines"),
			FormField(`name="tags"`, "a"), FormField(`name="tags"`, "b"),
			FormField(`name="meta"; filename="blob"`, `{"x":1}`, json),
			FormField(`name="file"; filename=""`, "", octet)),
		formOf("Firefox, a JSON file", "---------------------------9051914041544843365972754267",
			user, FormField(`name="file"; filename="a.json"`, `{"x":`, json)),
		formOf("Firefox", "---------------------------9051914041544843365972754266",
			user, FormField(`name="file"; filename="a.txt"`, "\r\n--x\r\n", "Content-Type: text/plain")),
		formOf("fetch of Node.js", "----formdata-undici-049383772161",
			user, FormField(`name="file"; filename="é %22q%22.png"`, png, image)),
		formOf("requests", "7e7630e5c3436d340f6eb86caf61487f", user, meta, picture),
		formOf("aiohttp", "5ef3f32a1b2a4c0d9d1c0a7bb3a3b0a6",
			FormPart("user", "Content-Type: text/plain; charset=utf-8", `Content-Disposition: form-data; name="kind"`),
			FormPart(png, image, `Content-Disposition: form-data; name="file"; filename="%C3%A9.png"`)),
		formOf("Go", "bf48ff39ebedc52313a0cddc82142ec60f182928dbda2f911336e3680395",
			user, FormField(`name="file"; filename="C:\\é.png"`, png, octet)),
		formOf("OkHttp", "2d3f6f0e-2f0b-4a58-a7f8-2f2a4b7e9d11",
			FormField(`name="kind"`, "user", "Content-Length: 4"),
			FormField(`name="file"; filename="pic.png"`, png, image, "Content-Length: 5")),
		spring(formOf("Spring", "QI2_kqBfKDmHRjFcWnZKcD3xKcWpZ",
			FormField(`name="kind"`, "user", "Content-Type: text/plain;charset=UTF-8", "Content-Length: 4"),
			FormField(`name="count"`, "7", json), meta)),
		formOf("Apache HttpClient", "kjMZ1cV6p0KfM8J9nZbQ1cTgT2xk",
			FormField(`name="kind"`, "user", "Content-Type: text/plain; charset=ISO-8859-1", "Content-Transfer-Encoding: 8bit"),
			FormField(`name="file"; filename="pic.png"`, png, octet, "Content-Transfer-Encoding: binary")),
		quoted(formOf(".NET", "6a5ed1b9-1a6f-4bdb-9d9c-0b6e7d4d2b1e",
			FormPart("user", "Content-Type: text/plain; charset=utf-8", "Content-Disposition: form-data; name=kind"),
			FormField("name=file; filename=pic.png; filename*=utf-8''pic.png", png))),
		quoted(formOf(".NET, not ASCII", "6a5ed1b9-1a6f-4bdb-9d9c-0b6e7d4d2b1e",
			user, FormField(`name="file"; filename="=?utf-8?B?w6kucG5n?="; filename*=utf-8''%C3%A9.png`, png))),
		formOf("axios and form-data", "--------------------------7646465c5b7399b2133952a6",
			user, FormField(`name="count"`, "7"), FormField(`name="file"; filename="é.png"`, png, image)),
		formOf("Guzzle", "0f6ad1d8c0c1e2bb1d6c4e1b7f9e0c6f9d7b4a52",
			FormField(`name="kind"`, "user", "Content-Length: 4"),
			FormField(`name="file"; filename="pic.png"`, png, "Content-Length: 5", image)),
		formOf("Faraday", "-----------RubyMultipartPost-3f2e1d0c9b8a79685746352413",
			user,
			FormField(`name="file"; filename="pic.png"`, png, "Content-Length: 5", image, "Content-Transfer-Encoding: binary")),
		formOf("Dart", "dart-http-boundary-Q6fLxG3Q_.+VyQnVnHkW5y0Vq7i2cB6vXJqM3pS2t6K8xW0e",
			FormPart("user", `content-disposition: form-data; name="kind"`),
			FormPart("héllo", `content-disposition: form-data; name="note"`, "content-type: text/plain; charset=utf-8",
				"content-transfer-encoding: binary"),
			FormPart(png, "content-type: image/png", `content-disposition: form-data; name="file"; filename="pic.png"`)),
		formOf("Alamofire", "alamofire.boundary.4f1f2a5c9b3e7d60", user, picture),
		formOf("Swift by hand", "Boundary-1B0B1C52-5E1D-4B0A-9D8F-2B8B1F5C9E11",
			FormPart("user", `Content-Disposition: form-data;name="kind"`),
			FormPart(png, `Content-Disposition: form-data;name="file"; filename="a.jpeg"`, "Content-Type: image/jpeg")),
	}
}

// HostileForms are read by one common program as one form, and by another as another.
func HostileForms() []Form {
	user := FormField(`name="kind"`, "user")
	role := FormField(`name="role"`, "admin")
	typed := func(contentType string, f Form) Form {
		f.ContentType = contentType
		return f
	}
	changed := func(name, old, by string, parts ...string) Form {
		f := FormOf(name, parts...)
		f.Body = strings.Replace(f.Body, old, by, 1)
		return f
	}
	const (
		mime  = "multipart/form-data; boundary="
		delim = "--" + FormBoundary
	)
	return []Form{
		FormOf("two names", user, FormField(`name="role"; name*=utf-8''count`, "7")),
		FormOf("two names, the other way", user, FormField(`name*=utf-8''count; name="role"`, "7")),
		FormOf("extended name", FormField("name*=utf-8''kind", "user")),
		FormOf("name in pieces", user, FormField(`name*0="co"; name*1="unt"`, "7")),
		FormOf("name twice", user, FormField(`name="role"; name="count"`, "7")),
		FormOf("name in another case", user, FormField(`name="count"; NAME="role"`, "7")),
		FormOf("encoded word for a name", user, FormField(`name="=?utf-8?B?cm9sZQ==?="`, "admin")),
		FormOf("escaped quote in a name", user, FormField(`name="count\"; name=\"role"`, "7")),
		FormOf("escaped quote in a filename", user, FormField(`name="file"; filename="a\"; name="role"`, "7")),
		FormOf("name in a filename", user, FormField(`name="file"; filename="a; name=role"`, "x")),
		FormOf("disposition in another field", user,
			FormPart("x", `X-Content-Disposition: form-data; name="role"`, `Content-Disposition: form-data; name="file"; filename="x"`)),
		FormOf("byte order mark", user, FormField(`name="note"`, "\ufeffx")),
		FormOf("percent-encoding in a name", user, FormField(`name="no%22te"`, "x")),
		FormOf("apostrophes for quotes", user, FormField(`name='count'`, "999")),
		FormOf("name behind a space", user, FormField(`name=" count"`, "999")),
		FormOf("name cut by NUL", user, FormField("name=\"count\x00x\"", "999")),
		FormOf("name in brackets", user, FormField(`name="[count]"`, "999")),
		FormOf("list of a name", user, FormField(`name="count[]"`, "999")),
		FormOf("member of a name", user, FormField(`name="count[$gt]"`, "999")),
		FormOf("dotted name", user, FormField(`name="count.x"`, "999")),
		FormOf("name in upper case", user, FormField(`name="COUNT"`, "999")),
		FormOf("no name", user, FormField(`filename="a"`, "x")),
		FormOf("empty name", user, FormField(`name=""`, "x")),
		FormOf("another disposition", user, FormPart("x", `Content-Disposition: attachment; name="count"`)),
		FormOf("disposition twice", user,
			FormField(`name="count"`, "7", `Content-Disposition: form-data; name="role"`)),
		FormOf("space before the colon", user,
			FormPart("7", `Content-Disposition : form-data; name="role"`, `Content-Disposition: form-data; name="count"`)),
		FormOf("folded field", user, FormPart("7", "Content-Disposition: form-data;", ` name="role"`)),
		FormOf("no header", user, "\r\nx"),
		FormOf("file for a text", FormField(`name="kind"; filename="x"`, "user")),
		FormOf("file for a number", user, FormField(`name="count"; filename="x"`, "7")),
		FormOf("empty filename for a text", FormField(`name="kind"; filename=""`, "user")),
		FormOf("empty filename with content", user, FormField(`name="file"; filename=""`, "x")),
		FormOf("extended filename", user, FormField(`name="file"; filename*=utf-8''a`, "\xff")),
		FormOf("two filenames", user, FormField(`name="file"; filename="a"; filename*=utf-8''..`, "x")),
		FormOf("filename that is a folder", user, FormField(`name="file"; filename="a/"`, "x")),
		FormOf("filename of dots", user, FormField(`name="file"; filename=".."`, "x")),
		FormOf("bytes for a text", FormField(`name="kind"`, "user", "Content-Type: application/octet-stream")),
		FormOf("JSON for a text", user, FormField(`name="note"`, `"x"`, "Content-Type: application/json")),
		FormOf("another charset", user,
			FormField(`name="note"`, "+ADw-b+AD4-", "Content-Type: text/plain; charset=utf-7")),
		FormOf("charset that reads other letters", user,
			FormField(`name="note"`, "é", "Content-Type: text/plain; charset=iso-8859-1")),
		FormOf("charset for all", user, FormField(`name="_charset_"`, "utf-16")),
		FormOf("quoted-printable", user,
			FormField(`name="note"`, "=3Cb=3E", "Content-Transfer-Encoding: quoted-printable")),
		FormOf("parts in a part", user,
			FormField(`name="file"`, "--x\r\n\r\n\r\n--x--", "Content-Type: multipart/mixed; boundary=x")),
		FormOf("binary without a filename", user, FormField(`name="file"`, "\xff")),
		FormOf("wrong length", user, FormField(`name="count"`, "7", "Content-Length: 9")),
		changed("padding after a delimiter", delim+"\r\n", delim+" \r\n", user, FormField(`name="count"`, "7")),
		changed("padding after the last delimiter", delim+"--\r\n", delim+"-- \r\n", user),
		changed("preamble", delim, "x\r\n"+delim, user),
		changed("line before the first delimiter", delim, "\r\n"+delim, user),
		changed("epilogue", delim+"--\r\n", delim+"--\r\nx", user),
		changed("form behind the form", delim+"--\r\n", delim+"--\r\n"+delim+"\r\n"+role+"\r\n"+delim+"--\r\n", user),
		changed("open form", delim+"--\r\n", "", user),
		changed("delimiter after LF", "\r\n"+delim+"--",
			"\n"+delim+"\n"+strings.ReplaceAll(role, "\r", "")+"\r\n"+delim+"--", user),
		changed("delimiter after CR", "\r\n"+delim+"--", "\r"+delim+"\r"+role+"\r\n"+delim+"--", user),
		changed("delimiter in a text", "user", "user"+delim, user),
		changed("lines that end in LF", "kind\"\r\n\r\n", "kind\"\n\n", user),
		changed("longer delimiter", delim+"--", delim+"x--", user),
		typed(mime+"x; boundary="+FormBoundary, FormOf("boundary twice", user)),
		typed(mime+FormBoundary+"; boundary*0=x", FormOf("boundary in pieces beside it", user)),
		typed("multipart/form-data; boundary*0=----B7MA4; boundary*1=YWxkTrZu0gW", FormOf("boundary in pieces", user)),
		typed("multipart/form-data; boundary*=utf-8''"+FormBoundary, FormOf("extended boundary", user)),
		typed("multipart/form-data; Boundary="+FormBoundary, FormOf("boundary in another case", user)),
		typed("multipart/form-data; xboundary=x; boundary="+FormBoundary, FormOf("boundary in another parameter", user)),
		typed(mime+`"`+FormBoundary, FormOf("boundary with a quote open", user)),
		typed(mime+`"----B7MA4\YWxkTrZu0gW"`, FormOf("boundary with an escape", user)),
		typed(mime+FormBoundary+"; charset=utf-16", FormOf("charset of the whole", user)),
		typed(mime+"'"+FormBoundary+"'", FormOf("boundary in apostrophes", user)),
		typed(mime+FormBoundary+",x", FormOf("boundary with a comma", user)),
		typed("multipart/form-data", FormOf("no boundary", user)),
	}
}
