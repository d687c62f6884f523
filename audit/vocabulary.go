package audit

// The words of the OWASP Application Logging Vocabulary that Sallyport uses.
const (
	LoginSuccess  = "authn_login_success"
	LoginFail     = "authn_login_fail"
	LoginFailMax  = "authn_login_fail_max"
	PasswordSet   = "authn_password_change"
	PasswordFail  = "authn_password_change_fail"
	TokenCreated  = "authn_token_created"
	TokenRevoked  = "authn_token_revoked"
	TokenReuse    = "authn_token_reuse"
	AuthzFail     = "authz_fail"
	AuthzChange   = "authz_change"
	AuthzAdmin    = "authz_admin"
	RateLimit     = "excess_rate_limit_exceeded"
	InputFail     = "input_validation_fail"
	Extraneous    = "malicious_extraneous"
	CrossOrigin   = "malicious_cors"
	SessionRenew  = "session_renewed"
	SessionLogout = "session_logout"
	SessionAfter  = "session_use_after_expire"
	SessionOver   = "session_expired" // while a response of it went on
	SysStartup    = "sys_startup"
	SysShutdown   = "sys_shutdown"
	SysCrash      = "sys_crash"
	UserCreated   = "user_created"
	UserUpdated   = "user_updated"
)

// Words of our own, for what the vocabulary does not name. They carry the prefix sp_.
const (
	// TokenInvalid is a request whose credential was refused.
	TokenInvalid = "sp_token_invalid"
	// NoCredentials is a request for a guarded route without a credential.
	NoCredentials = "sp_no_credentials"
	// UpstreamFail is an upstream that was down, too slow, or answered 5xx.
	UpstreamFail = "sp_upstream_fail"
	// AnswerUndeclared is an answer of the API that its OpenAPI document does not describe.
	AnswerUndeclared = "sp_answer_undeclared"
	// TokenRetry is a refresh token that came again because the answer got lost.
	TokenRetry = "sp_token_retry"
	// Reauth is a user who has proved again who they are.
	Reauth = "sp_reauth"
	// FactorSet is a change of somebody's second factor.
	FactorSet = "sp_mfa_changed"
	// FactorAsked is a login whose password was right, and whose second factor is to come.
	FactorAsked = "sp_mfa_required"
	// KeyChanged is a signing key that was made or taken away.
	KeyChanged = "sp_key_rotated"
	// MailAsked is a mail that was asked for to confirm an address.
	MailAsked = "sp_mail_asked"
	// UserExists is somebody who wanted to register what another user has.
	UserExists = "sp_user_exists"
	// PasswordReset is a mail that was asked for to set another password.
	PasswordReset = "sp_password_reset"
	// OutcomeUnknown is a change of an account that the store did not confirm, so that it may
	// have taken effect although the request was answered with 503.
	OutcomeUnknown = "sp_outcome_unknown"
	// Overload is a request turned away because a resource was used up.
	Overload = "sp_overload"
	// LimitShadow is a request that a limit would have refused, if it were not only watched.
	LimitShadow = "sp_limit_shadow"
	// LimitsDegraded is when this process begins to count alone, as the store cannot be
	// asked, LimitsRestored when it asks again.
	LimitsDegraded = "sp_limits_degraded"
	LimitsRestored = "sp_limits_restored"
	// LimitsLost is a store that has lost its counts, and is told what is known of them.
	LimitsLost = "sp_limits_lost"
	// LogLost is a number of events that could not be written to this log ("lost"), and is
	// written as soon as writing works again.
	LogLost = "sp_log_lost"
)

var levels = map[string]string{
	LoginSuccess:  "INFO",
	PasswordSet:   "INFO",
	TokenCreated:  "INFO",
	TokenRevoked:  "INFO",
	TokenReuse:    "CRITICAL",
	AuthzFail:     "CRITICAL",
	SessionRenew:  "INFO",
	SessionLogout: "INFO",
	SessionAfter:  "CRITICAL",
	SessionOver:   "INFO",
	NoCredentials: "INFO",
	Reauth:        "INFO",
	PasswordReset: "INFO",
	PasswordFail:  "CRITICAL",
	FactorAsked:   "INFO",
	MailAsked:     "INFO",
	LimitShadow:   "INFO",
	LogLost:       "CRITICAL",

	LimitsRestored: "INFO",
	CrossOrigin:    "CRITICAL",
	Extraneous:     "CRITICAL",
}

// Level returns the level the vocabulary gives an event: INFO, WARN or CRITICAL.
// An event it does not rank is a WARN.
func Level(event string) string {
	if level, ok := levels[event]; ok {
		return level
	}
	return "WARN"
}
