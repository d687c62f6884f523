package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/secret"
)

func userCommand() *cobra.Command {
	var o options
	c := group(&cobra.Command{
		Use:   "user",
		Short: "Add, invite, list, disable, import and export users, and give them roles",
		Long:  "Add, invite, list, disable, import and export users, and give them roles. A gate on the\nsame accounts follows within a second, and sends the mails.",
	})
	o.place.flags(c.PersistentFlags())
	c.AddCommand(userAdd(&o), userInvite(&o), userInvites(&o), userUninvite(&o), userList(&o), userDisable(&o), userRole(&o),
		userLogout(&o), userReset(&o), userRemoveMFA(&o), userImport(&o), userExport(&o))
	return c
}

// withAccounts opens the accounts of a folder for one command.
func withAccounts(c *cobra.Command, o *options, f func(ctx context.Context, a *account.Accounts) error) error {
	cfg, err := o.openStore(c.Context())
	if err != nil {
		return err
	}
	fmt.Fprintf(c.ErrOrStderr(), "accounts in %s\n", o.place.describe())
	log, file, err := o.auditLog()
	if err != nil {
		return errors.Join(err, cfg.Store.Close())
	}
	a, done, err := o.accountsOn(c.Context(), cfg, log, administered)
	if err != nil {
		return errors.Join(err, closeLog(log, file))
	}
	return errors.Join(f(c.Context(), a), done(), closeLog(log, file))
}

// administered is for commands: a gate on the same accounts serves them and sends the mails.
func administered(c *account.Config) { c.Administer, c.Mail = true, account.Elsewhere{} }

// existing is for the commands that make nothing.
func existing(o *options) func(*cobra.Command, []string) error {
	return func(*cobra.Command, []string) error { return o.holdsAccounts() }
}

func userAdd(o *options) *cobra.Command {
	var email string
	var roles []string
	c := &cobra.Command{
		Use:     "add USERNAME",
		Short:   "Add a user; the password is asked for, or read from standard input",
		Example: "  sallyport user add ada --email ada@example.com --role admin",
		Args:    needs(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if email == "" {
				return errors.New("--email is missing: every user has an address")
			}
			password, err := readPassword(c.InOrStdin(), c.ErrOrStderr())
			if err != nil {
				return err
			}
			return withAccounts(c, o, func(ctx context.Context, a *account.Accounts) error {
				u, err := a.Add(ctx, account.NewUser{Username: args[0], Email: email, Password: password, Roles: roles})
				if cause := errors.Unwrap(err); cause != nil {
					return cause // the problem around it is for HTTP clients
				}
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "added %s with the id %s\n", u.Username, u.ID)
				return err
			})
		},
	}
	c.Flags().StringVar(&email, "email", "", "e-mail address")
	c.Flags().StringArrayVar(&roles, "role", nil, "role; may be repeated (default: user)")
	return c
}

// readPassword asks a person twice without showing what is typed, and takes the first
// line of anything else.
func readPassword(in io.Reader, prompts io.Writer) (secret.String, error) {
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		first, err := ask(f, prompts, "password: ")
		if err != nil {
			return first, err
		}
		again, err := ask(f, prompts, "again: ")
		if err == nil && !first.Equal(again) {
			err = errors.New("the two are not the same")
		}
		return first, err
	}
	// A line that is empty is no password either, and gets the policy's answer.
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && err != io.EOF {
		return secret.String{}, err
	}
	if line == "" {
		return secret.String{}, errors.New("there is no password on standard input: type it in a terminal, or write one line")
	}
	return secret.New(strings.TrimRight(line, "\r\n")), nil
}

func ask(f *os.File, prompts io.Writer, text string) (secret.String, error) {
	defer fmt.Fprintln(prompts)
	typed, err := readHidden(f, func() { fmt.Fprint(prompts, text) })
	return secret.New(string(typed)), err
}

func userList(o *options) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the users",
		Args:    needs(0, 0),
		PreRunE: existing(o),
		RunE: func(c *cobra.Command, _ []string) error {
			return withAccounts(c, o, func(ctx context.Context, a *account.Accounts) error {
				return listUsers(ctx, a, c.OutOrStdout())
			})
		},
	}
}

const usersPage = 500

func listUsers(ctx context.Context, a *account.Accounts, out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tUSERNAME\tE-MAIL\tROLES\tCREATED\tSTATE")
	after := ""
	for {
		list, err := a.Users(ctx, account.UserQuery{After: after, Limit: usersPage})
		if err != nil {
			return err
		}
		for _, u := range list {
			state := "active"
			if u.Disabled {
				state = "disabled"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", u.ID, printable(u.Username), printable(u.Email),
				printable(strings.Join(u.Roles, ",")), u.Created.Format("2006-01-02 15:04"), state)
			after = u.ID
		}
		if len(list) < usersPage {
			return w.Flush()
		}
	}
}

func userDisable(o *options) *cobra.Command {
	var undo bool
	c := &cobra.Command{
		Use:     "disable USER",
		Short:   "Disable a user: no login, and every session and token ends",
		Args:    needs(1, 1),
		PreRunE: existing(o),
		RunE: func(c *cobra.Command, args []string) error {
			return withAccounts(c, o, func(ctx context.Context, a *account.Accounts) error {
				u, err := a.SetDisabled(ctx, args[0], !undo)
				if err != nil {
					return named(args[0], err)
				}
				word := "disabled"
				if undo {
					word = "enabled"
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s %s\n", word, printable(u.Username))
				return err
			})
		},
	}
	c.Flags().BoolVar(&undo, "undo", false, "let the user log in again")
	return c
}

func userRole(o *options) *cobra.Command {
	return &cobra.Command{
		Use:     "role USER [ROLE]...",
		Short:   "Replace a user's roles; tokens with the old ones end",
		Example: "  sallyport user role ada admin user",
		Args:    needs(1, 99),
		PreRunE: existing(o),
		RunE: func(c *cobra.Command, args []string) error {
			return withAccounts(c, o, func(ctx context.Context, a *account.Accounts) error {
				u, err := a.SetRoles(ctx, args[0], args[1:])
				if err != nil {
					return named(args[0], err)
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s has the roles: %s\n", printable(u.Username), cmp.Or(strings.Join(u.Roles, ", "), "none"))
				return err
			})
		},
	}
}

func named(login string, err error) error {
	if errors.Is(err, account.ErrNotFound) {
		return fmt.Errorf("there is no user %q: see sallyport user list", login)
	}
	return err
}
