package mail_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-dev/sallyport/mail"
)

// scripted is a mail server in memory. Its answers are by verb, and by three moments that
// have no verb: "hello" when a client comes, "content" after the answer to DATA, and
// "end" after the content. What an answer may be, other than a line to send:
//
//	hang            no answer, and nothing is read any more
//	drop            the connection is closed
//	TEXT, then drop the connection is closed after TEXT
//	DURATION TEXT   TEXT is sent after a while
type scripted struct {
	answers  map[string]string
	accepted atomic.Int32 // mails that the server has, as far as it is concerned
}

func (s *scripted) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go s.serve(server)
	return client, nil
}

// answer reports whether the conversation goes on.
func (s *scripted) answer(conn net.Conn, moment, usual string) bool {
	text, ok := s.answers[moment]
	if !ok {
		text = usual
	}
	if first, rest, ok := strings.Cut(text, " "); ok {
		if wait, err := time.ParseDuration(first); err == nil {
			time.Sleep(wait) // of the bubble's clock
			text = rest
		}
	}
	text, last := strings.CutSuffix(text, ", then drop")
	switch text {
	case "hang":
		buf := make([]byte, 1)
		for moment != "content" {
			if _, err := conn.Read(buf); err != nil {
				return false
			}
		}
		time.Sleep(time.Hour)
		return false
	case "drop":
		return false
	case "":
		return !last
	}
	_, err := fmt.Fprint(conn, text+"\r\n")
	return err == nil && !last
}

func (s *scripted) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	if !s.answer(conn, "hello", "220 ready") {
		return
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb := strings.ToUpper(strings.Fields(line + " x")[0])
		usual := map[string]string{"EHLO": "250-here\r\n250 STARTTLS", "DATA": "354 go on", "QUIT": "221 bye"}[verb]
		if usual == "" {
			usual = "250 fine"
		}
		if !s.answer(conn, verb, usual) || verb == "QUIT" {
			return
		}
		if verb != "DATA" || s.answers["DATA"] != "" {
			continue
		}
		if !s.answer(conn, "content", "") || !s.content(in) || !s.answer(conn, "end", "250 kept") {
			return
		}
	}
}

// content reads a mail to its end, and counts it if the server is going to accept it.
func (s *scripted) content(in *bufio.Reader) bool {
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
	}
	if end := s.answers["end"]; !strings.HasPrefix(end, "4") && !strings.HasPrefix(end, "5") {
		s.accepted.Add(1)
	}
	return true
}

// TestTroubledServers: whatever a server does, a mail that it has accepted is not sent
// again, one that it has not is, and Send ends within its time.
func TestTroubledServers(t *testing.T) {
	type ending int
	const (
		sent      ending = iota
		again            // it was not accepted
		never            // the server refuses it for good
		uncertain        // it may have been accepted
	)
	for _, row := range []struct {
		moment, answer string
		want           ending
		within         time.Duration
	}{
		{"QUIT", "221 bye", sent, 0},
		{"QUIT", "hang", sent, 0},
		{"QUIT", "drop", sent, 0},
		{"QUIT", "500 what?", sent, 0},
		{"RSET", "500 what?", sent, 0},
		{"RSET", "drop", sent, 0},
		{"end", "250 kept, then drop", sent, 0},
		{"end", "25s 250 kept", sent, 25 * time.Second},
		{"end", "9m 250 kept", sent, 9 * time.Minute},
		{"end", "11m 250 kept", uncertain, 10 * time.Minute},
		{"end", "hang", uncertain, 10 * time.Minute},
		{"end", "drop", uncertain, 0},
		{"end", "no answer at all", uncertain, 0},
		{"end", "451 later", again, 0},
		{"end", "451 later, then drop", again, 0},
		{"end", "554 spam", never, 0},
		{"content", "drop", uncertain, 0},
		{"content", "hang", uncertain, 10 * time.Minute},
		{"hello", "554 go away", again, 0},
		{"hello", "421 busy", again, 0},
		{"hello", "hang", again, time.Minute},
		{"hello", "drop", again, 0},
		{"hello", "HTTP/1.1 400 Bad Request", again, 0},
		{"hello", "30s 220 at last", sent, 30 * time.Second},
		{"EHLO", "hang", again, time.Minute},
		{"EHLO", "drop", again, 0},
		{"EHLO", "502 what?", sent, 0}, // HELO does
		{"MAIL", "421 closing", again, 0},
		{"MAIL", "451 later", again, 0},
		{"MAIL", "550 not from you", never, 0},
		{"MAIL", "hang", again, time.Minute},
		{"MAIL", "drop", again, 0},
		{"RCPT", "450 later", again, 0},
		{"RCPT", "550 nobody", never, 0},
		{"RCPT", "hang", again, time.Minute},
		{"RCPT", "drop", again, 0},
		{"DATA", "451 later", again, 0},
		{"DATA", "554 no", never, 0},
		{"DATA", "hang", again, time.Minute},
		{"DATA", "drop", again, 0},
	} {
		t.Run(row.moment+" "+row.answer, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &scripted{answers: map[string]string{row.moment: row.answer}}
				s := smtp(t, mail.SMTPConfig{Address: "smtp.example.com:25", InsecurePlaintext: true})
				mail.SetDial(s, server.dial)
				start := time.Now()
				err := s.Send(t.Context(), "0-1", "ada@example.com", "s", "t")
				took := time.Since(start)
				synctest.Wait()

				got := sent
				if e, ok := errors.AsType[*mail.Error](err); ok {
					got = again
					if e.Permanent() {
						got = never
					} else if e.Uncertain() {
						got = uncertain
					}
				}
				if got != row.want || took != row.within {
					t.Errorf("%v: %d after %s, want %d after %s", err, got, took, row.want, row.within)
				}
				accepted := server.accepted.Load()
				if got == sent && accepted != 1 || (got == again || got == never) && accepted != 0 || accepted > 1 {
					t.Errorf("%v, and the server has %d mails", err, accepted)
				}
				time.Sleep(2 * time.Hour) // of the bubble's clock: nothing is left
			})
		})
	}
}

