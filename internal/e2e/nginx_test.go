package e2e_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// nginxConf is a static site as a Debian nginx would serve it. /echo shows the fields
// that nginx read, underscores included; /broken fails.
const nginxConf = `%[1]s
daemon off;
worker_processes 1;
pid %[2]s/nginx.pid;
error_log stderr notice;
events { worker_connections 64; }
http {
	types { text/plain txt; }
	access_log off;
	gzip on;
	gzip_types text/plain;
	gzip_min_length 1;
	underscores_in_headers on;
	client_body_temp_path %[2]s/body;
	proxy_temp_path %[2]s/proxy;
	fastcgi_temp_path %[2]s/fastcgi;
	uwsgi_temp_path %[2]s/uwsgi;
	scgi_temp_path %[2]s/scgi;
	server {
		listen %[3]s;
		root %[2]s/site;
		location = /echo { return 200 '{"subject":"$http_x_sallyport_subject","authorization":"$http_authorization"}'; }
		location = /broken { return 500; }
		location = /docs { return 301 /docs/; }
		location /seen/ { return 200 '$request_uri $uri'; }
	}
}
`

const page = "0123456789\n"

// nginx starts nginx with a site of one page.
func nginx(t *testing.T) (url string) {
	t.Helper()
	path := find(t, "run `make servers`, or Debian: apt-get install nginx; macOS: brew install nginx", "nginx")
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "site"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "site", "page.txt"), []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	var user string
	if os.Getuid() == 0 {
		user = "user root;" // its workers could not read the folder of the test otherwise
	}
	// It gets the socket from here, as it would from its predecessor in an upgrade: then
	// nobody else can take the port in between.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	addr, conf := listener.Addr().String(), filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConf, user, dir, addr), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-p", dir, "-e", "stderr", "-c", conf)
	cmd.ExtraFiles, cmd.Env = []*os.File{socket}, append(os.Environ(), "NGINX=3;")
	startCmd(t, regexp.MustCompile(`(start worker process) `), cmd)
	return "http://" + addr
}

// TestNginx puts a Debian nginx behind a gate.
func TestNginx(t *testing.T) {
	t.Parallel()
	upstream := nginx(t)
	g := serve(t, "--upstream", upstream)
	token := g.login("ada")
	me := g.me(token)

	direct := (&gate{t, upstream, nil}).get("/page.txt", nil).want(200)
	if !strings.HasPrefix(direct.header.Get("Server"), "nginx/") {
		t.Fatalf("nginx alone does not say its version, so this proves nothing: %v", direct.header)
	}
	tag := direct.header.Get("Etag")

	t.Run("who gets in", func(t *testing.T) {
		g := g.in(t)
		g.get("/page.txt", nil).problem(401, "no_credentials").field("Etag", "").field("Server", "")
		full := g.get("/page.txt", as(token)).want(200).field("Server", "").field("Etag", tag).field("Content-Type", "text/plain").field("Accept-Ranges", "bytes")
		if full.body != page {
			t.Errorf("got %q", full.body)
		}
		g.get("/nothing.txt", as(token)).want(404).field("Server", "")
	})

	t.Run("conditions and ranges", func(t *testing.T) {
		g := g.in(t)
		if same := g.get("/page.txt", as(token, "If-None-Match", tag)).want(304).field("Etag", tag); same.body != "" {
			t.Errorf("a 304 with the body %q", same.body)
		}
		g.get("/page.txt", as(token, "If-None-Match", `"other"`)).want(200)
		g.get("/page.txt", as("", "If-None-Match", tag)).problem(401, "no_credentials")
		part := g.get("/page.txt", as(token, "Range", "bytes=2-5")).want(206).field("Content-Range", "bytes 2-5/11")
		if part.body != "2345" {
			t.Errorf("bytes 2 to 5 are %q", part.body)
		}
		g.get("/page.txt", as(token, "Range", "bytes=90-")).want(416).field("Content-Range", "bytes */11")
		if head := g.do("HEAD", "/page.txt", as(token), "").want(200).field("Content-Length", "11"); head.body != "" {
			t.Errorf("HEAD has the body %q", head.body)
		}
	})

	t.Run("compression", func(t *testing.T) {
		g := g.in(t)
		g.get("/page.txt", as(token, "Accept-Encoding", "gzip")).want(200).field("Content-Encoding", "gzip")
		g.get("/page.txt", as(token, "Accept-Encoding", "gzip", "Via", "1.1 edge")).want(200).field("Content-Encoding", "")
	})

	t.Run("identity", func(t *testing.T) {
		g := g.in(t)
		for _, name := range []string{"X-Sallyport-Subject", "x-sallyport-subject", "X_Sallyport_Subject", "x_sallyport-subject"} {
			var seen struct{ Subject, Authorization string }
			g.get("/echo", as(token, name, "root")).want(200).into(&seen)
			if seen.Subject != me || seen.Authorization != "" {
				t.Errorf("after %s: root, nginx sees %+v", name, seen)
			}
		}
	})

	t.Run("what stays inside", func(t *testing.T) {
		g := g.in(t)
		if failed := g.get("/broken", as(token)).problem(500, "upstream_error"); strings.Contains(failed.body, "nginx") {
			t.Errorf("the client sees nginx's own page:\n%s", failed.body)
		}
		g.get("/docs", as(token)).want(301).field("Location", "/docs/")
	})
}

// TestNginxPaths: nginx gets a path in the form of docs/paths.md, and reads it in its own way:
// it decodes, and merges slashes. What it then takes for a guarded path is guarded.
func TestNginxPaths(t *testing.T) {
	t.Parallel()
	upstream := nginx(t)
	g := serve(t, "--upstream", upstream, "--route", "GET /seen/ public allow-encoded-slash allow-semicolon "+
		"allow-empty-segment allow-encoded-percent", "--route", "GET /seen/admin/ roles=admin")
	for path, want := range map[string]string{
		"/seen/%7Eada/%41": "/seen/~ada/A /seen/~ada/A",
		"/seen/a%2Fb":      "/seen/a%2Fb /seen/a/b",
		"/seen/a//b":       "/seen/a//b /seen/a/b",
		"/seen/a;v=1":      "/seen/a;v=1 /seen/a;v=1",
		"/seen/100%25":     "/seen/100%25 /seen/100%",
	} {
		if got := g.get(path, nil).want(200); got.body != want {
			t.Errorf("%s: nginx got %q, want %q", path, got.body, want)
		}
	}
	direct := &gate{t, upstream, nil}
	for _, path := range []string{"/seen//admin/x", "/seen/admin%2Fx", "/seen/%2Fadmin/x"} {
		if got := direct.get(path, nil).want(200); !strings.HasSuffix(got.body, " /seen/admin/x") {
			t.Errorf("%s: nginx alone reads %q, so this proves nothing", path, got.body)
		}
		g.get(path, nil).problem(401, "no_credentials")
	}
	g.get("/other/a%2Fb", nil).problem(400, "ambiguous_path")
}
