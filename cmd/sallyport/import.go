package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/secret"
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

// take makes the user of one line. The error is one that the next line would meet as well.
func (i *importer) take(ctx context.Context, line []byte) error {
	if i.line < i.from || len(line) == 0 {
		return nil
	}
	var p account.Portable
	if json.Unmarshal(line, &p, json.RejectUnknownMembers(true)) != nil { // its error may quote the hash
		i.refuse(errors.New("this is not a JSON object of a user: see sallyport user import --help"))
		return nil
	}
	_, err := i.accounts.Import(ctx, p)
	switch {
	case err == nil:
		if i.made++; i.made%1000 == 0 {
			fmt.Fprintf(i.complaints, "%d users\n", i.made)
		}
	case errors.Is(err, account.ErrTaken):
		same, findErr := i.same(ctx, p)
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

func (i *importer) refuse(err error) {
	i.refused++
	fmt.Fprintf(i.complaints, "line %d: %v\n", i.line, err)
}

// ofLine reports whether an error is about the line, and not about the store.
func ofLine(err error) bool {
	_, invalid := errors.AsType[*account.InvalidUser](err)
	return invalid || errors.Is(err, account.ErrHash) || errors.Is(err, account.ErrDear)
}

// same reports whether the user of a line is there already, as an import before has made it.
func (i *importer) same(ctx context.Context, p account.Portable) (bool, error) {
	u, err := i.accounts.Find(ctx, p.Username)
	if errors.Is(err, account.ErrNotFound) {
		return false, nil
	}
	return err == nil && strings.EqualFold(u.Username, p.Username) && strings.EqualFold(u.Email, p.Email) &&
		u.PasswordHash.Equal(secret.New(p.PasswordHash)), err
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
