package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/crash"
	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/proxy"
	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/server"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// app is a running Sallyport: everything serve and demo open.
type app struct {
	options  options
	server   *server.Server
	admin    *server.Server    // nil without --admin
	accounts *account.Accounts // nil with --accounts=off
	redis    *redisstore.Store // nil without --redis
	gate     *sallyport.Gate
	proxy    *proxy.Proxy      // nil without an upstream
	document *openapi.Document // nil without --openapi
	log      *audit.Log
	crashes  *crash.Reporter
	handler  http.Handler
	closers  []func() error
}

// open makes an app, or leaves nothing open. The address comes first: it is what most
// often goes wrong, and the issuer may be named after it.
func open(ctx context.Context, o options) (*app, error) {
	o.fromEnvironment()
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.data, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder: %w", err)
	}
	a := &app{options: o}
	a.crashes = crash.NewReporter(errorLog(), func(place string) {
		a.log.Emit(audit.Event{Name: audit.SysCrash, Reason: "panic in " + place})
	})
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

func (a *app) open(ctx context.Context) error {
	o := &a.options
	listen := o.server()
	listen.Crashes = a.crashes
	listen.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) })
	var err error
	if a.server, err = server.Listen(listen); err != nil {
		return err
	}
	a.closers = append(a.closers, a.server.Close)
	if o.accounts == "on" && o.issuer == "" {
		o.issuer = issuerURL(a.server.Addr().String(), a.server.Secure())
	}
	log, closeLog, err := o.auditLog()
	if err != nil {
		return err
	}
	a.log, a.closers = log, append(a.closers, closeLog)
	cfg, err := o.gate()
	if err != nil {
		return err
	}
	cfg.Audit, cfg.ErrorLog, a.document = a.log, errorLog(), cfg.OpenAPI
	if err := a.openLimits(&cfg); err != nil {
		return err
	}
	if o.accounts == "on" {
		if err := a.openAccounts(ctx, cfg.Limits); err != nil {
			return err
		}
		cfg.Accounts = a.accounts
	}
	trusted, err := a.trust(ctx)
	if err != nil {
		return err
	}
	cfg.Issuers = append(cfg.Issuers, trusted...)
	if err := a.openAdmin(); err != nil {
		return err
	}
	if a.gate, err = sallyport.New(cfg); err != nil {
		return err
	}
	return a.wire()
}

// wire puts the upstream behind the gate.
func (a *app) wire() error {
	var next http.Handler
	if a.options.upstream != "" {
		p, err := proxy.New(proxy.Config{
			Upstream: a.options.upstream, Timeout: a.options.upstreamTimeout, OwnedHeaders: a.gate.OwnedHeaders(),
			InsecureForwardAuthorization: a.options.forwardAuthorization, InsecureErrorPages: a.options.errorPages,
			MaxInFlight: a.options.upstreamMax, MaxPerClient: a.options.upstreamMaxPerClient, Crashes: a.crashes,
		})
		if err != nil {
			return err
		}
		a.proxy, next = p, p
	}
	a.handler = a.gate.Handler(next)
	return nil
}

func (a *app) openAccounts(ctx context.Context, limits ratelimit.Store) (err error) {
	o := &a.options
	mailer, err := o.mailer()
	if err != nil {
		return err
	}
	var done func() error
	a.accounts, done, err = o.openAccounts(ctx, a.log, func(c *account.Config) {
		c.Registration = account.Registration(o.registration)
		c.LoginLimit, c.RegisterLimit, c.MailLimit = o.loginLimit, o.registerLimit, o.mailLimit
		c.Limits, c.LimitStatus = limits, a.limitsStatus
		if a.document != nil {
			c.AnswerStatus = a.answersStatus
		}
		c.Algorithm, c.StrictRefresh, c.RoleScopes = token.Algorithm(o.algorithm), o.strictRefresh, map[string][]string{"verifier": {account.ScopeIntrospect}}
		c.FactorRecovery = o.factorRecovery
		if o.cookies {
			c.TrustedOrigins = o.origins
		}
		c.Off = o.groups()
		c.Mail, c.InsecureUnverified = mailer, o.smtp == ""
	})
	if err == nil {
		a.closers = append(a.closers, done)
	}
	return err
}

// openAdmin listens for administrators, on this machine unless the address says otherwise.
func (a *app) openAdmin() (err error) {
	o := &a.options
	if o.admin == "" || a.accounts == nil {
		return nil
	}
	listen := o.server()
	listen.Addr, listen.Handler, listen.Crashes = o.admin, a.accounts.Admin(), a.crashes
	if host, port, err := net.SplitHostPort(o.admin); err == nil && host == "" {
		listen.Addr = net.JoinHostPort("127.0.0.1", port)
	}
	if loopback(listen.Addr) {
		listen.Handler = onlyLoopback(listen.Handler)
	}
	if a.admin, err = server.Listen(listen); err != nil {
		return fmt.Errorf("--admin: %w", err)
	}
	a.closers = append(a.closers, a.admin.Close)
	return nil
}

// serve serves until ctx is done, and then closes everything.
func (a *app) serve(ctx context.Context) error {
	a.log.Emit(audit.Event{Name: audit.SysStartup, Reason: a.server.URL()})
	var admin sync.WaitGroup
	if a.admin != nil {
		admin.Go(func() {
			if err := a.admin.Serve(ctx); err != nil {
				errorLog().Error("the listener for administrators", "error", err)
			}
		})
	}
	err := a.server.Serve(ctx)
	admin.Wait()
	if errors.Is(err, server.ErrCut) { // streams have no end to wait for: no failure
		errorLog().Warn(err.Error())
		err = nil
	}
	if a.proxy != nil {
		a.proxy.CloseIdleConnections()
	}
	a.log.Emit(audit.Event{Name: audit.SysShutdown})
	return errors.Join(err, a.close())
}

// close closes what is open, last first.
func (a *app) close() error {
	var errs []error
	for len(a.closers) > 0 {
		last := len(a.closers) - 1
		errs = append(errs, a.closers[last]())
		a.closers = a.closers[:last]
	}
	return errors.Join(errs...)
}

// errorLog is where a developer reads what went wrong.
func errorLog() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, nil))
}
