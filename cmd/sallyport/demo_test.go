package main

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/servers"
)

// TestDemoSteps types what the demo prints into a shell: each command has to show the
// statuses that its line promises.
func TestDemoSteps(t *testing.T) {
	for _, name := range []string{"bash", "curl"} {
		_, err := servers.Find("the demo's commands need it; install it, or run `make servers`", name)
		servers.Check(t, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- runDemo(ctx, "127.0.0.1:0", in)
		in.Close()
	}()
	var says, commands []string
	for lines := bufio.NewScanner(out); lines.Scan() && !strings.HasPrefix(lines.Text(), "Stop with"); {
		if text, ok := strings.CutPrefix(lines.Text(), "     "); ok {
			commands = append(commands, text)
		} else if promise := regexp.MustCompile(`^  \d\. (.*)`).FindStringSubmatch(lines.Text()); promise != nil {
			says = append(says, promise[1])
		}
	}
	go io.Copy(io.Discard, out)
	if len(says) != 8 || len(commands) != 8 {
		t.Fatalf("%d lines and %d commands", len(says), len(commands))
	}
	const mark = "=== next"
	shell := exec.CommandContext(ctx, "bash")
	shell.Stdin = strings.NewReader(strings.Join(commands, "\necho '"+mark+"'\n"))
	answers, err := shell.Output()
	if err != nil {
		t.Fatal(err)
	}
	for i, answer := range strings.Split(string(answers), mark) {
		for _, status := range regexp.MustCompile(`\b[2-5]\d\d\b`).FindAllString(says[i], -1) {
			if !strings.Contains(answer, " "+status) {
				t.Errorf("%s\n%s\nshows no %s:\n%s", says[i], commands[i], status, answer)
			}
		}
		if strings.Contains(answer, "store.go") {
			t.Errorf("%s shows the stack: %s", commands[i], answer)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestDemo_environment: the demo uses nothing that the environment says of a real service.
func TestDemo_environment(t *testing.T) {
	t.Setenv("SALLYPORT_STORE", "postgres://nobody@127.0.0.1:1/production?connect_timeout=1")
	t.Setenv("SALLYPORT_REDIS", "redis://127.0.0.1:1")
	t.Setenv("SALLYPORT_SMTP_PASSWORD", "secret")
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- runDemo(ctx, "127.0.0.1:0", in)
		in.Close()
	}()
	text, err := bufio.NewReader(out).ReadString('.')
	if err != nil || !strings.Contains(text, "sallyport-demo-") && !strings.HasPrefix(text, "Sallyport demo") {
		t.Errorf("%q, %v", text, err)
	}
	go io.Copy(io.Discard, out)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
