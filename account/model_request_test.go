package account_test

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/internal/model"
	"github.com/sallyport-dev/sallyport/account/internal/totp"
	"github.com/sallyport-dev/sallyport/token"
)

// modelRequest is one request over HTTP.
type modelRequest struct {
	*modelNode
	ctx  context.Context
	call *model.Call
}

// request returns the address and the members of the body.
func (r *modelRequest) request() (path string, in []string) {
	c := r.call
	switch c.Verb {
	case "register":
		return "/auth/register", []string{"username", c.User, "email", c.Email, "password", c.New}
	case "signup":
		return "/auth/register", []string{"username", c.User, "email", c.Email, "password", c.New, "invite", c.Text}
	case "verify":
		return "/auth/email/verify", []string{"token", c.Text}
	case "resend":
		return "/auth/email/resend", []string{"email", c.Email}
	case "login":
		in = []string{"username", c.User, "password", c.Password}
		if c.OtherText != "" && !c.Cookie {
			in = append(in, "device_token", c.OtherText)
		}
		return "/auth/login", in
	case "second":
		if in = r.code(); !c.Cookie {
			in = append(in, "mfa_token", c.Text)
		}
		return "/auth/mfa/totp/verify", in
	case "refresh":
		if c.Cookie {
			return "/auth/refresh", nil
		}
		return "/auth/refresh", []string{"refresh_token", c.Text}
	case "reauth":
		return "/auth/reauth", append([]string{"password", c.Password}, r.code()...)
	case "change-address":
		return "/auth/email/change", []string{"email", c.Email}
	case "change-password":
		return "/auth/password/change", []string{"current_password", c.Password, "new_password", c.New}
	case "forgot":
		return "/auth/password/forgot", []string{"email", c.Email}
	case "reset":
		return "/auth/password/reset", []string{"token", c.Text, "password", c.New}
	case "recover":
		if !c.Cookie {
			in = []string{"mfa_token", c.Text}
		}
		return "/auth/mfa/recover", in
	case "recover-confirm":
		return "/auth/mfa/recover/confirm", []string{"token", c.Text}
	case "recover-cancel":
		return "/auth/mfa/recover/cancel", nil
	case "mfa-off":
		return "/auth/mfa/totp/disable", r.code()
	case "mfa-codes":
		return "/auth/mfa/recovery/regenerate", r.code()
	case "key-revoke":
		id, _, _ := strings.Cut(strings.TrimPrefix(c.OtherText, account.APIKeyPrefix), "_")
		return "/auth/keys/" + id, nil
	case "end-session":
		return "/auth/sessions/" + c.OtherText, nil
	}
	return "/auth/" + c.Verb, nil // logout, logout-all
}

// code is a code of the app or a recovery code.
func (r *modelRequest) code() []string {
	switch c := r.call; {
	case c.OtherText != "":
		return []string{"recovery_code", c.OtherText}
	case c.Seed != "":
		return []string{"code", appCode(c.Seed, c.Step)}
	case c.Verb == "reauth":
		return nil
	}
	return []string{"code", "000000"}
}

func appCode(seed string, step int64) string {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(seed)
	if err != nil {
		panic(err)
	}
	return totp.Code(key, uint64(step))
}

// setUpFactor enrolls without a fault, and confirms.
func (r *modelRequest) setUpFactor() model.Result {
	last := r.ctx
	r.ctx = context.WithoutCancel(last)
	r.ctx = withFault(r.ctx, model.Fault{})
	first := r.send("POST", "/auth/mfa/totp/enroll", nil)
	if first.Status != http.StatusOK {
		return first
	}
	r.ctx = last
	result := r.send("POST", "/auth/mfa/totp/confirm", []string{"code", appCode(first.Seed, r.call.Step)})
	result.Seed = first.Seed
	return result
}

