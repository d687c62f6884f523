package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/sallyport-dev/sallyport/account"
)

func userExport(o *options) *cobra.Command {
	return &cobra.Command{
		Use:     "export",
		Short:   "Write every user to standard output, one JSON object a line, with password hashes",
		Example: "  sallyport user export > users.jsonl",
		Args:    needs(0, 0),
		PreRunE: existing(o),
		RunE: func(c *cobra.Command, _ []string) error {
			return withAccounts(c, o, func(ctx context.Context, a *account.Accounts) error {
				out := bufio.NewWriter(c.OutOrStdout())
				err := a.Export(ctx, func(p account.Portable) error {
					line, err := json.Marshal(p)
					if err == nil {
						_, err = out.Write(append(line, '\n'))
					}
					return err
				})
				return errors.Join(err, out.Flush())
			})
		},
	}
}

func userImport(o *options) *cobra.Command {
	var from int
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Make users of a file that export wrote, or another system; - is standard input",
		Long: `Make users of a file with one JSON object a line:

  {"username":"ada","email":"ada@example.com","password_hash":"$2b$12$...","roles":["user"],"email_verified":true}

password_hash is argon2id, argon2i, bcrypt, scrypt, PBKDF2 or SHA-crypt, as the common
frameworks write them (docs/accounts.md lists them); without one, the user sets a password by
mail. The first login replaces it by one of ours. A user without a username, or with an
e-mail address for one, gets one made of the address, and logs in with either. Other members
are ignored, and reported once. A line that is refused is named, and the others are made.
Where the store fails, or Ctrl-C is typed, it stops and names the line to go on --from. A
user who is there already, just as in the line, is passed over.`,
		Args: needs(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if from < 1 {
				return fmt.Errorf("--from %d: lines are counted from 1", from)
			}
			in := c.InOrStdin()
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer f.Close()
				in = f
			}
			return withAccounts(c, o, func(ctx context.Context, a *account.Accounts) error {
				i := importer{accounts: a, from: from, out: c.OutOrStdout(), complaints: c.ErrOrStderr()}
				return i.run(ctx, in)
			})
		},
	}
	c.Flags().IntVar(&o.importWork, "max-work", 0,
		"accept hashes of up to `N` times the work of ours, 1 to 128 (default 32: bcrypt to cost 14; 64 is cost 15, 128 is 16)")
	c.Flags().IntVar(&from, "from", 1, "first `LINE` to read, to go on where an import was stopped")
	return c
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func userReset(o *options) *cobra.Command {
	return userChange(o, "reset USER", "Make a user's password good for nothing, and mail a link to set another", "mailed %s a link to set a password\n",
		func(ctx context.Context, a *account.Accounts, name string) (account.User, error) {
			return a.ForceReset(ctx, name)
		})
}

func userRemoveMFA(o *options) *cobra.Command {
	return userChange(o, "remove-mfa USER", "Switch off the second factor of a user who has lost it", "%s logs in with the password alone\n",
		func(ctx context.Context, a *account.Accounts, name string) (account.User, error) {
			return a.RemoveSecondFactor(ctx, name)
		})
}

func userLogout(o *options) *cobra.Command {
	return userChange(o, "logout USER", "End every session of a user", "%s is logged out everywhere\n",
		func(ctx context.Context, a *account.Accounts, name string) (account.User, error) {
			u, err := a.Find(ctx, name)
			if err != nil {
				return u, err
			}
			return u, a.EndSessions(ctx, u.ID)
		})
}

// userChange is a command about one user that is there.
func userChange(o *options, use, short, done string, f func(context.Context, *account.Accounts, string) (account.User, error)) *cobra.Command {
	return &cobra.Command{
		Use:     use,
		Short:   short,
		Args:    needs(1, 1),
		PreRunE: existing(o),
		RunE: func(c *cobra.Command, args []string) error {
			return withAccounts(c, o, func(ctx context.Context, a *account.Accounts) error {
				u, err := f(ctx, a, args[0])
				if err != nil {
					return named(args[0], err)
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), done, printable(u.Username))
				return err
			})
		},
	}
}

func userInvite(o *options) *cobra.Command {
	var roles []string
	c := &cobra.Command{
		Use:     "invite EMAIL",
		Short:   "Mail somebody a token with which they may register; a gate on the same accounts sends it",
		Args:    needs(1, 1),
		PreRunE: existing(o),
		RunE: func(c *cobra.Command, args []string) error {
			return withAccounts(c, o, func(ctx context.Context, a *account.Accounts) error {
				err := a.Invite(ctx, args[0], roles)
				if cause := errors.Unwrap(err); cause != nil {
					return cause // the problem around it is for HTTP clients
				}
				if err == nil {
					_, err = fmt.Fprintf(c.OutOrStdout(), "invited %s\n", printable(args[0]))
				}
				return err
			})
		},
	}
	c.Flags().StringArrayVar(&roles, "role", nil, "role; may be repeated (default: user)")
	return c
}