// TestTroubledTLS_fromTheStart: a server that waits for TLS is told from one that is slow within
// seconds.
func TestTroubledTLS_fromTheStart(t *testing.T) {
	cert := certificate(t)
	synctest.Test(t, func(t *testing.T) {
		s := smtp(t, mail.SMTPConfig{Address: "smtp.example.com:2525"})
		mail.SetDial(s, func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go tls.Server(server, &tls.Config{Certificates: []tls.Certificate{*cert}}).Handshake()
			return client, nil
		})
		start := time.Now()
		e, ok := errors.AsType[*mail.Error](s.Send(t.Context(), "0-1", "ada@example.com", "s", "t"))
		if took := time.Since(start); !ok || e.Permanent() || e.Uncertain() || !strings.Contains(e.Error(), "write smtps://") || took != 5*time.Second {
			t.Errorf("%v after %s", e, took)
		}
	})
}

// TestTroubledTLS: a server whose TLS does not come about gets no mail.
func TestTroubledTLS(t *testing.T) {
	for answer, within := range map[string]time.Duration{
		"454 not now": 0, "220 go, then drop": 0, "hang": time.Minute, "220 go\r\nnot TLS at all": 0, "250 fine": 0,
	} {
		t.Run(answer, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &scripted{answers: map[string]string{"STARTTLS": answer}}
				s := smtp(t, mail.SMTPConfig{Address: "smtp.example.com:587"})
				mail.SetDial(s, server.dial)
				start := time.Now()
				e, ok := errors.AsType[*mail.Error](s.Send(t.Context(), "0-1", "ada@example.com", "s", "t"))
				if !ok || e.Permanent() || e.Uncertain() || server.accepted.Load() != 0 || time.Since(start) != within {
					t.Errorf("%v after %s, and the server has %d mails", e, time.Since(start), server.accepted.Load())
				}
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

// TestSendCutOff: when the context ends, Send returns at once, and tells whether the mail
// may have been accepted.
func TestSendCutOff(t *testing.T) {
	for moment, uncertain := range map[string]bool{
		"hello": false, "EHLO": false, "MAIL": false, "RCPT": false, "DATA": false, "end": true,
	} {
		synctest.Test(t, func(t *testing.T) {
			server := &scripted{answers: map[string]string{moment: "hang"}}
			s := smtp(t, mail.SMTPConfig{Address: "smtp.example.com:25", InsecurePlaintext: true})
			mail.SetDial(s, server.dial)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			start := time.Now()
			e, ok := errors.AsType[*mail.Error](s.Send(ctx, "0-1", "ada@example.com", "s", "t"))
			if !ok || e.Uncertain() != uncertain || e.Permanent() || time.Since(start) != 10*time.Second {
				t.Errorf("%s: %v after %s", moment, e, time.Since(start))
			}
			time.Sleep(2 * time.Hour)
		})
	}
}
