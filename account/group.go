package account

import "slices"

// Group is some endpoints that can be switched off together, in [Config.Off].
type Group string

// The groups. Without GroupLogin there is no way in, for a node that answers for tokens
// which another one gives out. Without GroupMFA nobody sets a second factor up or takes
// it away; who has one still needs it. Without GroupRecovery nobody has a lost one removed by
// mail. Without GroupKeys no API key is taken.
const (
	GroupRegister   Group = "register"   // /auth/register
	GroupLogin      Group = "login"      // /auth/login, its second step, refresh, logout, logout-all, me, reauth
	GroupSessions   Group = "sessions"   // /auth/sessions
	GroupPassword   Group = "password"   // /auth/password/...
	GroupEmail      Group = "email"      // /auth/email/...
	GroupMFA        Group = "mfa"        // /auth/mfa/..., but for the second step of a login
	GroupRecovery   Group = "recovery"   // /auth/mfa/recover..., which is off without GroupMFA as well
	GroupKeys       Group = "keys"       // /auth/keys
	GroupIntrospect Group = "introspect" // /auth/introspect, /auth/revoke
	GroupDiscovery  Group = "discovery"  // /.well-known/...
	GroupOpenAPI    Group = "openapi"    // /auth/openapi.json
)

// Groups returns all groups.
func Groups() []Group {
	return []Group{GroupRegister, GroupLogin, GroupSessions, GroupPassword, GroupEmail, GroupMFA, GroupRecovery, GroupKeys, GroupIntrospect, GroupDiscovery, GroupOpenAPI}
}

// on reports whether a group is switched on.
func (a *Accounts) on(g Group) bool {
	return !slices.Contains(a.off, g) && (g != GroupRecovery || a.on(GroupMFA))
}
