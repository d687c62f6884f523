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
	"sync/atomic"
	"time"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/console"
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
	logFile  *audit.File     // nil with --audit -
	stderr   *console.Writer // for what goes to standard error while it serves
	crashes  *crash.Reporter
	handler  http.Handler
	hangups  <-chan os.Signal
	draining atomic.Bool
	closers  []closer
}

// open makes an app, or leaves nothing open. The address comes first: it is what most
// often goes wrong, and the issuer may be named after it.
func open(ctx context.Context, o options) (*app, error) {
	o.fromEnvironment()
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := o.makeFolder(); err != nil {
		return nil, err
	}
	a := &app{options: o, stderr: console.New(os.Stderr), hangups: hangups()}
	a.options.log = slog.New(slog.NewTextHandler(a.stderr, nil))
	a.crashes = crash.NewReporter(a.options.errorLog(), func(place string) {
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
	a.onClose("the listener", a.server.Close)
	if o.accounts == "on" && o.issuer == "" {
		o.issuer = issuerURL(a.server.Addr().String(), a.server.Secure())
	}
	if a.log, a.logFile, err = o.auditLog(); err != nil {
		return err
	}
	a.onClose("the audit log", func() error { return closeLog(a.log, a.logFile) })
	cfg, err := o.gate()
	if err != nil {
		return err
	}
	cfg.Audit, cfg.ErrorLog, a.document = a.log, o.errorLog(), cfg.OpenAPI
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
		return o.blame(err)
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
		a.onClose("the accounts", done)
	}
	return err
}

// adminDrain is how long requests of administrators may take at the end, after all others.
const adminDrain = 2 * time.Second

// openAdmin listens for administrators and for who looks after the process, on this machine
// unless the address says otherwise.
func (a *app) openAdmin() (err error) {
	o := &a.options
	if o.admin == "" {
		return nil
	}
	var handler http.Handler
	listen := o.server()
	listen.Addr, listen.Crashes, listen.DrainTimeout = o.admin, a.crashes, min(o.drain, adminDrain)
	listen.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) })
	host, port, err := net.SplitHostPort(o.admin)
	if err == nil && host == "" {
		listen.Addr = net.JoinHostPort("127.0.0.1", port)
	}
	if a.admin, err = server.Listen(listen); err != nil {
		return fmt.Errorf("--admin: %w", err)
	}
	a.onClose("the listener for administrators", a.admin.Close)

	handler = a.withHealth(nil)
	if a.accounts != nil {
		handler = a.withHealth(a.accounts.Admin())
	}
	// A name may mean this machine, so what counts is the address that was bound.
	if bound, ok := a.admin.Addr().(*net.TCPAddr); ok && bound.IP.IsLoopback() {
		handler = onlyLoopback(handler, host)
	}
	return nil
}

// serve serves until ctx is done, or until a listener has died, and then closes everything.
func (a *app) serve(ctx context.Context) error {
	a.log.Emit(audit.Event{Name: audit.SysStartup, Reason: a.server.URL()})
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go each(ctx, a.hangups, a.reload)
	context.AfterFunc(ctx, func() { a.draining.Store(true) })

	err := a.listen(ctx, stop)
	if a.proxy != nil {
		a.proxy.CloseIdleConnections()
	}
	end := audit.Event{Name: audit.SysShutdown}
	if err != nil {
		end.Reason = err.Error()
	}
	a.log.Emit(end)
	err = errors.Join(err, a.close())
	a.stderr.Flush(time.Second)
	return err
}

// listen serves on both listeners. When one dies, the other ends too, as a supervisor starts
// again only what has ended. Administrators, and who asks whether the process is ready, are
// answered until requests in flight are done.
func (a *app) listen(ctx context.Context, stop context.CancelFunc) error {
	var adminErr error
	var admin sync.WaitGroup
	adminCtx, stopAdmin := context.WithCancel(context.WithoutCancel(ctx))
	if a.admin != nil {
		admin.Go(func() {
			defer stop()
			adminErr = a.uncut(a.admin.Serve(adminCtx))
		})
	}
	err := a.uncut(a.server.Serve(ctx))
	a.draining.Store(true)
	stopAdmin()
	admin.Wait()
	return errors.Join(err, adminErr)
}

// uncut makes requests that were cut off a warning: streams have no end to wait for.
func (a *app) uncut(err error) error {
	if errors.Is(err, server.ErrCut) {
		a.options.errorLog().Warn(err.Error())
		return nil
	}
	return err
}

// reload opens the log by its name again and reads the certificates: somebody sent SIGHUP.
func (a *app) reload() {
	log := a.options.errorLog()
	a.server.Reload()
	if a.admin != nil {
		a.admin.Reload()
	}
	if a.logFile == nil {
		log.Info("SIGHUP: the certificates were read again")
		return
	}
	if err := a.logFile.Reopen(); err != nil {
		log.Error("SIGHUP: the audit log cannot be opened again, and goes on in the file from before", "error", err)
		return
	}
	log.Info("SIGHUP: the audit log was opened again, and the certificates were read")
}

// closer closes something that is open.
type closer struct {
	what  string
	close func() error
}

func (a *app) onClose(what string, f func() error) { a.closers = append(a.closers, closer{what, f}) }

const (
	// closeWithin bounds the closing of everything: a store or a disk that hangs must not keep
	// the process from ending. It is longer than the accounts give a mail that is being sent.
	closeWithin = 6 * time.Second
	// closeLeast is what each has of it though others have used it up: the audit log comes after
	// the accounts, and has lines to write.
	closeLeast = 250 * time.Millisecond
)

// close closes what is open, last first.
func (a *app) close() error {
	end := time.Now().Add(closeWithin)
	var errs []error
	for len(a.closers) > 0 {
		last := len(a.closers) - 1
		c := a.closers[last]
		a.closers = a.closers[:last]
		closed := make(chan error, 1)
		go func() {
			defer a.crashes.Recover("closing " + c.what)
			closed <- c.close()
		}()
		patience := max(time.Until(end), closeLeast)
		select {
		case err := <-closed:
			errs = append(errs, err)
		case <-time.After(patience):
			errs = append(errs, fmt.Errorf("closing %s takes longer than %s, and is not waited for", c.what, patience.Round(time.Millisecond)))
		}
	}
	return errors.Join(errs...)
}
