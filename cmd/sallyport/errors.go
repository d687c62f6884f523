package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-dev/sallyport"
)

// flagOf returns the begin of an error of a library and the flag that it is about, the longer begin first.
func flagOf() [][2]string {
	return [][2]string{
		{"sallyport: TrustedProxies: clientip: Trusted", "--trusted-proxy"},
		{"sallyport: TrustedProxies: clientip:", "--trusted-proxy"},
		{"sallyport: CORS: cors: Origins", "--allow-origin"},
		{"sallyport: CORS: cors: Methods", "--allow-method"},
		{"sallyport: CORS: cors: Headers", "--allow-header"},
		{"sallyport: CORS: cors: ExposedHeaders", "--expose-header"},
		{"sallyport: Headers: headers: Set", "--response-header"},
		{"sallyport: Limit: ratelimit: limit", "--limit"},
		{"sallyport: Limit", "--limit"},
		{"sallyport: ClientLimit: ratelimit: limit", "--client-limit"},
		{"sallyport: ClientLimit", "--client-limit"},
		{"sallyport: Quotas", "--quota"},
		{"sallyport: Accounts: there are neither Accounts nor Issuers, so that no token could be valid: set one,",
			"--accounts=off: no token could be valid; name an issuer with --trust,"},
		{"sallyport: OpenAPI", "--openapi"},
		{"sallyport: DPoP: dpop: Window", "--dpop-window"},
		{"sallyport: MaxBody", "--max-body"},
		{"sallyport: Issuers: token: MaxSize", "--max-token"},
		{"sallyport: Issuers: token: Leeway", "--token-leeway"},
		{"--openapi: openapi: Bases", "--openapi-base"},
		{"--openapi: openapi: AnswerLimit", "--answer-limit"},
		{"--openapi: openapi: Limit", "--max-body"},
		{"--openapi: openapi: ", "--openapi: "},
		{"--admin: server: Addr", "--admin"},
		{"--admin: server: ", "--admin: "},
		{"redisconn: ", "--redis: "},
		{"redisstore: Lease", "--redis-lease"},
		{"redisstore: Timeout", "--redis-timeout"},
		{"account: LoginLimit", "--login-limit"},
		{"account: RegisterLimit", "--register-limit"},
		{"account: MailLimit", "--mail-limit"},
		{"account: TrustedOrigins", "--allow-origin"},
		{"account: Algorithm", "--algorithm"},
		{"account: FactorRecovery", "--factor-recovery"},
		{"account: Off", "--without"},
		{"account: App", "--app"},
		{"account: Page", "--page"},
		{"account: Registration", "--registration"},
		{"account: Issuer", "--issuer"},
		{"account: Secret", "--secret"},
		{"account/postgres: ", "--store: "},
		{"account: ", ""},
		{"password: Peppers", "--pepper"},
		{"password: ImportWork", "--max-work"},
		{"breached: URL", "--breached"},
		{"mail: Address", "--smtp"},
		{"mail: From", "--mail-from"},
		{"mail: Hello", "--mail-hello"},
		{"mail: Username and Password belong together",
			"--smtp: a user and $" + passwordVariable + " belong together"},
		{"token/remote: ", "--trust: "},
		{"clientip: ", "--trusted-proxy "},
		{"secret: ", "--secret: "},
		{"audit: ", "--audit: "},
		{"server: Addr", "--listen"},
		{"server: TLSCert", "--tls-cert"},
		{"server: TLSKey", "--tls-key"},
		{"server: ClientCA", "--tls-client-ca"},
		{`server: SelfSigned "true"`, "--tls-self-signed"},
		{"server: DrainTimeout", "--drain"},
		{"server: BodyTimeout", "--client-timeout"},
		{"server: WriteTimeout", "--client-timeout"},
		{"server: MinRate", "--min-rate"},
		{"proxy: Upstream", "--upstream"},
		{"proxy: Host", "--upstream-host"},
		{"proxy: Timeout", "--upstream-timeout"},
		{"proxy: MaxInFlight", "--upstream-max"},
		{"proxy: MaxPerClient", "--upstream-max-per-client"},
	}
}

