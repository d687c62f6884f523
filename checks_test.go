package sallyport_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var testNames = regexp.MustCompile(`^func (?:\([^)]*\) )?(\w+)\(`)

// TestChecks: docs/checks.md names tests that there are.
func TestChecks(t *testing.T) {
	page, err := os.ReadFile("docs/checks.md")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]bool{}
	checked, ids := 0, map[string]bool{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || strings.Trim(cells[1], " -") == "" || strings.TrimSpace(cells[1]) == "id" {
			continue
		}
		id := strings.TrimSpace(cells[1])
		if ids[id] {
			t.Errorf("two promises are %s", id)
		}
		ids[id] = true
		for part := range strings.SplitSeq(cells[3], ";") {
			room, names, ok := strings.Cut(part, ":")
			if !ok {
				t.Errorf("no package in %q", part)
				continue
			}
			room = strings.TrimSpace(room)
			if found[room] == nil {
				found[room] = functions(t, room)
			}
			for name := range strings.SplitSeq(names, ",") {
				checked++
				if name = strings.TrimSpace(name); !found[room][name] {
					t.Errorf("%s: %s has no %s", id, room, name)
				}
			}
		}
	}
	if checked < 150 {
		t.Errorf("only %d tests are named", checked)
	}
}

// functions are those of a package's tests; of the suite for stores, all it has.
func functions(t *testing.T, room string) map[string]bool {
	t.Helper()
	pattern := filepath.Join(room, "*_test.go")
	switch room {
	case "sallyport":
		pattern = "*_test.go"
	case "sqlite+postgres":
		pattern = "account/storetest/*.go"
	}
	files, _ := filepath.Glob(pattern)
	if len(files) == 0 {
		t.Errorf("there is no package %s with tests", room)
	}
	names := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if m := testNames.FindStringSubmatch(line); m != nil {
				names[m[1]] = true
			}
		}
	}
	return names
}
