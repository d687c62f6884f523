package account_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/internal/model"
	"github.com/sallyport-dev/sallyport/account/postgres"
	"github.com/sallyport-dev/sallyport/internal/pgtest"
)

// nodeProcess is set in the process that is the second node of a model test.
const nodeProcess = "SALLYPORT_TEST_MODEL_NODE"

// nodeRequest is what the first process asks the second to do, one line of JSON each.
type nodeRequest struct {
	Method string
	Text   string // an address of a store, or a credential
	Call   *model.Call
	Kind   model.Kind
	Cookie bool
	Fault  model.Fault
	Skew   int64 // of the clock, in nanoseconds
}

type nodeAnswer struct {
	Result model.Result
	Status int
	Mails  []model.Sent
	Error  string
}

// TestModelNode is no test: it is the second node, in a process of its own.
func TestModelNode(t *testing.T) {
	if os.Getenv(nodeProcess) == "" {
		t.Skip("only the process of a second node runs it")
	}
	s := &nodeServer{ctx: t.Context()}
	in, out := bufio.NewScanner(os.NewFile(3, "requests")), os.NewFile(4, "answers")
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var req nodeRequest
		if err := json.Unmarshal(in.Bytes(), &req); err != nil {
			t.Fatal(err)
		}
		line, err := json.Marshal(s.answer(&req))
		if err == nil {
			_, err = out.Write(append(line, '\n'))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if s.close(); s.store != nil {
		s.store.Close()
	}
}

// nodeServer answers in the second process.
type nodeServer struct {
	ctx   context.Context
	store account.Store
	node  *modelNode
	skew  atomic.Int64
}

func (s *nodeServer) now() time.Time { return time.Now().Add(time.Duration(s.skew.Load())) }

func (s *nodeServer) answer(req *nodeRequest) (a nodeAnswer) {
	var err error
	switch req.Method {
	case "open":
		err = s.open(req.Text)
	case "close":
		s.close()
	case "do":
		a.Result = s.node.Do(s.ctx, req.Call)
	case "probe":
		a.Status = s.node.Probe(s.ctx, req.Kind, req.Text, req.Cookie)
	case "mails":
		a.Mails = s.node.Mails(s.ctx)
	case "follow":
		err = s.node.Follow(s.ctx, req.Fault)
	case "clock":
		s.skew.Store(req.Skew)
	}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

// open makes a node on a store, which stays open for the next one.
func (s *nodeServer) open(address string) (err error) {
	s.skew.Store(0)
	if s.store == nil {
		s.store, err = postgres.Open(s.ctx, address)
	}
	if err == nil {
		s.node, err = newModelNode(s.ctx, s.store, s.now, false)
	}
	return err
}

func (s *nodeServer) close() {
	if s.node != nil {
		s.node.Close()
	}
	s.node = nil
}

// remoteNode is the second process as the first one sees it.
type remoteNode struct {
	*testing.T
	mu  sync.Mutex
	in  *bufio.Scanner
	out *os.File
}

// startNode starts the second process, which ends with the test.
func startNode(t *testing.T) *remoteNode {
	t.Helper()
	readRequests, requests, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, writeAnswers, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestModelNode$")
	cmd.Env = append(os.Environ(), nodeProcess+"=1")
	cmd.ExtraFiles = []*os.File{readRequests, writeAnswers}
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	readRequests.Close()
	writeAnswers.Close()
	t.Cleanup(func() {
		requests.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the second node: %v", err)
		}
		answers.Close()
	})
	in := bufio.NewScanner(answers)
	in.Buffer(nil, 1<<20)
	return &remoteNode{T: t, in: in, out: requests}
}

func (n *remoteNode) ask(req nodeRequest) (a nodeAnswer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	line, err := json.Marshal(req)
	if err == nil {
		_, err = n.out.Write(append(line, '\n'))
	}
	if err == nil && !n.in.Scan() {
		err = fmt.Errorf("the second node gives no answer: %v", n.in.Err())
	}
	if err == nil {
		err = json.Unmarshal(n.in.Bytes(), &a)
	}
	if err != nil {
		n.Error(err)
		a.Error = err.Error()
	}
	return a
}

// processWorld is two processes over one PostgreSQL. The deciding clock is the server's,
// which is that of this machine.
type processWorld struct {
	address string
	db      *sql.DB
	here    *nodeServer
	there   *remoteNode
	skews   [2]time.Duration
}

func newProcessWorld(t *testing.T) *processWorld {
	t.Helper()
	w := &processWorld{address: pgtest.Database(t), here: &nodeServer{ctx: t.Context()}, there: startNode(t)}
	var err error
	if w.db, err = sql.Open("pgx", w.address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.db.Close() })
	w.open(t)
	t.Cleanup(func() {
		w.close()
		w.here.store.Close()
	})
	return w
}

