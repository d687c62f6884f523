package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/clientip"
	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/proxy"
	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/server"
	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/token/remote"
)

// options are what the flags of serve say.
type options struct {
	place
	limitOptions
	routeOptions
	documentOptions
	pageOptions
	boundOptions
	mailOptions
	upstreamOptions
	declared *declared // what gate has made of routeOptions
	mistakes []error   // what the flags themselves got wrong

	listen, upstream                     string
	issuer, audience, jwks               string
	types                                []string
	proxies                              []string
	accounts, registration               string
	tlsCert, tlsKey                      string
	selfSigned, cleartext                bool
	forwardAuthorization                 bool
	errorPages                           bool
	maxBody, maxToken                    size
	tokenLeeway                          time.Duration
	upstreamTimeout, drain               time.Duration
	clientTimeout                        time.Duration
	minRate                              size
	factorRecovery                       time.Duration
	upstreamMax, upstreamMaxPerClient    int
	algorithm                            string
	strictRefresh                        bool
	admin                                string
	trust, without                       []string
	loginLimit, registerLimit, mailLimit string
}

const (
	defaultListen = "127.0.0.1:8080"
	defaultData   = "./sallyport-data"
)

func (o *options) flags(f *pflag.FlagSet) {
	f.StringVar(&o.listen, "listen", defaultListen, "`ADDR` to listen on")
	f.StringVar(&o.upstream, "upstream", "",
		"`URL` of the API to guard: http://localhost:3000, https://, h2c:// or unix:/run/app.sock; without it, an accounts server alone")
	o.upstreamOptions.flags(f)
	o.place.flags(f)
	f.StringVar(&o.issuer, "issuer", "", "public `URL` of this gate, the iss of its tokens; with --accounts=off, the iss of those that --jwks verifies; --trust is for issuers elsewhere (default: the address it listens on)")
	f.StringVar(&o.audience, "audience", "", "aud of the tokens: the `NAME` of the API (default: the issuer)")
	f.StringVar(&o.jwks, "jwks", "", "with --accounts=off: `FILE` with the issuer's public keys (JWKS)")
	f.StringArrayVar(&o.trust, "trust", nil, "`ISSUER` elsewhere whose tokens are accepted, and what they must say, such as \"https://id.example.com audience=my-api roles=/groups\"; docs/providers.md has the words and examples; may be repeated")
	f.Var(&o.maxToken, "max-token", "largest token, a `SIZE` such as 20k (default 16KiB); header fields may have 16KiB more")
	f.DurationVar(&o.tokenLeeway, "token-leeway", 0, "how far an issuer's clock may run ahead, up to 60s (default 5s)")
	f.StringVar(&o.algorithm, "algorithm", string(token.ES256), "`ALG` that signs access tokens: ES256, Ed25519 or RS256")
	f.BoolVar(&o.strictRefresh, "strict-refresh", false, "take no refresh token twice, even where the answer to the first use was lost")
	f.DurationVar(&o.factorRecovery, "factor-recovery", 72*time.Hour, "time from asking by mail until a lost second factor can be removed; with --without recovery, administrators alone remove one")
	f.StringVar(&o.admin, "admin", "", "second `ADDR` to listen on, for the administrators' API, /livez and /readyz, such as :8081, which is 127.0.0.1:8081 (default: none)")
	o.mailOptions.flags(f)
	f.StringArrayVar(&o.types, "token-type", []string{token.AccessToken}, "with --accounts=off: `TYP` of the issuer's access tokens; JWT where it has no type of its own; may be repeated")
	o.routeOptions.flags(f)
	o.documentOptions.flags(f)
	o.limitOptions.flags(f)
	o.boundOptions.flags(f)
	f.StringVar(&o.loginLimit, "login-limit", "", "`LIMIT` of attempts to log in from one client address (default \"100 per 10m\")")
	f.StringVar(&o.mailLimit, "mail-limit", "", "`LIMIT` of mails that all strangers together have sent (default \"1000 per 1h\")")
	f.StringVar(&o.registerLimit, "register-limit", "", "`LIMIT` of registrations from one client address (default \"20 per 1h\")")
	o.pageOptions.flags(f)
	f.StringArrayVar(&o.proxies, "trusted-proxy", nil, "address or `CIDR` of a proxy in front whose X-Forwarded-For is believed; may be repeated")
	f.StringVar(&o.accounts, "accounts", "on", "`on|off`: whether people register and log in here; off only verifies tokens of other issuers")
	f.StringVar(&o.registration, "registration", "open", "`open|invite|closed`: who may register; closed means that only \"sallyport user add\" makes accounts")
	f.StringArrayVar(&o.without, "without", nil, "`GROUP` of the endpoints of the accounts to leave out: "+groupNames()+"; may be repeated")
	f.StringVar(&o.tlsCert, "tls-cert", "", "`FILE` with the certificate chain (PEM)")
	f.StringVar(&o.tlsKey, "tls-key", "", "`FILE` with the certificate's key (PEM)")
	f.BoolVar(&o.selfSigned, "tls-self-signed", false, "HTTPS with a certificate made here, for development")
	f.BoolVar(&o.cleartext, "insecure-cleartext", false, "allow HTTP without TLS on an address that others can reach")
	f.BoolVar(&o.forwardAuthorization, "forward-authorization", false, "hand the client's Authorization field to the upstream")
	f.BoolVar(&o.errorPages, "insecure-error-pages", false, "hand on the upstream's pages of HTML with a 4xx, which may show a stack trace")
	f.Var(&o.maxBody, "max-body", "largest request body, a `SIZE` such as 20MB (default 1MiB)")
	f.DurationVar(&o.upstreamTimeout, "upstream-timeout", 30*time.Second, "how long the upstream may take to begin its answer")
	f.IntVar(&o.upstreamMax, "upstream-max", proxy.DefaultMaxInFlight,
		"most requests in progress at the upstream, `N`; others wait up to 2s, then get 503")
	f.IntVar(&o.upstreamMaxPerClient, "upstream-max-per-client", 0,
		"most requests of one client address in progress at the upstream, `N` (default: a quarter of --upstream-max)")
	f.DurationVar(&o.clientTimeout, "client-timeout", server.DefaultBodyTimeout,
		"how long a client may send nothing of a body, or read nothing of an answer")
	f.Var(&o.minRate, "min-rate",
		"slowest a client may send a body or read an answer, a `SIZE` per second, averaged over --client-timeout (default 1KiB)")
	f.DurationVar(&o.drain, "drain", server.DefaultDrainTimeout, "how long requests in flight may take at shutdown")
}

