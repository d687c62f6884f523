package account_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// guess tries a password from an address; wait is what the answer asks for.
func (w *world) guess(login, pw, from, device string) (status int, wait time.Duration) {
	w.Helper()
	in := body("username", login, "password", pw)
	if device != "" {
		in = body("username", login, "password", pw, "device_token", device)
	}
	rec := w.send("POST", "/auth/login", "", in, "from", from)
	seconds, _ := strconv.Atoi(rec.Header().Get("Retry-After"))
	return rec.Code, time.Duration(seconds) * time.Second
}

// TestOnePlace: five wrong guesses are free; then the wait doubles, to a quarter of an
// hour; and after it the right password is good. A name that nobody has is no different.
func TestOnePlace(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	seen := map[string][]time.Duration{}
	for _, name := range []string{"ada", "nobody"} {
		from := map[string]string{"ada": "192.0.2.1", "nobody": "198.51.100.1"}[name]
		for range 5 {
			if status, _ := w.guess(name, "wrong-wrong", from, ""); status != 401 {
				t.Fatalf("%s: %d", name, status)
			}
		}
		for range 12 {
			status, wait := w.guess(name, "wrong-wrong", from, "")
			if status != 429 {
				t.Fatalf("%s: %d", name, status)
			}
			seen[name] = append(seen[name], wait)
			if status, _ := w.guess(name, adasPW, from, ""); status != 429 {
				t.Errorf("%s: the right password in the meantime: %d", name, status)
			}
			w.later(wait)
			if status, _ := w.guess(name, "wrong-wrong", from, ""); status != 401 {
				t.Errorf("%s: after the wait: %d", name, status)
			}
		}
	}
	if !slices.Equal(seen["ada"], seen["nobody"]) {
		t.Errorf("waits %v and %v", seen["ada"], seen["nobody"])
	}
	if waits := seen["ada"]; waits[0] != time.Second || waits[1] != 2*time.Second || waits[11] != 15*time.Minute {
		t.Errorf("waits %v", waits)
	}
	w.later(15 * time.Minute)
	if status, _ := w.guess("ada", adasPW, "192.0.2.1", ""); status != 200 {
		t.Errorf("never again: %d", status)
	}
	if status, _ := w.guess("ada", "wrong-wrong", "192.0.2.1", ""); status != 401 {
		t.Error("a right one does not start the count over")
	}
}

// TestGuesses_clockSetBack: a clock that is set back makes nobody wait longer than once: not
// for one login from a place or from everywhere, nor in a network.
func TestGuesses_clockSetBack(t *testing.T) {
	for name, row := range map[string]struct {
		guess func(w *world) // until there is a wait
		wait  time.Duration
	}{
		"one place": {func(w *world) {
			for range 5 {
				w.guess("ada", "wrong-wrong", "192.0.2.1", "")
			}
		}, time.Second},
		"one network": {func(w *world) {
			for i := range 30 {
				w.guess(fmt.Sprint("nobody", i), "wrong-wrong", "192.0.2.1", "")
			}
		}, 20 * time.Second},
		"one login": {func(w *world) {
			for i := range 50 {
				w.guess("ada", "wrong-wrong", fmt.Sprintf("198.51.%d.7", i), "")
			}
		}, time.Second},
	} {
		for _, back := range []time.Duration{0, time.Second, time.Hour, 24 * time.Hour} {
			w := newWorld(t, nil)
			w.register()
			row.guess(w)
			w.later(-back)
			if status, wait := w.guess("ada", adasPW, "192.0.2.1", ""); status != 429 || wait != row.wait {
				t.Errorf("%s, %s back: %d, wait %s, want 429 and %s", name, back, status, wait, row.wait)
			}
			w.later(row.wait)
			if status, wait := w.guess("ada", adasPW, "192.0.2.1", ""); status != 200 {
				t.Errorf("%s, %s back, after the wait: %d, wait %s", name, back, status, wait)
			}
		}
	}
}

