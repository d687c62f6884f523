package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/proxy"
	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/server"
	"github.com/sallyport-dev/sallyport/password/breached"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore/redisconn"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/token"
)

// plan checks everything that the command line says, and returns what of it is the Gate's. It reads files that others
// wrote, and writes none; it asks nothing of the network.
func (o *options) plan() (sallyport.Config, error) {
	errs := append(slices.Clone(o.mistakes), o.check())
	if o.accounts == "on" {
		errs = append(errs, o.complete())
	} else {
		errs = append(errs, o.checkFolder())
	}
	errs = append(errs, o.checkFiles())
	cfg, err := o.gate()
	errs = append(errs, err, o.planGate(cfg))
	errs = append(errs, o.planListeners())
	if o.upstream != "" {
		loadErr := o.upstreamOptions.load()
		_, err := proxy.New(o.proxy())
		errs = append(errs, loadErr, err)
	}
	if o.accounts == "on" {
		errs = append(errs, o.planAccounts())
	}
	if o.redis != "" {
		errs = append(errs, redisconn.Check(o.redis), redisstore.Check(o.redisConfig()))
		if o.accounts != "on" {
			_, err := o.limitSecret(secret.Bytes{})
			errs = append(errs, err)
		}
	}
	return cfg, errors.Join(errs...)
}

// planListeners checks the addresses and certificates. What is wrong with both listeners is reported once.
func (o *options) planListeners() error {
	listen := o.server()
	listen.Handler = http.NotFoundHandler()
	if err := server.Check(listen); err != nil || o.admin == "" {
		return err
	}
	listen = o.adminServer()
	listen.Handler = http.NotFoundHandler()
	if err := server.Check(listen); err != nil {
		return fmt.Errorf("--admin: %w", err)
	}
	return nil
}

// planGate makes a Gate that nothing will use. Where the issuers come from the network or a store, another key stands
// for theirs.
func (o *options) planGate(cfg sallyport.Config) error {
	key, err := token.GenerateKey(token.ES256)
	if err != nil {
		return err
	}
	stand := func(issuer token.Issuer) error {
		issuer.Keep, issuer.Keys = o.claims(), []token.Key{key.Key()}
		cfg.Issuers = append(cfg.Issuers, issuer)
		_, err := token.New(token.Config{Issuers: []token.Issuer{issuer}})
		return err
	}
	for _, text := range o.trust {
		t, err := parseTrust(text)
		if err != nil {
			continue // which check has reported
		}
		if err := stand(t.issuer); err != nil {
			return fmt.Errorf("%s: %s", flagText("--trust", text), strings.TrimPrefix(err.Error(), "token: Issuers[0]."))
		}
	}
	if o.accounts == "on" || len(cfg.Issuers) == 0 && !o.declared.anyPublic() && o.openapi == "" {
		issuer := cmp.Or(o.issuer, issuerURL(defaultListen, false))
		if err := stand(token.Issuer{Name: issuer, Audiences: []string{cmp.Or(o.audience, issuer)}}); err != nil {
			return fmt.Errorf("--issuer or --audience: %s", strings.TrimPrefix(err.Error(), "token: Issuers[0]."))
		}
	}
	cfg.Issuers = slices.CompactFunc(cfg.Issuers, func(a, b token.Issuer) bool { return a.Name == b.Name })
	_, err = sallyport.New(cfg)
	return o.blame(err)
}

// planAccounts checks the settings of the accounts, and that no route is for an address of theirs.
func (o *options) planAccounts() error {
	var cfg account.Config
	o.accountConfig(&cfg)
	cfg.App, cfg.Page, cfg.Audience = o.app, o.page, o.audience
	cfg.Issuer = cmp.Or(o.issuer, issuerURL(defaultListen, false))
	cfg.Mail = account.Elsewhere{}
	var errs []error
	if o.smtp != "" {
		_, err := o.mailer()
		errs = append(errs, err)
	}
	if o.breached != "" {
		_, err := breached.New(breached.Config{URL: o.breached})
		errs = append(errs, err)
	}
	var err error
	if cfg.Passwords, err = o.hasher(); err != nil {
		errs = append(errs, err)
	}

	endpoints, err := account.Check(cfg)
	errs = append(errs, err)
	for i, r := range o.declared.routes {
		if from, _ := o.declared.flag(i, "Pattern"); err == nil && reserved(r.Pattern, endpoints) {
			errs = append(errs, fmt.Errorf("%s: is an address of the accounts; choose another, or say --accounts=off", from))
		}
	}
	return errors.Join(errs...)
}

// reserved reports whether the accounts answer for a pattern, as sallyport.New does.
func reserved(pattern string, endpoints []account.Endpoint) bool {
	path, err := url.PathUnescape(pattern[strings.IndexByte(pattern, '/'):])
	if err != nil {
		return false // and sallyport.New says why
	}
	return path == "/auth" || strings.HasPrefix(path, "/auth/") || strings.HasPrefix(path, "/.well-known/jwks.json") ||
		slices.ContainsFunc(endpoints, func(e account.Endpoint) bool { return e.Pattern == path })
}

// checkFiles finds what would keep files from being made once others are.
func (o *options) checkFiles() error {
	var errs []error
	for _, f := range []struct{ flag, path string }{{"--secret", o.secret}, {"--audit", strings.TrimPrefix(o.audit, "-")}} {
		folder := filepath.Dir(f.path)
		if f.path == "" || folder == filepath.Clean(o.data) {
			continue
		}
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			errs = append(errs, fmt.Errorf("%s %q: must be in a folder that is there; make %s first", f.flag, f.path, folder))
		}
	}
	if _, err := os.Stat(o.secret); o.accounts == "on" && err == nil {
		_, err := secret.LoadOrCreate(o.secret)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// proxy says where requests go.
func (o *options) proxy() proxy.Config {
	return proxy.Config{
		Upstream: o.upstream, Timeout: o.upstreamTimeout,
		InsecureForwardAuthorization: o.forwardAuthorization, InsecureErrorPages: o.errorPages,
		MaxInFlight: o.upstreamMax, MaxPerClient: o.upstreamMaxPerClient,
		Host: o.upstreamHost, KeepHost: o.keepHost,
		RootCAs: o.upstreamTrust, ClientCertificate: o.upstreamClientCertificates,
	}
}

// accountConfig is what flags say of the accounts that serve.
func (o *options) accountConfig(c *account.Config) {
	c.Registration = account.Registration(o.registration)
	c.LoginLimit, c.RegisterLimit, c.MailLimit = o.loginLimit, o.registerLimit, o.mailLimit
	c.Algorithm, c.StrictRefresh = token.Algorithm(o.algorithm), o.strictRefresh
	c.RoleScopes = map[string][]string{"verifier": {account.ScopeIntrospect}}
	c.FactorRecovery = o.factorRecovery
	if o.cookies {
		c.TrustedOrigins = o.origins
	}
	c.Off, c.InsecureUnverified = o.groups(), o.smtp == ""
}
