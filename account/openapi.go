package account

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/secret"
)

// operation is what the OpenAPI document says of one method at one address, beside what
// holds for all.
type operation struct {
	summary string
	in      any         // the body; a form where it is a url.Values
	out     map[int]any // by status; nil for no body
	cookies bool        // takes Sallyport-Mode
}

// form marks a body that is a form with one parameter.
type form struct {
	Token string `json:"token"`
}

// anything marks an answer that is another document.
type anything struct{}

var operations = map[string]operation{
	"POST /auth/register": {"Register. 201 where addresses are not confirmed by mail; otherwise 202, whether or not the name or the address is taken, and a mail says what happened.",
		application{}, map[int]any{201: profile{}, 202: accepted{}}, false},
	"POST /auth/login": {"Log in with a username or an e-mail address. With a second factor, the answer asks for it.",
		credential{}, map[int]any{200: oneOf{Tokens{}, secondNeeded{}}}, true},
	"POST /auth/refresh":         {"Exchange a refresh token for the next tokens. Sent again within some seconds, it gives the same ones.", refreshBody{}, map[int]any{200: Tokens{}}, true},
	"POST /auth/logout":          {"End this session and its access tokens, everywhere within a second.", nil, map[int]any{204: nil}, false},
	"POST /auth/logout-all":      {"End all sessions of the user.", nil, map[int]any{204: nil}, false},
	"GET /auth/sessions":         {"List the user's sessions.", nil, map[int]any{200: sessionList{}}, false},
	"DELETE /auth/sessions/{id}": {"End one of the user's sessions.", nil, map[int]any{204: nil}, false},
	"GET /auth/me":               {"The user whom the credential speaks for.", nil, map[int]any{200: profile{}}, false},
	"POST /auth/reauth":          {"Prove again who one is, with the second factor where there is one. The new access token says when.", reauthBody{}, map[int]any{200: Tokens{}}, false},

	"POST /auth/password/change": {"Change the password. Other sessions end.", changeBody{}, map[int]any{204: nil}, false},
	"POST /auth/password/forgot": {"Ask for a mail to set another password. The answer does not tell whether there is such an account.", addressBody{}, map[int]any{202: accepted{}}, false},
	"POST /auth/password/reset":  {"Set another password with a token from a mail. All sessions end and the API keys are revoked; nobody is logged in.", resetBody{}, map[int]any{204: nil}, false},
	"POST /auth/email/verify":    {"Confirm an address, or take the change of one back, with a token from a mail.", ticketBody{}, map[int]any{204: nil}, false},
	"POST /auth/email/resend":    {"Ask for another mail to confirm an address.", addressBody{}, map[int]any{202: accepted{}}, false},
	"POST /auth/email/change":    {"Ask for a mail to a new address, to move the account there. Needs a login not long ago.", addressBody{}, map[int]any{202: accepted{}}, false},

	"POST /auth/mfa/totp/enroll":         {"Get a seed for an authenticator app. Needs a login not long ago.", nil, map[int]any{200: enrolment{}}, false},
	"POST /auth/mfa/totp/confirm":        {"Switch the second factor on with a first code. Other sessions end. The recovery codes are shown this once.", codeBody{}, map[int]any{200: recoveryCodes{}}, false},
	"POST /auth/mfa/totp/verify":         {"The second step of a login: a code, or a recovery code.", secondBody{}, map[int]any{200: Tokens{}}, true},
	"POST /auth/mfa/totp/disable":        {"Switch the second factor off with a code of the app or a recovery code. Needs a login not long ago. The access token is revoked: refresh.", factorBody{}, map[int]any{204: nil}, false},
	"POST /auth/mfa/recovery/regenerate": {"Get new recovery codes with a code of the app or a recovery code; those before are void. Needs a login not long ago.", factorBody{}, map[int]any{200: recoveryCodes{}}, false},
	"POST /auth/mfa/recover":             {"Ask for a mail to remove a second factor that was lost, with the mfa_token of a login's first step. Its token is good from the time that the answer and the mail name. A login with the factor cancels it.", recoverBody{}, map[int]any{202: recoveryView{}}, true},
	"POST /auth/mfa/recover/confirm":     {"Remove the second factor with a token from a mail. All sessions end and the API keys are revoked; nobody is logged in.", ticketBody{}, map[int]any{204: nil}, false},
	"POST /auth/mfa/recover/cancel":      {"Cancel the removal of the second factor by mail, if one was asked for.", nil, map[int]any{204: nil}, false},

	"GET /auth/keys":         {"List the user's API keys.", nil, map[int]any{200: keyList{}}, false},
	"POST /auth/keys":        {"Make an API key, which is shown this once. Needs a login not long ago.", keyRequest{}, map[int]any{201: keyView{}}, false},
	"DELETE /auth/keys/{id}": {"Revoke an API key.", nil, map[int]any{204: nil}, false},

	"POST /auth/introspect":                       {"Ask whether a token is good now (RFC 7662). Needs the scope introspect.", form{}, map[int]any{200: introspection{}}, false},
	"POST /auth/revoke":                           {"Give up a token (RFC 7009): the session of a refresh or access token, or an API key.", form{}, map[int]any{200: nil}, false},
	"GET /auth/openapi.json":                      {"This document.", nil, map[int]any{200: anything{}}, false},
	"GET /.well-known/jwks.json":                  {"The keys that verify access tokens (RFC 7517).", nil, map[int]any{200: anything{}}, false},
	"GET /.well-known/openid-configuration":       {"Where things are.", nil, map[int]any{200: anything{}}, false},
	"GET /.well-known/oauth-authorization-server": {"Where things are (RFC 8414).", nil, map[int]any{200: anything{}}, false},
}

