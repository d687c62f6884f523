package sallyport_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport"
)

// TestStepUp: how and when the caller logged in, by route.
func TestStepUp(t *testing.T) {
	w := newWorld(t, api(), func(c *sallyport.Config) {
		c.Issuers = append(c.Issuers[:0], foreignIssuer())
		c.Routes = []sallyport.Route{
			{Pattern: "GET /notes", SecondFactor: true}, {Pattern: "GET /whoami", MaxAuthAge: 10 * time.Minute},
		}
	})
	const never = time.Duration(-1)
	token := func(amr []string, ago time.Duration) http.Header {
		change := map[string]any{"amr": amr}
		if ago != never {
			change["auth_time"] = time.Now().Add(-ago).Unix()
		}
		if amr == nil {
			change["amr"] = nil
		}
		return bearer(forge(goodHead, claims(change)))
	}
	for _, row := range []struct {
		name, path string
		fields     http.Header
		ok         bool
	}{
		{"both factors", "/notes", token([]string{"pwd", "otp"}, 0), true},
		{"one factor", "/notes", token([]string{"pwd"}, 0), false},
		{"none said", "/notes", token(nil, 0), false},
		{"a factor that looks like it", "/notes", token([]string{"pwd", "OTP", "otp2"}, 0), false},
		{"just now", "/whoami", token([]string{"pwd"}, time.Minute), true},
		{"long ago", "/whoami", token([]string{"pwd", "otp"}, 11*time.Minute), false},
		{"never said", "/whoami", token([]string{"pwd", "otp"}, never), false},
		{"by a clock that is ahead", "/whoami", token([]string{"pwd"}, -4*time.Minute), true},
		{"before this clock was set back", "/whoami", token([]string{"pwd"}, -6*time.Minute), false},
		{"long before this clock was set back", "/whoami", token([]string{"pwd"}, -5*time.Hour), false},
	} {
		res := w.send("GET", row.path, row.fields, "")
		if row.ok {
			if res.StatusCode == http.StatusUnauthorized {
				t.Errorf("%s: %d", row.name, res.StatusCode)
			}
			continue
		}
		wantProblem(t, res, 401, "insufficient_user_authentication")
		if got := res.Header.Get("WWW-Authenticate"); !strings.Contains(got, `error="insufficient_user_authentication"`) || strings.Contains(got, "max_age") != (row.path == "/whoami") {
			t.Errorf("%s: %s", row.name, got)
		}
	}
}

// TestCredentials: a cookie or an API key opens what a token does, one at a time.
func TestCredentials(t *testing.T) {
	accounts := newAccounts(t)
	w := newWorld(t, api(), func(c *sallyport.Config) { c.Accounts, c.Limit = accounts, "1000 per 1h" })
	access, _ := w.signUp("ada")
	res := w.send("POST", "/auth/keys", http.Header{"Authorization": {"Bearer " + access}, "Content-Type": {"application/json"}}, `{"name":"k","scopes":["api"]}`)
	_, key, _ := strings.Cut(read(res), `"key":"`)
	key, _, ok := strings.Cut(key, `"`)
	if res.StatusCode != 201 || !ok {
		t.Fatal(res.StatusCode, key)
	}
	site := func(fields ...string) http.Header {
		h := http.Header{"Origin": {"https://api.example"}, "Sec-Fetch-Site": {"same-origin"}}
		for i := 0; i < len(fields); i += 2 {
			h.Add(fields[i], fields[i+1])
		}
		return h
	}
	cookie := "__Host-sp_at=" + access
	for _, row := range []struct {
		name, method, target string
		fields               http.Header
		status               int
		code                 string
	}{
		{"an API key", "GET", "/notes", bearer(key), 200, ""},
		{"an API key changed", "GET", "/notes", bearer(key[:len(key)-1] + "_"), 401, "invalid_token"},
		{"an API key in the query", "GET", "/notes?key=" + key, nil, 400, "malformed_credentials"},
		{"an escaped API key in the query", "GET", "/notes?key=%73" + key[1:], nil, 400, "malformed_credentials"},
		{"an API key in a query with a broken escape", "GET", "/notes?a=%&key=%73" + key[1:], nil, 400,
			"malformed_credentials"},
		{"a token behind a semicolon", "GET", "/notes?a=%;access%5Ftoken=x", bearer(key), 400, "malformed_credentials"},
		{"a cookie", "GET", "/notes", site("Cookie", cookie), 200, ""},
		{"a cookie among others", "GET", "/notes", site("Cookie", "a=b; "+cookie+"; c=d"), 200, ""},
		{"a cookie twice", "GET", "/notes", site("Cookie", cookie+"; "+cookie), 400, "malformed_credentials"},
		{"a cookie and a token", "GET", "/notes", site("Cookie", cookie, "Authorization", "Bearer "+access), 400, "malformed_credentials"},
		{"a cookie and an API key", "GET", "/notes", site("Cookie", cookie, "Authorization", "Bearer "+key), 400, "malformed_credentials"},
		{"a cookie without its prefix", "GET", "/notes", site("Cookie", "sp_at="+access), 401, "no_credentials"},
		{"a cookie with nonsense", "GET", "/notes", site("Cookie", "__Host-sp_at=x"), 401, "invalid_token"},
		{"a change from this site", "POST", "/notes", site("Cookie", cookie), 405, "method_not_allowed"},
		{"a change from another site", "POST", "/notes", http.Header{"Cookie": {cookie}, "Sec-Fetch-Site": {"cross-site"}}, 403, "cross_site"},
		{"a change from another origin", "POST", "/notes", http.Header{"Cookie": {cookie}, "Origin": {"https://evil.example"}}, 403, "cross_site"},
	} {
		res := w.send(row.method, row.target, row.fields, "")
		if said := read(res); res.StatusCode != row.status || row.code != "" && !strings.Contains(said, `"code":"`+row.code+`"`) {
			t.Errorf("%s: %d %s", row.name, res.StatusCode, said)
		}
	}
}
