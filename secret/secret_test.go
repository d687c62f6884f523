package secret_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/secret"
)

const canary = "hunter2-canary"

type holder struct {
	S      secret.String
	B      secret.Bytes
	hidden secret.String
	bytes  secret.Bytes
}

func newHolder() holder {
	return holder{secret.New(canary), secret.NewBytes([]byte(canary)), secret.New(canary), secret.NewBytes([]byte(canary))}
}

// leaks reports whether a text shows the canary, as text, hex, or a list of bytes.
func leaks(s string) bool {
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), strings.Trim(fmt.Sprint([]byte(canary)), "[]"), "aHVudGVyMi1jYW5hcnk"} {
		if strings.Contains(s, form) {
			return true
		}
	}
	return false
}

func TestNothingPrintsIt(t *testing.T) {
	if !leaks("x"+canary) || !leaks(fmt.Sprint([]byte(canary))) {
		t.Fatal("the test does not see a leak")
	}
	h := newHolder()
	for _, v := range []any{h.S, &h.S, h.B, &h.B, h, &h, []any{h.S, h.B}, map[string]any{"k": h}, h.hidden, fmt.Errorf("wrapped: %v %v", h.S, h.B)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p", "%z", "% x", "%08b"} {
			if got := fmt.Sprintf(verb, v); leaks(got) {
				t.Errorf("%s of %T prints %s", verb, v, got)
			}
		}
		var out bytes.Buffer
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		if leaks(out.String()) {
			t.Errorf("slog of %T prints %s", v, &out)
		}
		if b, err := json.Marshal(v); err == nil && leaks(string(b)) {
			t.Errorf("JSON of %T is %s", v, b)
		}
	}
}

func TestString(t *testing.T) {
	s := secret.New(canary)
	if s.Reveal() != canary || s.IsZero() || !s.Equal(secret.New(canary)) || s.Equal(secret.New("hunter3-canary")) || s.Equal(secret.String{}) {
		t.Error("a secret does not hold what it was given")
	}
	var zero secret.String
	if zero.Reveal() != "" || !zero.IsZero() || !zero.Equal(secret.New("")) {
		t.Error("the zero secret is not the empty one")
	}
	var in struct {
		Password secret.String `json:"password"`
	}
	if err := json.Unmarshal([]byte(`{"password":"`+canary+`"}`), &in); err != nil || in.Password.Reveal() != canary {
		t.Errorf("from JSON: %q, %v", in.Password.Reveal(), err)
	}
	if err := (*secret.String)(nil).UnmarshalText(nil); err == nil {
		t.Error("a nil secret takes a text")
	}
}

func TestBytes(t *testing.T) {
	in := []byte(canary)
	b := secret.NewBytes(in)
	in[0] = 'X'
	if string(b.Reveal()) != canary || b.Len() != len(canary) || b.IsZero() {
		t.Error("a secret shares its bytes with the caller")
	}
	if !b.Equal(secret.NewBytes([]byte(canary))) || b.Equal(secret.NewBytes(in)) {
		t.Error("Equal")
	}
	var zero secret.Bytes
	if zero.Len() != 0 || !zero.IsZero() || zero.Reveal() != nil {
		t.Error("the zero secret is not the empty one")
	}
}

func ExampleString() {
	login := struct {
		User     string
		password secret.String
	}{"ada", secret.New("correct horse")}
	fmt.Println(login.User, login.password)
	fmt.Println(errors.New("login failed for " + fmt.Sprint(login.password)))
	// Output:
	// ada [redacted]
	// login failed for [redacted]
}
