package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
	breached            string
	audit               string
	app, page           string
}

// Names in the data folder.
const (
	databaseFile = "accounts.db"
	secretFile   = "secret.key"
)

func (p *place) flags(f *pflag.FlagSet) {
	f.StringVar(&p.data, "data", defaultData, "`DIR` for accounts, the secret and the audit log")
	f.StringVar(&p.store, "store", "", "`ADDRESS` of a PostgreSQL database for the accounts, postgres://USER:PASSWORD@HOST/NAME?sslmode=verify-full, or $SALLYPORT_STORE (default: a file in the data folder)")
	f.StringVar(&p.secret, "secret", "", "`FILE` with the secret under which the store's secrets are encrypted, the same on every node (default: "+secretFile+" in the data folder)")
	f.StringArrayVar(&p.peppers, "pepper", nil, "`FILE` with a key of 32 bytes or more without which no password hash can be tried, the same on every node; repeated, the first is for new hashes and the others are for those of before")
	f.StringVar(&p.breached, "breached", "", "`URL` of a list of stolen passwords that is asked about new ones by five digits of their hash, such as https://api.pwnedpasswords.com/range/ (default: none is asked)")
	f.StringVar(&p.app, "app", "", "what mails and authenticator apps call the service, a `NAME` (default: the issuer's host)")
	f.StringVar(&p.page, "page", "", "`URL` of the application's page that mails link to; the token follows behind #")
	f.StringVar(&p.audit, "audit", "", "`FILE` for the audit log, or - for standard error (default: audit.log in the data folder)")
}

// complete fills in what was left out. An address with a password is better kept out of
// the command line, where every user of the machine can read it.
func (p *place) complete() error {
	if p.store == "" {
		p.store = os.Getenv("SALLYPORT_STORE")
	}
	if p.store != "" && !strings.HasPrefix(p.store, "postgres://") && !strings.HasPrefix(p.store, "postgresql://") {
		return errors.New("--store: write postgres://USER:PASSWORD@HOST/NAME?sslmode=verify-full, or leave it out for a file in the data folder")
	}
	if p.secret == "" {
		p.secret = filepath.Join(p.data, secretFile)
	}
	if err := os.MkdirAll(p.data, 0o700); err != nil {
		return fmt.Errorf("the data folder: %w", err)
	}
	return nil
}

// holdsAccounts is for commands that look: they must not make a folder, a secret or a
// database where there is none.
func (p *place) holdsAccounts() error {
	if p.store != "" || os.Getenv("SALLYPORT_STORE") != "" {
		return nil
	}
	if _, err := os.Stat(filepath.Join(p.data, databaseFile)); err != nil {
		return fmt.Errorf("there are no accounts in %s: name the gate's data folder with --data", p.data)
	}
	return nil
}

// describe says where the accounts are, without the password of a database.
func (p *place) describe() string {
	if p.store == "" {
		return p.data
	}
	return "PostgreSQL"
}

func (p *place) open(ctx context.Context) (account.Store, error) {
	if p.store != "" {
		return postgres.Open(ctx, p.store)
	}
	return sqlite.Open(ctx, filepath.Join(p.data, databaseFile))
}

// hasher is nil where the default will do. A file that is not there is a mistake: a pepper
// made up in its place would let nobody in.
func (p *place) hasher() (*password.Hasher, error) {
	if len(p.peppers) == 0 {
		return nil, nil
	}
	var c password.Config
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

// openAccounts opens the accounts; done closes them.
func (o *options) openAccounts(ctx context.Context, log *audit.Log, change func(*account.Config)) (accounts *account.Accounts, done func() error, err error) {
	if err := o.complete(); err != nil {
		return nil, nil, err
	}
	key, err := secret.LoadOrCreate(o.secret)
	if err != nil {
		return nil, nil, err
	}
	hasher, err := o.hasher()
	if err != nil {
		return nil, nil, err
	}
	store, err := o.place.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	cfg := account.Config{Store: store, Secret: key, Passwords: hasher, App: o.app, Page: o.page, Issuer: o.issuer, Audience: o.audience, Audit: log, ErrorLog: errorLog()}
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
