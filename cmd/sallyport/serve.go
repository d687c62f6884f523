package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/console"
)

func serveCommand(mistakes []error) *cobra.Command {
	o := options{mistakes: mistakes}
	c := &cobra.Command{
		Use:   "serve",
		Short: "Guard an API, with accounts built in",
		Long: `Guard an API, with accounts built in.

Every route of the upstream needs a valid token unless it is declared public. The
upstream reads who is calling from the fields X-Sallyport-Subject, -Roles and -Scopes,
which no client can set. Let it listen where only the gate can reach it.`,
		Example: `  sallyport serve --upstream http://localhost:3000 --public "GET /health"
  sallyport serve --upstream http://localhost:3000 --listen :8443 --tls-cert cert.pem --tls-key key.pem
  sallyport serve --upstream http://localhost:3000 --accounts=off --trust "https://id.example.com audience=my-api"
  sallyport serve --upstream http://localhost:3000 --accounts=off --issuer https://id.example.com --audience my-api --jwks keys.json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			for _, arg := range args {
				o.mistakes = append(o.mistakes, fmt.Errorf(
					"%q: is no flag; the address of your API is written as --upstream URL; see sallyport serve --help", arg))
			}
			ctx, stop := untilSignal(c.Context())
			defer stop()
			return serve(ctx, o, c.OutOrStdout())
		},
	}
	o.flags(c.Flags())
	return c
}

func serve(ctx context.Context, o options, out io.Writer) error {
	a, err := open(ctx, o)
	if err != nil {
		return err
	}
	screen := console.New(out)
	a.describe(screen)
	screen.Flush(time.Second)
	if a.document != nil {
		for _, line := range documentWarnings(a.document) {
			a.options.errorLog().Warn(line)
		}
	}
	if a.document != nil && a.proxy != nil {
		for _, line := range undelivered(a.document) {
			a.options.errorLog().Warn(line)
		}
	}
	a.watchUpstream(ctx)
	return a.serve(ctx)
}

// describe says what is listening, and what to try.
func (a *app) describe(out io.Writer) {
	o := &a.options
	url := a.server.URL()
	line := func(name, format string, args ...any) {
		fmt.Fprintf(out, "  %-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(out, "sallyport %s\n\n", version())
	line("listening", "%s%s", url, a.certificate())
	line("upstream", "%s", cmp.Or(o.upstream, "none, accounts alone: name your API with --upstream"))
	if o.accounts == "on" {
		line("accounts", "in %s, registration %s", o.place.describe(), o.registration)
		line("tokens", "iss %s, aud %s, keys at %s/.well-known/jwks.json", o.issuer, o.aud(), url)
		line("mail", "%s", o.describeMail())
		if a.admin != nil {
			line("admin", "%s/admin/api/users, for who has the role admin and a second factor", a.admin.URL())
		}
	} else if o.issuer != "" {
		line("accounts", "off; tokens of %s, aud %s", o.issuer, o.aud())
	} else {
		line("accounts", "off")
	}
	if a.admin != nil {
		line("health", "%s/readyz", a.admin.URL())
	}
	if len(o.trust) > 0 {
		line("trusts", "%s", o.describeTrust())
	}
	if a.document != nil {
		line("openapi", "%s", o.documentOptions.describe(a.document))
		line("answers", "%s", o.describeAnswers())
	}
	public, policies := o.declared.describeRoutes()
	line("public", "%s", cmp.Or(strings.Join(public, ", "), o.nothingPublic()))
	for _, policy := range policies {
		line("route", "%s", policy)
	}
	line("cors", "%s", o.pageOptions.describe())
	line("limit", "%s for each caller", o.limit)
	for _, q := range o.quotas {
		line("quota", "%s", q)
	}
	line("counts", "%s", o.describeCounts())
	line("audit", "%s", cmp.Or(strings.TrimPrefix(o.audit, "-"), "standard error"))
	fmt.Fprintln(out)
	for _, example := range a.examples() {
		line("try", "%s", example)
	}
	line("reload", "SIGHUP opens the audit log again, and reads the certificates")
	line("stop", "Ctrl-C, or SIGTERM; requests in flight have %s to finish", o.drain)
	fmt.Fprintln(out)
}

// nothingPublic says what no flag makes public.
func (o *options) nothingPublic() string {
	if o.openapi != "" && !o.ignoreSecurity {
		return "what the document says is; everything else needs a token"
	}
	if o.accounts != "on" {
		return "nothing: every route needs a token"
	}
	return "nothing but the accounts: every route needs a token"
}

// certificate describes a certificate made here, which a person can compare.
func (a *app) certificate() string {
	if !a.options.selfSigned {
		return ""
	}
	return "  (self-signed, SHA-256 " + a.server.Fingerprint() + ")"
}

// curlFlags make curl accept that certificate.
func (a *app) curlFlags() string {
	if a.options.selfSigned {
		return "--insecure "
	}
	return ""
}
