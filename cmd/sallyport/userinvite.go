package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sallyport-dev/sallyport/account"
)

func userInvites(o *options) *cobra.Command {
	return &cobra.Command{
		Use:     "invites",
		Short:   "List the invites that are good, and who sent them",
		Args:    needs(0, 0),
		PreRunE: existing(o),
		RunE: func(c *cobra.Command, _ []string) error {
			return withAccounts(c, o, func(ctx context.Context, a *account.Accounts) error {
				return listInvites(ctx, a, c.OutOrStdout())
			})
		},
	}
}

func listInvites(ctx context.Context, a *account.Accounts, out io.Writer) error {
	list, err := a.Invites(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tE-MAIL\tROLES\tINVITED BY\tCREATED\tEXPIRES")
	for _, i := range list {
		by, err := inviter(ctx, a, i.Inviter)
		if err != nil {
			return err
		}
		roles := cmp.Or(strings.Join(i.Roles, ","), "default")
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", i.ID, printable(i.Email), printable(roles), printable(by),
			i.Created.Format("2006-01-02 15:04"), i.Expires.Format("2006-01-02 15:04"))
	}
	return w.Flush()
}

// inviter is the username of the administrator who sent an invite, or "-" for a command.
func inviter(ctx context.Context, a *account.Accounts, id string) (string, error) {
	if id == "" {
		return "-", nil
	}
	u, err := a.Find(ctx, id)
	if errors.Is(err, account.ErrNotFound) {
		return id, nil
	}
	return u.Username, err
}

func userUninvite(o *options) *cobra.Command {
	return &cobra.Command{
		Use:     "uninvite ADDRESS|ID",
		Short:   "Withdraw an invite, by its address or its id",
		Example: "  sallyport user uninvite eve@example.com",
		Args:    needs(1, 1),
		PreRunE: existing(o),
		RunE: func(c *cobra.Command, args []string) error {
			return withAccounts(c, o, func(ctx context.Context, a *account.Accounts) error {
				err := a.WithdrawInvite(ctx, args[0])
				if errors.Is(err, account.ErrNotFound) {
					return fmt.Errorf("there is no invite %q: see sallyport user invites", args[0])
				}
				if err == nil {
					_, err = fmt.Fprintf(c.OutOrStdout(), "withdrew the invite for %s\n", printable(args[0]))
				}
				return err
			})
		},
	}
}