// oneOf is an answer of one of several kinds.
type oneOf []any

type object = map[string]any

// newOpenAPI makes the document of the API, from the types that are read and written.
func newOpenAPI(a *Accounts) (document, error) {
	if !a.on(GroupOpenAPI) {
		return document{}, nil
	}
	paths := object{}
	for _, h := range a.table() {
		op := operations[h.method+" "+h.pattern]
		said := object{"summary": op.summary, "responses": op.responses()}
		if h.need != needNothing {
			said["security"] = []object{{"bearer": []string{}}, {"cookie": []string{}}}
		}
		if params := parameters(h.pattern, op.cookies); params != nil {
			said["parameters"] = params
		}
		if op.in != nil {
			media := "application/json"
			if _, is := op.in.(form); is {
				media = "application/x-www-form-urlencoded"
			}
			said["requestBody"] = object{"required": !op.mayLackBody(), "content": object{media: object{"schema": op.schemaIn()}}}
		}
		if paths[h.pattern] == nil {
			paths[h.pattern] = object{}
		}
		paths[h.pattern].(object)[strings.ToLower(h.method)] = said
	}
	body, err := json.Marshal(object{
		"openapi": "3.1.0",
		"info":    object{"title": a.app + " accounts", "version": "1"},
		"servers": []object{{"url": strings.TrimSuffix(a.name, "/")}},
		"paths":   paths,
		"components": object{
			"schemas": object{"problem": problemSchema},
			"securitySchemes": object{
				"bearer": object{"type": "http", "scheme": "bearer", "description": "An access token, or an API key where no login is needed."},
				"cookie": object{"type": "apiKey", "in": "cookie", "name": cookieAccess},
			},
		},
	}, json.Deterministic(true))
	return documentOf(body), err
}

func (a *Accounts) handleOpenAPI(w http.ResponseWriter, r *http.Request) error {
	return a.openapi.serve(w, r, "application/json")
}

// mayLackBody reports whether cookies may say all there is to say.
func (op *operation) mayLackBody() bool {
	switch op.in.(type) {
	case refreshBody, recoverBody:
		return true
	}
	return false
}

