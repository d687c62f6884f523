package main

import (
	"bufio"
	"cmp"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// crowded is a gate in front of an upstream that counts its requests.
type crowded struct {
	*testing.T
	app       *app
	now, most atomic.Int64
}

func newCrowded(t *testing.T, secure bool) *crowded {
	c := &crowded{T: t}
	large := make([]byte, 8<<20) // more than the sockets on the way hold
	upstream := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := c.now.Add(1)
		defer c.now.Add(-1)
		for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
		}
		io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/large" {
			w.Write(large)
			return
		}
		fmt.Fprint(w, "ok")
	}))
	upstream.Config.ErrorLog = log.New(io.Discard, "", 0)
	upstream.Start()
	t.Cleanup(upstream.Close)
	a, err := open(t.Context(), options{
		place: place{data: t.TempDir()}, listen: "127.0.0.1:0", accounts: "on", registration: "closed",
		upstream:        upstream.URL,
		upstreamTimeout: time.Minute, routeOptions: routeOptions{public: []string{"GET /", "POST /"}}, proxies: []string{"127.0.0.1"}, selfSigned: secure,
		limitOptions: limitOptions{limit: "1000000/s burst 1000000"},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.app = a
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.serve(t.Context())
	}()
	t.Cleanup(func() { <-done })
	return c
}

// others are honest clients, each from its own address. They report how long the slowest
// one waited, and how many were not served.
func (c *crowded) others(n int) (slowest time.Duration, failed int) {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
		Timeout: 20 * time.Second}
	defer client.CloseIdleConnections()
	var took []time.Duration
	for i := range n {
		start := time.Now()
		r, _ := http.NewRequest("POST", c.app.server.URL()+"/a", strings.NewReader("hello"))
		r.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i+1))
		res, err := client.Do(r)
		if err != nil {
			c.Log(err)
			failed++
			continue
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.StatusCode != 200 {
			failed++
		}
		took = append(took, time.Since(start))
	}
	if len(took) > 0 {
		slowest = slices.MaxFunc(took, cmp.Compare)
	}
	return slowest, failed
}

// TestSlowBodies: a thousand bodies of one client that do not go on leave room for others
// at the upstream, and a slow one from another address is served to its end.
func TestSlowBodies(t *testing.T) {
	const bodies = 1000
	c := newCrowded(t, false)
	refused := make(chan bool, bodies)
	var conns []net.Conn
	for range bodies {
		conn, err := net.Dial("tcp", c.app.server.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn)
		fmt.Fprint(conn, "POST /slow HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nContent-Length: 100\r\n\r\nhello")
	}
	slow, err := net.Dial("tcp", c.app.server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	fmt.Fprint(slow, "POST /slow HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.99\r\nContent-Length: 10\r\n\r\nhello")

	for _, conn := range conns {
		go func() {
			line, _ := bufio.NewReader(conn).ReadString('\n')
			refused <- strings.Contains(line, " 503 ")
		}()
	}
	for n, other := 0, 0; n < bodies-128; { // all but those that have a slot
		if <-refused {
			n++
		} else if other++; other > 128 {
			t.Fatalf("%d bodies got another answer than a 503, and 128 have a slot", other)
		}
	}
	slowest, failed := c.others(20)
	t.Logf("%d requests at the upstream at most; of 20 other clients, %d were not served, the slowest took %v",
		c.most.Load(), failed, slowest)
	if c.most.Load() > 150 || failed > 0 {
		t.Error("the client's share is not held")
	}
	fmt.Fprint(slow, "world")
	if line, err := bufio.NewReader(slow).ReadString('\n'); !strings.Contains(line, "200") {
		t.Errorf("an honest slow client: %q, %v", line, err)
	}
}

// TestUnreadStreams: two thousand HTTP/2 streams of one client that reads nothing leave
// room for others.
func TestUnreadStreams(t *testing.T) {
	const connections, streams = 20, 100
	c := newCrowded(t, true)
	var up sync.WaitGroup
	for range connections {
		conn, err := tls.Dial("tcp", c.app.server.Addr().String(), &tls.Config{InsecureSkipVerify: true,
			NextProtos: []string{"h2"}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		up.Go(func() { unread(conn, streams) })
	}
	up.Wait()
	for deadline := time.After(20 * time.Second); c.now.Load() < 100; {
		select {
		case <-deadline:
			t.Fatalf("%d requests are at the upstream, and should be over 100", c.now.Load())
		case <-time.After(10 * time.Millisecond):
		}
	}
	slowest, failed := c.others(20)
	t.Logf("%d requests at the upstream at most; of 20 other clients, %d were not served, the slowest took %v",
		c.most.Load(), failed, slowest)
	if c.most.Load() > 150 || failed > 0 {
		t.Error("the client's share is not held")
	}
}

// unread asks for answers without a window to send them in.
func unread(conn net.Conn, streams int) {
	io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	conn.Write(frame(4, 0, 0, []byte{0, 4, 0, 0, 0, 0})) // SETTINGS_INITIAL_WINDOW_SIZE 0
	head := append([]byte{0x82, 0x87, 0x04, 6}, "/large"...)
	head = append(head, 0x01, 1, 'a', 0x00, 15)
	head = append(head, "x-forwarded-for"...)
	head = append(head, 11)
	head = append(head, "203.0.113.9"...)
	for i := range uint32(streams) {
		conn.Write(frame(1, 5, 2*i+1, head))
	}
	go io.Copy(io.Discard, conn)
}
