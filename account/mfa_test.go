package account_test

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/internal/totp"
	"github.com/sallyport-dev/sallyport/token"
)

// enrolled is a user with a second factor.
type enrolled struct {
	*world
	seed     []byte
	recovery []string
	access   string
}

func (e *enrolled) code() string { return totp.Code(e.seed, totp.Step(e.clock)) }

// next is the code after the one that was used.
func (e *enrolled) next() string {
	e.later(30 * time.Second)
	return e.code()
}

func enroll(w *world) *enrolled {
	w.Helper()
	e := &enrolled{world: w}
	e.access, _ = w.login()
	said := w.mustCall(200, "POST", "/auth/mfa/totp/enroll", e.access, "")
	if !strings.Contains(said["uri"].(string), said["secret"].(string)) {
		w.Fatal(said)
	}
	e.seed = seedOf(w.T, said["secret"].(string))
	said = w.mustCall(200, "POST", "/auth/mfa/totp/confirm", e.access, body("code", e.code()))
	for _, one := range said["recovery_codes"].([]any) {
		e.recovery = append(e.recovery, one.(string))
	}
	return e
}

func seedOf(t *testing.T, text string) []byte {
	t.Helper()
	seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return seed
}

// first is the first step of a login.
func (e *enrolled) first() string {
	e.Helper()
	status, said := e.loginAs("ada", adasPW)
	if status != 200 || said["mfa_required"] != true || said["access_token"] != nil {
		e.Fatal(status, said)
	}
	return said["mfa_token"].(string)
}

func (e *enrolled) second(status int, ticket, name, code string) map[string]any {
	e.Helper()
	return e.mustCall(status, "POST", "/auth/mfa/totp/verify", "", body("mfa_token", ticket, name, code))
}

func TestSecondFactor(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	other, _ := w.login()
	half, _ := w.login()
	w.mustCall(200, "POST", "/auth/mfa/totp/enroll", half, "") // enrolled, and given up
	if _, said := w.loginAs("ada", adasPW); said["access_token"] == nil {
		t.Error("a seed that was not confirmed counts")
	}
	e := enroll(w)
	w.mustCall(401, "GET", "/auth/me", other, "") // what was logged in without it
	w.mustCall(200, "GET", "/auth/me", e.access, "")
	w.mustCall(409, "POST", "/auth/mfa/totp/enroll", e.access, "")
	w.mustCall(409, "POST", "/auth/mfa/totp/confirm", e.access, body("code", e.next()))

	ticket := e.first()
	for _, path := range []string{"/auth/me", "/auth/sessions"} {
		w.mustCall(401, "GET", path, ticket, "")
	}
	e.second(401, ticket, "code", totp.Code(e.seed, totp.Step(w.clock)+2))
	code := e.next()
	said := e.second(200, ticket, "code", code)
	claims := claimsOf(t, said["access_token"].(string))
	if amr := claims["amr"].([]any); len(amr) != 2 || amr[0] != "pwd" || amr[1] != "otp" {
		t.Errorf("amr %v", amr)
	}
	e.second(401, ticket, "code", e.next())        // the ticket is used
	e.second(401, e.first(), "code", code)         // the code is used
	e.second(401, e.first(), "code", "\u0661"+"2") // no digits that we read
}

