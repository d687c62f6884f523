package breached_test

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/password/breached"
	"github.com/sallyport-dev/sallyport/secret"
)

const pw = "glacier tuba pickle"

// digits is the SHA-1 hash of pw, as lists write it.
func digits() string {
	sum := sha1.Sum([]byte(pw))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// TestHolds: P-08. Five digits are all that leaves, padding is no hit, and whatever else
// comes back is an error that says nothing.
func TestHolds(t *testing.T) {
	suffix := digits()[5:]
	other := strings.Repeat("0", 35)
	for name, c := range map[string]struct {
		status int
		answer string
		holds  bool
		failed bool
	}{
		"on it":            {200, other + ":3\r\n" + suffix + ":1\r\n", true, false},
		"small letters":    {200, strings.ToLower(suffix) + ":12", true, false},
		"not on it":        {200, other + ":3\r\n", false, false},
		"padding":          {200, suffix + ":0\r\n", false, false},
		"empty":            {200, "", false, false},
		"a page":           {200, "<html>" + suffix + ":1</html>", false, true},
		"cut short":        {200, suffix[:20], false, true},
		"busy":             {429, suffix + ":1", false, true},
		"elsewhere":        {302, "", false, true},
		"without end":      {200, strings.Repeat(other+":1\n", 1<<15), false, true},
		"one endless line": {200, strings.Repeat("A", 1<<17), false, true},
	} {
		var asked []*http.Request
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r)
			w.Header().Set("Location", "/other/")
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.answer)
		}))
		l, err := breached.New(breached.Config{URL: s.URL + "/range/"})
		if err != nil {
			t.Fatal(err)
		}
		holds, err := l.Holds(t.Context(), secret.New(pw))
		s.Close()
		if holds != c.holds || (err != nil) != c.failed {
			t.Errorf("%s: %t %v", name, holds, err)
		}
		if len(asked) != 1 || asked[0].URL.Path != "/range/"+digits()[:5] || asked[0].Header.Get("Add-Padding") != "true" {
			t.Errorf("%s: asked %+v", name, asked)
		}
		if err != nil && (strings.Contains(err.Error(), digits()[:5]) || strings.Contains(err.Error(), pw)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDown: nobody there is an error, which does not tell what was asked.
func TestDown(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	l, err := breached.New(breached.Config{URL: s.URL + "/range/"})
	if err != nil {
		t.Fatal(err)
	}
	if holds, err := l.Holds(t.Context(), secret.New(pw)); holds || err == nil || strings.Contains(err.Error(), digits()[:5]) {
		t.Errorf("%t %v", holds, err)
	}
}

func TestConfig(t *testing.T) {
	for _, address := range []string{"", "x", "http://list.example/range/", "ftp://list.example/", "http://127.0.0.1.example/"} {
		if _, err := breached.New(breached.Config{URL: address}); err == nil {
			t.Errorf("%q is accepted", address)
		}
	}
	if _, err := breached.New(breached.Config{URL: "https://list.example/range/", Timeout: -1}); err == nil {
		t.Error("a negative timeout")
	}
}
