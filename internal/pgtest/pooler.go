package pgtest

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/servers"
)

const installPooler = "run `make servers`, or Debian: apt-get install pgbouncer; macOS: brew install pgbouncer"

// Pooler starts a PgBouncer in front of the server of a database, in the pool mode
// "session", "transaction" or "statement". It returns what makes the address of a database
// of that server one that leads through it.
func Pooler(t testing.TB, address, mode string) func(address string) string {
	t.Helper()
	program, err := servers.Find(installPooler, "pgbouncer")
	servers.Check(t, err)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := servers.Port()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "sallyport-pgbouncer-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	config := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf("[databases]\n* = host=127.0.0.1 port=%s user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %s\n"+
		"unix_socket_dir =\nauth_type = any\npool_mode = %s\ndefault_pool_size = 40\nmax_client_conn = 500\n"+
		"auth_file = %s\n", u.Port(), port, mode, filepath.Join(dir, "users"))
	for name, content := range map[string]string{config: text, filepath.Join(dir, "users"): `"postgres" ""` + "\n"} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil { // PgBouncer does not run as root either
		t.Fatal(err)
	}
	cmd := exec.Command(program, config)
	cmd.Dir = dir
	if err := asSomeone(cmd); err != nil {
		t.Fatal(err)
	}
	run, err := servers.Run(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(run.Kill)
	host := net.JoinHostPort("127.0.0.1", port)
	err = run.Await(func() error {
		conn, err := net.Dial("tcp", host)
		if err == nil {
			conn.Close()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(address string) string { return strings.Replace(address, u.Host, host, 1) }
}
