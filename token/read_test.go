package token

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// read verifies a token of claims that fair does not have, or has otherwise.
func read(t *testing.T, change func(*Issuer), more string, without ...string) (*Claims, error) {
	t.Helper()
	k := signer()[ES256]
	c := fair()
	for _, name := range without {
		delete(c, name)
	}
	body := strings.TrimSuffix(claimsJSON(c), "}") + "," + more + "}"
	return verifierOf(t, ES256, change).Verify(forge(k, head(k), body))
}

// TestForms: what is read of claims that nobody maps, in the forms that issuers write them.
// What cannot be read is as if it were missing, and is named.
func TestForms(t *testing.T) {
	for _, row := range []struct {
		name, claim, value string
		want               string // of the list that the claim becomes
		unread             string
	}{
		{"scope, a string", "scope", `"a b"`, "a b", ""},
		{"scope, a list", "scope", `["a","b"]`, "a b", ""},
		{"scope, empty", "scope", `""`, "", ""},
		{"scope, null", "scope", `null`, "", ""},
		{"scope, a number", "scope", `7`, "", "scope must be a string or a list of strings, and is a number"},
		{"scope, an object", "scope", `{"admin":true}`, "", "scope must be a string or a list of strings, and is an object"},
		{"scope, a line feed", "scope", `"a\nadmin"`, "", "scope scope 1 must have at most 255 bytes, all of them printable"},
		{"scope, one too long", "scope", `["a","` + strings.Repeat("x", 256) + `"]`, "", "scope item 2 must have at most 255 bytes"},
		{"roles, a list", "roles", `["a","b"]`, "a b", ""},
		{"roles, one", "roles", `"a"`, "a", ""},
		{"roles, members", "roles", `{"a":null,"b":true,"c":false}`, "b", ""},
		{"roles, members with details", "roles", `{"admin":{"enabled":false}}`, "",
			"roles member 1 must be true or false, and is an object"},
		{"roles, null", "roles", `null`, "", ""},
		{"roles, objects", "roles", `["admin",{"name":"a"}]`, "", "roles item 2 must be a string, and is an object"},
		{"roles, 65", "roles", `["a"` + strings.Repeat(`,"a"`, 64) + `]`, strings.TrimSpace(strings.Repeat("a ", 65)), ""},
		{"roles, too many", "roles", `["a"` + strings.Repeat(`,"a"`, maxList) + `]`, "", "roles must have at most 1000 items"},
		{"amr, a list", "amr", `["pwd","otp"]`, "pwd otp", ""},
		{"amr, one", "amr", `"pwd"`, "pwd", ""},
		{"amr, objects", "amr", `[{"method":"password","timestamp":1},{"timestamp":2,"method":"totp"}]`, "password totp", ""},
		{"amr, an object without", "amr", `[{"timestamp":1}]`, "", "amr item 1 must have a member method"},
		{"amr, a number", "amr", `[7]`, "", "amr item 1 must be a string, and is a number"},
		{"amr, a boolean", "amr", `true`, "", "amr must be a string, and is a boolean"},
	} {
		c, err := read(t, nil, fmt.Sprintf("%q:%s", row.claim, row.value), row.claim)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		got := map[string][]string{"scope": c.Scopes, "roles": c.Roles, "amr": c.Methods}[row.claim]
		if strings.Join(got, " ") != row.want || strings.Join(c.Unread, ", ") != row.unread {
			t.Errorf("%s: %q, unread %q", row.name, got, c.Unread)
		}
	}
}

// TestUnread: texts and dates that a rule may need are not taken from another form.
func TestUnread(t *testing.T) {
	c, err := read(t, nil, `"jti":7,"sid":["s"],"client_id":{},"auth_time":"1","scope":7,"roles":7,"amr":7`, "jti", "sid", "client_id", "scope", "roles")
	if err != nil {
		t.Fatal(err)
	}
	if c.ID != "" || c.Session != "" || c.ClientID != "" || !c.AuthTime.IsZero() || c.Scopes != nil || c.Roles != nil || c.Methods != nil {
		t.Errorf("%+v", c)
	}
	if len(c.Unread) != maxUnread || !slices.Equal(c.Unread, c.Principal().Unread) {
		t.Errorf("%d: %q", len(c.Unread), c.Unread)
	}
	for _, claim := range []string{"jti", "client_id"} {
		_, err := read(t, func(in *Issuer) { in.RequireProfile = true }, fmt.Sprintf("%q:7", claim), claim)
		if !errors.Is(err, ErrMissingClaim) || !strings.Contains(err.Error(), claim) {
			t.Errorf("the profile, with %s a number: %v", claim, err)
		}
	}
}

