package account

import (
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/token"
)

// ConfigError is one thing in a Config that cannot be meant.
type ConfigError struct{ Field, Value, Reason string }

func (e *ConfigError) Error() string {
	if e.Value == "" {
		return "account: " + e.Field + " " + e.Reason
	}
	return fmt.Sprintf("account: %s %q %s", e.Field, e.Value, e.Reason)
}

const day = 24 * time.Hour

func (c *Config) complete() {
	fill(&c.Audience, c.Issuer)
	fill(&c.Realm, problem.DefaultRealm)
	if c.Issuer != "" { // of an administering process, it may be in the store
		fill(&c.App, hostOf(c.Issuer))
	}
	fill(&c.Algorithm, token.ES256)
	fill(&c.KeyRotation, 90*day)
	fill(&c.AccessTTL, 10*time.Minute)
	fill(&c.IdleTTL, 7*day)
	fill(&c.SessionTTL, 30*day)
	fill(&c.ReauthTTL, 10*time.Minute)
	fill(&c.FactorRecovery, 3*day)
	fill(&c.MaxSessions, 20)
	fill(&c.patience, answerWithin)
	fill(&c.Registration, RegistrationOpen)
	fill(&c.LoginLimit, "100 per 10m")
	fill(&c.RegisterLimit, "20 per 1h")
	fill(&c.MailLimit, "1000 per 1h")
	if c.RetryWindow == 0 && !c.StrictRefresh {
		c.RetryWindow = 10 * time.Second
	}
	if c.Scopes == nil {
		c.Scopes = []string{"api"}
	}
	if c.DefaultRoles == nil {
		c.DefaultRoles = []string{"user"}
	}
	if c.ErrorLog == nil {
		c.ErrorLog = slog.Default()
	}
	if c.now == nil {
		c.now = time.Now
	}
}

// fill sets what was left out.
func fill[T comparable](field *T, value T) {
	if *field == *new(T) {
		*field = value
	}
}

func (c *Config) check() (errs []error) {
	add := func(field, value, reason string) { errs = append(errs, &ConfigError{field, value, reason}) }
	if c.Store == nil {
		add("Store", "", "is missing: open one, such as sqlite.Open's")
	}
	if c.Secret.Len() < minSecret {
		add("Secret", "", "is missing or has under 32 bytes: take secret.LoadOrCreate's")
	}
	if c.Issuer == "" && !c.Administer {
		add("Issuer", "", "is missing: write the address of this API, such as https://api.example.com")
	}
	if err := problem.CheckRealm(c.Realm); err != nil {
		add("Realm", c.Realm, err.Error())
	}
	if u, err := url.Parse(c.Page); c.Page != "" && (err != nil || u.Host == "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http") {
		add("Page", c.Page, "is not an address: write one such as https://app.example.com/account")
	}
	if strings.ContainsFunc(c.App, func(r rune) bool { return r < ' ' || r == 0x7f }) || len(c.App) > 64 {
		add("App", c.App, "does not fit into the subject of a mail: write a name of at most 64 bytes in one line")
	}
	switch c.Algorithm {
	case token.ES256, token.Ed25519, token.EdDSA, token.RS256:
	default:
		add("Algorithm", string(c.Algorithm), "is not one to sign with here: write ES256, Ed25519 or RS256")
	}
	switch c.Registration {
	case RegistrationOpen, RegistrationClosed:
	case RegistrationInvite:
		if c.Mail == nil {
			add("Registration", string(c.Registration), "needs Mail, by which invites are sent")
		}
	default:
		add("Registration", string(c.Registration), "is unknown: write open, invite or closed")
	}
	for _, g := range c.Off {
		if !slices.Contains(Groups(), g) {
			add("Off", string(g), fmt.Sprintf("is no group of endpoints: there are %v", Groups()))
		}
	}
	if slices.Contains(c.Off, GroupEmail) && c.Mail != nil && !c.InsecureUnverified {
		add("Off", string(GroupEmail), "leaves nobody a way to confirm an address, which a login needs: leave it on, or set InsecureUnverified")
	}
	if slices.Contains(c.Off, GroupRegister) && c.Registration == RegistrationInvite {
		add("Off", string(GroupRegister), "leaves nobody a way to take an invite: leave it on, or write closed for Registration")
	}
	errs = append(errs, c.checkTimes()...)
	if err := checkRoles(c.DefaultRoles); err != nil {
		errs = append(errs, err)
	}
	var err error
	if c.Passwords == nil {
		if c.Passwords, err = password.New(password.Config{}); err != nil {
			errs = append(errs, err)
		}
	}
	if c.Policy == nil {
		if c.Policy, err = password.NewPolicy(password.PolicyConfig{}); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

func (c *Config) checkTimes() (errs []error) {
	for _, t := range []struct {
		field       string
		value       time.Duration
		least, most time.Duration
		write       string
	}{
		{"AccessTTL", c.AccessTTL, time.Minute, time.Hour, "1m to 60m"},
		{"IdleTTL", c.IdleTTL, c.AccessTTL, c.SessionTTL, "AccessTTL to SessionTTL"},
		{"SessionTTL", c.SessionTTL, c.IdleTTL, 366 * day, "IdleTTL to 366 days"},
		{"ReauthTTL", c.ReauthTTL, time.Minute, day, "1m to 24h"},
		{"FactorRecovery", c.FactorRecovery, day, 30 * day, "24h to 720h"},
		{"KeyRotation", c.KeyRotation, day, 2 * 366 * day, "1 day to 2 years"},
		{"RetryWindow", c.RetryWindow, 0, time.Minute, "up to 1m"},
	} {
		if t.value < t.least || t.value > t.most {
			errs = append(errs, &ConfigError{t.field, t.value.String(), "is out of bounds: write " + t.write})
		}
	}
	if c.StrictRefresh && c.RetryWindow != 0 {
		errs = append(errs, &ConfigError{"RetryWindow", c.RetryWindow.String(), "is set, and so is StrictRefresh: leave one of the two out"})
	}
	if c.MaxSessions < 1 || c.MaxSessions > 1000 {
		errs = append(errs, &ConfigError{"MaxSessions", fmt.Sprint(c.MaxSessions), "is out of bounds: write 1 to 1000"})
	}
	return errs
}
