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
	needNothing     need = iota
	needCredential       // an access token or an API key
	needSession          // a session, which no API key has
	needRecentLogin      // a session of somebody who proved within Config.ReauthTTL who they are
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
		{GroupRegister, post, "/auth/register", needNothing, false, a.handleRegister},
		{GroupLogin, post, "/auth/login", needNothing, false, a.handleLogin},
		{GroupLogin, post, "/auth/refresh", needNothing, false, a.handleRefresh},
		{GroupLogin, post, "/auth/logout", needSession, true, a.handleLogout},
		{GroupLogin, post, "/auth/logout-all", needSession, true, a.handleLogoutAll},
		{GroupSessions, get, "/auth/sessions", needSession, false, a.handleSessions},
		{GroupSessions, del, "/auth/sessions/{id}", needSession, true, a.handleEndSession},
		{GroupLogin, get, "/auth/me", needCredential, false, a.handleMe},
		{GroupLogin, post, "/auth/reauth", needSession, false, a.handleReauth},

		{GroupPassword, post, "/auth/password/change", needSession, false, a.handlePasswordChange},
		{GroupPassword, post, "/auth/password/forgot", needNothing, false, a.handleForgot},
		{GroupPassword, post, "/auth/password/reset", needNothing, false, a.handleReset},
		{GroupEmail, post, "/auth/email/verify", needNothing, false, a.handleVerify},
		{GroupEmail, post, "/auth/email/resend", needNothing, false, a.handleResend},
		{GroupEmail, post, "/auth/email/change", needRecentLogin, false, a.handleEmailChange},

		{GroupMFA, post, "/auth/mfa/totp/enroll", needRecentLogin, false, a.handleEnroll},
		{GroupMFA, post, "/auth/mfa/totp/confirm", needRecentLogin, false, a.handleConfirm},
		{GroupLogin, post, "/auth/mfa/totp/verify", needNothing, false, a.handleSecond},
		{GroupMFA, post, "/auth/mfa/totp/disable", needRecentLogin, false, a.handleDisable},
		{GroupMFA, post, "/auth/mfa/recovery/regenerate", needRecentLogin, false, a.handleRegenerate},
		{GroupRecovery, post, "/auth/mfa/recover", needNothing, false, a.handleRecover},
		{GroupRecovery, post, "/auth/mfa/recover/confirm", needNothing, false, a.handleRecoverConfirm},
		{GroupRecovery, post, "/auth/mfa/recover/cancel", needSession, true, a.handleRecoverCancel},

		{GroupKeys, get, "/auth/keys", needSession, false, a.handleKeys},
		{GroupKeys, post, "/auth/keys", needRecentLogin, false, a.handleAddKey},
		{GroupKeys, del, "/auth/keys/{id}", needSession, true, a.handleRevokeKey},

		{GroupIntrospect, post, "/auth/introspect", needCredential, false, a.handleIntrospect},
		{GroupIntrospect, post, "/auth/revoke", needNothing, true, a.handleRevoke},
		{GroupOpenAPI, get, "/auth/openapi.json", needNothing, false, a.handleOpenAPI},
		{GroupDiscovery, get, "/.well-known/jwks.json", needNothing, false, a.handleJWKS},
		{GroupDiscovery, get, "/.well-known/openid-configuration", needNothing, false, a.handleMetadata},
		{GroupDiscovery, get, "/.well-known/oauth-authorization-server", needNothing, false, a.handleMetadata},
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
