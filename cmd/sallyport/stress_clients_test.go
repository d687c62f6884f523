package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"
)

// requestsOf is how many requests are in what a client does, where it is not one.
var requestsOf = map[string]int{"pipelined": 2, "HTTP/2, cancelled": cancels, "HTTP/2 windows": windows}

const cancels, windows = 20, 40

// clients are what clients do. Each returns what it saw.
func clients() map[string]func(*stress) string {
	return map[string]func(*stress) string{
		"oversized chunked": func(s *stress) string {
			return s.send(1500, "POST %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
		},
		"chunked, expecting 100": func(s *stress) string {
			return s.send(900, "POST %s HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"+
				"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
		},
		"short of its length": func(s *stress) string {
			return s.talk("POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n"+
				strings.Repeat("a", rand.IntN(1000)), 100*time.Millisecond)
		},
		"broken framing": func(s *stress) string {
			return s.talk("POST %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", time.Second)
		},
		"broken off": func(s *stress) string {
			return s.talk("POST %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n100\r\naaaa", time.Millisecond)
		},
		"half a head": func(s *stress) string {
			return s.talk("GET %s HTTP/1.1\r\nHos", 5*time.Millisecond)
		},
		"upgrade": func(s *stress) string {
			return s.talk("GET %s HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
				"Sec-WebSocket-Key: x\r\n\r\nhello", time.Second)
		},
		"HEAD": func(s *stress) string {
			return s.talk("HEAD %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", time.Second)
		},
		"pipelined": func(s *stress) string {
			return s.talk("GET %[1]s HTTP/1.1\r\nHost: a\r\n\r\nGET %[1]s HTTP/1.1\r\nHost: a\r\n\r\n", 300*time.Millisecond)
		},
		"slow body":         (*stress).drip,
		"HTTP/2, cancelled": (*stress).cancelled,
		"HTTP/2 windows":    (*stress).windows,
		"honest": func(s *stress) string {
			res, err := http.Post(s.plain.URL()+"/large/a", "text/plain", strings.NewReader("hello"))
			if err != nil {
				return "error"
			}
			defer res.Body.Close()
			data, err := io.ReadAll(res.Body)
			if res.StatusCode != 200 || len(data) != 8<<10 || err != nil {
				s.Errorf("an honest client: %d, %d bytes, %v", res.StatusCode, len(data), err)
			}
			return "200"
		},
	}
}

func (s *stress) path() string {
	return []string{"/a", "/a", "/a", "/a", "/a", "/timeout/a", "/fail/a", "/panic/a", "/leave/a",
		"/large/a"}[rand.IntN(10)]
}

// dial connects, over TLS now and then.
func (s *stress) dial() net.Conn {
	var c net.Conn
	var err error
	if rand.IntN(4) == 0 {
		c, err = tls.Dial("tcp", s.secure.Addr().String(), &tls.Config{InsecureSkipVerify: true,
			NextProtos: []string{"http/1.1"}})
	} else {
		c, err = net.Dial("tcp", s.plain.Addr().String())
	}
	if err != nil { // a handshake has a time limit too
		return nil
	}
	c.SetDeadline(time.Now().Add(5 * time.Second))
	return c
}

// leave closes the connection, by a reset now and then.
func leave(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok && rand.IntN(3) == 0 {
		tcp.SetLinger(0)
	}
	c.Close()
}

// talk sends a request, and reads for some time what comes.
func (s *stress) talk(request string, wait time.Duration) string {
	c := s.dial()
	if c == nil {
		return "no connection"
	}
	defer leave(c)
	fmt.Fprintf(c, request, s.path())
	c.SetReadDeadline(time.Now().Add(wait))
	return status(c)
}

// send sends a chunked body in two pieces of size bytes, the second one when the answer is
// likely to be under way.
func (s *stress) send(size int, head string) string {
	c := s.dial()
	if c == nil {
		return "no connection"
	}
	defer leave(c)
	piece := fmt.Sprintf("%x\r\n%s\r\n", size, strings.Repeat("a", size))
	fmt.Fprintf(c, head+"%s", s.path(), piece)
	for range rand.IntN(2000) {
		_ = time.Now()
	}
	io.WriteString(c, piece+"0\r\n\r\n")
	c.SetReadDeadline(time.Now().Add(2 * time.Second))
	return status(c)
}

func status(c net.Conn) string {
	br := bufio.NewReader(c)
	line, err := br.ReadString('\n')
	if rand.IntN(2) == 0 {
		io.Copy(io.Discard, br)
	}
	if err != nil {
		return "nothing"
	}
	_, code, _ := strings.Cut(strings.TrimSpace(line), " ")
	return code[:min(3, len(code))]
}

// drip sends a body a few bytes at a time, and all of it in the end, or leaves.
func (s *stress) drip() string {
	c := s.dial()
	if c == nil {
		return "no connection"
	}
	defer leave(c)
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 200\r\nConnection: close\r\n\r\n", s.path())
	pause := time.NewTicker(time.Millisecond)
	defer pause.Stop()
	for range 20 - rand.IntN(2) {
		<-pause.C
		if _, err := io.WriteString(c, "0123456789"); err != nil {
			break
		}
	}
	c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	return status(c)
}

// cancelled uploads over HTTP/2 and gives up in the middle.
func (s *stress) cancelled() string {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	s.mu.Lock()
	s.idle = append(s.idle, transport.CloseIdleConnections)
	s.mu.Unlock()
	seen := "cancelled"
	for range cancels {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rand.IntN(20_000))*time.Microsecond)
		body := io.MultiReader(strings.NewReader(strings.Repeat("a", rand.IntN(3000))))
		r, _ := http.NewRequestWithContext(ctx, "POST", s.secure.URL()+s.path(), body)
		if res, err := transport.RoundTrip(r); err == nil {
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
			seen = "answered"
		}
		cancel()
	}
	return seen
}

func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	b = append(b, flags)
	return append(binary.BigEndian.AppendUint32(b, stream), payload...)
}

// windows asks for answers over HTTP/2 without a window to send them in, and opens it just
// at the limit. Some streams are reset instead, and some left alone.
func (s *stress) windows() string {
	c, err := tls.Dial("tcp", s.secure.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		return "no connection"
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	go io.Copy(io.Discard, c)
	io.WriteString(c, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	c.Write(frame(4, 0, 0, []byte{0, 4, 0, 0, 0, 0})) // SETTINGS_INITIAL_WINDOW_SIZE 0
	c.Write(frame(8, 0, 0, []byte{0x10, 0, 0, 0}))    // of the connection
	path := "/large/a"
	if rand.IntN(2) == 0 {
		path = "/a"
	}
	head := append([]byte{0x82, 0x87, 0x04, byte(len(path))}, path...) // GET, https, :path
	head = append(head, 0x01, 1, 'a')                                  // :authority
	var at time.Time
	for i := range uint32(windows) {
		at = time.Now().Add(writeLimit + time.Duration(rand.IntN(1500)-500)*time.Microsecond)
		c.Write(frame(1, 5, 2*i+1, head))
	}
	<-time.After(time.Until(at) - time.Millisecond)
	for i := range uint32(windows) {
		switch rand.IntN(6) {
		case 0:
			c.Write(frame(3, 0, 2*i+1, []byte{0, 0, 0, 8})) // RST_STREAM, CANCEL
		case 1:
		default:
			c.Write(frame(8, 0, 2*i+1, []byte{0, 1, 0, 0}))
		}
	}
	<-time.After(5 * time.Millisecond)
	return "done"
}
