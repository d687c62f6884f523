package redisstore_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/redistest"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
)

// TestNoConnectionLeft: a server that has as many clients as it may answers every new connection with
// an error that belongs to no request, and closes it. The nodes count alone until it has room.
func TestNoConnectionLeft(t *testing.T) {
	server := redistest.Start(t)
	proxy := redistest.Proxy(t, server.Addr())
	r := &traffic{T: t, limit: parse(t, "100000 per 1s"), keys: []ratelimit.Key{{1}, {2}, {3}}}
	for i := range 2 {
		r.stores = append(r.stores, open(t, redisstore.Config{
			Client: dial(t, "redis://"+proxy.Addr()), Timeout: 20 * time.Millisecond, Notify: r.notify(i),
		}.WithBeat(100*time.Millisecond)))
	}
	stop := r.run(8, 2*time.Millisecond)
	r.healthy()
	full := time.Since(r.start)
	room := crowd(t, server)
	for i := range r.stores {
		r.await(i, full, began)
	}
	<-time.After(4 * time.Second)
	room()
	r.healthy()
	stop()
}

// crowd leaves the server no room for others than itself, until room is called.
func crowd(t *testing.T, server *redistest.Server) (room func()) {
	conn, err := net.Dial("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	say := func(line string) {
		fmt.Fprint(conn, line+"\r\n")
		if got, err := in.ReadString('\n'); err != nil || strings.HasPrefix(got, "-") {
			t.Errorf("%s: %q, %v", line, got, err)
		}
	}
	say("CONFIG SET maxclients 1")
	say("CLIENT KILL TYPE normal SKIPME yes")
	return func() {
		say("CONFIG SET maxclients 10000")
		conn.Close()
	}
}
