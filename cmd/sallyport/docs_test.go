package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocs runs the sessions of the documentation, and compares what is printed with what is there. The line before
// each says how:
//
//	<!-- tested -->                    in a folder of its own
//	<!-- tested after: A && B -->      the same, after commands that the page does not show
//	<!-- tested, goes on -->           where the session before it on the page ended
//	<!-- not tested: REASON -->        not at all
//
// "…" stands for anything, and so do ids, times and what else differs each time. A session that starts no gate itself
// has one in front of the test's upstream, with GET /health public; one that uses $TOKEN without setting it has the
// access token of a user there.
func TestDocs(t *testing.T) {
	bin := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(bin, "sallyport")); err != nil {
		t.Skip(err)
	}
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if blocks := sessions(string(text)); len(blocks) > 0 {
			t.Run(filepath.Base(page), func(t *testing.T) {
				t.Parallel()
				runPage(t, bin, blocks)
			})
		}
	}
}

// block is a piece of a page that shows what to type.
type block struct {
	line         int
	marker, text string
}

// sessions are the blocks of console, of a shell, and of no language.
func sessions(page string) (list []block) {
	var marker string
	lines := strings.Split(page, "\n")
	for i := 0; i < len(lines); i++ {
		language, ok := strings.CutPrefix(strings.TrimSpace(lines[i]), "```")
		if !ok {
			if lines[i] != "" {
				marker = lines[i]
			}
			continue
		}
		begin := i + 1
		for i++; i < len(lines) && strings.TrimSpace(lines[i]) != "```"; i++ {
		}
		switch text := strings.Join(lines[begin:i], "\n") + "\n"; language {
		case "console":
			list = append(list, block{begin, marker, text})
		case "sh", "bash", "shell", "":
			list = append(list, block{begin, marker, prompts(text)})
		}
		marker = ""
	}
	return list
}

// prompts makes a session of the lines of a script.
func prompts(script string) string {
	script = strings.TrimSuffix(strings.ReplaceAll(script, "\\\n", ""), "\n")
	return "$ " + strings.ReplaceAll(script, "\n", "\n$ ") + "\n"
}

var (
	markers      = regexp.MustCompile(`^<!-- (tested|tested, goes on|tested after: (.+)|not tested: .+) -->$`)
	commandLines = regexp.MustCompile(`(?m)^\$ (.*)\n((?:[^$\n].*\n|\$[^ ].*\n|\n)*)`)
)

func runPage(t *testing.T, bin string, blocks []block) {
	var s *session
	for _, b := range blocks {
		marker := markers.FindStringSubmatch(b.marker)
		if marker == nil {
			t.Errorf("line %d: before this session there is neither <!-- tested --> nor <!-- not tested: REASON -->", b.line)
			continue
		}
		if strings.HasPrefix(marker[1], "not") {
			s = nil
			continue
		}
		if marker[1] != "tested, goes on" {
			s = newSession(t, bin, b.text+marker[2])
			for _, command := range strings.Split(marker[2], " && ") {
				if command != "" {
					s.step(t, b, command, "")
				}
			}
		}
		if s == nil {
			t.Errorf("line %d: there is no session to go on with", b.line)
			continue
		}
		list := commandLines.FindAllStringSubmatch(b.text, -1)
		if len(list) == 0 {
			t.Errorf("line %d: there is no command", b.line)
		}
		for _, step := range list {
			s.step(t, b, step[1], step[2])
		}
	}
}
