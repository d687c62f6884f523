// Command sallyport guards an HTTP API written in any language.
//
//	sallyport demo
//	sallyport serve --upstream http://localhost:3000
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/console"
)

func main() { os.Exit(run()) }

// run is main with an exit code, so that tests can be the program too.
func run() int {
	args, mistakes := checkFlags(command(nil), os.Args[1:])
	root := command(mistakes)
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	if err == nil {
		return 0
	}
	stderr := console.New(os.Stderr) // which may have no reader
	fmt.Fprint(stderr, complain(err))
	stderr.Flush(time.Second)
	if stopped, ok := errors.AsType[*stoppedError](err); ok {
		return stopped.status()
	}
	return 1
}

// command is the program. mistakes are what is wrong with its flags: every command but serve, which reports what else
// is wrong too, returns them when it is run.
func command(mistakes []error) *cobra.Command {
	root := group(&cobra.Command{
		Use:           "sallyport",
		Short:         "A guarded way into your HTTP API: accounts, tokens, limits, headers, CORS, audit",
		SilenceUsage:  true,
		SilenceErrors: true,
	})
	root.AddCommand(serveCommand(mistakes), demoCommand(), userCommand(), keysCommand(), mailCommand(), tokenCommand(), versionCommand())
	if len(mistakes) > 0 {
		refuse(root, errors.Join(mistakes...))
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help; an argument that begins with - must follow --", err, c.CommandPath())
	})
	return root
}

// refuse has every command but serve return err before anything else.
func refuse(c *cobra.Command, err error) {
	for _, sub := range c.Commands() {
		if sub.Name() != "serve" {
			sub.Args = func(*cobra.Command, []string) error { return err }
		}
		refuse(sub, err)
	}
}

// needs is how many arguments a command takes; what is wrong says how it is written.
func needs(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return fmt.Errorf("write it as: %s", c.UseLine())
		}
		return nil
	}
}

// group is a command that is nothing without one of its commands.
func group(c *cobra.Command) *cobra.Command {
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		var also string
		if near := c.SuggestionsFor(args[0]); len(near) > 0 {
			also = fmt.Sprintf(" Did you mean %s?", strings.Join(near, " or "))
		}
		return fmt.Errorf("there is no command %q: see %s --help.%s", args[0], c.CommandPath(), also)
	}
	c.SuggestionsMinimumDistance = 2
	c.Args = cobra.ArbitraryArgs
	return c
}
