package redisconn

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"
)

// TestRefuses: the codes count at the beginning, and where an old server's script met them.
func TestRefuses(t *testing.T) {
	for text, want := range map[string]bool{
		"READONLY You can't write against a read only replica.":                      true,
		"LOADING Redis is loading the dataset in memory":                             true,
		"MASTERDOWN Link with MASTER is down":                                        true,
		"CLUSTERDOWN Hash slot not served":                                           true,
		"ERR Error running script (call to f_1): @user_script:86: -READONLY You can": true,
		"NOSCRIPT No matching script. Please use EVAL.":                              false,
		"WRONGTYPE Operation against a key holding the wrong kind of value":          false,
		"ERR unknown command READONLY":                                               false,
		"":                                                                           false,
	} {
		if refuses(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

// TestStaleness: a client is dialled anew when it fails for long, and only then.
func TestStaleness(t *testing.T) {
	type step struct {
		every time.Duration
		n     int
		list  []outcome
	}
	for _, c := range []struct {
		name  string
		calls step
		want  int
	}{
		{"all is well", step{time.Second, 20, []outcome{answered}}, 0},
		{"refused, one probe in a second", step{time.Second, 9, []outcome{refused}}, 4},
		{"refused, late probes", step{2500 * time.Millisecond, 9, []outcome{refused}}, 8},
		{"refused under load", step{10 * time.Millisecond, 801, []outcome{refused}}, 4},
		{"refused for a moment", step{400 * time.Millisecond, 5, []outcome{refused}}, 0},
		{"refused by one shard of several", step{100 * time.Millisecond, 96, []outcome{answered, answered, refused}}, 4},
		{"refused once in a while", step{5 * time.Second, 20, []outcome{refused, answered}}, 0},
		{"not answered", step{time.Second, 9, []outcome{failed}}, 4},
		{"not answered once in a while", step{100 * time.Millisecond, 200, []outcome{failed, answered}}, 0},
		{"callers leave", step{time.Second, 20, []outcome{abandoned}}, 0},
		{"callers leave an outage", step{time.Second, 18, []outcome{failed, abandoned}}, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s staleness
			start, got := time.Now(), 0
			for i := range c.calls.n {
				if s.note(c.calls.list[i%len(c.calls.list)], start.Add(time.Duration(i)*c.calls.every)) {
					got++
				}
			}
			if got != c.want {
				t.Errorf("stale %d times, want %d", got, c.want)
			}
		})
	}
}

// TestSpeaksFirst: what a server says before it is asked anything is read as the reply to the first
// command, and closing ends a wait for that.
func TestSpeaksFirst(t *testing.T) {
	for _, row := range []struct {
		name string
		then func(net.Conn)
		want string
	}{
		{"a command is sent", func(c net.Conn) { c.Write([]byte("PING\r\n")) }, "-ERR max"},
		{"it is closed", func(c net.Conn) { c.Close() }, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			client, server := net.Pipe()
			defer server.Close()
			go io.Copy(io.Discard, server)
			go server.Write([]byte("-ERR max"))
			dial := dialSpeaksFirst(func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) {
				return client, nil
			})
			conn, err := dial(t.Context(), "", nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			got := make(chan string, 1)
			go func() {
				chunk := make([]byte, 64)
				n, _ := conn.Read(chunk)
				got <- string(chunk[:n])
			}()
			select {
			case text := <-got:
				t.Errorf("%q was read before anything was written", text)
			case <-time.After(20 * time.Millisecond):
			}
			row.then(conn)
			if text := <-got; text != row.want {
				t.Errorf("%q, want %q", text, row.want)
			}
		})
	}
}
