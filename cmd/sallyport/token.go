package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/token"
)

func tokenCommand() *cobra.Command {
	c := group(&cobra.Command{
		Use:   "token",
		Short: "Look into tokens",
	})
	c.AddCommand(tokenInspect())
	return c
}

func tokenInspect() *cobra.Command {
	o := options{accounts: "off"}
	c := &cobra.Command{
		Use:   "inspect",
		Short: "Read a token from standard input, and say what is in it and whether it would be accepted",
		Long: `Read a token from standard input, and say what is in it and whether it would be accepted:
by the gate that serves the data folder, or with --trust or --jwks by one that accepts an
issuer's tokens. The signature is not shown.`,
		Example: `  echo "$TOKEN" | sallyport token inspect
  echo "$TOKEN" | sallyport token inspect --trust "https://id.example.com audience=my-api"
  echo "$TOKEN" | sallyport token inspect --issuer https://id.example.com --audience my-api --jwks keys.json`,
		Args: needs(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return inspect(c, &o) },
	}
	o.place.given = c.Flags().Changed
	c.Flags().StringVar(&o.data, "data", defaultData, "folder with the gate's accounts and key")
	c.Flags().StringVar(&o.store, "store", "", "`ADDRESS` of the gate's database, or $SALLYPORT_STORE, instead of a file in the data folder")
	c.Flags().StringVar(&o.secret, "secret", "", "`FILE` with the gate's secret (default: "+secretFile+" in the data folder)")
	c.Flags().StringVar(&o.issuer, "issuer", issuerURL(defaultListen, false), "iss the gate accepts (default of a gate with accounts: its own)")
	c.Flags().StringVar(&o.audience, "audience", "", "aud the gate accepts (default: the issuer, or that of the gate with accounts)")
	c.Flags().StringVar(&o.jwks, "jwks", "", "file with the issuer's public keys, instead of the data folder")
	c.Flags().StringArrayVar(&o.trust, "trust", nil, "`ISSUER` whose tokens the gate accepts, as serve has it; may be repeated")
	c.Flags().Var(&o.maxToken, "max-token", "largest token, a `SIZE`, with --trust or --jwks (default 16KiB)")
	c.Flags().DurationVar(&o.tokenLeeway, "token-leeway", 0, "how far an issuer's clock may run ahead, with --trust or --jwks (default 5s)")
	c.Flags().StringArrayVar(&o.types, "token-type", []string{token.AccessToken}, "typ the gate accepts, with --jwks")
	return c
}

// maxInput is more than any token that can be looked into.
const maxInput = 128 << 10

// errNotAccepted makes the command end with status 1 after it has said why.
var errNotAccepted = errors.New("the token would not be accepted")

func inspect(c *cobra.Command, o *options) error {
	input, err := io.ReadAll(io.LimitReader(c.InOrStdin(), maxInput))
	if err != nil {
		return err
	}
	raw := strings.TrimSpace(string(input))
	if len(raw) > 7 && strings.EqualFold(raw[:7], "bearer ") {
		raw = strings.TrimSpace(raw[7:])
	}
	if raw == "" {
		return errors.New("there is no token on standard input: echo \"$TOKEN\" | sallyport token inspect")
	}
	out := c.OutOrStdout()
	if seen, err := token.Inspect(raw); err == nil {
		fmt.Fprintf(out, "header %s\nclaims %s\n\n", printable(seen.Header), printable(seen.Claims))
	} else {
		fmt.Fprintf(out, "This is no signed JWT: %s\n\n", token.Explain(err))
	}
	err = verdict(c.Context(), raw, o)
	gate := fmt.Sprintf("a gate with iss %s, aud %s", o.issuer, o.aud())
	if len(o.trust) > 0 {
		gate = "a gate with --trust " + strings.Join(o.trust, ", ")
	}
	if bad, ok := errors.AsType[*token.Error](err); ok {
		fmt.Fprintf(out, "Not accepted by %s.\n%s\nThe audit log says: %s\n", gate, explainToken(err), bad)
		return errNotAccepted
	}
	if err != nil {
		fmt.Fprintf(out, "Not accepted by %s.\n%s\n", gate, explainToken(err))
		return errNotAccepted
	}
	fmt.Fprintf(out, "Accepted by %s.\n", gate)
	return nil
}

// verdict is what the gate would say.
func verdict(ctx context.Context, raw string, o *options) error {
	if len(o.trust) > 0 {
		a := &app{options: *o}
		issuers, err := a.trust(ctx)
		if err != nil {
			return errors.Join(err, a.close())
		}
		return errors.Join(o.verify(raw, issuers), a.close())
	}
	if o.jwks != "" {
		issuer, err := o.foreign()
		if err != nil {
			return err
		}
		return o.verify(raw, []token.Issuer{issuer})
	}
	if err := o.holdsAccounts(); err != nil {
		return fmt.Errorf("%w, or an issuer's keys with --jwks", err)
	}
	if !o.given("issuer") {
		o.issuer = "" // that of the gate
	}
	a, done, err := o.openAccounts(ctx, nil, administered)
	if err != nil {
		return err
	}
	gate := a.Issuer()
	o.issuer, o.audience = gate.Name, gate.Audiences[0]
	_, err = a.Authenticate(raw)
	return errors.Join(err, done())
}

// verify says what a gate would that accepts these issuers' tokens.
func (o *options) verify(raw string, issuers []token.Issuer) error {
	v, err := token.New(token.Config{Issuers: issuers, MaxSize: int(o.maxToken), Leeway: o.tokenLeeway})
	if err != nil {
		return err
	}
	_, err = v.Verify(raw)
	return err
}

func explainToken(err error) string {
	if errors.Is(err, account.ErrRevoked) {
		return "It was revoked: its session has ended, or its user lost it."
	}
	return token.Explain(err)
}

// printable shows a text of a stranger on a terminal: what is not printable is
// escaped, but for line feeds and spaces.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\n' || unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return b.String()
}
