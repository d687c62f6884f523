package account_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/account"
)

// TestImport: users of other systems log in with the passwords they have, and what is
// stored is ours from then on.
func TestImport(t *testing.T) {
	from := newWorld(t, nil)
	add(t, from.Accounts, "zoe")
	var own account.Portable
	if err := from.Export(t.Context(), func(p account.Portable) error { own = p; return nil }); err != nil || own.Username != "zoe" {
		t.Fatal(own, err)
	}
	w := newWorld(t, withMail)
	// Each hash is of "correct-horse-41-battery", made by another program: Node's scrypt
	// and PBKDF2, Python's hashlib, crypt(3)'s bcrypt.
	for name, hash := range importedHashes {
		u, err := w.Import(t.Context(), account.Portable{Username: name, Email: name + "@example.com", PasswordHash: hash, Verified: true})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if status, _ := w.loginAs(name, "wrong-wrong-wrong"); status != 401 {
			t.Errorf("%s, wrong: %d", name, status)
		}
		if status, _ := w.loginAs(name, adasPW); status != 200 {
			t.Errorf("%s: %d", name, status)
		}
		if u, err = w.store.User(t.Context(), u.ID); err != nil || !strings.HasPrefix(u.PasswordHash.Reveal(), "$argon2id$") {
			t.Errorf("%s: the hash is still %.12s", name, u.PasswordHash.Reveal())
		}
		if status, _ := w.loginAs(name, adasPW); status != 200 {
			t.Errorf("%s, again: %d", name, status)
		}
	}
	u, err := w.Import(t.Context(), own)
	if err != nil || u.ID != own.ID || !u.Created.Equal(own.Created) {
		t.Errorf("%+v %v", u, err)
	}
	if status, _ := w.loginAs("zoe", adasPW); status != 200 {
		t.Error(status)
	}
	if u, err = w.Import(t.Context(), account.Portable{Username: "nopass", Email: "nopass@example.com"}); err != nil || !u.MustReset {
		t.Errorf("%+v %v", u, err)
	}
	if status, _ := w.loginAs("nopass", ""); status == 200 {
		t.Error("no password logs in")
	}
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "nopass@example.com"))
	w.mustCall(204, "POST", "/auth/password/reset", "", body("token", w.token("nopass@example.com", "new password"), "password", newPW))
	if status, _ := w.loginAs("nopass", newPW); status != 200 {
		t.Error(status)
	}
	for name, p := range map[string]account.Portable{
		"taken": {Username: "zoe", Email: "x@example.com"}, "a bad name": {Username: "a<b", Email: "x@example.com"}, "no address": {Username: "xxx"}, "a name that ends a line": {Username: "a\nb", Email: "x@example.com"},
		"a bad address": {Username: "xxx", Email: "x"}, "plain text": {Username: "xxx", Email: "x@example.com", PasswordHash: "secret"},
		"MD5": {Username: "xxx", Email: "x@example.com", PasswordHash: "$1$abc$xyz"}, "a role with a space": {Username: "xxx", Email: "x@example.com", Roles: []string{"a b"}},
	} {
		if _, err := w.Import(t.Context(), p); err == nil {
			t.Errorf("%s: imported", name)
		}
	}
	if _, err := w.Import(t.Context(), account.Portable{Username: "xxx", Email: "x@example.com", PasswordHash: "secret"}); !errors.Is(err, account.ErrHash) || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

