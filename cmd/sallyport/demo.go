package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/console"
	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/demo"
	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/server"
	"github.com/sallyport-dev/sallyport/secret"
)

func demoCommand() *cobra.Command {
	var listen string
	c := &cobra.Command{
		Use:   "demo",
		Short: "Start a small API with a gate in front of it, to try things out",
		Long: `Start a notes API that knows no security, and a gate in front of it. Nothing has to be
installed or configured. The data folder is new, and removed at the end.`,
		Args: needs(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := untilSignal(c.Context(), syscall.SIGHUP) // its terminal was closed
			defer stop()
			return runDemo(ctx, listen, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&listen, "listen", defaultListen, "address to listen on")
	return c
}

// demoUser is who the curl lines log in as.
const demoUser = "demo"

func runDemo(ctx context.Context, listen string, out io.Writer) (err error) {
	upstream, stop, err := startNotes()
	if err != nil {
		return err
	}
	defer stop()
	data, err := os.MkdirTemp("", "sallyport-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	o := options{
		place: place{data: data}, listen: listen, upstream: upstream,
		routeOptions: routeOptions{public: []string{"GET /health"}}, limitOptions: limitOptions{limit: "100 per 15m"},
		accounts: "on", registration: "open", upstreamTimeout: 10 * time.Second, drain: 5 * time.Second,
	}
	a, err := open(ctx, o)
	if server.IsBusy(err) {
		fmt.Fprintf(out, "%s is taken by another program, so the demo takes a free port.\n\n", listen)
		host, _, _ := net.SplitHostPort(listen)
		o.listen = net.JoinHostPort(host, "0")
		a, err = open(ctx, o)
	}
	if err != nil {
		return err
	}
	password := randomPassword()
	_, err = a.accounts.Add(ctx, account.NewUser{Username: demoUser, Email: "demo@example.com", Password: secret.New(password)})
	if err != nil {
		return errors.Join(err, a.close())
	}
	screen := console.New(out)
	a.guide(screen, password)
	screen.Flush(time.Second)
	return a.serve(ctx)
}

// startNotes serves the notes API on a free loopback port.
func startNotes() (url string, stop func() error, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: demo.Notes(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: time.Minute}
	go s.Serve(l)
	return "http://" + l.Addr().String(), s.Close, nil
}

// randomPassword has 100 random bits, in groups a person can type.
func randomPassword() string {
	s := strings.ToLower(rand.Text())
	return s[:5] + "-" + s[5:10] + "-" + s[10:15] + "-" + s[15:20]
}

// guide prints what to try. Every line is tested as it is printed.
func (a *app) guide(out io.Writer, password string) {
	url := a.server.URL()
	fmt.Fprintf(out, `Sallyport demo %s

  the gate   %s
  behind it  %s  (a notes API that knows no security)
  data       %s  (removed at the end)
  audit log  %s
  user       %s, password %s

Try, in another terminal:

`, version(), url, a.options.upstream, a.options.data, a.options.audit, demoUser, password)
	for i, step := range steps(url, password) {
		fmt.Fprintf(out, "  %d. %s\n\n     %s\n\n", i+1, step.says, step.command)
	}
	fmt.Fprint(out, "Stop with Ctrl-C.\n")
}

// step is one thing to try.
type step struct{ says, command string }

func steps(url, password string) []step {
	const asJSON = `-H 'Content-Type: application/json'`
	const asMe = `-H "Authorization: Bearer $TOKEN"`
	return []step{
		{"No token: 401.", `curl -i ` + url + `/notes`},
		{"Log in, and keep the access token.", `TOKEN=$(curl -s ` + url + `/auth/login ` + asJSON +
			` -d '{"username":"` + demoUser + `","password":"` + password + `"}' | sed 's/.*"access_token":"\([^"]*\)".*/\1/')`},
		{"With the token: 200. The notes API never sees the token, only who you are.", `curl -i ` + url + `/notes ` + asMe},
		{"Write a note: 201.", `curl -i ` + url + `/notes ` + asMe + ` ` + asJSON + ` -d '{"text":"hello"}'`},
		{"Bad input: 422, with every mistake at once.", `curl -i ` + url + `/auth/register ` + asJSON + ` -d '{"username":"x","email":"nobody","password":"12345678"}'`},
		{"The notes API crashes and shows its stack; you see a plain 500.", `curl -i ` + url + `/boom ` + asMe},
		{"Too many: 429 after 100 in 15 minutes.", `curl -s -o /dev/null -w '%{http_code}\n' "` + url + `/notes?n=[1-110]" ` + asMe + ` | sort | uniq -c`},
		{"Log out: 204, and the token is dead at once: 401.", `curl -i -X POST ` + url + `/auth/logout ` + asMe + ` && curl -i ` + url + `/notes ` + asMe},
	}
}
