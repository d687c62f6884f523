package account_test

import (
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/secret"
)

// injections returns the cases: at least one for each endpoint.
func injections() (list []injection) {
	for _, some := range [][]injection{
		registerInjections(), loginInjections(), sessionInjections(), mailInjections(), factorInjections(),
		keyInjections(), otherInjections(), adminInjections(),
	} {
		list = append(list, some...)
	}
	return list
}

// login logs ada in, and remembers the access token.
func (s *stage) login() (access, refresh string) {
	s.Helper()
	access, refresh = s.world.login()
	s.bearers = append(s.bearers, access)
	return access, refresh
}

// canLogIn is a way on: a login with a password.
func canLogIn(name, pw string) func(*stage) {
	return func(s *stage) {
		s.Helper()
		if status, said := s.loginAs(name, pw); status != 200 {
			s.Errorf("%s cannot log in: %d %v", name, status, said)
		}
	}
}

func post(path, bearer string, in ...string) request {
	r := request{method: "POST", path: path, bearer: bearer}
	if len(in) > 0 {
		r.body = body(in...)
	}
	return r
}

var carolsForm = []string{"username", "carol", "email", "carol@example.com", "password", adasPW}

func registerInjections() []injection {
	const pattern = "POST /auth/register"
	return []injection{
		{
			pattern: pattern, variant: "with mail", status: 202,
			prepare: func(s *stage) request { return post("/auth/register", "", carolsForm...) },
			way: func(s *stage) { // the mail came
				s.Helper()
				s.mustCall(204, "POST", "/auth/email/verify", "", body("token", s.ticketTo("carol@example.com", "Confirm")))
				canLogIn("carol", adasPW)(s)
			},
		},
		{
			pattern: pattern, variant: "a taken address", status: 202,
			prepare: func(s *stage) request {
				return post("/auth/register", "", "username", "carol", "email", "ada@example.com", "password", adasPW)
			},
		},
		{
			pattern: pattern, variant: "without mail", status: 201, again: 409, againCode: "account_exists",
			change:  func(c *account.Config) { c.Mail = nil },
			prepare: func(s *stage) request { return post("/auth/register", "", carolsForm...) },
			way:     canLogIn("carol", adasPW),
		},
		{
			pattern: pattern, variant: "with an invite", status: 201, again: 403, againCode: "invite_required",
			prepare: func(s *stage) request {
				if err := s.Invite(s.Context(), "carol@example.com", []string{"editor"}); err != nil {
					s.Fatal(err)
				}
				invite := s.token("carol@example.com", "invited")
				return post("/auth/register", "", append([]string{"invite", invite}, carolsForm...)...)
			},
			way: canLogIn("carol", adasPW),
		},
	}
}

// ticketTo is the token in the last mail to an address, of a subject with this word.
func (s *stage) ticketTo(to, word string) (found string) {
	s.Helper()
	for _, m := range s.sent() {
		if _, token, ok := strings.Cut(m.text, "spt_"); ok && m.to == to && strings.Contains(m.subject, word) {
			found = "spt_" + token[:43]
		}
	}
	if found == "" {
		s.Fatalf("no mail to %s about %s", to, word)
	}
	return found
}

func loginInjections() []injection {
	const pattern = "POST /auth/login"
	adas := []string{"username", "ada", "password", adasPW}
	memory, err := ratelimit.NewMemory(ratelimit.MemoryConfig{})
	if err != nil {
		panic(err)
	}
	usedUp := faultyLimits{memory} // one for the stage and its trials
	return []injection{
		{pattern: pattern, status: 200, prepare: func(s *stage) request { return post("/auth/login", "", adas...) }},
		{
			pattern: pattern, variant: "in cookies", status: 200,
			prepare: func(s *stage) request {
				r := post("/auth/login", "", adas...)
				r.fields = fromSite
				return r
			},
		},
		{
			pattern: pattern, variant: "on a known device", status: 200,
			// Whoever is on no known device finds the limit used up.
			change: func(c *account.Config) { c.LoginLimit, c.Limits = "1 per 1h", usedUp },
			prepare: func(s *stage) request {
				_, said := s.loginAs("ada", adasPW)
				return post("/auth/login", "", append([]string{"device_token", said["device_token"].(string)}, adas...)...)
			},
		},
		{
			pattern: pattern, variant: "of one session too many", status: 200,
			change:  func(c *account.Config) { c.MaxSessions = 1 },
			prepare: func(s *stage) request { s.login(); return post("/auth/login", "", adas...) },
		},
		{
			pattern: pattern, variant: "with an old hash", status: 200,
			onTheSide: func(change string) bool { return change == "~ user ada hash" },
			prepare: func(s *stage) request {
				old, err := password.New(password.Config{Memory: 32, Time: 1, InsecureWeakParameters: true})
				if err != nil {
					s.Fatal(err)
				}
				hash, err := old.Hash(s.Context(), secret.New(adasPW))
				if err != nil {
					s.Fatal(err)
				}
				u := s.ada
				u.PasswordHash = secret.New(hash)
				err = s.store.Update(s.Context(), u.ID, func(tx account.Tx) error { return tx.SetUser(s.Context(), u) })
				if err != nil {
					s.Fatal(err)
				}
				return post("/auth/login", "", adas...)
			},
		},
		{
			pattern: pattern, variant: "with a second factor", status: 200,
			prepare: func(s *stage) request { s.e = enroll(s.world); s.e.next(); return post("/auth/login", "", adas...) },
		},
	}
}