// remedies replaces what only a Go program can write.
func remedies() *strings.Replacer {
	return strings.NewReplacer(
		", or set DangerouslyTolerateInsecureOrigins", "",
		", or set DangerouslyTolerateSubdomainsOfPublicSuffixes", "",
		"set InsecureHTTP inside", "say insecure-http inside",
		"set InsecureIgnoreOpenAPISecurity, and have Routes alone decide",
		"say --insecure-ignore-openapi-security, and have --public and --route alone decide",
	)
}

// blame names the flags that the errors of sallyport.New are about, where it is one of several of a kind.
func (o *options) blame(err error) error {
	var errs []error
	for _, one := range separate(err) {
		bad, ok := errors.AsType[*sallyport.ConfigError](one)
		if !ok {
			errs = append(errs, one)
			continue
		}
		errs = append(errs, o.blameConfig(bad))
	}
	return errors.Join(errs...)
}

// blameConfig translates Routes[2].Cost and Quotas[1].Limit.
func (o *options) blameConfig(bad *sallyport.ConfigError) error {
	list, rest, ok := strings.Cut(bad.Field, "[")
	number, field, ok2 := strings.Cut(rest, "]")
	i, err := strconv.Atoi(number)
	if !ok || !ok2 || err != nil {
		return bad
	}
	field = strings.TrimPrefix(field, ".")

	var from, key string
	switch {
	case list == "Routes" && i < len(o.declared.routes):
		from, key = o.declared.flag(i, field)
		if bad.Value == o.declared.routes[i].Pattern {
			key = "" // the flag has named it
		}
	case list == "Quotas" && i < len(o.quotas):
		from, key = flagText("--quota", o.quotas[i]), strings.ToLower(field)
	case list == "PublicURLs" && i < len(o.publicURLs):
		from = flagText("--public-url", o.publicURLs[i])
	default:
		return bad
	}
	reason := strings.TrimPrefix(strings.TrimPrefix(bad.Reason, "ratelimit: "), "authz: ")
	if key == "" || bad.Value == "" {
		return fmt.Errorf("%s: %s", from, reason)
	}
	return fmt.Errorf("%s: %s %q: %s", from, key, bad.Value, reason)
}

// separate returns the errors that are joined in err, each with what was written before all of them.
func separate(err error) []error {
	if err == nil {
		return nil
	}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		var list []error
		for _, one := range several.Unwrap() {
			list = append(list, separate(one)...)
		}
		return list
	}
	inner := errors.Unwrap(err)
	if inner == nil {
		return []error{err}
	}
	parts := separate(inner)
	before, ok := strings.CutSuffix(err.Error(), inner.Error())
	if len(parts) < 2 || !ok {
		return []error{err}
	}
	for i, part := range parts {
		parts[i] = fmt.Errorf("%s%w", before, part)
	}
	return parts
}

// complain is what a person reads when a command fails: one mistake on one line.
func complain(err error) string {
	var lines []string
	for _, one := range separate(err) {
		for line := range strings.SplitSeq(strings.TrimSpace(inFlags(one.Error())), "\n") {
			if !slices.Contains(lines, line) { // as one flag may set two fields
				lines = append(lines, line)
			}
		}
	}
	if len(lines) == 1 {
		return "sallyport: " + lines[0] + "\n"
	}
	return "sallyport:\n  " + strings.Join(lines, "\n  ") + "\n"
}

// inFlags writes an error in the words of the command line.
func inFlags(text string) string {
	for _, pair := range flagOf() {
		if rest, ok := strings.CutPrefix(text, pair[0]); ok {
			text = pair[1] + rest
			break
		}
	}
	return remedies().Replace(text)
}
