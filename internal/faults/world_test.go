package faults_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/pgtest"
	"github.com/sallyport-dev/sallyport/internal/redistest"
	"github.com/sallyport-dev/sallyport/internal/servers"
)

// world is everything that runs: the gates, and what they depend on behind relays.
type world struct {
	*testing.T            // of the row that is played
	whole      *testing.T // of all of them
	dir        string
	gates      []*gate

	postgres *pgtest.Server // that the relay leads to; nil where accounts are in a file
	redis    *redistest.Server
	post     *postbox
	issuer   *issuer

	toPostgres, toRedis, toPost, toUpstream, toIssuer *redistest.Relay

	data    string         // the folder of accounts in a file
	other   *sql.DB        // another program's connection to accounts in a file
	standby *pgtest.Server // while there is one

	place  []string // flags that say where the accounts are, for the commands too
	ledger ledger
	dice   *dice
}

// upstreamTimeout is what the gates are told.
const upstreamTimeout = 3 * time.Second

// newWorld starts two gates on PostgreSQL.
func newWorld(t *testing.T) *world {
	w := &world{
		T: t, whole: t, dir: t.TempDir(),
		postgres: pgtest.Start(t), redis: redistest.Start(t), post: newPostbox(t), issuer: newIssuer(t),
	}
	w.toPostgres = redistest.Proxy(t, w.postgres.Addr())
	w.toRedis = redistest.Proxy(t, w.redis.Addr())
	w.toPost = redistest.Proxy(t, w.post.address)
	w.toUpstream = redistest.Proxy(t, newUpstream(t).Listener.Addr().String())
	w.toIssuer = redistest.Proxy(t, w.issuer.Listener.Addr().String())
	w.postgres.Do(t, "CREATE ROLE gate LOGIN")
	w.postgres.Do(t, "CREATE DATABASE bench OWNER gate")
	w.place = []string{
		"--secret", filepath.Join(w.dir, "secret.key"),
		"--store", "postgres://gate@" + w.toPostgres.Addr() + "/bench?sslmode=disable",
	}
	for _, name := range []string{"one", "two"} {
		w.gates = append(w.gates, w.serve(name, "--redis", "redis://"+w.toRedis.Addr(),
			"--trust", foreignIssuer+" audience="+foreignAudience+" jwks=http://"+w.toIssuer.Addr()+"/jwks"))
	}
	return w
}

// newFileWorld starts one gate with its accounts in a folder.
func newFileWorld(t *testing.T, data string) *world {
	w := &world{T: t, whole: t, dir: t.TempDir(), data: data, post: newPostbox(t)}
	w.toPost = redistest.Proxy(t, w.post.address)
	w.toUpstream = redistest.Proxy(t, newUpstream(t).Listener.Addr().String())
	w.gates = append(w.gates, w.serve("file"))
	return w
}

// gate is a running `sallyport serve`.
type gate struct {
	name, url, admin, audit string
	process                 *servers.Process
	said                    *output
	cmd                     *exec.Cmd
}

// output is what a process has printed so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// plenty is a limit that no traffic here reaches.
const plenty = "1000000 per 1m"

func (w *world) serve(name string, args ...string) *gate {
	w.Helper()
	port, err := servers.Port()
	if err != nil {
		w.Fatal(err)
	}
	adminPort, err := servers.Port()
	if err != nil {
		w.Fatal(err)
	}
	g := &gate{name: name, url: "http://127.0.0.1:" + port, admin: "http://127.0.0.1:" + adminPort, said: &output{}}
	g.audit = filepath.Join(w.dir, name+".log")
	list := append([]string{
		"serve", "--listen", "127.0.0.1:" + port, "--admin", "127.0.0.1:" + adminPort, "--data", w.folder(name),
	}, w.place...)
	list = append(list, "--issuer", "https://gate.example.com", "--audit", g.audit,
		"--upstream", "http://"+w.toUpstream.Addr(), "--upstream-timeout", upstreamTimeout.String(),
		"--smtp", "insecure-smtp://"+w.toPost.Addr(), "--mail-from", "gate@example.com",
		"--limit", plenty, "--login-limit", plenty, "--register-limit", plenty, "--mail-limit", plenty)
	g.cmd = exec.Command(binary, append(list, args...)...)
	w.start(g)
	w.Cleanup(func() {
		g.process.Kill()
		if w.Failed() {
			w.Logf("gate %s printed:\n%s", name, tail(g.said.String(), 4000))
			for line := range strings.Lines(g.said.String()) {
				if strings.Contains(line, "mail") || strings.Contains(line, "outbox") {
					w.Logf("gate %s on mails: %s", name, line)
				}
			}
		}
	})
	return g
}

