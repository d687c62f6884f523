// Command sallyport guards an HTTP API written in any language.
//
//	sallyport demo
//	sallyport serve --upstream http://localhost:3000
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run()) }

// run is main with an exit code, so that tests can be the program too.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprint(os.Stderr, complain(err))
		return 1
	}
	return 0
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "sallyport",
		Short:         "A guarded way into your HTTP API: accounts, tokens, limits, headers, CORS, audit",
		SilenceUsage:  true,
		SilenceErrors: true,
		// Without Args, cobra suggests what a mistyped command was meant to be.
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.AddCommand(serveCommand(), demoCommand(), userCommand(), keysCommand(), tokenCommand(), versionCommand())
	return root
}