func claimsOf(t *testing.T, raw string) object {
	t.Helper()
	seen, err := token.Inspect(raw)
	if err != nil {
		t.Fatal(err)
	}
	var c object
	if err := unmarshal(seen.Claims, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSecondReplay: a code that was taken is not taken again, on another node either, nor
// is an older one.
func TestSecondReplay(t *testing.T) {
	w := newWorld(t, nil)
	add(t, w.Accounts, "ada")
	e := enroll(w)
	other := newWorldOn(t, w.store, nil)
	other.setClock(w.clock.Add(time.Minute))
	w.later(time.Minute)
	code := e.code()
	before := totp.Code(e.seed, totp.Step(w.clock)-1)
	e.second(200, e.first(), "code", code)
	for _, used := range []string{code, before} {
		ticket := e.first()
		if status, _, _ := other.call("POST", "/auth/mfa/totp/verify", "", body("mfa_token", ticket, "code", used)); status != 401 {
			t.Errorf("taken again: %d", status)
		}
	}
}

// TestSecondGuesses: five wrong codes, and it is back to the password.
func TestSecondGuesses(t *testing.T) {
	w := newWorld(t, nil)
	add(t, w.Accounts, "ada")
	e := enroll(w)
	w.later(time.Minute)
	ticket := e.first()
	for range 5 {
		e.second(401, ticket, "code", "000000")
	}
	e.second(401, ticket, "code", e.code()) // the fifth was the last
	e.second(429, e.first(), "code", e.code())
	w.later(time.Hour)
	e.second(200, e.first(), "code", e.next())
	ticket = e.first()
	w.later(5*time.Minute + time.Second)
	e.second(401, ticket, "code", e.code())
}

// TestSecondFromManyPlaces: whoever has the password gets ten guesses at the second factor
// in a quarter of an hour, from however many networks.
func TestSecondFromManyPlaces(t *testing.T) {
	w := newWorld(t, nil)
	add(t, w.Accounts, "ada")
	e := enroll(w)
	guesses, network := 0, 0
	round := func() {
		for range 20 {
			network++
			from := []string{"from", fmt.Sprintf("198.51.%d.1", network)}
			in := body("username", "ada", "password", adasPW)
			ticket := w.mustCall(200, "POST", "/auth/login", "", in, from...)["mfa_token"].(string)
			if status, _, _ := w.call("POST", "/auth/mfa/totp/verify", "", body("mfa_token", ticket, "code", "000000"), from...); status == 401 {
				guesses++
			}
		}
	}
	round()
	w.later(15*time.Minute - time.Second)
	round()
	if guesses != 10 {
		t.Errorf("%d guesses in a quarter of an hour", guesses)
	}
	w.later(time.Hour)
	e.second(200, e.first(), "code", e.next())
}

func TestRecovery(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	e := enroll(w)
	w.sent()
	if len(e.recovery) != 10 {
		t.Fatal(e.recovery)
	}
	said := e.second(200, e.first(), "recovery_code", strings.ToUpper(e.recovery[3]))
	access := said["access_token"].(string)
	if list := w.sent(); len(list) != 1 || !strings.Contains(list[0].text, "recovery code") {
		t.Errorf("%+v", list)
	}
	if !strings.Contains(w.audit.String(), "with a recovery code") {
		t.Error("no word of it in the audit log")
	}
	e.second(401, e.first(), "recovery_code", e.recovery[3])
	e.second(401, e.first(), "recovery_code", "aaaaaa-aaaaaa-aaaaaa-aaaaaa")
	w.mustCall(422, "POST", "/auth/mfa/recovery/regenerate", access, `{}`)
	w.mustCall(401, "POST", "/auth/mfa/recovery/regenerate", access, body("code", "000000"))
	w.mustCall(401, "POST", "/auth/mfa/recovery/regenerate", access, body("code", e.recovery[5]))
	fresh := w.mustCall(200, "POST", "/auth/mfa/recovery/regenerate", access, body("code", e.next()))["recovery_codes"].([]any)
	e.second(401, e.first(), "recovery_code", e.recovery[4])
	w.later(time.Hour)
	e.second(200, e.first(), "recovery_code", fresh[0].(string))
}

// TestDisableSecond: with a code and a login not long ago; a reset by mail leaves it on.
func TestDisableSecond(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	e := enroll(w)
	w.sent()
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
	w.mustCall(204, "POST", "/auth/password/reset", "", body("token", w.token("ada@example.com", "new password"), "password", newPW))
	_, said := w.loginAs("ada", newPW)
	if said["mfa_required"] != true {
		t.Fatal(said)
	}
	if _, err := w.SetRoles(t.Context(), "ada", []string{account.RoleAdmin}); err != nil {
		t.Fatal(err)
	}
	said = e.second(200, said["mfa_token"].(string), "code", e.next())
	access := said["access_token"].(string)
	if status, said := w.admin("GET", "/users", access, ""); status != 200 {
		t.Error(status, said)
	}
	w.mustCall(401, "POST", "/auth/mfa/totp/disable", access, body("code", "000000"))
	w.mustCall(204, "POST", "/auth/mfa/totp/disable", access, body("code", e.next()))
	// The token that says "otp" is dead. The session goes on, and says so no more.
	w.mustCall(401, "GET", "/auth/me", access, "")
	if status, said := w.admin("GET", "/users", access, ""); status != 401 {
		t.Error(status, said)
	}
	access, _ = w.refresh(said["refresh_token"].(string))
	if status, said := w.admin("GET", "/users", access, ""); status != 403 {
		t.Error(status, said)
	}
	if _, said := w.loginAs("ada", newPW); said["access_token"] == nil {
		t.Error(said)
	}
	w.mustCall(409, "POST", "/auth/mfa/totp/disable", access, body("code", e.next()))
}

// TestReauthSecond: proving again takes both factors.
func TestReauthSecond(t *testing.T) {
	w := newWorld(t, nil)
	add(t, w.Accounts, "ada")
	e := enroll(w)
	w.mustCall(401, "POST", "/auth/reauth", e.access, body("password", adasPW))
	w.mustCall(401, "POST", "/auth/reauth", e.access, body("password", adasPW, "code", e.code())) // it was used to enroll
	w.mustCall(200, "POST", "/auth/reauth", e.access, body("password", adasPW, "code", e.next()))
	for range 5 {
		w.mustCall(401, "POST", "/auth/reauth", e.access, body("password", adasPW, "code", "000000"))
	}
	w.mustCall(429, "POST", "/auth/reauth", e.access, body("password", adasPW, "code", e.code()))
}

// TestPasswordIsHalf: who knows the password alone does not get past the second factor by
// changing it.
func TestPasswordIsHalf(t *testing.T) {
	w := newWorld(t, nil)
	add(t, w.Accounts, "ada")
	e := enroll(w)
	refresh := e.second(200, e.first(), "code", e.next())["refresh_token"].(string)
	w.later(11 * time.Minute)
	access, _ := w.refresh(refresh)
	w.mustCall(204, "POST", "/auth/password/change", access, body("current_password", adasPW, "new_password", newPW))
	for path, in := range map[string]string{"/auth/mfa/recovery/regenerate": body("code", e.next()), "/auth/mfa/totp/enroll": ""} {
		if said := w.mustCall(403, "POST", path, access, in); said["code"] != "reauth_required" {
			t.Errorf("%s: %v", path, said)
		}
	}
	w.mustCall(200, "POST", "/auth/reauth", access, body("password", newPW, "code", e.next()))
	w.mustCall(401, "POST", "/auth/mfa/recovery/regenerate", access, body("code", e.code())) // it was used just now
	w.mustCall(200, "POST", "/auth/mfa/recovery/regenerate", access, body("code", e.next()))
}

// TestAtRest: the file holds no seed, no signing key, no token, no code.
func TestAtRest(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	e := enroll(w)
	access, key := e.access, ""
	said := w.mustCall(201, "POST", "/auth/keys", access, body("name", "k"))
	key = said["key"].(string)
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
	ticket := e.first()
	secrets := [][]byte{e.seed, []byte(totp.Base32(e.seed)), []byte(access), []byte(key), []byte(key[21:64]), []byte(ticket), []byte(adasPW), []byte("PRIVATE"), []byte("spt_"), []byte("spr_")}
	// As JSON has bytes, but for what the end depends on.
	secrets = append(secrets, []byte(base64.StdEncoding.EncodeToString(e.seed)[:len(e.seed)/3*4]))
	for _, code := range e.recovery {
		secrets = append(secrets, []byte(code), []byte(totp.Normalize(code)))
	}
	dir := filepath.Dir(w.path)
	list, err := os.ReadDir(dir)
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	for _, f := range list {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range secrets {
			if bytes.Contains(data, s) {
				t.Errorf("%s holds %.8q…", f.Name(), s)
			}
		}
	}
}