// TestSecondFactors: which methods prove a second factor. The code in a mail that is the whole
// login is called otp by issuers whose amr lists objects.
func TestSecondFactors(t *testing.T) {
	for _, row := range []struct {
		amr   string
		named []string
		want  bool
	}{
		{`["pwd","otp"]`, nil, true},
		{`["pwd","mfa"]`, nil, true},
		{`"mfa"`, nil, true},
		{`["pwd"]`, nil, false},
		{`["OTP"]`, nil, false},
		{`[{"method":"otp","timestamp":1}]`, nil, false},
		{`[{"method":"password"},{"method":"totp"}]`, nil, false},
		{`["otp",{"method":"password"}]`, nil, false},
		{`[{"method":"password"},{"method":"totp"}]`, []string{"totp", "mfa/phone"}, true},
		{`[{"method":"otp"}]`, []string{"totp"}, false},
		{`["pwd","otp"]`, []string{"hwk"}, false},
		{`["pwd","hwk"]`, []string{"hwk"}, true},
		{`7`, nil, false},
		{`null`, nil, false},
	} {
		c, err := read(t, func(in *Issuer) { in.SecondFactors = row.named }, `"amr":`+row.amr)
		if err != nil || c.SecondFactor != row.want || c.Principal().SecondFactor != row.want {
			t.Errorf("%s, %q: %v", row.amr, row.named, err)
		}
	}
}

// TestRequire: a claim that the config requires, in every form, and what is not one of the
// values.
func TestRequire(t *testing.T) {
	azp := []Requirement{{"azp", []string{"https://app.example", "web"}}}
	for _, row := range []struct {
		name, more string
		require    []Requirement
		want       *Error
	}{
		{"one of them", `"azp":"web"`, azp, nil},
		{"another", `"azp":"evil"`, azp, ErrWrongClaim},
		{"another case", `"azp":"Web"`, azp, ErrWrongClaim},
		{"a longer one", `"azp":"https://app.example.evil"`, azp, ErrWrongClaim},
		{"a slash more", `"azp":"https://app.example/"`, azp, ErrWrongClaim},
		{"missing", `"x":1`, azp, ErrMissingClaim},
		{"null", `"azp":null`, azp, ErrMissingClaim},
		{"empty", `"azp":""`, azp, ErrBadClaims},
		{"a list that has it", `"azp":["x","web"]`, azp, nil},
		{"a list without", `"azp":["x"]`, azp, ErrWrongClaim},
		{"an empty list", `"azp":[]`, azp, ErrWrongClaim},
		{"a list with an object", `"azp":["web",{}]`, azp, ErrBadClaims},
		{"an object", `"azp":{"web":true}`, azp, ErrBadClaims},
		{"twice", `"azp":"web","azp":"web"`, azp, ErrBadClaims},
		{"by escape", `"\u0061zp":"web"`, azp, nil},
		{"true", `"email_verified":true`, []Requirement{{"email_verified", []string{"true"}}}, nil},
		{"false", `"email_verified":false`, []Requirement{{"email_verified", []string{"true"}}}, ErrWrongClaim},
		{"an integer", `"repo":74`, []Requirement{{"repo", []string{"74"}}}, nil},
		{"a fraction", `"repo":74.0`, []Requirement{{"repo", []string{"74"}}}, ErrBadClaims},
		{"deep", `"a":{"b/c":{"d":"x"}}`, []Requirement{{"/a/b~1c/d", []string{"x"}}}, nil},
		{"not so deep", `"a":{"b/c":"x"}`, []Requirement{{"/a/b~1c/d", []string{"x"}}}, ErrMissingClaim},
		{"a name with a slash in it", `"https://x.example/y":"x"`, []Requirement{{"https://x.example/y", []string{"x"}}}, nil},
		{"both", `"azp":"web","tid":"t"`, []Requirement{azp[0], {"tid", []string{"t"}}}, nil},
		{"one of two", `"azp":"web","tid":"u"`, []Requirement{azp[0], {"tid", []string{"t"}}}, ErrWrongClaim},
	} {
		_, err := read(t, func(in *Issuer) { in.Require = row.require }, row.more)
		if row.want == nil && err != nil || row.want != nil && !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", row.name, err, row.want)
		}
		if row.want != nil && row.name != "twice" && !strings.Contains(err.Error(), row.require[len(row.require)-1].Claim) {
			t.Errorf("%s: %v does not name the claim", row.name, err)
		}
	}
}

