package account

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Endpoint is an address of the account API.
type Endpoint struct {
	// Pattern is the address, with {id} where an id stands.
	Pattern string
	// Guarded ones need a credential.
	Guarded bool
	// Free ones are not to be charged to their caller: whoever has used up a limit may
	// still log out.
	Free bool
}

// handling answers one method at one address.
type handling struct {
	group           Group
	method, pattern string
	guarded, free   bool
	handle          func(w http.ResponseWriter, r *http.Request) error
}

// table is what there is, but for the groups that are switched off.
func (a *Accounts) table() []handling {
	const get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete
	all := []handling{
		{GroupRegister, post, "/auth/register", false, false, a.handleRegister},
		{GroupLogin, post, "/auth/login", false, false, a.handleLogin},
		{GroupLogin, post, "/auth/refresh", false, false, a.handleRefresh},
		{GroupLogin, post, "/auth/logout", true, true, a.handleLogout},
		{GroupLogin, post, "/auth/logout-all", true, true, a.handleLogoutAll},
		{GroupSessions, get, "/auth/sessions", true, false, a.handleSessions},
		{GroupSessions, del, "/auth/sessions/{id}", true, true, a.handleEndSession},
		{GroupLogin, get, "/auth/me", true, false, a.handleMe},
		{GroupLogin, post, "/auth/reauth", true, false, a.handleReauth},

		{GroupPassword, post, "/auth/password/change", true, false, a.handlePasswordChange},
		{GroupPassword, post, "/auth/password/forgot", false, false, a.handleForgot},
		{GroupPassword, post, "/auth/password/reset", false, false, a.handleReset},
		{GroupEmail, post, "/auth/email/verify", false, false, a.handleVerify},
		{GroupEmail, post, "/auth/email/resend", false, false, a.handleResend},
		{GroupEmail, post, "/auth/email/change", true, false, a.handleEmailChange},

		{GroupMFA, post, "/auth/mfa/totp/enroll", true, false, a.handleEnroll},
		{GroupMFA, post, "/auth/mfa/totp/confirm", true, false, a.handleConfirm},
		{GroupLogin, post, "/auth/mfa/totp/verify", false, false, a.handleSecond},
		{GroupMFA, post, "/auth/mfa/totp/disable", true, false, a.handleDisable},
		{GroupMFA, post, "/auth/mfa/recovery/regenerate", true, false, a.handleRegenerate},

		{GroupKeys, get, "/auth/keys", true, false, a.handleKeys},
		{GroupKeys, post, "/auth/keys", true, false, a.handleAddKey},
		{GroupKeys, del, "/auth/keys/{id}", true, true, a.handleRevokeKey},

		{GroupIntrospect, post, "/auth/introspect", true, false, a.handleIntrospect},
		{GroupIntrospect, post, "/auth/revoke", false, true, a.handleRevoke},
		{GroupOpenAPI, get, "/auth/openapi.json", false, false, a.handleOpenAPI},
		{GroupDiscovery, get, "/.well-known/jwks.json", false, false, a.handleJWKS},
		{GroupDiscovery, get, "/.well-known/openid-configuration", false, false, a.handleMetadata},
		{GroupDiscovery, get, "/.well-known/oauth-authorization-server", false, false, a.handleMetadata},
	}
	return slices.DeleteFunc(all, func(h handling) bool { return !a.on(h.group) })
}

// Endpoint returns what holds for a path, when it is one of the account API. All
// methods of one path are guarded alike.
func (a *Accounts) Endpoint(path string) (Endpoint, bool) {
	if e, ok := a.endpoints[path]; ok {
		return e, true
	}
	parent, id, ok := cutLast(path)
	if !ok || id == "" {
		return Endpoint{}, false
	}
	e, ok := a.endpoints[parent+"/{id}"]
	return e, ok
}

// Endpoints returns what there is.
func (a *Accounts) Endpoints() []Endpoint { return slices.Collect(maps.Values(a.endpoints)) }

func cutLast(path string) (before, after string, ok bool) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", "", false
	}
	return path[:i], path[i+1:], true
}
