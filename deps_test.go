package sallyport_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/sallyport-dev/sallyport"

// layers is the order in which packages stand on each other: a package may import
// those of its own line's list, and of lines above where it says so. Everything that
// is not listed is an adapter or a command, for which other rules hold below.
var (
	vocabulary = []string{"secret", "clientip", "visit", "problem"}
	rooms      = []string{"token", "password", "ratelimit", "validate", "headers", "cors", "authz", "audit"}
	builtOn    = map[string][]string{ // the rooms that stand on other rooms
		"validate":         {"validate/internal/wire"},
		"validate/openapi": {"validate/internal/wire", "validate/openapi/internal/spec", "validate/openapi/internal/schema", "validate/openapi/internal/formdata", "internal/route"},

		"validate/openapi/internal/spec": {"validate/internal/wire"},
		"validate/openapi/internal/schema": {
			"validate", "validate/internal/wire", "validate/openapi/internal/spec", "validate/openapi/internal/pattern",
		},

		"account":           {"token", "password", "audit", "validate", "ratelimit", "account/internal/seal", "account/internal/totp"},
		"account/sqlite":    {"account/internal/sqlstore"},
		"account/postgres":  {"account/internal/sqlstore"},
		"account/storetest": {"password", "account/internal/totp"},

		"account/internal/sqlstore": {"account"},
	}
)

// budget is what the core may import from outside, and why.
var budget = map[string]string{
	"golang.org/x/crypto":                "argon2id and bcrypt",
	"golang.org/x/sys":                   "x/crypto's CPU detection",
	"golang.org/x/text":                  "Unicode normalization of passwords and logins (RFC 8265)",
	"golang.org/x/net/idna":              "e-mail domains in other scripts, stored as A-labels (UTS 46)",
	"github.com/go-json-experiment/json": "strict JSON; becomes encoding/json/v2 in Go 1.27",

	"go.yaml.in/yaml/v4": "OpenAPI documents are mostly YAML; it gives the line of every problem",
}

// TestImportsGoDown walks the import graph and names the reason for each ban.
func TestImportsGoDown(t *testing.T) {
	for pkg, imports := range graph(t) {
		for _, imp := range imports {
			if reason := banned(pkg, imp); reason != "" {
				t.Errorf("%s imports %s: %s", name(pkg), name(imp), reason)
			}
		}
	}
}

func banned(pkg, imp string) string {
	from, to := name(pkg), name(imp)
	if !strings.HasPrefix(imp, module) {
		return ""
	}
	switch {
	case from == "internal/route":
		return "a table of routes knows no room"
	case strings.HasPrefix(from, "internal/") && strings.HasPrefix(to, "internal/"):
		return ""
	case to == "internal/route" && from == ".", slices.Contains(builtOn[from], to):
		return "" // one table for the routes of a Gate and of a document
	case strings.HasPrefix(to, "internal/"):
		return "the third-party suites and servers are for tests"
	case strings.HasPrefix(from, "cmd/"), strings.HasPrefix(from, "examples/"):
		return ""
	case to == ".":
		return "nothing below the front door knows it"
	case strings.HasPrefix(to, "cmd/"):
		return "the library does not know the binary"
	case to == "mail":
		return "mail brings an SMTP library along; accounts know an interface"
	case slices.Contains(vocabulary, to), from == ".":
		return ""
	case slices.Contains(vocabulary, from):
		return "the vocabulary knows no room"
	case parent(from) == to:
		return "" // a store knows the room it serves
	case slices.Contains(rooms, from), builtOn[from] != nil:
		return "a room does not know its siblings; only the front door knows two rooms"
	}
	return "no rule allows it; add one with its reason, or do without"
}

// TestCoreBudget holds what a user of the library links to the standard library and
// the few modules of the budget.
func TestCoreBudget(t *testing.T) {
	core := []string{module}
	for _, p := range slices.Concat(vocabulary, rooms, []string{"account", "validate/openapi"}) {
		core = append(core, module+"/"+p)
	}
	out := list(t, append([]string{"-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}"}, core...)...)
	for _, imp := range strings.Fields(out) {
		if strings.HasPrefix(imp, module) {
			continue
		}
		allowed := false
		for m := range budget {
			allowed = allowed || imp == m || strings.HasPrefix(imp, m+"/")
		}
		if !allowed {
			t.Errorf("the core links %s, which is not in the budget", imp)
		}
	}
}

// graph maps every package of the module to what it imports outside of tests.
func graph(t *testing.T) map[string][]string {
	t.Helper()
	g := map[string][]string{}
	for line := range strings.Lines(list(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"/...")) {
		f := strings.Fields(line)
		g[f[0]] = f[1:]
	}
	if len(g) < 10 {
		t.Fatalf("only %d packages found", len(g))
	}
	return g
}

func list(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// name is the path of a package below the module, "." for the module itself.
func name(pkg string) string {
	if pkg == module {
		return "."
	}
	return strings.TrimPrefix(pkg, module+"/")
}

func parent(pkg string) string {
	i := strings.LastIndexByte(pkg, '/')
	return pkg[:max(i, 0)]
}
