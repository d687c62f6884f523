package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/postgres"
	"github.com/sallyport-dev/sallyport/account/sqlite"
	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/password/breached"
	"github.com/sallyport-dev/sallyport/secret"
)

// place is where accounts are kept: what the commands that touch them have in common.
type place struct {
	data, store, secret string
	peppers             []string
	importWork          int // of an import: password.Config.ImportWork
	breached            string
	audit               string
	app, page           string

	// given reports whether the command line names a flag; nil where there is none.
	given     func(flag string) bool
	storeFrom string // where store comes from, if not from a flag
	unused    bool   // the environment names a store, and a flag another one

	log *slog.Logger // what errorLog returns; nil for standard error
}

// storeVariable keeps an address with a password out of the command line, where every user
// of the machine can read it.
const storeVariable = "SALLYPORT_STORE"

// Names in the data folder.
const (
	databaseFile = "accounts.db"
	secretFile   = "secret.key"
)

func (p *place) flags(f *pflag.FlagSet) {
	p.given = f.Changed
	f.StringVar(&p.data, "data", defaultData, "`DIR` for accounts, the secret and the audit log")
	f.StringVar(&p.store, "store", "", "`ADDRESS` of a PostgreSQL database for the accounts, "+
		"postgres://USER:PASSWORD@HOST/NAME?sslmode=verify-full, or $SALLYPORT_STORE where neither --store nor --data is given (default: a file in the data folder)")
	f.StringVar(&p.secret, "secret", "", "`FILE` with the secret under which the store's secrets are encrypted, the same on every node (default: "+secretFile+" in the data folder)")
	f.StringArrayVar(&p.peppers, "pepper", nil, "`FILE` with a key of at least 32 bytes that password hashes depend on, the same on every node; may be repeated: new hashes use the first, older ones any")
	f.StringVar(&p.breached, "breached", "", "`URL` of a list of stolen passwords to look new ones up in, by five digits of their hash, such as https://api.pwnedpasswords.com/range/ (default: none)")
	f.StringVar(&p.app, "app", "", "what mails and authenticator apps call the service, a `NAME` (default: the issuer's host)")
	f.StringVar(&p.page, "page", "", "`URL` of the application's page that mails link to; the token follows behind #")
	f.StringVar(&p.audit, "audit", "", "`FILE` for the audit log, or - for standard error (default: audit.log in the data folder)")
}

// env is a variable of the environment, in which an address with a password is better kept than
// in the command line. Where there is no command line, there is no environment either.
func (p *place) env(name string) string {
	if p.given == nil {
		return ""
	}
	return os.Getenv(name)
}

// locate takes the store from the environment, unless the command line says where it is: it
// is nearer to what is meant than what a shell was set up with at some time.
func (p *place) locate() {
	address := p.env(storeVariable)
	if address == "" || p.given("store") {
		return
	}
	if p.given("data") {
		p.unused = true
		return
	}
	p.store, p.storeFrom = address, "$"+storeVariable
}

// complete fills in what was left out.
func (p *place) complete() error {
	p.locate()
	if p.store != "" && !strings.HasPrefix(p.store, "postgres://") && !strings.HasPrefix(p.store, "postgresql://") {
		return errors.New("--store: write postgres://USER:PASSWORD@HOST/NAME?sslmode=verify-full, or leave it out for a file in the data folder")
	}
	if p.secret == "" {
		p.secret = filepath.Join(p.data, secretFile)
	}
	return p.checkFolder()
}

// holdsAccounts is for commands that look: they must not make a folder, a secret or a
// database where there is none.
func (p *place) holdsAccounts() error {
	if p.locate(); p.store != "" {
		return nil
	}
	if _, err := os.Stat(filepath.Join(p.data, databaseFile)); err != nil {
		return fmt.Errorf("there are no accounts in %s: name the gate's data folder with --data", p.data)
	}
	return nil
}

// describe says where the accounts are, without the password of a database, and where that
// was said.
func (p *place) describe() string {
	switch {
	case p.store != "":
		return "PostgreSQL" + databaseOf(p.store) + " (from " + cmp.Or(p.storeFrom, "--store") + ")"
	case p.unused:
		return p.data + " (from --data; $" + storeVariable + " is not used: give --store to use a database)"
	}
	return p.data
}

