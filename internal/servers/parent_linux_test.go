package servers_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/servers"
)

// parent is set in the test program that TestDieWithParent kills.
const parent = "SALLYPORT_TEST_PARENT"

// TestDieWithParent kills a test program that runs a server: the server ends too.
func TestDieWithParent(t *testing.T) {
	if os.Getenv(parent) != "" {
		p, err := servers.Run(exec.Command("sleep", "100"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("server", p.PID())
		select {}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestDieWithParent$")
	cmd.Env = append(os.Environ(), parent+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := pidOf(bufio.NewScanner(out))
	if running(pid) != nil {
		t.Errorf("no server runs: %d", pid)
	}
	cmd.Process.Kill()
	cmd.Wait()
	if err := servers.Until(func() error {
		if running(pid) == nil {
			return fmt.Errorf("%d runs on", pid)
		}
		return nil
	}); err != nil {
		syscall.Kill(pid, syscall.SIGKILL)
		t.Error(err)
	}
}

func pidOf(lines *bufio.Scanner) int {
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "server "); ok {
			pid, _ := strconv.Atoi(text)
			return pid
		}
	}
	return 0
}

// running reports nil for a process that does something. One that is dead stays in the
// list until its new parent has looked at it.
func running(pid int) error {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err == nil && strings.Contains(string(stat), ") Z ") {
		return fmt.Errorf("%d is dead", pid)
	}
	return err
}
