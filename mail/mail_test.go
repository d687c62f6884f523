package mail_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/mail"
	"github.com/sallyport-dev/sallyport/secret"
)

// sink is a mail server that keeps what it is sent.
type sink struct {
	address string
	got     chan string
	lines   chan string
}

// newSink serves until the test ends. answers replaces what it says to a verb.
func newSink(t *testing.T, cert *tls.Certificate, answers map[string]string) *sink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &sink{l.Addr().String(), make(chan string, 10), make(chan string, 100)}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn, cert, answers)
		}
	}()
	return s
}

func (s *sink) serve(conn net.Conn, cert *tls.Certificate, answers map[string]string) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	say := func(text string) { fmt.Fprint(conn, text+"\r\n") }
	secure := answers["from the start"] != ""
	if secure {
		conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*cert}})
		in = bufio.NewReader(conn)
	}
	say("220 sink")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb := strings.ToUpper(strings.Fields(line + " x")[0])
		if verb == "AUTH" {
			verb += " " + strings.Fields(line + " x")[1]
		}
		s.lines <- strings.TrimSpace(line)
		if answer, ok := answers[verb]; ok {
			if answer == "hang" {
				in.ReadString('\n')
				return
			}
			say(answer)
			continue
		}
		switch verb {
		case "EHLO":
			say("250-sink")
			if cert != nil && !secure {
				say("250-STARTTLS")
			}
			say("250 AUTH " + cmp.Or(answers["offered"], "PLAIN LOGIN"))
		case "STARTTLS":
			say("220 go")
			upgraded := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*cert}})
			if upgraded.Handshake() != nil {
				return
			}
			conn, in, secure = upgraded, bufio.NewReader(upgraded), true
		case "AUTH PLAIN":
			say("235 welcome")
		case "AUTH LOGIN":
			for _, challenge := range []string{"VXNlcm5hbWU6", "UGFzc3dvcmQ6"} {
				say("334 " + challenge)
				in.ReadString('\n')
			}
			say("235 welcome")
		case "AUTH CRAM-MD5":
			say("334 PDE+")
			in.ReadString('\n')
			say("235 welcome")
		case "DATA":
			say("354 go")
			var body strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				body.WriteString(line)
			}
			s.got <- body.String()
			say("250 kept")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

// certificate is one that this process trusts. There is one, as a process reads its roots once.
func certificate(t *testing.T) *tls.Certificate {
	t.Helper()
	cert, err := trusted()
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

var trusted = sync.OnceValues(func() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"smtp.example.com"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "roots")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "roots.pem")
	err = os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
	if err == nil {
		err = os.Setenv("SSL_CERT_FILE", file)
	}
	if err == nil {
		_, err = x509.SystemCertPool() // which reads it now
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
})

