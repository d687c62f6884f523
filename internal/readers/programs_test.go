package readers_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/servers"
)

// request is what a reader is asked to read.
type request struct {
	kind        string // multipart, form, query or cookie: what is read, and the last segment of the path
	contentType string
	query       string
	cookie      string
	body        string
}

// members are what a reader has read: see doc.go.
type members map[string][]string

// reader is a program that reads requests.
type reader struct {
	name  string
	kinds []string
	read  func(request) (members, error)
}

// refusal is why a program reads nothing of a request.
type refusal string

func (r refusal) Error() string { return string(r) }

const (
	forMultipart = "multipart"
	forForm      = "form"
	forQuery     = "query"
	forCookie    = "cookie"
)

// start starts all programs.
func start(t *testing.T) []reader {
	t.Helper()
	everything := []string{forMultipart, forForm, forQuery, forCookie}
	texts := []string{forForm, forQuery}
	node, fastify := nodeServers(t)
	python := pythonServer(t)
	return []reader{
		{"multer", []string{forMultipart}, over(node + "/multer")},
		{"busboy", []string{forMultipart}, over(node + "/busboy")},
		{"undici", []string{forMultipart}, over(node + "/undici")},
		{"Fastify", []string{forMultipart, forForm, forQuery}, over(fastify)},
		{"Express with qs", texts, over(node + "/qs")},
		{"Express", texts, over(node + "/simple")},
		{"cookie-parser", []string{forCookie}, over(node + "/express")},
		{"PHP", everything, over(php(t))},
		{"Flask", everything, over(python + "/flask")},
		{"Django", everything, over(python + "/django")},
		{"Starlette", everything, over(python + "/starlette")},
		{"Rack", everything, rack(t)},
		{"Go", everything, over(goServer(t))},
	}
}

const install = "run `make servers`, or Debian: apt-get install nodejs npm php-cli python3-django python3-flask " +
	"python3-multipart python3-starlette ruby-rack; macOS: brew install node php ruby, " +
	"pip3 install django flask python-multipart starlette, gem install rack"

func find(t *testing.T, names ...string) string {
	t.Helper()
	path, err := servers.Find(install, names...)
	servers.Check(t, err)
	return path
}

// serve starts a program that listens on a port, and returns its address.
func serve(t *testing.T, port string, cmd *exec.Cmd) string {
	t.Helper()
	input, err := cmd.StdinPipe() // Node.js ends when it closes
	if err != nil {
		t.Fatal(err)
	}
	p, err := servers.Run(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { input.Close(); p.Kill() })
	listens(t, p, port)
	return "http://127.0.0.1:" + port
}

