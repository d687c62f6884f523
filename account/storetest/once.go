package storetest

import (
	"context"
	"encoding/base32"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account/internal/totp"
)

// atOnce sends one request to every node, several times at once, and counts what was
// taken.
func atOnce(t *testing.T, nodes []*node, path, body string) int {
	t.Helper()
	taken := make(chan bool, 3*len(nodes))
	var all sync.WaitGroup
	start := make(chan struct{})
	for _, n := range nodes {
		for range 3 {
			all.Go(func() {
				<-start
				status, _ := n.call("POST", path, "", body)
				taken <- status < http.StatusMultipleChoices
			})
		}
	}
	close(start)
	all.Wait()
	close(taken)
	count := 0
	for one := range taken {
		if one {
			count++
		}
	}
	return count
}

// enroll gives ada a second factor.
func (n *node) enroll(t *testing.T) (seed []byte, recovery []any) {
	t.Helper()
	n.add("ada")
	access, _ := n.login("ada")
	_, said := n.call("POST", "/auth/mfa/totp/enroll", access, "")
	seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(fmt.Sprint(said["secret"]))
	if err != nil {
		t.Fatal(err, said)
	}
	status, said := n.call("POST", "/auth/mfa/totp/confirm", access, `{"code":"`+totp.Code(seed, totp.Step(time.Now()))+`"}`)
	if status != http.StatusOK {
		t.Fatal(status, said)
	}
	return seed, said["recovery_codes"].([]any)
}

func (n *node) first(t *testing.T) string {
	t.Helper()
	_, said := n.call("POST", "/auth/login", "", `{"username":"ada","password":"`+adasPassword+`"}`)
	ticket, ok := said["mfa_token"].(string)
	if !ok {
		t.Fatal(said)
	}
	return ticket
}

// codeOnce: of many who send one code at once, on several nodes, one is let in.
func codeOnce(t *testing.T, w *world) {
	nodes := newNodes(t, w)
	seed, _ := nodes[0].enroll(t)
	code := totp.Code(seed, totp.Step(time.Now())+1) // good for half a minute at least
	ticket := nodes[0].first(t)
	if n := atOnce(t, nodes, "/auth/mfa/totp/verify", `{"mfa_token":"`+ticket+`","code":"`+code+`"}`); n != 1 {
		t.Errorf("%d were let in with one code", n)
	}
}

// recoveryOnce: the same for a recovery code.
func recoveryOnce(t *testing.T, w *world) {
	nodes := newNodes(t, w)
	_, recovery := nodes[0].enroll(t)
	in := fmt.Sprintf(`{"mfa_token":"%s","recovery_code":"%s"}`, nodes[0].first(t), recovery[0])
	if n := atOnce(t, nodes, "/auth/mfa/totp/verify", in); n != 1 {
		t.Errorf("%d were let in with one recovery code", n)
	}
}

// letters is a mail server that keeps what it takes.
type letters struct {
	mu   sync.Mutex
	list []string
	came chan struct{}
}

func (l *letters) Send(_ context.Context, id, _, _, text string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, id+" "+text)
	l.came <- struct{}{}
	return nil
}

// mailingNodes share one mail server.
func mailingNodes(t *testing.T, w *world) (nodes []*node, l *letters) {
	t.Helper()
	l = &letters{came: make(chan struct{}, 1000)}
	for _, s := range w.views(3) {
		nodes = append(nodes, newMailingNode(t, s, l))
	}
	return nodes, l
}

// ticketOnce: of many who set a password with one mailed token at once, one does.
func ticketOnce(t *testing.T, w *world) {
	nodes, l := mailingNodes(t, w)
	nodes[0].add("ada")
	if status, said := nodes[1].call("POST", "/auth/password/forgot", "", `{"email":"ada@example.com"}`); status != http.StatusAccepted {
		t.Fatal(status, said)
	}
	<-l.came
	_, token, ok := strings.Cut(l.list[0], "Token: ")
	if !ok {
		t.Fatal(l.list)
	}
	if n := atOnce(t, nodes, "/auth/password/reset", `{"token":"`+token[:47]+`","password":"violet-otter-runs-91"}`); n != 1 {
		t.Errorf("%d set a password with one token", n)
	}
}

// mailOnce: nodes that all empty one outbox send each mail once.
func mailOnce(t *testing.T, w *world) {
	nodes, l := mailingNodes(t, w)
	const many = 30
	for i := range many {
		name := fmt.Sprint("user", i)
		if status, said := nodes[i%len(nodes)].call("POST", "/auth/register", "", `{"username":"`+name+`","email":"`+name+`@example.com","password":"`+adasPassword+`"}`); status != http.StatusAccepted {
			t.Fatal(status, said)
		}
	}
	for range many {
		<-l.came
	}
	for _, n := range nodes {
		n.Close() // whatever it was about to send, it has
	}
	seen := map[string]bool{}
	for _, text := range l.list {
		seen[text] = true
	}
	if len(l.list) != many || len(seen) != many {
		t.Errorf("%d mails were sent, %d of them different, want %d", len(l.list), len(seen), many)
	}
}