func sessionInjections() []injection {
	return []injection{
		{
			pattern: "POST /auth/refresh", status: 200,
			prepare: func(s *stage) request {
				_, refresh := s.login()
				return post("/auth/refresh", "", "refresh_token", refresh)
			},
		},
		{
			pattern: "POST /auth/refresh", variant: "in cookies", status: 200,
			prepare: func(s *stage) request {
				cookies := s.cookieLogin()
				r := post("/auth/refresh", "")
				r.body, r.fields = "{}", append([]string{"Cookie", cookies["rt"]}, fromSite...)
				return r
			},
		},
		{
			pattern: "POST /auth/refresh", variant: "once more within ten seconds", status: 200,
			prepare: func(s *stage) request {
				_, refresh := s.login()
				s.refresh(refresh)
				s.later(time.Second)
				return post("/auth/refresh", "", "refresh_token", refresh)
			},
		},
		{
			pattern: "POST /auth/refresh", variant: "strictly", status: 200, again: 400, againCode: "invalid_grant",
			change: func(c *account.Config) { c.StrictRefresh = true },
			prepare: func(s *stage) request {
				_, refresh := s.login()
				return post("/auth/refresh", "", "refresh_token", refresh)
			},
			way: canLogIn("ada", adasPW),
		},
		{
			pattern: "POST /auth/logout", status: 204, again: 401, againCode: "invalid_token",
			prepare: func(s *stage) request { access, _ := s.login(); s.login(); return post("/auth/logout", access) },
		},
		{
			pattern: "POST /auth/logout-all", status: 204, again: 401, againCode: "invalid_token",
			prepare: func(s *stage) request { access, _ := s.login(); s.login(); return post("/auth/logout-all", access) },
		},
		{
			pattern: "GET /auth/sessions", status: 200, reads: true,
			prepare: func(s *stage) request {
				access, _ := s.login()
				return request{method: "GET", path: "/auth/sessions", bearer: access}
			},
		},
		{
			pattern: "DELETE /auth/sessions/{id}", status: 204, again: 404, againCode: "not_found",
			prepare: func(s *stage) request {
				other, _ := s.login()
				access, _ := s.login()
				return request{method: "DELETE", path: "/auth/sessions/" + claimsOf(s.T, other)["sid"].(string), bearer: access}
			},
		},
		{
			pattern: "GET /auth/me", status: 200, reads: true,
			prepare: func(s *stage) request {
				access, _ := s.login()
				return request{method: "GET", path: "/auth/me", bearer: access}
			},
		},
		{
			pattern: "GET /auth/me", variant: "with an API key", status: 200, reads: true,
			prepare: func(s *stage) request { return request{method: "GET", path: "/auth/me", bearer: s.newKey()} },
		},
		{
			pattern: "POST /auth/reauth", status: 200,
			prepare: func(s *stage) request {
				access, _ := s.login()
				s.later(time.Minute)
				return post("/auth/reauth", access, "password", adasPW)
			},
		},
		{
			pattern: "POST /auth/reauth", variant: "with a second factor", status: 200, again: 401, againCode: "invalid_code",
			prepare: func(s *stage) request {
				s.e = enroll(s.world)
				return post("/auth/reauth", s.e.access, "password", adasPW, "code", s.e.next())
			},
			way: func(s *stage) {
				s.Helper()
				s.mustCall(200, "POST", "/auth/reauth", s.e.access, body("password", adasPW, "code", s.e.next()))
			},
		},
		{
			pattern: "POST /auth/reauth", variant: "in cookies", status: 200,
			prepare: func(s *stage) request {
				cookies := s.cookieLogin()
				s.later(time.Minute)
				r := post("/auth/reauth", "", "password", adasPW)
				r.fields = append([]string{"Cookie", cookies["at"]}, fromSite...)
				return r
			},
		},
	}
}

// newKey makes an API key of ada's, and remembers it.
func (s *stage) newKey(scopes ...string) string {
	s.Helper()
	access, _ := s.login()
	in := `{"name":"k","scopes":["` + strings.Join(append([]string{"api"}, scopes...), `","`) + `"]}`
	said := s.mustCall(201, "POST", "/auth/keys", access, in)
	s.notes["key id"] = said["id"].(string)
	key := said["key"].(string)
	s.bearers = append(s.bearers, key)
	return key
}