// databaseOf names the database of an address, as far as that can be told.
func databaseOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || len(u.Path) < 2 {
		return ""
	}
	return " " + u.Path[1:] + " on " + u.Host
}

func (p *place) open(ctx context.Context) (account.Store, error) {
	if p.store != "" {
		return postgres.New(ctx, postgres.Config{Address: p.store, Log: p.errorLog()})
	}
	return sqlite.Open(ctx, filepath.Join(p.data, databaseFile))
}

// hasher is nil where the default will do. A file that is not there is a mistake: a pepper
// made up in its place would let nobody in.
func (p *place) hasher() (*password.Hasher, error) {
	if len(p.peppers) == 0 && p.importWork == 0 {
		return nil, nil
	}
	c := password.Config{ImportWork: p.importWork}
	for _, path := range p.peppers {
		pepper, err := secret.ReadFile(path)
		if err != nil {
			return nil, err
		}
		key := bytes.TrimRight(pepper.Reveal(), "\r\n") // which some editors add
		c.Peppers = append(c.Peppers, secret.NewBytes(key))
	}
	return password.New(c)
}

// loadSecret reads the secret, or makes one for accounts that have none yet. One that was made
// up for accounts that exist would open nothing of theirs.
func (p *place) loadSecret(ctx context.Context, store account.Store) (secret.Bytes, error) {
	if _, err := os.Stat(p.secret); !errors.Is(err, fs.ErrNotExist) {
		return secret.LoadOrCreate(p.secret)
	}
	made, err := account.Established(ctx, store)
	if err != nil {
		return secret.Bytes{}, err
	}
	if made {
		return secret.Bytes{}, fmt.Errorf("--secret %s: there is no such file, and the accounts in %s were made with one: "+
			"copy it from the node that made it, or name it with --secret; if it is lost for good, see sallyport keys replace-secret --help", p.secret, p.describe())
	}
	return secret.LoadOrCreate(p.secret)
}

// openAccounts opens the accounts; done closes them.
func (o *options) openAccounts(ctx context.Context, log *audit.Log, change func(*account.Config)) (
	accounts *account.Accounts, done func() error, err error,
) {
	cfg, err := o.openStore(ctx)
	if err != nil {
		return nil, nil, err
	}
	return o.accountsOn(ctx, cfg, log, change)
}

// openStore opens what the accounts need, and makes the folder that is for the rest.
func (o *options) openStore(ctx context.Context) (cfg account.Config, err error) {
	if err := o.complete(); err != nil {
		return cfg, err
	}
	if cfg.Passwords, err = o.hasher(); err != nil {
		return cfg, err
	}
	if cfg.Store, err = o.place.open(ctx); err != nil {
		return cfg, err
	}
	if cfg.Secret, err = o.loadSecret(ctx, cfg.Store); err == nil {
		err = account.CheckSecret(ctx, cfg.Store, cfg.Secret)
	}
	if err == nil {
		err = o.makeFolder()
	}
	if err != nil {
		err = errors.Join(err, cfg.Store.Close())
	}
	return cfg, err
}

// accountsOn makes the accounts on a store that is open, or closes it.
func (o *options) accountsOn(ctx context.Context, cfg account.Config, log *audit.Log, change func(*account.Config)) (
	accounts *account.Accounts, done func() error, err error,
) {
	store := cfg.Store
	cfg.App, cfg.Page, cfg.Issuer, cfg.Audience = o.app, o.page, o.issuer, o.audience
	cfg.Audit, cfg.ErrorLog = log, o.errorLog()
	if o.breached != "" {
		list, err := breached.New(breached.Config{URL: o.breached})
		if err != nil {
			return nil, nil, errors.Join(err, store.Close())
		}
		cfg.Breached = list.Holds
	}
	if change != nil {
		change(&cfg)
	}
	if accounts, err = account.New(ctx, cfg); err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return accounts, func() error { return errors.Join(accounts.Close(), store.Close()) }, nil
}
