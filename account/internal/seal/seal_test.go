package seal_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/sallyport-dev/sallyport/account/internal/seal"
)

func TestSeal(t *testing.T) {
	box, err := seal.New(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	other, _ := seal.New(bytes.Repeat([]byte{2}, 32))
	for _, plain := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte("long"), 1000)} {
		sealed := box.Seal(plain, "totp alice")
		if got, err := box.Open(sealed, "totp alice"); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("opened %q, %v", got, err)
		}
		if len(plain) > 3 && bytes.Contains(sealed, plain[:4]) {
			t.Error("the plain text shows")
		}
		refused := func(what string, sealed []byte, b *seal.Box, context string) {
			if _, err := b.Open(sealed, context); !errors.Is(err, seal.ErrOpen) {
				t.Errorf("%s: %v", what, err)
			}
		}
		refused("another user's", sealed, box, "totp bob")
		refused("another key", sealed, other, "totp alice")
		refused("nothing", nil, box, "totp alice")
		for i := range sealed {
			refused("cut", sealed[:i], box, "totp alice")
			changed := bytes.Clone(sealed)
			changed[i] ^= 1 << (i % 8)
			refused("changed", changed, box, "totp alice")
		}
	}
	if _, err := seal.New([]byte("short")); err == nil {
		t.Error("a short key is taken")
	}
	seen := map[string]bool{}
	for range 10_000 {
		s := string(box.Seal(nil, ""))
		if seen[s] {
			t.Fatal("a nonce came twice")
		}
		seen[s] = true
	}
}
