package fleet_test

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
)

// server is a Redis that goes by the clock of the test: it is given the time with every
// question, and its keys live a thousand times longer than they are told to, as an hour
// of the test may be a minute or a day.
type server struct {
	mu       sync.Mutex
	conn     net.Conn
	r        *bufio.Reader
	loaded   bool // the script
	beats    map[string]time.Time
	commands int64 // without the beats
}

func dial(address string) (*server, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &server{conn: conn, r: bufio.NewReader(conn), beats: map[string]time.Time{}}, nil
}

// client is a node's connection to it.
type client struct{ *server }

func (c client) Close() {}

func (c client) EvalAll(ctx context.Context, calls []redisstore.Call) []redisstore.Answer {
	list := make([]redisstore.Answer, len(calls))
	for i, call := range calls {
		list[i].Integers, list[i].Err = c.Eval(ctx, call)
	}
	return list
}

func (c client) Eval(_ context.Context, call redisstore.Call) ([]int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if call.Args[0] != "" { // the script that counts the nodes
		return c.beat(call.Args)
	}
	c.commands++
	text := strings.Replace(call.Script.Text, "'PX', ", "'PX', 1000 * ", 1)
	if text == call.Script.Text {
		return nil, errors.New("the script sets no time to live")
	}
	sum := sha1.Sum([]byte(text))
	command := []string{"EVALSHA", hex.EncodeToString(sum[:]), strconv.Itoa(len(call.Keys))}
	if !c.loaded {
		command[0], command[1], c.loaded = "EVAL", text, true
	}
	command = append(command, call.Keys...)
	command = append(command, strconv.FormatInt(time.Now().UnixMicro(), 10))
	return c.do(append(command, call.Args[1:]...))
}

// beat does what the script does that counts the nodes.
func (s *server) beat(args []string) ([]int64, error) {
	name, now := args[0], time.Now()
	_, known := s.beats[name]
	s.beats[name] = now
	answer := []int64{0, 0, 0}
	for i, text := range args[1:] {
		millis, err := strconv.Atoi(text)
		if err != nil {
			return nil, err
		}
		if i == 0 && millis == 0 {
			delete(s.beats, name)
		}
		for _, at := range s.beats {
			if now.Sub(at) <= time.Duration(millis)*time.Millisecond {
				answer[i]++
			}
		}
	}
	if known {
		answer[2] = 1
	}
	return answer, nil
}

// do runs a command that answers with integers.
func (s *server) do(args []string) ([]int64, error) {
	var request strings.Builder
	fmt.Fprintf(&request, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&request, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := s.conn.Write([]byte(request.String())); err != nil {
		return nil, err
	}
	n, err := s.integer('*')
	list := make([]int64, max(n, 0))
	for i := range list {
		if err == nil {
			list[i], err = s.integer(':')
		}
	}
	return list, err
}

func (s *server) integer(kind byte) (int64, error) {
	line, err := s.r.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != kind {
		return 0, errors.New(line)
	}
	return strconv.ParseInt(strings.TrimSpace(line[1:]), 10, 64)
}
