package account_test

import (
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

func mailInjections() []injection {
	forgot := func(email string) func(*stage) request {
		return func(*stage) request { return post("/auth/password/forgot", "", "email", email) }
	}
	reset := func(s *stage) request {
		s.login()
		s.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
		return post("/auth/password/reset", "", "token", s.ticketTo("ada@example.com", "new password"), "password", newPW)
	}
	return []injection{
		{
			pattern: "POST /auth/password/change", status: 204, again: 401, againCode: "invalid_credentials",
			prepare: func(s *stage) request {
				s.login()
				access, _ := s.login()
				return post("/auth/password/change", access, "current_password", adasPW, "new_password", newPW)
			},
			way: canLogIn("ada", newPW),
		},
		{pattern: "POST /auth/password/forgot", status: 202, prepare: forgot("ada@example.com")},
		{pattern: "POST /auth/password/forgot", variant: "of nobody", status: 202, prepare: forgot("nobody@example.com")},
		{
			pattern: "POST /auth/password/reset", status: 204, again: 400, againCode: "invalid_one_time_token",
			prepare: reset, way: canLogIn("ada", newPW),
		},
		{
			pattern: "POST /auth/email/verify", status: 204, again: 400, againCode: "invalid_one_time_token",
			prepare: func(s *stage) request {
				s.mustCall(202, "POST", "/auth/register", "", body(carolsForm...))
				return post("/auth/email/verify", "", "token", s.ticketTo("carol@example.com", "Confirm"))
			},
			way: canLogIn("carol", adasPW),
		},
		{
			pattern: "POST /auth/email/verify", variant: "another address",
			status: 204, again: 400, againCode: "invalid_one_time_token",
			prepare: func(s *stage) request {
				return post("/auth/email/verify", "", "token", s.changeTo("ada@new.example"))
			},
			way: canLogIn("ada", adasPW),
		},
		{
			pattern: "POST /auth/email/verify", variant: "the address before",
			status: 204, again: 400, againCode: "invalid_one_time_token",
			prepare: func(s *stage) request {
				s.mustCall(204, "POST", "/auth/email/verify", "", body("token", s.changeTo("ada@new.example")))
				revert := s.ticketTo("ada@example.com", "was changed")
				s.newKey()
				s.sent()
				return post("/auth/email/verify", "", "token", revert)
			},
			way: func(s *stage) {
				s.Helper()
				reset := s.ticketTo("ada@example.com", "new password")
				s.mustCall(204, "POST", "/auth/password/reset", "", body("token", reset, "password", newPW))
				canLogIn("ada", newPW)(s)
			},
		},
		{
			pattern: "POST /auth/email/resend", status: 202,
			prepare: func(s *stage) request {
				s.mustCall(202, "POST", "/auth/register", "", body(carolsForm...))
				return post("/auth/email/resend", "", "email", "carol@example.com")
			},
		},
		{
			pattern: "POST /auth/email/change", status: 202,
			prepare: func(s *stage) request {
				access, _ := s.login()
				return post("/auth/email/change", access, "email", "ada@new.example")
			},
		},
		{
			pattern: "POST /auth/email/change", variant: "to a taken address", status: 202,
			prepare: func(s *stage) request {
				access, _ := s.login()
				return post("/auth/email/change", access, "email", "bob@example.com")
			},
		},
	}
}

// changeTo asks for another address, and returns the token that was mailed there.
func (s *stage) changeTo(email string) string {
	s.Helper()
	access, _ := s.login()
	s.mustCall(202, "POST", "/auth/email/change", access, body("email", email))
	return s.ticketTo(email, "Confirm your new")
}

func factorInjections() []injection {
	// with is a request of a session with a second factor, which sends the next code.
	with := func(path string) func(*stage) request {
		return func(s *stage) request {
			s.e = enroll(s.world)
			s.bearers = append(s.bearers, s.e.access, s.secondLogin())
			return post(path, s.e.access, "code", s.e.next())
		}
	}
	regenerate := func(s *stage) {
		s.Helper()
		s.mustCall(200, "POST", "/auth/mfa/recovery/regenerate", s.e.access, body("code", s.e.next()))
	}
	loginAgain := func(s *stage) {
		s.Helper()
		s.e.second(200, s.e.first(), "code", s.e.next())
	}
	second := func(name string, code func(*enrolled) string) func(*stage) request {
		return func(s *stage) request {
			s.e = enroll(s.world)
			s.e.next()
			return post("/auth/mfa/totp/verify", "", "mfa_token", s.e.first(), name, code(s.e))
		}
	}
	return []injection{
		{
			pattern: "POST /auth/mfa/totp/enroll", status: 200,
			prepare: func(s *stage) request { access, _ := s.login(); return post("/auth/mfa/totp/enroll", access) },
		},
		{
			pattern: "POST /auth/mfa/totp/confirm", status: 200, again: 409, againCode: "mfa_enabled",
			prepare: func(s *stage) request {
				s.login()
				access, _ := s.login()
				s.e = &enrolled{world: s.world, access: access}
				s.e.seed = seedOf(s.T, s.mustCall(200, "POST", "/auth/mfa/totp/enroll", access, "")["secret"].(string))
				return post("/auth/mfa/totp/confirm", access, "code", s.e.code())
			},
			way: regenerate,
		},
		{
			pattern: "POST /auth/mfa/totp/verify", status: 200, again: 401, againCode: "invalid_code",
			prepare: second("code", (*enrolled).code), way: loginAgain,
		},
		{
			pattern: "POST /auth/mfa/totp/verify", variant: "with a recovery code",
			status: 200, again: 401, againCode: "invalid_code",
			prepare: second("recovery_code", func(e *enrolled) string { return e.recovery[0] }), way: loginAgain,
		},
		{
			pattern: "POST /auth/mfa/totp/verify", variant: "in cookies", status: 200, again: 401, againCode: "invalid_code",
			prepare: func(s *stage) request {
				s.e = enroll(s.world)
				s.e.next()
				cookies := s.cookieLogin()
				r := post("/auth/mfa/totp/verify", "", "code", s.e.code())
				r.fields = append([]string{"Cookie", cookies["mfa"]}, fromSite...)
				return r
			},
			way: loginAgain,
		},
		{
			pattern: "POST /auth/mfa/totp/disable", status: 204, again: 401, againCode: "invalid_token",
			prepare: with("/auth/mfa/totp/disable"), way: canLogIn("ada", adasPW),
		},
		{
			pattern: "POST /auth/mfa/recovery/regenerate", status: 200, again: 401, againCode: "invalid_code",
			prepare: with("/auth/mfa/recovery/regenerate"), way: regenerate,
		},
		{
			pattern: "POST /auth/mfa/recover", status: 202,
			prepare: func(s *stage) request {
				s.e = enroll(s.world)
				s.e.next()
				return post("/auth/mfa/recover", "", "mfa_token", s.e.first())
			},
		},
		{
			pattern: "POST /auth/mfa/recover/confirm", status: 204, again: 400, againCode: "invalid_one_time_token",
			prepare: func(s *stage) request {
				token := s.lostFactor()
				s.later(73 * time.Hour)
				return post("/auth/mfa/recover/confirm", "", "token", token)
			},
			way: canLogIn("ada", adasPW),
		},
		{
			pattern: "POST /auth/mfa/recover/cancel", status: 204,
			prepare: func(s *stage) request {
				s.lostFactor()
				return post("/auth/mfa/recover/cancel", s.e.access)
			},
		},
	}
}

// lostFactor asks for the removal of ada's second factor, and returns the token of the mail.
func (s *stage) lostFactor() string {
	s.Helper()
	s.e = enroll(s.world)
	s.bearers = append(s.bearers, s.e.access)
	s.e.next()
	s.mustCall(202, "POST", "/auth/mfa/recover", "", body("mfa_token", s.e.first()))
	return s.ticketTo("ada@example.com", "going to be removed")
}

// secondLogin logs ada in with a code, and returns the access token.
func (s *stage) secondLogin() string {
	s.Helper()
	s.e.next()
	return s.e.second(200, s.e.first(), "code", s.e.code())["access_token"].(string)
}

func keyInjections() []injection {
	return []injection{
		{
			pattern: "GET /auth/keys", status: 200, reads: true,
			prepare: func(s *stage) request {
				s.newKey()
				return request{method: "GET", path: "/auth/keys", bearer: s.bearers[0]}
			},
		},
		{
			pattern: "POST /auth/keys", status: 201,
			prepare: func(s *stage) request { access, _ := s.login(); return post("/auth/keys", access, "name", "k") },
			way: func(s *stage) { // the key of the lost answer is listed, and can be revoked
				s.Helper()
				list := s.mustCall(200, "GET", "/auth/keys", s.bearers[0], "")["keys"].([]any)
				for _, k := range list {
					s.mustCall(204, "DELETE", "/auth/keys/"+k.(object)["id"].(string), s.bearers[0], "")
				}
				if len(list) != 2 {
					s.Errorf("%d keys", len(list))
				}
			},
		},
		{
			pattern: "DELETE /auth/keys/{id}", status: 204, again: 404, againCode: "not_found",
			prepare: func(s *stage) request {
				s.newKey()
				return request{method: "DELETE", path: "/auth/keys/" + s.notes["key id"], bearer: s.bearers[0]}
			},
		},
	}
}

func otherInjections() []injection {
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	verifier := func(s *stage) string {
		if _, err := s.SetRoles(s.Context(), "ada", []string{"verifier"}); err != nil {
			s.Fatal(err)
		}
		return s.newKey(account.ScopeIntrospect)
	}
	introspect := func(bearer, token string) request {
		return request{method: "POST", path: "/auth/introspect", bearer: bearer, body: "token=" + token, fields: form}
	}
	revoke := func(token string) request {
		return request{method: "POST", path: "/auth/revoke", body: "token=" + token, fields: form}
	}
	return []injection{
		{
			pattern: "POST /auth/introspect", variant: "of an access token", status: 200, reads: true,
			prepare: func(s *stage) request { key := verifier(s); access, _ := s.login(); return introspect(key, access) },
		},
		{
			pattern: "POST /auth/introspect", variant: "of an API key", status: 200, reads: true,
			prepare: func(s *stage) request { key := verifier(s); return introspect(key, s.newKey()) },
		},
		{
			pattern: "POST /auth/revoke", variant: "a refresh token", status: 200,
			prepare: func(s *stage) request { _, refresh := s.login(); return revoke(refresh) },
		},
		{
			pattern: "POST /auth/revoke", variant: "an access token", status: 200,
			prepare: func(s *stage) request { access, _ := s.login(); return revoke(access) },
		},
		{
			pattern: "POST /auth/revoke", variant: "an API key", status: 200,
			prepare: func(s *stage) request { return revoke(s.newKey()) },
		},
		gets("/auth/openapi.json"), gets("/.well-known/jwks.json"),
		gets("/.well-known/openid-configuration"), gets("/.well-known/oauth-authorization-server"),
	}
}

// gets is a request for what is answered from memory.
func gets(path string) injection {
	return injection{
		pattern: "GET " + path, status: 200, reads: true,
		prepare: func(*stage) request { return request{method: "GET", path: path} },
	}
}

// invited invites somebody, and returns the invite's id.
func (s *stage) invited(email string) string {
	s.Helper()
	if err := s.Invite(s.Context(), email, nil); err != nil {
		s.Fatal(err)
	}
	list, err := s.Invites(s.Context())
	if err != nil || len(list) != 1 {
		s.Fatal(list, err)
	}
	return list[0].ID
}

func adminInjections() []injection {
	// asRoot is a request of ada's, who is an administrator, about bob, who is logged in.
	asRoot := func(method, path string, in ...string) func(*stage) request {
		return func(s *stage) request {
			s.Helper()
			for _, name := range []string{"ada", "bob"} {
				if _, err := s.SetRoles(s.Context(), name, []string{"admin"}); err != nil {
					s.Fatal(err)
				}
			}
			root := enrollAs(s.world, "ada")
			s.bearers = append(s.bearers, root, enrollAs(s.world, "bob"))
			if strings.HasSuffix(path, "/enable") {
				if _, err := s.SetDisabled(s.Context(), "bob", true); err != nil {
					s.Fatal(err)
				}
			}
			invite := s.invited("dave@example.com")
			r := post("/admin/api"+strings.NewReplacer("BOB", s.bob.ID, "KEY", s.newest(), "INVITE", invite).Replace(path), root)
			if r.method = method; len(in) > 0 {
				r.body = in[0]
			}
			s.sent()
			return r
		}
	}
	change := func(pattern, path string, in ...string) injection {
		return injection{pattern: "POST /admin/api" + pattern, status: 204, prepare: asRoot("POST", path, in...)}
	}
	read := func(pattern, path string) injection {
		return injection{pattern: "GET /admin/api" + pattern, status: 200, reads: true, prepare: asRoot("GET", path)}
	}
	return []injection{
		read("/users", "/users"), read("/users/{id}", "/users/BOB"),
		read("/invites", "/invites"), read("/keys", "/keys"), read("/limits", "/limits"), read("/answers", "/answers"),
		change("/users/{id}/disable", "/users/BOB/disable"),
		change("/users/{id}/enable", "/users/BOB/enable"),
		change("/users/{id}/force-reset", "/users/BOB/force-reset"),
		change("/users/{id}/remove-mfa", "/users/BOB/remove-mfa"),
		change("/users/{id}/end-sessions", "/users/BOB/end-sessions"),
		change("/users/{id}/roles", "/users/BOB/roles", `{"roles":["editor"]}`),
		change("/invites", "/invites", `{"email":"eve@example.com"}`),
		{
			pattern: "DELETE /admin/api/invites/{id}", status: 204, again: 404, againCode: "not_found",
			prepare: asRoot("DELETE", "/invites/INVITE"),
		},
		change("/keys/rotate", "/keys/rotate"),
		{
			pattern: "DELETE /admin/api/keys/{id}", status: 204, again: 401, againCode: "invalid_token", settles: true,
			prepare: asRoot("DELETE", "/keys/KEY"),
		},
	}
}
