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

// need is what an endpoint asks of its caller, before it reads a body.
type need int

const (
	nothing      need = iota
	aCredential       // an access token or an API key
	aLogin            // a session, which no API key has
	aRecentLogin      // a session of somebody who proved within Config.ReauthTTL who they are
)

// handling answers one method at one address.
type handling struct {
	group           Group
	method, pattern string
	need            need
	free            bool
	handle          func(w http.ResponseWriter, r *http.Request) error
}

// table is what there is, but for the groups that are switched off.
func (a *Accounts) table() []handling {
	const get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete
	all := []handling{
		{GroupRegister, post, "/auth/register", nothing, false, a.handleRegister},
		{GroupLogin, post, "/auth/login", nothing, false, a.handleLogin},
		{GroupLogin, post, "/auth/refresh", nothing, false, a.handleRefresh},
		{GroupLogin, post, "/auth/logout", aLogin, true, a.handleLogout},
		{GroupLogin, post, "/auth/logout-all", aLogin, true, a.handleLogoutAll},
		{GroupSessions, get, "/auth/sessions", aLogin, false, a.handleSessions},
		{GroupSessions, del, "/auth/sessions/{id}", aLogin, true, a.handleEndSession},
		{GroupLogin, get, "/auth/me", aCredential, false, a.handleMe},
		{GroupLogin, post, "/auth/reauth", aLogin, false, a.handleReauth},

		{GroupPassword, post, "/auth/password/change", aLogin, false, a.handlePasswordChange},
		{GroupPassword, post, "/auth/password/forgot", nothing, false, a.handleForgot},
		{GroupPassword, post, "/auth/password/reset", nothing, false, a.handleReset},
		{GroupEmail, post, "/auth/email/verify", nothing, false, a.handleVerify},
		{GroupEmail, post, "/auth/email/resend", nothing, false, a.handleResend},
		{GroupEmail, post, "/auth/email/change", aRecentLogin, false, a.handleEmailChange},

		{GroupMFA, post, "/auth/mfa/totp/enroll", aRecentLogin, false, a.handleEnroll},
		{GroupMFA, post, "/auth/mfa/totp/confirm", aRecentLogin, false, a.handleConfirm},
		{GroupLogin, post, "/auth/mfa/totp/verify", nothing, false, a.handleSecond},
		{GroupMFA, post, "/auth/mfa/totp/disable", aRecentLogin, false, a.handleDisable},
		{GroupMFA, post, "/auth/mfa/recovery/regenerate", aRecentLogin, false, a.handleRegenerate},
		{GroupRecovery, post, "/auth/mfa/recover", nothing, false, a.handleRecover},
		{GroupRecovery, post, "/auth/mfa/recover/confirm", nothing, false, a.handleRecoverConfirm},
		{GroupRecovery, post, "/auth/mfa/recover/cancel", aLogin, true, a.handleRecoverCancel},

		{GroupKeys, get, "/auth/keys", aLogin, false, a.handleKeys},
		{GroupKeys, post, "/auth/keys", aRecentLogin, false, a.handleAddKey},
		{GroupKeys, del, "/auth/keys/{id}", aLogin, true, a.handleRevokeKey},

		{GroupIntrospect, post, "/auth/introspect", aCredential, false, a.handleIntrospect},
		{GroupIntrospect, post, "/auth/revoke", nothing, true, a.handleRevoke},
		{GroupOpenAPI, get, "/auth/openapi.json", nothing, false, a.handleOpenAPI},
		{GroupDiscovery, get, "/.well-known/jwks.json", nothing, false, a.handleJWKS},
		{GroupDiscovery, get, "/.well-known/openid-configuration", nothing, false, a.handleMetadata},
		{GroupDiscovery, get, "/.well-known/oauth-authorization-server", nothing, false, a.handleMetadata},
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