// TestNoAudience: tokens without aud are accepted where that is said and the client is
// required. One that names another audience is still for somebody else.
func TestNoAudience(t *testing.T) {
	client := []Requirement{{"client_id", []string{"web"}}}
	for _, row := range []struct {
		name      string
		audiences []string
		more      string
		want      *Error
	}{
		{"no aud", nil, `"x":1`, nil},
		{"no aud, beside others", []string{audience1}, `"x":1`, nil},
		{"ours", []string{audience1}, `"aud":"` + audience1 + `"`, nil},
		{"another's", []string{audience1}, `"aud":"other"`, ErrWrongAudience},
		{"another's, and none here", nil, `"aud":"other"`, ErrWrongAudience},
		{"null", nil, `"aud":null`, ErrBadClaims},
		{"empty", nil, `"aud":""`, ErrBadClaims},
		{"an empty list", nil, `"aud":[]`, ErrMissingClaim},
	} {
		change := func(in *Issuer) { in.Audiences, in.InsecureNoAudience, in.Require = row.audiences, true, client }
		_, err := read(t, change, row.more, "aud")
		if row.want == nil && err != nil || row.want != nil && !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", row.name, err, row.want)
		}
		if _, err := read(t, change, strings.Replace(`"client_id":"evil",`+row.more, `"x":1`, `"y":1`, 1), "aud", "client_id"); err == nil {
			t.Errorf("%s: another client", row.name)
		}
	}
	for name, require := range map[string][]Requirement{
		"nothing": nil, "a tenant": {{"tid", []string{"t"}}}, "no value": {{"azp", nil}}, "an empty value": {{"azp", []string{""}}},
		"no name": {{"", []string{"x"}}}, "no pointer": {{"/a~2", []string{"x"}}},
	} {
		in := Issuer{Name: issuerA, InsecureNoAudience: true, Require: require, Keys: []Key{signer()[ES256].Key()}}
		if _, err := New(Config{Issuers: []Issuer{in}}); err == nil {
			t.Errorf("%s required: accepted", name)
		}
	}
}

// TestRefusalsNameTheClaim: the text of a refusal, for the audit log, and that it has nothing
// of the token in it.
func TestRefusalsNameTheClaim(t *testing.T) {
	canary := strings.Repeat("canary", 50)
	for _, row := range []struct{ claim, value, want string }{
		{"exp", `"` + canary + `"`, "token: bad_claims: exp must be a number, and is a string"},
		{"exp", `1`, "token: expired: exp must lie ahead"},
		{"nbf", `99999999999`, "token: not_yet_valid: nbf must not lie ahead by more than the leeway"},
		{"iat", `99999999999`, "token: not_yet_valid: iat must not lie ahead by more than the leeway"},
		{"iat", `null`, "token: bad_claims: iat must be a number, and is null"},
		{"aud", `["` + audience1 + `","` + canary + `"]`, "token: bad_claims: aud item 2 must have at most 255 bytes"},
		{"aud", `"canary"`, "token: wrong_audience: aud must name this API"},
		{"sub", `"` + canary + `"`, "token: bad_claims: sub must have at most 255 bytes"},
		{"sub", `{"canary":1}`, "token: bad_claims: sub must be a string, and is an object"},
		{"iss", `7`, "token: bad_claims: iss must be a string, and is a number"},
		{"iss", `"canary"`, "token: unknown_issuer: iss must name an issuer that is trusted"},
	} {
		_, err := read(t, nil, fmt.Sprintf("%q:%s", row.claim, row.value), row.claim)
		if err == nil || err.Error() != row.want {
			t.Errorf("%s: %v, want %s", row.claim, err, row.want)
		}
		if err != nil && strings.Contains(Explain(err), "canary") {
			t.Errorf("%s: %s", row.claim, Explain(err))
		}
	}
}