func smtp(t *testing.T, cfg mail.SMTPConfig) *mail.SMTP {
	t.Helper()
	cfg.From = cmp.Or(cfg.From, "gate@example.com")
	s, err := mail.NewSMTP(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSMTP(t *testing.T) {
	server := newSink(t, nil, nil)
	s := smtp(t, mail.SMTPConfig{Address: server.address, InsecurePlaintext: true})
	if err := s.Send(t.Context(), "0-1", "ada@example.com", "Größe", "Hello\n\n.\nhttps://app.example/#reset=spt_x\n"); err != nil {
		t.Fatal(err)
	}
	got := <-server.got
	for _, want := range []string{"<ada@example.com>", "<gate@example.com>", "Auto-Submitted: auto-generated", "Message-ID: <0-1@example.com>", "Subject: =?UTF-8?"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

// TestTLS: what a person in the middle takes away is missed.
func TestTLS(t *testing.T) {
	cert := certificate(t)
	server := newSink(t, cert, nil)
	login := mail.SMTPConfig{Address: server.address, Username: "u", Password: secret.New("p")}
	if err := smtp(t, login).Send(t.Context(), "0-1", "ada@example.com", "s", "t"); err != nil {
		t.Fatal(err)
	}
	<-server.got
	stripped := newSink(t, nil, nil)
	login.Address = stripped.address
	if err := smtp(t, login).Send(t.Context(), "0-1", "ada@example.com", "s", "t"); err == nil || len(stripped.got) > 0 {
		t.Errorf("sent without TLS: %v", err)
	}
}

// TestMechanisms: the login is by what is offered and works, and by what worked the next time.
func TestMechanisms(t *testing.T) {
	cert := certificate(t)
	for _, c := range []struct {
		offered string
		refused []string
		plain   bool
		want    []string // mechanisms, over two mails
	}{
		{"PLAIN LOGIN CRAM-MD5", nil, false, []string{"PLAIN", "PLAIN"}},
		{"LOGIN", nil, false, []string{"LOGIN", "LOGIN"}},
		{"CRAM-MD5", nil, false, []string{"CRAM-MD5", "CRAM-MD5"}},
		{"XOAUTH2 login cram-md5", nil, false, []string{"LOGIN", "LOGIN"}},
		{"PLAIN LOGIN", []string{"PLAIN"}, false, []string{"PLAIN", "LOGIN", "LOGIN"}},
		{"CRAM-MD5 PLAIN", []string{"CRAM-MD5"}, true, []string{"CRAM-MD5", "PLAIN", "PLAIN"}},
		{"CRAM-MD5 PLAIN", nil, true, []string{"CRAM-MD5", "CRAM-MD5"}},
		{"PLAIN LOGIN", nil, true, []string{"PLAIN", "PLAIN"}},
		{"PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1", []string{"PLAIN", "LOGIN", "CRAM-MD5"}, false, []string{"PLAIN", "LOGIN", "CRAM-MD5", "PLAIN", "LOGIN", "CRAM-MD5"}},
		{"GSSAPI NTLM", nil, false, nil},
	} {
		answers := map[string]string{"offered": c.offered}
		for _, name := range c.refused {
			answers["AUTH "+name] = "535 no"
		}
		of := cert
		if c.plain {
			of = nil
		}
		server := newSink(t, of, answers)
		s := smtp(t, mail.SMTPConfig{Address: server.address, Username: "u@x", Password: secret.New("p"), InsecurePlaintext: c.plain})
		var got []string
		for range 2 {
			err := s.Send(t.Context(), "0-1", "ada@example.com", "s", "t")
			worked := c.want != nil && len(c.refused) < 3
			if e, ok := errors.AsType[*mail.Error](err); (err == nil) != worked || ok && (e.Permanent() || !strings.Contains(err.Error(), "log in") && !strings.Contains(err.Error(), "logging in")) {
				t.Errorf("%s: %v", c.offered, err)
			}
			for len(server.lines) > 0 {
				if f := strings.Fields(<-server.lines); len(f) > 1 && f[0] == "AUTH" {
					got = append(got, f[1])
				}
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s, %v refused: %v, want %v", c.offered, c.refused, got, c.want)
		}
	}
}

// TestImplicitTLS: TLS from the start, and what is said where one side does not expect it.
func TestImplicitTLS(t *testing.T) {
	cert := certificate(t)
	server := newSink(t, cert, map[string]string{"from the start": "yes"})
	s := smtp(t, mail.SMTPConfig{Address: server.address, ImplicitTLS: true, Username: "u", Password: secret.New("p")})
	if err := s.Send(t.Context(), "0-1", "ada@example.com", "s", "t"); err != nil {
		t.Fatal(err)
	}
	s = smtp(t, mail.SMTPConfig{Address: newSink(t, cert, nil).address, ImplicitTLS: true})
	if err := s.Send(t.Context(), "0-1", "ada@example.com", "s", "t"); err == nil || !strings.Contains(err.Error(), "write smtp://") {
		t.Errorf("TLS to a server that begins without: %v", err)
	}
}

// TestNames: how the sender and this machine are called.
func TestNames(t *testing.T) {
	for _, c := range []struct{ from, hello, wantFrom, wantHello string }{
		{"Notes <no-reply@notes.example>", "gate.example.com", "From: \"Notes\" <no-reply@notes.example>", "EHLO gate.example.com"},
		{"\"A, B\" <a@notes.example>", "[192.0.2.1]", "From: \"A, B\" <a@notes.example>", "EHLO [192.0.2.1]"},
		{"Größe <a@notes.example>", "[IPv6:2001:db8::1]", "From: =?utf-8?q?Gr=C3=B6=C3=9Fe?= <a@notes.example>", "EHLO [IPv6:2001:db8::1]"},
		{"=?utf-8?q?Gr=C3=B6=C3=9Fe?= <a@notes.example>", "", "From: =?utf-8?q?Gr=C3=B6=C3=9Fe?= <a@notes.example>", ""},
		{"a@notes.example", "", "From: <a@notes.example>", ""},
	} {
		server := newSink(t, nil, nil)
		s := smtp(t, mail.SMTPConfig{Address: server.address, From: c.from, Hello: c.hello, InsecurePlaintext: true})
		if err := s.Send(t.Context(), "0-1", "ada@example.com", "s", "t"); err != nil {
			t.Errorf("%s: %v", c.from, err)
			continue
		}
		got, hello, sender := <-server.got, <-server.lines, <-server.lines
		if !strings.Contains(got, c.wantFrom+"\r\n") || !strings.Contains(got, "@notes.example>\r\n") {
			t.Errorf("%s: no %s in\n%s", c.from, c.wantFrom, got)
		}
		if c.wantHello != "" && hello != c.wantHello || c.wantHello == "" && !strings.Contains(hello, ".") {
			t.Errorf("%s: %s", c.from, hello)
		}
		if !strings.HasPrefix(sender, "MAIL FROM:<") || !strings.Contains(sender, "@notes.example>") {
			t.Errorf("%s: %s", c.from, sender)
		}
	}
}

// TestInternationalAddress: it goes to servers that say they can, and others are told nothing.
func TestInternationalAddress(t *testing.T) {
	server := newSink(t, nil, nil)
	s := smtp(t, mail.SMTPConfig{Address: server.address, InsecurePlaintext: true})
	if e, ok := errors.AsType[*mail.Error](s.Send(t.Context(), "0-1", "jos\u00e9@example.com", "s", "t")); !ok || !e.Permanent() || !strings.Contains(e.Error(), "SMTPUTF8") {
		t.Errorf("%v", e)
	}
	server = newSink(t, nil, map[string]string{"EHLO": "250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8"})
	s = smtp(t, mail.SMTPConfig{Address: server.address, InsecurePlaintext: true})
	if err := s.Send(t.Context(), "0-1", "jos\u00e9@example.com", "s", "t"); err != nil {
		t.Fatal(err)
	}
	if got := <-server.got; !strings.Contains(got, "To: <jos\u00e9@example.com>") {
		t.Errorf("%s", got)
	}
}

func TestErrors(t *testing.T) {
	for name, row := range map[string]struct {
		answers   map[string]string
		permanent bool
	}{
		"no such address": {map[string]string{"RCPT": "550 nobody"}, true},
		"try later":       {map[string]string{"RCPT": "451 busy"}, false},
		"not taken now":   {map[string]string{"MAIL": "421 closing"}, false},
	} {
		s := smtp(t, mail.SMTPConfig{Address: newSink(t, nil, row.answers).address, InsecurePlaintext: true})
		err := s.Send(t.Context(), "0-1", "ada@example.com", "s", "t")
		if e, ok := errors.AsType[*mail.Error](err); !ok || e.Permanent() != row.permanent {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := smtp(t, mail.SMTPConfig{Address: newSink(t, nil, map[string]string{"MAIL": "hang"}).address, InsecurePlaintext: true})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Send(ctx, "0-1", "ada@example.com", "s", "t"); err == nil {
		t.Error("a server that hangs took it")
	}
	s = smtp(t, mail.SMTPConfig{Address: "127.0.0.1:1", InsecurePlaintext: true})
	if e, ok := errors.AsType[*mail.Error](s.Send(t.Context(), "0-1", "ada@example.com", "s", "t")); !ok || e.Permanent() {
		t.Errorf("a server that is down: %v", e)
	}
}

func TestConfig(t *testing.T) {
	for _, cfg := range []mail.SMTPConfig{
		{Address: "smtp.example.com", From: "a@example.com"}, {Address: ":25", From: "a@example.com"}, {Address: "h:x", From: "a@example.com"},
		{Address: "h:25"}, {Address: "h:25", From: "a@example.com", Username: "u"}, {Address: "h:0", From: "a@example.com"}, {Address: "h:65536", From: "a@example.com"},
		{Address: "h:25", From: "a@example.com", Hello: "localhost"}, {Address: "h:25", From: "a@example.com", Hello: "a.example\r\nMAIL"}, {Address: "h:25", From: "a@example.com", Hello: "[a.example]"},
		{Address: "h:25", From: "a@example.com", InsecurePlaintext: true, ImplicitTLS: true},
		{Address: "h:25", From: "a@example.com, b@example.com"}, {Address: "h:25", From: "A\r\nBcc: b@example.com <a@example.com>"}, {Address: "h:25", From: "a@b\u00fccher.example"},
		{Address: "h:25", From: "=?utf-8?q?a=0d=0aBcc:?= <a@example.com>"}, {Address: "h:25", From: strings.Repeat("a", 129) + " <a@example.com>"},
	} {
		if _, err := mail.NewSMTP(cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}

// hostile are addresses that would be more than one, or another header.
var hostile = []string{
	"", "ada", "a@b@c", "a@example.com\r\nBcc: eve@example.com", "a@example.com,eve@example.com", "a@example.com;b@example.com",
	"Ada <a@example.com>", "<a@example.com>", "a@example.com\n", " a@example.com", "\"a b\"@example.com", "a@exa mple.com", "a(x)@example.com", "a\x00@example.com",
}

func TestAddresses(t *testing.T) {
	dir := t.TempDir()
	f, err := mail.NewFolder(dir, "gate@example.com", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range hostile {
		if e, ok := errors.AsType[*mail.Error](f.Send(t.Context(), "0-1", to, "s", "t")); !ok || !e.Permanent() {
			t.Errorf("%q: %v", to, e)
		}
	}
	if e, ok := errors.AsType[*mail.Error](f.Send(t.Context(), "0-1", "a@example.com", "s\r\nBcc: eve@example.com", "t")); !ok || !e.Permanent() {
		t.Errorf("a subject of two lines: %v", e)
	}
	for _, id := range []string{"", "../x", "a/b", "a.b", "a>\r\nBcc: eve@example.com", "A", strings.Repeat("a", 65)} {
		if e, ok := errors.AsType[*mail.Error](f.Send(t.Context(), id, "a@example.com", "s", "t")); !ok || !e.Permanent() {
			t.Errorf("id %q: %v", id, e)
		}
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Errorf("%d files, %v", len(list), err)
	}
}

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mail")
	var log bytes.Buffer
	f, err := mail.NewFolder(dir, "gate@example.com", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	link := "https://app.example/account#reset=spt_" + strings.Repeat("x", 60)
	for range 2 { // as when nobody knows whether it was sent
		if err := f.Send(t.Context(), "0-1", "ada@example.com", "Hello", "Line\n\n"+link+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	list, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(list) != 1 || !strings.Contains(log.String(), list[0]) {
		t.Fatal(list, err, log.String())
	}
	data, err := os.ReadFile(list[0])
	if err != nil || !strings.Contains(string(data), link) || !strings.Contains(string(data), "ada@example.com") {
		t.Errorf("%s %v", data, err)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, list[0]: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v", path, info.Mode())
		}
	}
	if strings.Contains(log.String(), "spt_") {
		t.Error("the log holds the token")
	}
}
