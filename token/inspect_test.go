package token

import (
	"errors"
	"strings"
	"testing"
)

func TestInspect(t *testing.T) {
	k := signer()[ES256]
	raw := forge(k, head(k), claimsJSON(with("sub", "\u2028evil")))
	seen, err := Inspect(raw)
	if err != nil || !strings.Contains(seen.Header, "\n  \"alg\": \"ES256\"") || !strings.Contains(seen.Claims, `"iss"`) || seen.Size != len(raw) {
		t.Errorf("%+v %v", seen, err)
	}
	if strings.Contains(seen.Header+seen.Claims, raw[strings.LastIndexByte(raw, '.')+1:]) || strings.Contains(seen.Claims, "\u2028") {
		t.Error("shows the signature, or what a terminal acts on")
	}
	for _, bad := range []string{"", "a.b.c", "a.b", raw + ".x", strings.Repeat("a", 65<<10)} {
		if _, err := Inspect(bad); err == nil || Explain(err) == "" {
			t.Errorf("%.10q: %v", bad, err)
		}
	}
	if got := Explain(errors.New("x")); got != "x" {
		t.Error(got)
	}
}

// TestInspectShowsNothingThatActs: control characters, the C1 ones that start a sequence
// in some terminals, and those that turn the direction of text.
func TestInspectShowsNothingThatActs(t *testing.T) {
	k := signer()[ES256]
	body := "{\"a\":\"\u009b31m\u202e\x7f\u2028\ufeff\U000e0041 \xff\u00e9\",\"\u009b\":1}"
	seen, err := Inspect(forge(k, head(k), body))
	if err != nil {
		t.Fatal(err)
	}
	want := "{\n  \"a\": \"\\u009b31m\\u202e\\u007f\\u2028\\ufeff\\udb40\\udc41 \ufffd\u00e9\",\n  \"\\u009b\": 1\n}"
	if seen.Claims != want {
		t.Errorf("%q, want %q", seen.Claims, want)
	}
}

// TestInspectTakesObjects: two JSON objects, or a reason that names the part.
func TestInspectTakesObjects(t *testing.T) {
	k := signer()[ES256]
	for _, other := range []string{`[1]`, `"a"`, `null`, `{`, `{}{}`, ``} {
		if _, err := Inspect(unsigned(other, `{}`, "AA")); err == nil {
			t.Errorf("the header %q is shown", other)
		}
		if other == "" {
			continue // then the token has an empty part
		}
		if _, err := Inspect(forge(k, head(k), other)); err != ErrBadClaims {
			t.Errorf("the claims %q: %v", other, err)
		}
		if _, err := Inspect(unsigned(other, `{}`, "AA")); err != ErrBadHeader {
			t.Errorf("the header %q: %v", other, err)
		}
	}
}

// TestInspectRows: what is verified can be inspected, and nothing makes it panic.
func TestInspectRows(t *testing.T) {
	k := signer()[ES256]
	for _, r := range rows {
		if _, err := Inspect(r.token(k)); err != nil && r.want == nil {
			t.Errorf("%s: %v", r.name, err)
		}
	}
}
