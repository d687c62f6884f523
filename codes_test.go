package sallyport_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// made is one place in the source that makes a problem.
type made struct {
	place  string
	code   string // "" where it is no literal
	status string // a number, or the expression where it is none
	detail string // the expression
}

// TestProblemCodes holds docs/problems.md and the source to each other: every code has one
// status and one title, and where its details differ, a reason why they mean one thing. The
// title is the status's own phrase (RFC 9457 §4.2.1), but for the types that IANA registers.
func TestProblemCodes(t *testing.T) {
	page, found := problemPage(t), map[string][]made{}
	for _, m := range problemsMade(t) {
		switch {
		case m.code != "":
			found[m.code] = append(found[m.code], m)
		case !slices.ContainsFunc(wrappers, func(p string) bool { return strings.HasPrefix(m.place, p) }):
			t.Errorf("%s: makes a problem whose code cannot be read: write a literal", m.place)
		}
	}
	for code, all := range found {
		if _, listed := page[code]; !listed {
			t.Errorf("%s: the code %s is not in docs/problems.md: add it, or use the one that means the same",
				all[0].place, code)
			continue
		}
		for _, m := range all {
			if !covers(page[code].status, m.status) {
				t.Errorf("%s: %s is made with the status %s, and means %s in docs/problems.md",
					m.place, code, m.status, page[code].status)
			}
			if m.detail != all[0].detail && page[code].several == "" {
				t.Errorf("%s and %s: %s has two details: use another code, or say in docs/problems.md why they mean one thing",
					all[0].place, m.place, code)
			}
		}
	}
	for code := range page {
		if found[code] == nil {
			t.Errorf("docs/problems.md lists %s, which nothing makes", code)
		}
	}
	if len(found) < 50 {
		t.Errorf("only %d codes found", len(found))
	}
}

// wrappers are the places that pass a code on; those that call them are read instead.
var wrappers = []string{"problem/", "validate/internal/wire/syntax.go", "validate/answer.go", "validate/openapi/"}

// titled sets titles: those of the registered types of draft-ietf-httpapi-ratelimit-headers.
const titled = "ratelimit/policy.go"

// covers reports whether a status is one of those that the page gives for a code: a number, a
// class such as 4xx, or any of the latter for an expression.
func covers(listed, status string) bool {
	_, err := strconv.Atoi(status)
	for one := range strings.SplitSeq(listed, ", ") {
		class, isClass := strings.CutSuffix(one, "xx")
		if one == status || isClass && (err != nil || strings.HasPrefix(status, class)) {
			return true
		}
	}
	return err != nil && strings.Contains(listed, ", ")
}

// listed is a row of the page.
type listed struct{ status, several string }

var problemRow = regexp.MustCompile("^\\| `([a-z0-9_]+)` \\| ([0-9x, ]+) \\| [^|]+ \\| ([^|]*)\\|$")

func problemPage(t *testing.T) map[string]listed {
	t.Helper()
	text, err := os.ReadFile("docs/problems.md")
	if err != nil {
		t.Fatal(err)
	}
	page := map[string]listed{}
	for line := range strings.Lines(string(text)) {
		m := problemRow.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		if _, twice := page[m[1]]; twice {
			t.Errorf("docs/problems.md lists %s twice", m[1])
		}
		page[m[1]] = listed{m[2], strings.TrimSpace(m[3])}
	}
	return page
}

// forTests are folders of programs of their own, and of what is built for tests.
var forTests = []string{"bench", "examples", "internal", "testdata"}

// problemsMade reads the module's source, but for tests and what is built for them.
func problemsMade(t *testing.T) (all []made) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (slices.Contains(forTests, path) || name[0] == '.'):
			return fs.SkipDir
		case d.IsDir(), !strings.HasSuffix(name, ".go"), strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err == nil {
			all = append(all, problemsIn(t, files, file, filepath.ToSlash(path))...)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func problemsIn(t *testing.T, files *token.FileSet, file *ast.File, path string) (all []made) {
	write := func(n ast.Node) string {
		var b bytes.Buffer
		printer.Fprint(&b, files, n)
		return b.String()
	}
	ast.Inspect(file, func(n ast.Node) bool {
		place := func() string { return fmt.Sprintf("%s:%d", path, files.Position(n.Pos()).Line) }
		switch n := n.(type) {
		case *ast.CompositeLit:
			if kind := write(n.Type); kind == "problem.Problem" || kind == "Problem" && path == "problem/known.go" {
				t.Errorf("%s: call problem.New, so that the code is seen here", place())
			}
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				if s, ok := left.(*ast.SelectorExpr); ok && s.Sel.Name == "Title" && path != titled {
					t.Errorf("%s: sets a title, which is the phrase of the status", place())
				}
			}
		case *ast.BasicLit:
			if strings.EqualFold(n.Value, `"WWW-Authenticate"`) && !slices.Contains(challengers, path) {
				t.Errorf("%s: names the field WWW-Authenticate: challenges are made by problem.Bearer", place())
			}
		case *ast.CallExpr:
			if m := problemOf(n, write(n.Fun), file.Name.Name, write); m != nil {
				m.place = place()
				all = append(all, *m)
			}
		}
		return true
	})
	return all
}

// challengers name the field WWW-Authenticate: the one that makes it, the rooms that let
// scripts read it and keep it out of a configuration, and the proxy, which passes an
// upstream's on.
var challengers = []string{
	"problem/bearer.go", "cors/config.go", "headers/headers.go", "cmd/sallyport/internal/proxy/response.go",
}

// problemOf reads a call that makes a problem.
func problemOf(call *ast.CallExpr, f, pkg string, write func(ast.Node) string) *made {
	args, status := call.Args, ""
	switch {
	case f == "problem.New", f == "New" && pkg == "problem":
		if len(args) != 3 {
			return nil
		}
		status, args = statusOf(write(args[0])), args[1:]
	case f == "wire.Malformed", f == "Malformed" && pkg == "wire":
		status = "400"
	case f == "newAnswer" && pkg == "validate":
		status = "422"
	default:
		return nil
	}
	m := &made{status: status, detail: write(args[1])}
	if code, ok := args[0].(*ast.BasicLit); ok {
		m.code, _ = strconv.Unquote(code.Value)
	}
	return m
}

// statusOf is the number of a constant of net/http, or the expression as it is.
func statusOf(expr string) string {
	name, ok := strings.CutPrefix(expr, "http.Status")
	if expr == "statusClientGone" {
		return "499" // nginx's, which net/http does not name
	}
	if !ok {
		return expr
	}
	for status := 400; status < 600; status++ {
		phrase := http.StatusText(status)
		if phrase != "" && strings.NewReplacer(" ", "", "-", "").Replace(phrase) == name {
			return strconv.Itoa(status)
		}
	}
	return expr
}
