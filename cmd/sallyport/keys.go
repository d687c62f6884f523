package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/secret"
)

func keysCommand() *cobra.Command {
	var o options
	c := group(&cobra.Command{
		Use:   "keys",
		Short: "List, rotate and revoke the keys that sign access tokens, and replace a lost secret",
		Long: `List, rotate and revoke the keys that sign access tokens. They are replaced by
themselves every 90 days; this is for doing it now. A gate on the same accounts follows
within a second.`,
	})
	o.place.flags(c.PersistentFlags())
	c.AddCommand(keysList(&o), keysRotate(&o), keysRevoke(&o), keysReplaceSecret(&o))
	return c
}

func keysList(o *options) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the keys",
		Args:    needs(0, 0),
		PreRunE: existing(o),
		RunE: func(c *cobra.Command, _ []string) error {
			return withAccounts(c, o, func(ctx context.Context, a *account.Accounts) error {
				list, err := a.SigningKeys(ctx)
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "KID\tALG\tCREATED\tSIGNS FROM\tVERIFIES UNTIL")
				for _, k := range list {
					if k.Foreign {
						fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.ID, cmp.Or(string(k.Algorithm), "?"), minute(k.Created), "never",
							"never: stored with another secret; revoke it")
						continue
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n",
						k.ID, k.Algorithm, minute(k.Created), minute(k.SignsFrom), minute(k.VerifiesUntil))
				}
				return w.Flush()
			})
		},
	}
}

func minute(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// newestKey returns the key that signs last.
func newestKey(ctx context.Context, a *account.Accounts) (k account.SigningKey, err error) {
	list, err := a.SigningKeys(ctx)
	for _, one := range list {
		if !one.Foreign {
			k = one
		}
	}
	return k, err
}

func keysRotate(o *options) *cobra.Command {
	return &cobra.Command{
		Use:     "rotate",
		Short:   "Make the next key; it signs in six minutes, when every verifier can have it",
		Args:    needs(0, 0),
		PreRunE: existing(o),
		RunE: func(c *cobra.Command, _ []string) error {
			return withAccounts(c, o, func(ctx context.Context, a *account.Accounts) error {
				if err := a.RotateKeys(ctx); err != nil {
					return err
				}
				k, err := newestKey(ctx, a)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "made %s, which signs from %s UTC\n", k.ID, minute(k.SignsFrom))
				return err
			})
		},
	}
}

func keysRevoke(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "revoke KID",
		Short: "Take a key away at once, as it may have leaked; its tokens die, sessions go on",
		Long: `Take a key away at once, as it may have leaked; its tokens die, sessions go on.

One key in 64 has an id that begins with "-": write sallyport keys revoke -- KID.`,
		Args:    needs(1, 1),
		PreRunE: existing(o),
		RunE: func(c *cobra.Command, args []string) error {
			return withAccounts(c, o, func(ctx context.Context, a *account.Accounts) error {
				err := a.RevokeKey(ctx, args[0])
				if errors.Is(err, account.ErrNotFound) {
					return fmt.Errorf("there is no key %q: see sallyport keys list", args[0])
				}
				if err != nil {
					return err
				}
				k, err := newestKey(ctx, a)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "revoked %s; %s signs from %s UTC\n", args[0], k.ID, minute(k.SignsFrom))
				return err
			})
		},
	}
}

func keysReplaceSecret(o *options) *cobra.Command {
	var accept bool
	c := &cobra.Command{
		Use:   "replace-secret",
		Short: "Go on with another secret, as the one that the accounts were made with is lost for good",
		Long: `Go on with another secret, as the one that the accounts were made with is lost for good.
First look for it: in the data folder of every node, and in backups.

This ends every session, and removes the signing keys, the mails that wait, and every second
factor. Users who had one set a new password by mail before they log in again. Passwords,
API keys and links that were mailed stay good. The file that --secret names is the new one;
it is made if it is not there. Stop every gate first, and then give it to every node.

When it is interrupted, run it again with the same secret.`,
		Example: "  sallyport keys replace-secret --data ./sallyport-data --accept-loss",
		Args:    needs(0, 0),
		PreRunE: existing(o),
		RunE: func(c *cobra.Command, _ []string) error {
			if !accept {
				return errors.New("nothing was changed: this ends every session and removes every second factor; " +
					"if the secret is lost for good, say so with --accept-loss")
			}
			return replaceSecret(c, o)
		},
	}
	c.Flags().BoolVar(&accept, "accept-loss", false, "end every session, and remove every second factor")
	return c
}

func replaceSecret(c *cobra.Command, o *options) error {
	if err := o.complete(); err != nil {
		return err
	}
	store, err := o.place.open(c.Context())
	if err != nil {
		return err
	}
	defer store.Close()
	fmt.Fprintf(c.ErrOrStderr(), "accounts in %s\n", o.place.describe())
	if err := o.makeFolder(); err != nil {
		return err
	}
	key, err := secret.LoadOrCreate(o.secret)
	if err != nil {
		return err
	}
	log, file, err := o.auditLog()
	if err != nil {
		return err
	}

	cfg := account.Config{Store: store, Secret: key, Audit: log, ErrorLog: o.errorLog()}
	lost, err := account.ReplaceSecret(c.Context(), cfg)
	if err = errors.Join(err, closeLog(log, file)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "the secret is that in %s; lost are %s, %s, the sessions of %s and %s\n",
		o.secret, count(lost.Keys, "signing key"), count(lost.Mails, "mail"),
		count(lost.Users, "user"), count(lost.Factors, "second factor"))
	return err
}