func groupNames() string { return strings.Trim(fmt.Sprint(account.Groups()), "[]") }

// groups are those that are switched off.
func (o *options) groups() (off []account.Group) {
	for _, name := range o.without {
		off = append(off, account.Group(name))
	}
	return off
}

// check finds what can be seen to be wrong before anything is opened.
func (o *options) check() error {
	declared := o.declare()
	errs := declared.errs
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if o.accounts != "on" && o.accounts != "off" {
		add("--accounts %q: write on or off", o.accounts)
	}
	if o.registration != "open" && o.registration != "invite" && o.registration != "closed" {
		add("--registration %q: write open, invite or closed", o.registration)
	}
	if o.accounts == "off" {
		if o.upstream == "" {
			add("--accounts=off without --upstream leaves nothing to serve: give the address of your API")
		}
		if (o.issuer == "" || o.jwks == "") && !declared.anyPublic() && len(o.trust) == 0 && o.openapi == "" {
			add("--accounts=off needs --trust ISSUER, or --issuer and --jwks FILE: whose tokens are accepted, and the keys that verify them")
		}
		if (o.issuer == "") != (o.jwks == "") {
			add("--issuer and --jwks belong together; --trust ISSUER finds the keys by itself")
		}
	} else if o.jwks != "" {
		add("--jwks is for --accounts=off: with accounts, the gate has its own key")
	}
	for _, g := range o.groups() {
		if !slices.Contains(account.Groups(), g) {
			add("--without %q: write one of %s", g, groupNames())
		}
	}
	for _, text := range o.trust {
		if _, err := parseTrust(text); err != nil {
			errs = append(errs, err)
		}
	}
	errs = append(errs, notForAll("--jwks", o.jwks), notForAll("--openapi", o.openapi), o.documentOptions.check(), o.pageOptions.check(),
		o.limitOptions.check(len(o.trust) > 0 || o.jwks != ""))
	return errors.Join(errs...)
}

