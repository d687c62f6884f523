package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// checkFlags tries args on a command that is not run, and returns those that can be parsed and what is wrong with the
// others: a flag that is unknown, has no value or a wrong one, or is given twice. Parsing by itself ends at the first.
func checkFlags(root *cobra.Command, args []string) (good []string, errs []error) {
	c, _, err := root.Find(args)
	if err != nil || c == root {
		return args, nil // and root says why
	}
	c.InitDefaultHelpFlag()
	c.InheritedFlags() // which adds those of its parents to Flags

	given := map[string]bool{}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		text, long := strings.CutPrefix(arg, "--")
		if !long || text == "" {
			good = append(good, arg)
			if text == "" && long {
				return append(good, args...), errs
			}
			continue
		}

		name, value, valued := strings.Cut(text, "=")
		flag := c.Flags().Lookup(name)
		if !valued && (flag == nil || flag.NoOptDefVal == "") && len(args) > 0 && (flag != nil || !strings.HasPrefix(args[0], "-")) {
			value, valued, args = args[0], true, args[1:]
		}
		if !valued && flag != nil {
			value = flag.NoOptDefVal
		}
		if err := checkFlag(c, flag, name, value, valued || value != "", given); err != nil {
			errs = append(errs, err)
			continue
		}
		good = append(good, "--"+name+"="+value)
	}
	return good, errs
}

// checkFlag sets one flag.
func checkFlag(c *cobra.Command, flag *pflag.Flag, name, value string, valued bool, given map[string]bool) error {
	_, repeats := flagValue(flag).(pflag.SliceValue)
	switch {
	case flag == nil:
		return fmt.Errorf("--%s: there is no such flag%s; see %s --help; an argument that begins with - must follow --",
			name, nearestFlag(c, name), c.CommandPath())
	case !valued:
		return fmt.Errorf("--%s: must have a value; write --%s %s", name, name, cmp.Or(valueName(flag), "VALUE"))
	case given[name] && !repeats:
		return fmt.Errorf("--%s is given twice; leave one out", name)
	}
	given[name] = true
	if err := flag.Value.Set(value); err != nil {
		return fmt.Errorf("--%s %s: %s", name, strconv.Quote(value), valueRule(flag, err))
	}
	return nil
}

func flagValue(flag *pflag.Flag) pflag.Value {
	if flag == nil {
		return nil
	}
	return flag.Value
}

func valueName(flag *pflag.Flag) string {
	name, _ := pflag.UnquoteUsage(flag)
	return name
}

// valueRule says what a flag's value must be.
func valueRule(flag *pflag.Flag, err error) string {
	switch flag.Value.Type() {
	case "duration":
		return "must be a duration; write it as in 90s, 15m or 1h30m"
	case "int", "int64":
		return "must be a whole number"
	case "bool":
		return "must be true or false, or nothing for true"
	}
	return err.Error()
}

// nearestFlag suggests the flag that a mistyped one is closest to.
func nearestFlag(c *cobra.Command, name string) string {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return nearest("--"+name, names)
}