// TestImportNames: the names of other systems stay, and those that cannot be are made of the
// address.
func TestImportNames(t *testing.T) {
	w := newWorld(t, nil)
	hash := importedHashes["bcrypt"]
	for _, c := range []struct{ name, email, want string }{
		{"", "ada@example.com", "ada"},
		{"", "ada@other.example", "ada-dbc55f59"},
		{"bo@example.com", "", "bo"},
		{"BO@corp.example", "bo2@example.com", "bo2"},
		{"\u0141u", "lu@example.com", "\u0141u"},
		{"\u0415\u0432\u0430", "eva@example.com", "\u0415\u0432\u0430"},
		{" Re\u0301mi ", "remi@example.com", "R\u00e9mi"},
		{"x", "x@example.com", "x"},
		{"Ada Lovelace_1", "al@example.com", "Ada Lovelace_1"},
		{"", "{%}@example.com", "user"},
		{"", strings.Repeat("y", 64) + "@example.com", strings.Repeat("y", 64)},
		{"", strings.Repeat("y", 64) + "@b.example", strings.Repeat("y", 55) + "-215db320"},
	} {
		p := account.Portable{Username: c.name, Email: c.email, PasswordHash: hash, Verified: true}
		u, err := w.Import(t.Context(), p)
		if err != nil || u.Username != c.want {
			t.Errorf("%+v: %q, %v", c, u.Username, err)
			continue
		}
		for _, login := range []string{u.Username, u.Email} {
			if status, _ := w.loginAs(login, adasPW); status != 200 {
				t.Errorf("%s: %d", login, status)
			}
		}
		if _, err := w.Import(t.Context(), p); !errors.Is(err, account.ErrTaken) {
			t.Errorf("%+v, again: %v", c, err)
		}
		if same, err := w.Imported(t.Context(), p); err != nil || same {
			t.Errorf("%+v: the hash was replaced, %v, %v", c, same, err)
		}
	}
	for i, unusable := range []string{"!DY0vrVdqzbpvi80gcSCjQ", "*", "!"} {
		u, err := w.Import(t.Context(), account.Portable{Email: "no" + fmt.Sprint(i) + "@example.com", PasswordHash: unusable})
		if err != nil || !u.MustReset || !u.PasswordHash.IsZero() {
			t.Errorf("%q: %+v, %v", unusable, u, err)
		}
	}
}

// importedHashes are of adasPW.
var importedHashes = map[string]string{
	"node-scrypt":     "$scrypt$ln=14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$RsvNjAzTtaBwdKiMiYuYxmxFLsCmamOGGWRqWXk7Dds",
	"django":          "pbkdf2_sha256$20000$abcdefgh$gEaAwblTTajpoI+fSE791VFyfGZdB8E64WKepTS8U10=",
	"werkzeug-scrypt": "scrypt:16384:8:1$abcdefghABCDEFGH$b456e7df5f81705c8ed162716bc771ad19a3a3bcf69a474399ead3484be8fb7577c9fd46a3fc3dfe54c54dd8c0daf4ea0520647633004263039cf08bf1f6ed90",
	"werkzeug-pbkdf2": "pbkdf2:sha256:20000$abcdefghABCDEFGH$3c938b93b70cd69f744dbce8330533077934e651693038e4c2df4b8d351a7a7d",
	"bcrypt":          "$2b$06$abcdefghijklmnopqrstuutafMbk9yZZiX/XfVZS27AkDHYjA9bWm",
}

// TestImportDear: a hash that would hold everybody up is refused, and the line says why.
func TestImportDear(t *testing.T) {
	w := newWorld(t, nil)
	const phc, crypt, werkzeug = "$MDEyMzQ1Njc4OWFiY2RlZg$RsvNjAzTtaBwdKiMiYuYxmxFLsCmamOGGWRqWXk7Dds", "$abcdefghijklmnopqrstuutafMbk9yZZiX/XfVZS27AkDHYjA9bWm",
		"$abcdefghABCDEFGH$3c938b93b70cd69f744dbce8330533077934e651693038e4c2df4b8d351a7a7d"
	n := 0
	for hash, dear := range map[string]bool{
		"$argon2id$v=19$m=65536,t=3,p=1" + phc: false, "$2b$12" + crypt: false, "pbkdf2:sha256:1200000" + werkzeug: false, "$scrypt$ln=16,r=8,p=1" + phc: false,
		"$argon2id$v=19$m=262144,t=4,p=1" + phc: false, "$2b$13" + crypt: false, "$2y$14" + crypt: false, "{bcrypt}$2a$14" + crypt: false, "pbkdf2:sha256:4194304" + werkzeug: false,
		"$2b$15" + crypt: true, "$2b$16" + crypt: true,
	} {
		n++
		name := fmt.Sprint("user", n)
		_, err := w.Import(t.Context(), account.Portable{Username: name, Email: name + "@example.com", PasswordHash: hash})
		if dear != errors.Is(err, account.ErrDear) || !dear && err != nil {
			t.Errorf("%.30s: %v", hash, err)
		}
		if _, err := w.Find(t.Context(), name); dear != errors.Is(err, account.ErrNotFound) {
			t.Errorf("%.30s: %v", hash, err)
		}
	}
}
