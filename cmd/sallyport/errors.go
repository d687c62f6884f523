package main

import "strings"

// flagNames turns the names that the library has for things into those a person at a
// command line knows.
var flagNames = strings.NewReplacer(
	"sallyport: TrustedProxies: clientip: Trusted", "--trusted-proxy",
	"sallyport: TrustedProxies: clientip:", "--trusted-proxy",
	"sallyport: CORS: cors: Origins", "--allow-origin",
	"sallyport: Limit: ratelimit: limit", "--limit",
	"sallyport: Limit", "--limit",
	"sallyport: ClientLimit: ratelimit: limit", "--client-limit",
	"sallyport: ClientLimit", "--client-limit",
	"sallyport: Quotas", "--quota: Quotas",
	"--openapi: openapi: Bases", "--openapi-base",
	"--openapi: openapi: AnswerLimit", "--answer-limit",
	"openapi: Bases", "--openapi-base",
	"openapi: AnswerLimit", "--answer-limit",
	"--openapi: openapi: ", "--openapi: ",
	"set InsecureIgnoreOpenAPISecurity, and have Routes alone decide", "say --insecure-ignore-openapi-security, and have --public alone decide",
	"sallyport: OpenAPI", "--openapi",
	"redisconn: ", "--redis: ",
	"redisstore: Lease", "--redis-lease", "redisstore: Timeout", "--redis-timeout",
	"sallyport: MaxBody", "--max-body",
	"sallyport: Routes", "--public: Routes",
	"account: LoginLimit", "--login-limit",
	"account: RegisterLimit", "--register-limit", "account: MailLimit", "--mail-limit",
	"account: TrustedOrigins", "--allow-origin",
	"account: Algorithm", "--algorithm",
	"account: FactorRecovery", "--factor-recovery",
	"account: Off", "--without",
	"account: App", "--app",
	"account: Page", "--page",
	"password: Peppers", "--pepper",
	"breached: URL", "--breached",
	"mail: Address", "--smtp",
	"mail: From", "--mail-from",
	"mail: Username and Password belong together", "--smtp: a user and $SALLYPORT_SMTP_PASSWORD belong together",
	"token/remote: ", "--trust: ",
	"account: Registration", "--registration",
	"account: Issuer", "--issuer",
	"account/postgres: ", "--store: ",
	", or set DangerouslyTolerateInsecureOrigins", "",
	", or set DangerouslyTolerateSubdomainsOfPublicSuffixes", "",
	"clientip: ", "--trusted-proxy ",
	"--admin: server: Addr", "--admin",
	"account: Secret", "--secret",
	"secret: ", "--secret: ",
	"audit: ", "--audit: ",
	"server: Addr", "--listen",
	"server: TLSCert", "--tls-cert",
	"server: TLSKey", "--tls-key",
	`server: SelfSigned "true"`, "--tls-self-signed",
	"server: DrainTimeout", "--drain",
	"proxy: Upstream", "--upstream",
	"proxy: Timeout", "--upstream-timeout",
	"proxy: MaxInFlight", "--upstream-max",
	"proxy: MaxPerClient", "--upstream-max-per-client",
)

// complain is what a person reads when a command fails: one mistake on one line.
func complain(err error) string {
	text := strings.TrimPrefix(flagNames.Replace(err.Error()), "account: ")
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) == 1 {
		return "sallyport: " + lines[0] + "\n"
	}
	return "sallyport:\n  " + strings.Join(lines, "\n  ") + "\n"
}
