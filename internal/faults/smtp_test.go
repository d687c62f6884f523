package faults_test

import (
	"bufio"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// script is what the mail server does instead of taking a mail.
type script int

const (
	takes       script = iota
	hangsUp            // takes it, says so, and is gone
	defers             // refuses every recipient for now
	hesitates          // answers the end of the mail after some seconds
	isSwallowed        // takes it, and is gone without a word
)

// hesitation is within the time that a gate has for an answer.
const hesitation = 5 * time.Second

// letter is a mail that the server has taken.
type letter struct {
	to, id, text string
	at           time.Time
}

// postbox is a mail server that keeps what it takes.
type postbox struct {
	address string

	mu      sync.Mutex
	script  script
	letters map[string][]letter // by recipient
}

func newPostbox(t *testing.T) *postbox {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &postbox{address: l.Addr().String(), letters: map[string][]letter{}}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(conn)
		}
	}()
	return p
}

// act sets what it does from now on.
func (p *postbox) act(s script) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.script = s
}

func (p *postbox) acts() script {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.script
}

func (p *postbox) keep(l letter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.letters[l.to] = append(p.letters[l.to], l)
}

// to returns the mails to a recipient.
func (p *postbox) to(address string) []letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.letters[address]
}

var (
	recipient = regexp.MustCompile(`(?i)^RCPT TO:<([^>]+)>`)
	messageID = regexp.MustCompile(`(?im)^Message-ID: *<([^>]+)>`)
	mailToken = regexp.MustCompile(`spt_[A-Za-z0-9_-]+`)
)

// serve speaks what a gate needs of RFC 5321.
func (p *postbox) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	say := func(text string) { fmt.Fprint(conn, text+"\r\n") }
	say("220 postbox")
	var to string
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.Fields(line + " x")[0]); verb {
		case "RCPT":
			if p.acts() == defers {
				say("451 4.7.1 come back later")
				continue
			}
			to = recipient.FindStringSubmatch(line + "<>")[1]
			say("250 fine")
		case "DATA":
			if !p.data(in, say, to) {
				return
			}
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

// data takes one mail, and reports whether the conversation goes on.
func (p *postbox) data(in *bufio.Reader, say func(string), to string) bool {
	say("354 go")
	var body strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		body.WriteString(line)
	}
	act := p.acts()
	if act == hesitates {
		<-time.After(hesitation)
	}
	text := strings.ReplaceAll(body.String(), "=\r\n", "") // quoted-printable
	l := letter{to: to, text: text, at: time.Now()}
	if m := messageID.FindStringSubmatch(text); m != nil {
		l.id = m[1]
	}
	p.keep(l)
	if act != isSwallowed {
		say("250 kept")
	}
	return act != hangsUp && act != isSwallowed
}