// open makes both nodes.
func (w *processWorld) open(t *testing.T) {
	t.Helper()
	w.skews = [2]time.Duration{}
	for node := range 2 {
		if a := w.ask(node, nodeRequest{Method: "open", Text: w.address}); a.Error != "" {
			t.Fatal(a.Error)
		}
	}
}

// close ends both nodes.
func (w *processWorld) close() {
	for node := range 2 {
		w.ask(node, nodeRequest{Method: "close"})
	}
}

// renew makes two nodes on an empty store: making the tables takes longer than a sequence.
func (w *processWorld) renew(t *testing.T) {
	t.Helper()
	w.close()
	if _, err := w.db.ExecContext(t.Context(), "TRUNCATE users, sessions, records, revocations"); err != nil {
		t.Fatal(err)
	}
	w.open(t)
}

func (w *processWorld) ask(node int, req nodeRequest) nodeAnswer {
	if node == 1 {
		return w.there.ask(req)
	}
	return w.here.answer(&req)
}

func (w *processWorld) Do(c *model.Call) model.Result {
	return w.ask(c.Node, nodeRequest{Method: "do", Call: c}).Result
}

func (w *processWorld) Probe(node int, kind model.Kind, text string, cookie bool) int {
	return w.ask(node, nodeRequest{Method: "probe", Kind: kind, Text: text, Cookie: cookie}).Status
}

func (w *processWorld) Mails() []model.Sent {
	return mailsOf(w.here.ctx, w.here.store, func(node int) []model.Sent {
		return w.ask(node, nodeRequest{Method: "mails"}).Mails
	})
}

// mailsOf reads the mails of both nodes until the outbox is empty, as the loops in the
// background send, too. A mail that is never sent is for the caller to find.
func mailsOf(ctx context.Context, store account.Store, read func(node int) []model.Sent) (list []model.Sent) {
	for range 1000 {
		waiting, err := store.RecordsDue(ctx, "mail", time.Now().AddDate(100, 0, 0), 1)
		for node := range 2 {
			list = append(list, read(node)...)
		}
		if err != nil || len(waiting) == 0 {
			break
		}
	}
	return list
}

func (w *processWorld) Follow(node int, f model.Fault) error {
	if a := w.ask(node, nodeRequest{Method: "follow", Fault: f}); a.Error != "" {
		return errors.New(a.Error)
	}
	return nil
}

func (w *processWorld) Clocks() (now time.Time, nodes [2]time.Time) {
	now = time.Now()
	return now, [2]time.Time{now.Add(w.skews[0]), now.Add(w.skews[1])}
}

// Advance sets the clock of one process.
func (w *processWorld) Advance(which int, d time.Duration) bool {
	if which != model.ClockA && which != model.ClockB {
		return false
	}
	node := which - model.ClockA
	skew := w.skews[node] + d
	if skew.Abs() > apart/2 {
		return false
	}
	w.skews[node] = skew
	w.ask(node, nodeRequest{Method: "clock", Skew: int64(skew)})
	return true
}

// TestModelProcesses is TestModel for two processes over one PostgreSQL.
func TestModelProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a database")
	}
	w := newProcessWorld(t)
	run := func(steps []model.Step, log func(string, ...any)) (*model.Failure, model.Stats) {
		w.renew(t)
		r := &model.Runner{World: w, Log: log, StoreClock: true, Drain: true, Slack: 5 * time.Second}
		f := r.Run(steps)
		return f, r.Stats
	}
	modelTest{T: t, runs: max(1, *modelRuns/modelShare/4), run: run}.random()
}