// TestManyPlaces: guesses at one name from hundreds of networks are slowed down, and the
// owner logs in meanwhile, on a device that is known, and by mail at any time.
func TestManyPlaces(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	_, said := w.loginAs("ada", adasPW)
	device := said["device_token"].(string)
	admitted := 0
	for i := range 300 {
		if status, _ := w.guess("ada", "wrong-wrong", fmt.Sprintf("198.%d.%d.7", 18+i/250, i%250), ""); status == 401 {
			admitted++
		}
	}
	if admitted != 50 {
		t.Errorf("%d guesses from 300 places", admitted)
	}
	if status, _ := w.guess("ada", adasPW, "203.0.113.9", ""); status != 429 {
		t.Errorf("an unknown device in the meantime: %d", status)
	}
	if status, _ := w.guess("ada", adasPW, "203.0.113.9", device); status != 200 {
		t.Errorf("the owner: %d", status)
	}
	size := len(device) - len("spd_")
	for name, token := range map[string]string{
		"of another": strings.Replace(device, "spd_A", "spd_B", 1), "nonsense": "spd_x",
		// encoding/base64 skips line ends: the text has the right length, its bytes have not.
		"line ends alone":   "spd_" + strings.Repeat(`\n`, size),
		"half of line ends": "spd_" + strings.Repeat("A", size/2/4*4) + strings.Repeat(`\r`, size-size/2/4*4),
		"cut by line ends":  device[:len(device)-4] + `\r\n\r\n`,
		"a line end inside": device[:len(device)/2] + `\n` + device[len(device)/2+1:],
	} {
		if status, _ := w.guess("ada", adasPW, "203.0.113.9", token); status != 429 {
			t.Errorf("a device token, %s: %d", name, status)
		}
	}
	// A device token that was stolen is worth five guesses of its own.
	for i := range 8 {
		status, _ := w.guess("ada", "wrong-wrong", fmt.Sprintf("203.0.113.%d", i), device)
		if want := map[bool]int{true: 401, false: 429}[i < 5]; status != want {
			t.Errorf("guess %d with a device: %d", i, status)
		}
	}
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
	w.mustCall(204, "POST", "/auth/password/reset", "", body("token", w.token("ada@example.com", "new password"), "password", newPW))
	if status, _ := w.guess("ada", newPW, "203.0.113.77", ""); status != 200 {
		t.Errorf("after a reset: %d", status)
	}
}

// TestSameNetwork: the owner logs in on a known device, even from the network that the
// guesses come from, and where its attempts are used up.
func TestSameNetwork(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.LoginLimit = "40 per 10m" })
	w.register()
	_, said := w.loginAs("ada", adasPW)
	device := said["device_token"].(string)
	for i := range 60 {
		w.guess(fmt.Sprint("user", i%9), "wrong-wrong", "203.0.113.9", "")
	}
	if status, _ := w.guess("ada", adasPW, "203.0.113.9", ""); status != 429 {
		t.Errorf("an unknown device: %d", status)
	}
	if status, _ := w.guess("ada", adasPW, "203.0.113.9", device); status != 200 {
		t.Errorf("the owner: %d", status)
	}
	if status, _ := w.guess("user1", "wrong-wrong", "203.0.113.9", device); status != 429 {
		t.Errorf("the device of another user: %d", status)
	}
}

// TestLoggedIn: no stranger's guesses hold up who is logged in, or whose password was right
// on a known device; their own do.
func TestLoggedIn(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { withMail(c); c.LoginLimit, c.RegisterLimit = "100 per 10m", "20 per 1h" })
	add(t, w.Accounts, "ada")
	e := enroll(w)
	said := e.second(200, e.first(), "code", e.next())
	device, access := said["device_token"].(string), said["access_token"].(string)
	w.later(30 * time.Second)
	for i := range 120 { // from everywhere at ada, and from her own network at everybody
		w.guess("ada", "wrong-wrong", fmt.Sprintf("198.18.%d.7", i), "")
		w.guess(fmt.Sprint("user", i), "wrong-wrong", "192.0.2.1", "")
	}
	if status, _ := w.guess("ada", adasPW, "192.0.2.1", ""); status != 429 {
		t.Fatalf("an unknown device: %d", status)
	}
	said = w.mustCall(200, "POST", "/auth/login", "", body("username", "ada", "password", adasPW, "device_token", device))
	w.mustCall(200, "POST", "/auth/mfa/totp/verify", "", body("mfa_token", said["mfa_token"].(string), "code", e.code()))
	w.mustCall(200, "POST", "/auth/reauth", access, body("password", adasPW, "code", e.next()))
	w.mustCall(204, "POST", "/auth/password/change", access, body("current_password", adasPW, "new_password", newPW))
	for i := range 8 {
		want := map[bool]int{true: 401, false: 429}[i < 5]
		w.mustCall(want, "POST", "/auth/password/change", access, body("current_password", "wrong-wrong", "new_password", adasPW))
	}
	// A token that was mailed is good where everything else is used up.
	w.sent()
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
	token := w.token("ada@example.com", "new password")
	last := 0
	for range 40 {
		last, _, _ = w.call("POST", "/auth/password/reset", "", body("token", "spt_"+strings.Repeat("A", 43), "password", newPW))
	}
	if last != 429 {
		t.Errorf("forty wrong tokens: %d", last)
	}
	w.mustCall(204, "POST", "/auth/password/reset", "", body("token", token, "password", adasPW))
}

