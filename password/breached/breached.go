// Package breached asks a list of passwords from break-ins whether one is on it, without
// telling it the password.
//
// The list is one of the range kind, as Have I Been Pwned has it: it is asked for all hashes
// that begin with five hexadecimal digits, about a thousand, and which of them was meant is
// found here. The list learns those digits, 20 bits of a SHA-1 hash, and that somebody sets a
// password now.
//
// How it fails when composed wrongly:
//
//   - It is slow, and the list may be down. Ask when a password is set, never at a login, and
//     take a password that could not be looked up: package password has a list of its own.
//   - Whoever can make it ask can make it ask often. Charge a limit before.
package breached

import (
	"bufio"
	"context"
	"crypto/sha1" // what the lists are made of; nothing rests on it
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/secret"
)

// Config says where the list is.
type Config struct {
	// URL is what the five digits are appended to, such as
	// https://api.pwnedpasswords.com/range/. It is https, or on this machine.
	URL string
	// Timeout is how long an answer may take, 2 s when zero.
	Timeout time.Duration
	// Transport sends the requests; default http.DefaultTransport.
	Transport http.RoundTripper
}

// List is a list that can be asked. It is safe for concurrent use.
type List struct {
	url    string
	client http.Client
}

const (
	prefixSize = 5
	maxAnswer  = 1 << 20 // about twenty times a padded answer
)

// New checks c. It asks nothing.
func New(c Config) (*List, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !local(u.Hostname())) {
		return nil, fmt.Errorf("breached: URL %q: write one such as https://api.pwnedpasswords.com/range/", c.URL)
	}
	if c.Timeout < 0 {
		return nil, errors.New("breached: Timeout: is negative; leave it zero for 2s")
	}
	if c.Timeout == 0 {
		c.Timeout = 2 * time.Second
	}
	return &List{c.URL, http.Client{Timeout: c.Timeout, Transport: c.Transport, CheckRedirect: noRedirect}}, nil
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func local(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// Holds reports whether a password is on the list. An error says that it is not known, and
// nothing of the password.
func (l *List) Holds(ctx context.Context, pw secret.String) (bool, error) {
	sum := sha1.Sum([]byte(pw.Reveal()))
	digits := strings.ToUpper(hex.EncodeToString(sum[:]))
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.url+digits[:prefixSize], nil)
	if err != nil {
		return false, errors.New("breached: the address cannot be asked")
	}
	r.Header.Set("Add-Padding", "true") // so that the answer's length does not tell the digits
	r.Header.Set("User-Agent", "sallyport")
	res, err := l.client.Do(r)
	if err != nil {
		return false, fmt.Errorf("breached: %w", errors.Unwrap(err)) // without the address, and so the digits
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return false, fmt.Errorf("breached: the list answers %d", res.StatusCode)
	}
	return find(res.Body, digits[prefixSize:])
}

// find looks for "<suffix>:<count>" in an answer. Padding has the count 0.
func find(in io.Reader, suffix string) (bool, error) {
	body := &io.LimitedReader{R: in, N: maxAnswer}
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		got, count, ok := strings.Cut(lines.Text(), ":")
		if !ok || len(got) != len(suffix) {
			return false, errors.New("breached: the answer is not a list of hashes")
		}
		if strings.EqualFold(got, suffix) && strings.Trim(count, "0 ") != "" {
			return true, nil
		}
	}
	if err := lines.Err(); err != nil {
		return false, fmt.Errorf("breached: %w", err)
	}
	if body.N == 0 {
		return false, errors.New("breached: the answer is too long")
	}
	return false, nil
}
