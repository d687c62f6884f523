package password

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/secret"
)

// P-15: a hash with a pepper is good with that pepper alone, and is made anew when another
// one takes over.
func TestPepper(t *testing.T) {
	t.Parallel()
	with := func(letters string) *Hasher {
		c := weak
		for _, b := range []byte(letters) {
			c.Peppers = append(c.Peppers, secret.NewBytes(bytes.Repeat([]byte{b}, 32)))
		}
		return newHasher(t, c)
	}
	const pw = "glacier tuba"
	for name, c := range map[string]struct {
		from, to   string
		ok, rehash bool
		err        error
	}{
		"same":              {"a", "a", true, false, nil},
		"none yet":          {"", "a", true, true, nil},
		"another took over": {"a", "ba", true, true, nil},
		"the old one only":  {"b", "a", false, false, ErrBadHash},
		"lost":              {"a", "", false, false, ErrBadHash},
	} {
		stored := mustHash(t, with(c.from), pw)
		if strings.Contains(stored, ",keyid=") != (c.from != "") {
			t.Errorf("%s: %s", name, stored)
		}
		to := with(c.to)
		got, err := to.Verify(t.Context(), stored, secret.New(pw))
		if !errors.Is(err, c.err) || got != (Result{OK: c.ok, Rehash: c.rehash}) {
			t.Errorf("%s: %+v %v", name, got, err)
		}
		if to.Knows(stored) != c.ok {
			t.Errorf("%s: known %t", name, !c.ok)
		}
		if got, _ := to.Verify(t.Context(), stored, secret.New("wrong")); got.OK {
			t.Errorf("%s: a wrong password is good", name)
		}
		if c.rehash {
			if got := mustVerify(t, to, mustHash(t, to, pw), pw); got != (Result{OK: true}) {
				t.Errorf("%s: made anew: %+v", name, got)
			}
		}
	}
	// Who can write to the store cannot take the pepper away: the key is another one.
	stored := mustHash(t, with("a"), pw)
	at := strings.Index(stored, ",keyid=")
	if got := mustVerify(t, with("a"), stored[:at]+stored[at+len(",keyid=")+pepperIDSize:], pw); got.OK {
		t.Error("good without its pepper")
	}
}

func TestPepper_refused(t *testing.T) {
	t.Parallel()
	short := Config{Peppers: []secret.Bytes{secret.NewBytes(make([]byte, 31))}}
	bcrypt := Config{Algorithm: Bcrypt, Peppers: []secret.Bytes{secret.NewBytes(make([]byte, 32))}}
	for _, c := range []Config{short, bcrypt, {Peppers: []secret.Bytes{{}}}} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), "Peppers") {
			t.Errorf("%v", err)
		}
	}
}
