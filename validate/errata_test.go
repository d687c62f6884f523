package validate_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/validate"
)

var newSecret = secret.New("correct horse battery")

// A validator is said to prevent SQL injection. It does not: these are texts like
// others, taken as they are where the rules allow their characters, and it is the
// query's parameters and the page's encoding that make them harmless.
func TestErrata08(t *testing.T) {
	type comment struct {
		Text string `json:"text" validate:"min=1,max=200"`
	}
	for _, text := range []string{
		"x' OR '1'='1", "'; DROP TABLE users; --", "Robert'); --", "1 UNION SELECT * FROM users", "<script>alert(1)</script>", "{{7*7}}", "${jndi:ldap://x}", "../../etc/passwd", "O'Hara",
	} {
		v, err := validate.Decode[comment](fmt.Appendf(nil, `{"text":%q}`, text))
		if err != nil || v.Text != text {
			t.Errorf("%q became %q, %v", text, v.Text, err)
		}
	}
}

// The guide's handler answers a bad body with the error's text. Here a password is in
// no answer and no log line, however the body is broken.
func TestErrata09(t *testing.T) {
	const p = `"password":"` + canary + `"`
	bodies := []string{
		`{` + p + `}`,
		`{"username":"al","email":"` + canary + `",` + p + `}`,
		`{"username":"` + canary + `","email":"` + canary + `\n","password":"` + strings.Repeat(canary, 10) + `"}`,
		`{"username":"ada","email":"a@b.example","password":["` + canary + `"]}`,
		`{"username":"ada","email":"a@b.example","password":{"` + canary + `":1}}`,
		`{"username":"ada","email":"a@b.example","pass":"` + canary + `"}`,
		`{` + p, `{` + p + `,}`, `{` + p + `} x`, `{` + p + `}{` + p + `}`, `{` + p + `,` + p + `}`, `{` + p + ` ` + canary + `}`, `[` + p + `]`,
		`"` + canary + `"`, canary, `{"password":` + canary + `}`, `{"password":"` + canary, `{"password":"` + canary + `\q"}`, `{"password":"` + canary + `\ud800"}`,
		`{"password":"` + canary + "\xFF\"}", `{"password":"` + canary + "\x01\"}", `password=` + canary, "\xEF\xBB\xBF{" + p + "}", `{'password':'` + canary + `'}`,
		`{` + p + `,"a":` + strings.Repeat("[", 100) + `}`, `{"username":"ada","email":"a@b.example",` + p + `,"x":1e999}`,
	}
	for _, body := range bodies {
		v, err := validate.Decode[NewUser]([]byte(body))
		if err == nil {
			t.Errorf("accepted: %s", body)
			continue
		}
		var log strings.Builder
		slog.New(slog.NewJSONHandler(&log, nil)).Error("refused", "error", err, "value", v)
		if all := answer(err) + log.String() + fmt.Sprintf("%v %+v %#v", err, v, v); strings.Contains(all, canary) {
			t.Errorf("%s\nis quoted in\n%s", body, all)
		}
	}
	v, err := validate.Decode[NewUser]([]byte(`{"username":"ada","email":"a@b.example",` + p + `}`))
	if err != nil || v.Password.Reveal() != canary || strings.Contains(fmt.Sprintf("%v %+v %#v", v, v, v), canary) {
		t.Errorf("the accepted value: %v, %v", v, err)
	}
}