// send sends one request, from a network of its own so that no wrong guess slows others
// down, and reads the answer.
func (r *modelRequest) send(method, path string, in []string) model.Result {
	text := "{}"
	if len(in) > 0 {
		text = body(in...)
	}
	switch r.call.Verb {
	case "key-issue":
		path, text = "/auth/keys", fmt.Sprintf(`{"name":"model","scopes":["api"],"days":%d}`, r.call.Days)
	case "key-revoke", "end-session":
		method, text = "DELETE", ""
	}
	req := httptest.NewRequestWithContext(r.ctx, method, path, strings.NewReader(text))
	i := r.requests.Add(1)
	req.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1234", i>>16&255, i>>8&255, i&255)
	if text != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	r.present(req)
	rec := httptest.NewRecorder()
	r.handler.ServeHTTP(rec, req)
	return r.read(rec)
}

// present puts the credential where this client keeps it: into a cookie or a field. Others
// are in the body.
func (r *modelRequest) present(req *http.Request) {
	c := r.call
	name, text := map[string]string{"refresh": "rt", "second": "mfa", "recover": "mfa", "login": "device"}[c.Verb], c.Text
	inBody := []string{"signup", "verify", "reset", "recover-confirm"}
	guarded := name == "" && text != "" && !slices.Contains(inBody, c.Verb)
	if c.Verb == "login" {
		text = c.OtherText
	}
	if guarded {
		name = "at"
	}
	switch {
	case c.Cookie && name != "":
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		if !guarded {
			req.Header.Set(account.ModeHeader, "cookie")
		}
		if text != "" {
			req.AddCookie(&http.Cookie{Name: account.CookiePrefix + name, Value: text})
		}
	case guarded:
		req.Header.Set("Authorization", "Bearer "+c.Text)
	}
}

// read finds the credentials of an answer.
func (r *modelRequest) read(rec *httptest.ResponseRecorder) model.Result {
	result := model.Result{Status: rec.Code}
	if rec.Code >= 300 {
		result.Text = rec.Body.String()
		return result
	}
	var said struct {
		Access  string   `json:"access_token"`
		Refresh string   `json:"refresh_token"`
		Device  string   `json:"device_token"`
		Half    string   `json:"mfa_token"`
		Key     string   `json:"key"`
		Seed    string   `json:"secret"`
		Codes   []string `json:"recovery_codes"`
	}
	if rec.Body.Len() > 0 {
		if err := json.Unmarshal(rec.Body.Bytes(), &said); err != nil {
			result.Status, result.Text = 500, err.Error()
			return result
		}
	}
	kept := map[string]*string{"at": &said.Access, "rt": &said.Refresh, "device": &said.Device, "mfa": &said.Half}
	for _, c := range rec.Result().Cookies() {
		if to := kept[strings.TrimPrefix(c.Name, account.CookiePrefix)]; to != nil {
			*to = c.Value
		}
	}
	result.Seed = said.Seed
	add := func(kind model.Kind, text string) {
		if text != "" {
			result.Given = append(result.Given, model.Given{Kind: kind, Text: text, Days: r.call.Days})
		}
	}
	if said.Access != "" {
		result.Given = append(result.Given, readAccess(said.Access))
	}
	add(model.Refresh, said.Refresh)
	add(model.Device, said.Device)
	add(model.Half, said.Half)
	add(model.Key, said.Key)
	for _, code := range said.Codes {
		add(model.Code, code)
	}
	return result
}

// readAccess reads what an access token says.
func readAccess(raw string) model.Given {
	seen, err := token.Inspect(raw)
	if err != nil {
		panic(err)
	}
	var head struct {
		ID string `json:"kid"`
	}
	var c struct {
		Session string   `json:"sid"`
		From    int64    `json:"iat"`
		End     int64    `json:"exp"`
		Roles   []string `json:"roles"`
	}
	err = errors.Join(json.Unmarshal([]byte(seen.Header), &head), json.Unmarshal([]byte(seen.Claims), &c))
	if err != nil {
		panic(err)
	}
	return model.Given{
		Kind: model.Access, Text: raw, Session: c.Session, KeyID: head.ID, Roles: strings.Join(c.Roles, " "),
		From: time.Unix(c.From, 0), End: time.Unix(c.End, 0),
	}
}