// schemaIn is the schema of the body, in which members that nobody reads may be, unless it is read
// strictly: see reads.
func (op *operation) schemaIn() object {
	s := schemaOf(op.in)
	switch op.in.(type) {
	case application, keyRequest, form:
	default:
		s["additionalProperties"] = true
	}
	return s
}

func (op *operation) responses() object {
	out := object{"default": object{
		"description": "A problem (RFC 9457).",
		"content":     object{problem.ContentType: object{"schema": object{"$ref": "#/components/schemas/problem"}}},
	}}
	for status, body := range op.out {
		said := object{"description": http.StatusText(status)}
		if body != nil {
			said["content"] = object{"application/json": object{"schema": schemaOf(body)}}
		}
		if _, is := body.(anything); is {
			said = object{"description": http.StatusText(status)}
		}
		out[strconv.Itoa(status)] = said
	}
	return out
}

func parameters(pattern string, cookies bool) (list []object) {
	if strings.HasSuffix(pattern, "/{id}") {
		list = append(list, object{"name": "id", "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	if cookies {
		list = append(list, object{
			"name": ModeHeader, "in": "header", "schema": object{"const": modeCookie},
			"description": "Keep the tokens in cookies instead of the body, for pages of this site.",
		})
	}
	return list
}

var problemSchema = object{
	"type": "object", "required": []string{"type", "title", "status"},
	"properties": object{
		"type": object{"type": "string"}, "title": object{"type": "string"}, "status": object{"type": "integer"},
		"detail": object{"type": "string"}, "code": object{"type": "string"}, "instance": object{"type": "string"},
		"errors": object{"type": "array", "items": object{"type": "object", "required": []string{"pointer", "code", "detail"}, "properties": object{
			"pointer": object{"type": "string"}, "code": object{"type": "string"}, "detail": object{"type": "string"},
		}}},
		"violated-policies": object{"type": "array", "items": object{"type": "string"}},
	},
}

// schemaOf is the JSON Schema of a value's type. Members may be missing that are
// optional to read, or left out when they are empty.
func schemaOf(v any) object {
	if list, ok := v.(oneOf); ok {
		var any []object
		for _, one := range list {
			any = append(any, schemaOf(one))
		}
		return object{"anyOf": any}
	}
	return schemaOfType(reflect.TypeOf(v))
}

func schemaOfType(t reflect.Type) object {
	switch {
	case t.Kind() == reflect.Pointer: // null is as good as no member
		s := schemaOfType(t.Elem())
		s["type"] = []string{s["type"].(string), "null"}
		return s
	case t == reflect.TypeFor[secret.String]():
		return object{"type": "string", "writeOnly": true}
	case t.Kind() == reflect.Struct:
		return schemaOfStruct(t)
	case t.Kind() == reflect.Slice:
		return object{"type": "array", "items": schemaOfType(t.Elem())}
	case t.Kind() == reflect.Bool:
		return object{"type": "boolean"}
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return object{"type": "integer"}
	}
	return object{"type": "string"}
}

func schemaOfStruct(t reflect.Type) object {
	properties, required := object{}, []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		s := schemaOfType(f.Type)
		rules := strings.Split(f.Tag.Get("validate"), ",")
		if !slices.Contains(rules, "optional") && options != "omitzero" {
			required = append(required, name)
		}
		constrain(s, rules)
		properties[name] = s
	}
	return object{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

// constrain adds what the rules of package validate say.
func constrain(s object, rules []string) {
	kind, _ := s["type"].(string)
	if list, ok := s["type"].([]string); ok {
		kind = list[0]
	}
	names := map[string][2]string{"string": {"minLength", "maxLength"}, "array": {"minItems", "maxItems"}, "integer": {"minimum", "maximum"}}[kind]
	for _, rule := range rules {
		name, value, _ := strings.Cut(rule, "=")
		n, err := strconv.Atoi(value)
		switch {
		case name == "email":
			s["format"] = "email"
		case err != nil:
		case name == "min":
			s[names[0]] = n
		case name == "max":
			s[names[1]] = n
		}
	}
}