// start runs the gate's command, and waits until it answers.
func (w *world) start(g *gate) {
	w.Helper()
	cmd := exec.Command(g.cmd.Path, g.cmd.Args[1:]...)
	process, err := servers.RunTo(cmd, g.said)
	if err != nil {
		w.Fatal(err)
	}
	g.process = process
	err = process.Await(func() error {
		res, err := http.Get(g.url + "/.well-known/jwks.json")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return errors.New(res.Status)
		}
		return nil
	})
	if err != nil {
		w.Fatalf("%v\n%s", err, g.said)
	}
}

func tail(text string, n int) string {
	if len(text) > n {
		return "…" + text[len(text)-n:]
	}
	return text
}

// mark is a place in what the operator is told.
type mark struct{ said, audit int }

// mark returns where a gate's output is now.
func (g *gate) mark() mark { return mark{len(g.said.String()), len(g.auditText())} }

func (g *gate) auditText() string {
	text, _ := os.ReadFile(g.audit)
	return string(text)
}

// told returns the first line since a mark that matches.
func (g *gate) told(since mark, want *regexp.Regexp) string {
	for _, text := range []string{g.said.String()[since.said:], g.auditText()[since.audit:]} {
		for line := range strings.Lines(text) {
			if want.MatchString(line) {
				return strings.TrimSpace(line)
			}
		}
	}
	return ""
}

// ready returns what the admin listener's readiness says.
func (g *gate) ready(ctx context.Context) (int, string) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", g.admin+"/readyz", nil)
	if err != nil {
		return 0, err.Error()
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body)
}

// command is how a command ended.
type command struct {
	name string
	out  string
	err  error
	took time.Duration
}

// commandLimit is how long a command may take, with a store that does not answer.
const commandLimit = 40 * time.Second

// folder is the data folder of a process: one for all where the accounts are in a file there.
func (w *world) folder(name string) string {
	return cmp.Or(w.data, filepath.Join(w.dir, name))
}

// run runs a command beside the gates.
func (w *world) run(ctx context.Context, input string, args ...string) command {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	list := append(args, "--data", w.folder("commands"), "--audit", filepath.Join(w.dir, "commands.log"))
	cmd := exec.CommandContext(ctx, binary, append(list, w.place...)...)
	cmd.Stdin = strings.NewReader(input)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	return command{args[0] + " " + args[1], string(out), err, time.Since(start)}
}

// add makes a confirmed user by command, with the password of all.
func (w *world) add(ctx context.Context, name string) command {
	return w.run(ctx, password+"\n", "user", "add", name, "--email", name+"@example.com")
}

const password = "correct-horse-41-battery"

// unique is a new name.
func unique(kind string) string { return kind + strings.ToLower(rand.Text()[:12]) }

// client follows nothing, and gives up later than any gate may.
var client = &http.Client{
	Timeout: 30 * time.Second,
	Transport: &http.Transport{
		DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, MaxIdleConnsPerHost: 64,
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// answer is what became of a request.
type answer struct {
	status int // 0 for none
	body   []byte
	media  string
	err    error
	at     time.Time
	took   time.Duration
}

// do sends a request with a bearer token, or none for "".
func (g *gate) do(ctx context.Context, method, path, bearer, body string) (a answer) {
	a.at = time.Now()
	defer func() { a.took = time.Since(a.at) }()
	req, err := http.NewRequestWithContext(ctx, method, g.url+path, strings.NewReader(body))
	if err != nil {
		a.err = err
		return a
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	res, err := client.Do(req)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err
		}
		a.err = err
		return a
	}
	defer res.Body.Close()
	a.status, a.media = res.StatusCode, res.Header.Get("Content-Type")
	a.body, a.err = io.ReadAll(res.Body)
	return a
}

func (a answer) String() string {
	if a.err != nil {
		return fmt.Sprintf("%v after %v", a.err, a.took.Round(time.Millisecond))
	}
	return fmt.Sprintf("%d %s", a.status, tail(string(a.body), 200))
}
