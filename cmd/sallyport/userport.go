package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/sallyport-dev/sallyport/account"
)

// maxImportLine is the longest line that is read.
const maxImportLine = 64 << 10

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
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Make users of a file that export wrote, or another system; - is standard input",
		Long: `Make users of a file with one JSON object a line:

  {"username":"ada","email":"ada@example.com","password_hash":"$2b$12$...","roles":["user"],"email_verified":true}

password_hash is argon2id, argon2i, bcrypt, scrypt or PBKDF2, in PHC form or as Django and
Werkzeug write it; without one, the user sets a password by mail. The first login replaces
it by one of ours. A line that is refused is named, and the others are made.`,
		Args: needs(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
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
				return importUsers(ctx, a, in, c.OutOrStdout(), c.ErrOrStderr())
			})
		},
	}
}

func importUsers(ctx context.Context, a *account.Accounts, in io.Reader, out, complaints io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxImportLine)
	made, refused, n := 0, 0, 0
	for lines.Scan() {
		n++
		if len(lines.Bytes()) == 0 {
			continue
		}
		var p account.Portable
		err := json.Unmarshal(lines.Bytes(), &p, json.RejectUnknownMembers(true))
		if err != nil {
			err = errors.New("this is not a JSON object of a user: see sallyport user import --help") // its error may quote the hash
		} else if _, err = a.Import(ctx, p); err == nil {
			made++
			if made%1000 == 0 {
				fmt.Fprintf(complaints, "%d users\n", made)
			}
			continue
		}
		refused++
		fmt.Fprintf(complaints, "line %d: %v\n", n, err)
	}
	fmt.Fprintf(out, "imported %s\n", count(made, "user"))
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("line %d has more than %d bytes, and none was read from there on", n+1, maxImportLine)
	} else if err != nil {
		return err
	}
	if refused > 0 {
		return fmt.Errorf("%s refused: mend what is named above, and import it by itself", count(refused, "line"))
	}
	return nil
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
