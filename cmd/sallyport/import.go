package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport-dev/sallyport/account"
)

// maxImportLine is the longest line that is read.
const maxImportLine = 64 << 10

// errStopped is the cause of a context that a signal has ended.
var errStopped = errors.New("stopped by a signal")

// stoppedError is an import that was stopped before its end.
type stoppedError struct {
	line   int // the first that was not read, or that may not have taken effect
	cause  error
	signal os.Signal // nil where the store failed
}

func (e *stoppedError) Error() string {
	return fmt.Sprintf("stopped at line %d: %v; when that is mended, go on with --from %d", e.line, e.cause, e.line)
}

// Unwrap returns the cause.
func (e *stoppedError) Unwrap() error { return e.cause }

// status is the exit status: that of a process which the signal has ended, or 1.
func (e *stoppedError) status() int {
	if n, ok := e.signal.(syscall.Signal); ok {
		return 128 + int(n)
	}
	return 1
}

// importer makes users of lines.
type importer struct {
	accounts        *account.Accounts
	from            int // the first line to read, counted from 1
	out, complaints io.Writer

	line, made, there, refused int

	ignored map[string]bool // members that were reported
}

// run imports until the end of in, an error that is not a line's own, or a signal.
func (i *importer) run(ctx context.Context, in io.Reader) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)

	lines := readLines(in)
	for {
		i.line++
		select { // a signal first, where both are there
		case s := <-signals:
			return i.stopped(errStopped, s)
		default:
		}
		select {
		case s := <-signals: // the input may stand still
			return i.stopped(errStopped, s)
		case l, ok := <-lines:
			if !ok {
				return i.end()
			}
			if l.err != nil {
				return i.stopped(l.err, nil)
			}
			if err := i.take(ctx, l.text); err != nil {
				return i.stopped(err, nil)
			}
		}
	}
}

// importLine is a user, and what else the line has.
type importLine struct {
	account.Portable
	Other map[string]jsontext.Value `json:",embed"`
}

// byteOrderMark begins files that some programs write as UTF-8.
const byteOrderMark = "\ufeff"

// take makes the user of one line. The error is one that the next line would meet as well.
func (i *importer) take(ctx context.Context, line []byte) error {
	if i.line == 1 {
		line = bytes.TrimPrefix(line, []byte(byteOrderMark))
	}
	if line = bytes.TrimSpace(line); i.line < i.from || len(line) == 0 {
		return nil
	}
	var p importLine
	if err := json.Unmarshal(line, &p); err != nil {
		i.refuse(unreadable(err))
		return nil
	}
	for name := range p.Other {
		if p.PasswordHash == "" && looksLikeHash(name) {
			i.refuse(fmt.Errorf("the member %q is not read: write the hash of the password as password_hash, or leave both out", name))
			return nil
		}
	}
	i.ignore(p.Other)
	u, err := i.accounts.Import(ctx, p.Portable)
	switch {
	case err == nil:
		i.renamed(&p.Portable, &u)
		if i.made++; i.made%1000 == 0 {
			fmt.Fprintf(i.complaints, "%d users\n", i.made)
		}
	case errors.Is(err, account.ErrTaken):
		same, findErr := i.accounts.Imported(ctx, p.Portable)
		if findErr != nil {
			return findErr
		}
		if same {
			i.there++
			return nil
		}
		i.refuse(err)
	case ofLine(err):
		i.refuse(err)
	default:
		return err
	}
	return nil
}

// unreadable is what is said of a line, without the error's own text, which may quote the hash.
func unreadable(err error) error {
	if e, ok := errors.AsType[*json.SemanticError](err); ok && e.JSONPointer != "" {
		return fmt.Errorf("the member %q has another type than a user's: see sallyport user import --help", e.JSONPointer)
	}
	return errors.New("this is not a JSON object of a user, one to a line (jq -c '.[]' makes lines of an array): see sallyport user import --help")
}

// looksLikeHash reports whether a member that is not read was perhaps meant to be the hash, without
// which every user would have to set a password.
func looksLikeHash(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "password") || strings.Contains(name, "hash") || strings.Contains(name, "digest")
}

// maxIgnored is how many members are reported that are not a user's.
const maxIgnored = 32

// ignore reports members that nothing reads, each name once.
func (i *importer) ignore(other map[string]jsontext.Value) {
	for _, name := range slices.Sorted(maps.Keys(other)) {
		if len(i.ignored) == maxIgnored || i.ignored[name] {
			continue
		}
		if i.ignored == nil {
			i.ignored = map[string]bool{}
		}
		i.ignored[name] = true
		fmt.Fprintf(i.complaints, "line %d: the member %q is ignored, here and in other lines\n", i.line, name)
	}
}

// renamed reports a user who logged in by an address that is not theirs here.
func (i *importer) renamed(p *account.Portable, u *account.User) {
	if strings.Contains(p.Username, "@") && p.Email != "" && !strings.EqualFold(p.Username, p.Email) {
		fmt.Fprintf(i.complaints, "line %d: %s is no username here: the user logs in as %s or %s\n", i.line,
			printable(p.Username), printable(u.Username), printable(u.Email))
	}
}

func (i *importer) refuse(err error) {
	i.refused++
	fmt.Fprintf(i.complaints, "line %d: %v\n", i.line, err)
}

// ofLine reports whether an error is about the line, and not about the store.
func ofLine(err error) bool {
	_, invalid := errors.AsType[*account.InvalidUser](err)
	return invalid || errors.Is(err, account.ErrHash) || errors.Is(err, account.ErrDear)
}

// summary says what was done, also where the import was stopped.
func (i *importer) summary() {
	fmt.Fprintf(i.out, "imported %s", count(i.made, "user"))
	if i.there > 0 {
		fmt.Fprintf(i.out, "; %d there already", i.there)
	}
	fmt.Fprintln(i.out)
}

func (i *importer) stopped(cause error, s os.Signal) error {
	i.summary()
	return &stoppedError{line: max(i.line, i.from), cause: cause, signal: s}
}

func (i *importer) end() error {
	i.summary()
	if i.refused > 0 {
		return fmt.Errorf("%s refused: mend what is named above, and import it by itself", count(i.refused, "line"))
	}
	return nil
}

// inputLine is a line, or why there is none.
type inputLine struct {
	text []byte
	err  error
}

// readLines reads in a goroutine of its own, which a read that never ends keeps until the end
// of the process.
func readLines(in io.Reader) <-chan inputLine {
	lines := make(chan inputLine)
	go func() {
		defer close(lines)
		s := bufio.NewScanner(in)
		s.Buffer(nil, maxImportLine)
		for s.Scan() {
			lines <- inputLine{text: append([]byte(nil), s.Bytes()...)}
		}
		err := s.Err()
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("the line has more than %d bytes", maxImportLine)
		}
		if err != nil {
			lines <- inputLine{err: err}
		}
	}()
	return lines
}
