package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/sqlite"
	"github.com/sallyport-dev/sallyport/secret"
)

// failingStore is a store whose changes fail after some, before or after they take effect.
type failingStore struct {
	account.Store
	after  int // changes that go well
	effect bool
}

var errGone = errors.New("the disk is full")

func (s *failingStore) Update(ctx context.Context, key string, f func(account.Tx) error) error {
	if s.after--; s.after >= 0 {
		return s.Store.Update(ctx, key, f)
	}
	if s.effect {
		return errors.Join(s.Store.Update(ctx, key, f), errGone)
	}
	return errGone
}

// TestImport_stops: where the store fails, an import stops at that line and not at every one
// after it, and goes on from there as if nothing had been, whether or not the line took effect.
func TestImport_stops(t *testing.T) {
	const users = 20
	var lines strings.Builder
	for i := range users {
		fmt.Fprintf(&lines, `{"username":"user%d","email":"user%d@example.com","password_hash":"$2b$04$abcdefghijklmnopqrstuuC4VDY5xTpFRtnlHVCkUnvkpEVpuhTyG"}`+"\n", i, i)
		if i == 4 {
			lines.WriteString("\n{\"username\":\"x\",\"email\":\"x\",\"roles\":[\"a b\"]}\n")
		}
	}
	for _, effect := range []bool{false, true} {
		store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "accounts.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		failing := &failingStore{Store: store, after: 1 << 20, effect: effect}
		a, err := account.New(t.Context(), account.Config{Store: failing, Issuer: "http://127.0.0.1", Secret: secret.NewBytes(make([]byte, 32)), Mail: account.Elsewhere{}})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		from, made, there := 1, 0, 0
		for range users {
			failing.after = 7
			var out, complaints bytes.Buffer
			i := &importer{accounts: a, from: from, out: &out, complaints: &complaints}
			err := i.run(t.Context(), strings.NewReader(lines.String()))
			made, there = made+i.made, there+i.there
			if n := strings.Count(complaints.String(), "\n"); n != i.refused || n > 1 || n == 1 && !strings.Contains(complaints.String(), "line 7: ") {
				t.Errorf("it complains %q", &complaints)
			}
			stopped, ok := errors.AsType[*stoppedError](err)
			if !ok {
				if err != nil && i.refused == 0 {
					t.Error(err)
				}
				break
			}
			if stopped.line <= from || !errors.Is(err, errGone) || !strings.Contains(err.Error(), fmt.Sprintf("go on with --from %d", stopped.line)) || stopped.status() != 1 {
				t.Errorf("from %d: %v", from, err)
			}
			from = stopped.line
		}
		if made+there != users || (there > 0) != effect {
			t.Errorf("%d made, %d there already of %d", made, there, users)
		}
		failing.after = 1 << 20
		i := &importer{accounts: a, from: 1, out: io.Discard, complaints: io.Discard}
		if err := i.run(t.Context(), strings.NewReader(lines.String())); err == nil || i.there != users || i.made != 0 || i.refused != 1 {
			t.Errorf("once more from the beginning: %+v, %v", i, err)
		}
		i = &importer{accounts: a, from: 1, out: io.Discard, complaints: io.Discard}
		tidied := byteOrderMark + strings.ReplaceAll(lines.String(), "\n", " \r\n")
		if err := i.run(t.Context(), strings.NewReader(tidied)); err == nil || i.there != users || i.made != 0 || i.refused != 1 {
			t.Errorf("with a byte order mark and other line ends: %+v, %v", i, err)
		}
		other := strings.Replace(lines.String(), "$2b$04$a", "$2b$04$b", 1)
		i = &importer{accounts: a, from: 1, out: io.Discard, complaints: io.Discard}
		if i.run(t.Context(), strings.NewReader(other)); i.there != users-1 || i.refused != 2 {
			t.Errorf("a user of the same name with another password: %+v", i)
		}
	}
}