func listens(t *testing.T, p *servers.Process, port string) {
	t.Helper()
	err := p.Await(func() error {
		c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
		if err == nil {
			c.Close()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	port, err := servers.Port()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func nodeServers(t *testing.T) (express, fastify string) {
	t.Helper()
	path, ports := find(t, "node"), []string{freePort(t), freePort(t)}
	if out, err := exec.Command(path, "../e2e/node/installed.mjs").CombinedOutput(); err != nil {
		servers.Check(t, servers.Missing(fmt.Sprintf("%s: %s", bytes.TrimSpace(out), install)))
	}
	if exec.Command(path, "-e", "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)").Run() != nil {
		servers.Check(t, servers.Missing("Node.js is too old: Fastify needs 20 or later"))
	}
	cmd := exec.Command(path, "../e2e/node/readers.mjs", ports[0], ports[1])
	express = serve(t, ports[0], cmd)
	if c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", ports[1])); err == nil {
		c.Close()
	} else {
		t.Fatal(err)
	}
	return express, "http://127.0.0.1:" + ports[1]
}

func php(t *testing.T) string {
	t.Helper()
	port := freePort(t)
	path := find(t, "php")
	arguments := []string{"-n", "-d", "display_errors=0", "-S", "127.0.0.1:" + port, "programs/readers.php"}
	return serve(t, port, exec.Command(path, arguments...))
}

// pythonServer takes the first Python that has what is needed: Debian's is not the first in every PATH.
func pythonServer(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		path, err := exec.LookPath(name)
		if err != nil || exec.Command(path, "-c", "import django, flask, multipart, starlette").Run() != nil {
			continue
		}
		port := freePort(t)
		return serve(t, port, exec.Command(path, "programs/readers.py", port))
	}
	servers.Check(t, servers.Missing("Django, Flask, Starlette or python-multipart is missing: "+install))
	return ""
}

// rack asks a Ruby program, which needs no server this way.
func rack(t *testing.T) func(request) (members, error) {
	t.Helper()
	path := find(t, "ruby")
	if exec.Command(path, "-e", `require "rack"`).Run() != nil {
		servers.Check(t, servers.Missing("Rack is missing: "+install))
	}
	cmd := exec.Command(path, filepath.Join("programs", "readers.rb"))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })

	var mu sync.Mutex
	lines := bufio.NewReader(out)
	return func(r request) (members, error) {
		mu.Lock()
		defer mu.Unlock()
		asked := map[string]string{
			"kind": r.kind, "type": r.contentType, "query": r.query, "body": hex.EncodeToString([]byte(r.body)),
		}
		if r.kind == forCookie {
			asked["cookie"] = r.cookie
		}
		if err := json.NewEncoder(in).Encode(asked); err != nil {
			return nil, err
		}
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		return decode(line)
	}
}

// over asks a program over HTTP, with the fields and the body as they are.
func over(base string) func(request) (members, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	return func(r request) (members, error) {
		method := "GET"
		if r.kind == forMultipart || r.kind == forForm {
			method = "POST"
		}
		req, err := http.NewRequest(method, base+"/"+r.kind, bytes.NewReader([]byte(r.body)))
		if err != nil {
			return nil, err
		}
		req.URL.RawQuery = r.query
		if r.contentType != "" {
			req.Header["Content-Type"] = []string{r.contentType}
		}
		if r.cookie != "" {
			req.Header["Cookie"] = []string{r.cookie}
		}
		res, err := client.Do(req)
		if err != nil {
			return nil, refusal(err.Error()) // PHP and Node.js hang up on what they cannot parse
		}
		defer res.Body.Close()
		data, err := io.ReadAll(res.Body)
		switch {
		case err != nil:
			return nil, err
		case res.StatusCode != 200:
			return nil, refusal(fmt.Sprintf("status %d: %.200s", res.StatusCode, data))
		}
		return decode(data)
	}
}

func decode(data []byte) (members, error) {
	var answer struct {
		Members json.RawMessage
		Refused string
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, fmt.Errorf("%w: %.200s", err, data)
	}
	if answer.Refused != "" {
		return nil, refusal(answer.Refused)
	}
	m := members{}
	return m, json.Unmarshal(answer.Members, &m)
}

func goServer(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m, err := readInGo(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"members": m})
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// readInGo reads as handlers do, with the means of net/http.
func readInGo(r *http.Request) (members, error) {
	m := members{}
	text := func(name, value string) { m[name] = append(m[name], "t:"+hex.EncodeToString([]byte(value))) }
	switch r.URL.Path[1:] {
	case forCookie:
		for _, c := range r.Cookies() {
			if m[c.Name] == nil { // what Request.Cookie finds
				text(c.Name, c.Value)
			}
		}
		return m, nil
	case forMultipart:
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			return nil, err
		}
		for name, files := range r.MultipartForm.File {
			for _, f := range files {
				content, err := f.Open()
				if err != nil {
					return nil, err
				}
				data, _ := io.ReadAll(content)
				m[name] = append(m[name], "f:"+hex.EncodeToString(data))
			}
		}
	default:
		if err := r.ParseForm(); err != nil {
			return nil, err
		}
	}
	for name, values := range r.Form {
		for _, v := range values {
			text(name, v)
		}
	}
	return m, nil
}
