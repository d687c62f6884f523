package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
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
	// adminHandler is for the listener of administrators.
	adminHandler http.Handler
	hangups      <-chan os.Signal
	draining     atomic.Bool
	closers      []closer
}

// open makes an app, or leaves nothing open. What needs neither the network nor a file of ours is checked first,
// all of it; then come the addresses, as the issuer may be named after one, and the servers that others run; and last
// what writes. So a start that fails leaves no folder behind.
func open(ctx context.Context, o options) (*app, error) {
	o.fromEnvironment()
	cfg, err := o.plan()
	if err != nil {
		return nil, err
	}
	a := &app{options: o, document: cfg.OpenAPI, stderr: console.New(os.Stderr), hangups: hangups()}
	a.options.log = slog.New(slog.NewTextHandler(a.stderr, nil))
	a.crashes = crash.NewReporter(a.options.errorLog(), func(place string) {
		a.log.Emit(audit.Event{Name: audit.SysCrash, Reason: "panic in " + place})
	})
	if err := a.open(ctx, cfg); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

func (a *app) open(ctx context.Context, cfg sallyport.Config) error {
	o := &a.options
	if err := a.bind(); err != nil {
		return err
	}
	if o.accounts == "on" && o.issuer == "" {
		o.issuer = issuerURL(a.server.Addr().String(), a.server.Secure())
	}
	conn, err := a.dialRedis()
	if err != nil {
		return err
	}
	trusted, err := a.trust(ctx)
	if err != nil {
		return err
	}
	cfg.Issuers = append(cfg.Issuers, trusted...)

	store, err := a.openFiles(ctx)
	if err != nil {
		return err
	}
	cfg.Audit, cfg.ErrorLog = a.log, o.errorLog()
	if err := a.openLimits(conn, store.Secret, &cfg); err != nil {
		if store.Store != nil {
			err = errors.Join(err, store.Store.Close())
		}
		return err
	}
	if o.accounts == "on" {
		if err := a.openAccounts(ctx, store, cfg.Limits); err != nil {
			return err
		}
		cfg.Accounts = a.accounts
	}
	a.serveAdmin()
	if a.gate, err = sallyport.New(cfg); err != nil {
		return o.blame(err)
	}
	return a.wire()
}

// bind listens on the addresses. Who connects waits until handlers are there.
func (a *app) bind() (err error) {
	listen := a.options.server()
	listen.Crashes = a.crashes
	listen.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) })
	if a.server, err = server.Listen(listen); err != nil {
		return err
	}
	a.onClose("the listener", a.server.Close)
	return a.bindAdmin()
}

// openFiles opens what writes: the store, the secret and the audit log. A log elsewhere than in the data folder is
// opened before that is made.
func (a *app) openFiles(ctx context.Context) (cfg account.Config, err error) {
	o := &a.options
	elsewhere := o.audit != "" && filepath.Dir(o.audit) != filepath.Clean(o.data)
	if elsewhere {
		if err := a.openAudit(); err != nil {
			return cfg, err
		}
	}
	if o.accounts == "on" {
		cfg, err = o.openStore(ctx)
	} else {
		err = o.makeFolder()
	}
	if err == nil && !elsewhere {
		if err = a.openAudit(); err != nil && cfg.Store != nil {
			err = errors.Join(err, cfg.Store.Close())
		}
	}
	return cfg, err
}

func (a *app) openAudit() (err error) {
	if a.log, a.logFile, err = a.options.auditLog(); err != nil {
		return err
	}
	a.onClose("the audit log", func() error { return closeLog(a.log, a.logFile) })
	return nil
}

// wire puts the upstream behind the gate.
func (a *app) wire() error {
	var next http.Handler
	if a.options.upstream != "" {
		cfg := a.options.proxy()
		cfg.OwnedHeaders, cfg.Crashes = a.gate.OwnedHeaders(), a.crashes
		p, err := proxy.New(cfg)
		if err != nil {
			return err
		}
		a.proxy, next = p, p
	}
	a.handler = a.gate.Handler(next)
	return nil
}

// openAccounts makes the accounts on a store that is open, or closes it.
func (a *app) openAccounts(ctx context.Context, cfg account.Config, limits ratelimit.Store) error {
	o := &a.options
	mailer, err := o.mailer()
	if err != nil {
		return errors.Join(err, cfg.Store.Close())
	}
	accounts, done, err := o.accountsOn(ctx, cfg, a.log, func(c *account.Config) {
		o.accountConfig(c)
		c.Limits, c.LimitStatus, c.Mail = limits, a.limitsStatus, mailer
		if a.document != nil {
			c.AnswerStatus = a.answersStatus
		}
	})
	if err == nil {
		a.accounts = accounts
		a.onClose("the accounts", done)
	}
	return err
}

// adminDrain is how long requests of administrators may take at the end, after all others.
const adminDrain = 2 * time.Second

// bindAdmin listens for administrators and for who looks after the process.
func (a *app) bindAdmin() (err error) {
	o := &a.options
	if o.admin == "" {
		return nil
	}
	listen := o.adminServer()
	listen.Crashes, listen.Beside = a.crashes, a.server
	listen.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.adminHandler.ServeHTTP(w, r) })
	if a.admin, err = server.Listen(listen); err != nil {
		return fmt.Errorf("--admin: %w", err)
	}
	a.onClose("the listener for administrators", a.admin.Close)
	return nil
}

// serveAdmin makes the handler of that listener.
func (a *app) serveAdmin() {
	if a.admin == nil {
		return
	}
	a.adminHandler = a.withHealth(nil)
	if a.accounts != nil {
		a.adminHandler = a.withHealth(a.accounts.Admin())
	}
	// A name may mean this machine, so what counts is the address that was bound.
	if bound, ok := a.admin.Addr().(*net.TCPAddr); ok && bound.IP.IsLoopback() {
		host, _, _ := net.SplitHostPort(a.options.admin)
		a.adminHandler = onlyLoopback(a.adminHandler, host)
	}
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
