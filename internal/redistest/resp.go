package redistest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/servers"
)

// ReplyError is what Redis answered instead of a value.
type ReplyError string

func (e ReplyError) Error() string { return string(e) }

// Do runs a command on a connection of its own. It returns the answer as text, an array
// with one line for each element, and nothing as "". An error ends the test.
func (s *Server) Do(t testing.TB, args ...string) string {
	t.Helper()
	text, err := s.try(servers.Limit, args...)
	if err != nil {
		t.Fatalf("%s: %s: %v", s.Addr(), strings.Join(args, " "), err)
	}
	return text
}

// Try runs a command like [Server.Do], and returns its error: [ReplyError] when there was
// an answer.
func (s *Server) Try(ctx context.Context, args ...string) (string, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", s.Addr())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	var request strings.Builder
	fmt.Fprintf(&request, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&request, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := io.WriteString(conn, request.String()); err != nil {
		return "", err
	}
	return read(bufio.NewReader(conn))
}

func (s *Server) try(limit time.Duration, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return s.Try(ctx, args...)
}

// read reads one answer of the protocol's second version.
func read(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	line = strings.TrimSuffix(line, "\r\n")
	if err != nil || line == "" {
		return "", fmt.Errorf("cut off after %q: %w", line, err)
	}
	kind, text := line[0], line[1:]
	if kind == '+' || kind == ':' {
		return text, nil
	}
	if kind == '-' {
		return "", ReplyError(text)
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil, kind != '$' && kind != '*':
		return "", fmt.Errorf("not an answer: %q", line)
	case n < 0:
		return "", nil
	case kind == '$':
		value := make([]byte, n+len("\r\n"))
		_, err := io.ReadFull(r, value)
		return string(value[:n]), err
	}
	return readArray(r, n)
}

func readArray(r *bufio.Reader, n int) (string, error) {
	list := make([]string, n)
	for i := range list {
		var err error
		if list[i], err = read(r); err != nil {
			return "", err
		}
	}
	return strings.Join(list, "\n"), nil
}

// Info returns the fields of a section of INFO: "replication", "commandstats".
func (s *Server) Info(t testing.TB, section string) map[string]string {
	t.Helper()
	return fields(s.Do(t, "INFO", section))
}

// fields reads the lines "name:value" that INFO and CLUSTER INFO answer with.
func fields(text string) map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			m[name] = value
		}
	}
	return m
}