// TestSpraying: one network over many names, right ones in between, IPv6 by /64, and on
// two nodes as on one.
func TestSpraying(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	other := newWorldOn(t, w.store, nil)
	other.setClock(w.clock)
	nodes := []*world{w, other}
	admitted := 0
	for i := range 100 {
		if i%10 == 9 {
			nodes[i%2].guess("ada", adasPW, "2001:db8::1", "")
		}
		if status, _ := nodes[i%2].guess(fmt.Sprint("user", i), "wrong-wrong", fmt.Sprintf("[2001:db8::%x]", i), ""); status == 401 {
			admitted++
		}
	}
	if admitted > 30 || admitted < 28 {
		t.Errorf("%d guesses", admitted)
	}
	again := newWorldOn(t, w.store, nil) // a restart forgets nothing
	again.setClock(w.clock)
	if status, _ := again.guess("eve", "x", "[2001:db8::5]", ""); status != 429 {
		t.Error(status)
	}
	if status, _ := again.guess("eve", "x", "[2001:db9::5]", ""); status != 401 {
		t.Error(status)
	}
}

// TestBusyNetwork: where many log in behind one address, right passwords use nothing up,
// and wrong ones are forgotten one by one, though it is never quiet there.
func TestBusyNetwork(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.MaxSessions = 1000 })
	w.register()
	for range 40 {
		if status, _ := w.guess("ada", adasPW, "203.0.113.9", ""); status != 200 {
			t.Fatalf("a right password: %d", status)
		}
	}
	for i := range 60 { // two wrong ones a minute, for half an hour
		status, _ := w.guess(fmt.Sprint("user", i), "wrong-wrong", "203.0.113.9", "")
		again, _ := w.guess("ada", adasPW, "203.0.113.9", "")
		if status != 401 || again != 200 {
			t.Fatalf("after %d wrong ones: %d and %d", i, status, again)
		}
		w.later(30 * time.Second)
	}
	admitted := 0
	for i := range 150 { // twice as many as are forgotten, for 25 minutes
		if status, _ := w.guess(fmt.Sprint("name", i), "wrong-wrong", "203.0.113.9", ""); status == 401 {
			admitted++
		}
		w.guess("ada", adasPW, "203.0.113.9", "")
		w.later(10 * time.Second)
	}
	if admitted < 75 || admitted > 105 {
		t.Errorf("%d guesses in 25 minutes, want thirty and as many as are forgotten", admitted)
	}
}

// TestAtOnce: forty guesses at the same moment are no more than five.
func TestAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	results := make(chan int)
	for range 40 {
		go func() {
			status, _ := w.guess("ada", "wrong-wrong", "192.0.2.1", "")
			results <- status
		}()
	}
	admitted := 0
	for range 40 {
		if <-results == 401 {
			admitted++
		}
	}
	if admitted != 5 {
		t.Errorf("%d guesses", admitted)
	}
}

// TestStoreDown: without a store nobody logs in.
func TestStoreDown(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	access, _ := w.login()
	w.store.Close()
	if status, _ := w.guess("ada", adasPW, "192.0.2.1", ""); status != http.StatusServiceUnavailable {
		t.Error(status)
	}
	if _, err := w.Authenticate(access); err != nil { // and whoever is in stays for now
		t.Error(err)
	}
}