// gate translates the options into the Config that a Go program would write.
func (o *options) gate() (sallyport.Config, error) {
	proxies, err := clientip.ParsePrefixes(o.proxies)
	cfg := sallyport.Config{
		TrustedProxies: proxies,
		MaxBody:        int64(o.maxBody),
		MaxToken:       int(o.maxToken),
		TokenLeeway:    o.tokenLeeway,
	}
	o.pageOptions.apply(&cfg)
	o.declared = o.declare()
	cfg.Routes = o.declared.routes
	o.limitOptions.apply(&cfg)
	o.boundOptions.apply(&cfg)
	err = errors.Join(err, o.documentOptions.apply(&cfg))
	if o.jwks != "" {
		issuer, jwksErr := o.foreign()
		if err = errors.Join(err, jwksErr); jwksErr == nil {
			cfg.Issuers = []token.Issuer{issuer}
		}
	}
	return cfg, err
}

// foreign is the issuer whose tokens a gate without accounts takes.
func (o *options) foreign() (token.Issuer, error) {
	data, err := os.ReadFile(o.jwks)
	if err != nil {
		return token.Issuer{}, fmt.Errorf("--jwks: %w", err)
	}
	keys, errs := token.ParseJWKS(data)
	if len(keys) == 0 {
		return token.Issuer{}, fmt.Errorf("--jwks %s: no key in it can be used: %w", o.jwks, errors.Join(errs...))
	}
	for _, left := range errs {
		remote.LogLeftOut(context.Background(), o.errorLog(), o.issuer, left)
	}
	return token.Issuer{Name: o.issuer, Audiences: []string{o.aud()}, Keys: keys, Types: o.types, Keep: o.claims()}, nil
}

func (o *options) aud() string {
	if o.audience != "" {
		return o.audience
	}
	return o.issuer
}

// server says how to listen.
func (o *options) server() server.Config {
	c := server.Config{
		Addr: o.listen, TLSCert: o.tlsCert, TLSKey: o.tlsKey, SelfSigned: o.selfSigned, ClientCA: o.clientCA,
		InsecureCleartext: o.cleartext, DrainTimeout: o.drain, Log: o.errorLog(),
		MaxHeaderBytes: server.DefaultHeaderBytes + max(min(int(o.maxToken), 64<<10)-token.MaxSize, 0),
		BodyTimeout:    o.clientTimeout, WriteTimeout: o.clientTimeout, MinRate: int(o.minRate),
	}
	if o.selfSigned {
		c.SelfSignedFile = filepath.Join(o.data, "self-signed.pem")
	}
	return c
}

// adminServer says how to listen for administrators: on this machine, unless the address says otherwise.
func (o *options) adminServer() server.Config {
	c := o.server()
	c.Addr, c.DrainTimeout = o.admin, min(o.drain, adminDrain)
	c.ClientCA = "" // administrators log in
	if host, port, err := net.SplitHostPort(o.admin); err == nil && host == "" {
		c.Addr = net.JoinHostPort("127.0.0.1", port)
	}
	return c
}

// issuerURL is the default issuer of a gate that listens on an address.
func issuerURL(listen string, secure bool) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || host == "" || net.ParseIP(host).IsUnspecified() {
		host = "localhost"
	}
	scheme := "http://"
	if secure {
		scheme = "https://"
	}
	return scheme + net.JoinHostPort(host, port)
}
