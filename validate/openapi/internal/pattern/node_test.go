package pattern

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/servers"
)

const (
	// countVariable raises how many expressions are made, seedVariable repeats a run.
	countVariable = "SALLYPORT_TEST_PATTERNS"
	seedVariable  = "SALLYPORT_TEST_SEED"
)

// nodeScript has Node.js match texts: by the u flag, without it where that is not allowed, and null where neither is.
const nodeScript = `
const rows = JSON.parse(require("fs").readFileSync(0, "utf8")), out = []
for (const {pattern, texts} of rows) {
  let re = null, u = true
  try { re = new RegExp(pattern, "u") } catch { u = false; try { re = new RegExp(pattern) } catch {} }
  out.push({u, matches: re && texts.map(t => re.test(t))})
}
process.stdout.write(JSON.stringify(out))`

type row struct {
	Pattern string   `json:"pattern"`
	Texts   []string `json:"texts"`
}

type answer struct {
	U       bool   `json:"u"`
	Matches []bool `json:"matches"`
}

func setting(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// ask has Node.js match rows.
func ask(t *testing.T, rows []row) (answers []answer) {
	t.Helper()
	node, err := servers.Find("run `make servers`, or Debian: apt-get install nodejs", "node")
	servers.Check(t, err)
	in, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "-e", nodeScript)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &answers)
	}
	if err != nil || len(answers) != len(rows) {
		t.Fatal(err)
	}
	return answers
}

// TestNode_random holds expressions that are made by chance to what Node.js matches.
func TestNode_random(t *testing.T) {
	count, seed := setting(t, countVariable, 2000), setting(t, seedVariable, rand.Uint64())
	t.Logf("%s=%d", seedVariable, seed)
	g := generator{rand.New(rand.NewPCG(seed, 0))}
	rows := make([]row, count)
	for i := range rows {
		rows[i] = row{Pattern: g.disjunction(3)}
		for range 12 {
			rows[i].Texts = append(rows[i].Texts, g.text())
		}
	}
	var tally struct{ u, annexB, neither, unsupported, matched, texts int }
	for i, a := range ask(t, rows) {
		switch p, err := Compile(rows[i].Pattern); {
		case !a.U && asUnits(rows[i].Pattern): // otherwise read on purpose
		case errors.Is(err, ErrUnsupported):
			tally.unsupported++
		case a.Matches == nil && err != nil:
			tally.neither++
		case a.Matches == nil || err != nil:
			t.Errorf("%q: Node.js compiles it: %t, here: %v", rows[i].Pattern, a.Matches != nil, err)
		default:
			tally.texts += len(a.Matches)
			if tally.annexB++; a.U {
				tally.u, tally.annexB = tally.u+1, tally.annexB-1
			}
			tally.matched += compare(t, p, rows[i].Texts, a)
		}
	}
	t.Logf("%+v", tally)
	if tally.u < int(count)/2 || tally.annexB == 0 || tally.matched < tally.texts/20 || tally.matched > tally.texts*19/20 {
		t.Error("one kind of expression or verdict is rare")
	}
}

// asUnits reports whether a text, or an expression, has what means something else without the u flag, where characters
// are units of UTF-16 and \p is a letter. Here these mean what they mean with the flag, always.
func asUnits(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r > 0xFFFF }) || strings.Contains(text, `\p`) ||
		strings.Contains(text, `\P`) || strings.Contains(text, `\u{`) || strings.Contains(text, `\uD83D`)
}

// compare matches texts, and returns how many match.
func compare(t *testing.T, p *Pattern, texts []string, want answer) (matched int) {
	t.Helper()
	var m Machine
	for i, text := range texts {
		left := 1 << 20
		got := m.Match(p, text, &left)
		if got {
			matched++
		}
		// V8 begins a search between the two halves of a character, too, where ECMA-262 §22.2.7.2 goes by whole ones.
		half := want.U && !p.main.anchored && !got && asUnits(text)
		if got != want.Matches[i] && (want.U || !asUnits(text)) && !half {
			t.Errorf("%q of %q: %t, and %t by Node.js", p, text, got, want.Matches[i])
		}
	}
	return matched
}

// TestNode_cases holds the cases to Node.js where it has the same language.
func TestNode_cases(t *testing.T) {
	var rows []row
	for _, c := range cases {
		rows = append(rows, row{c.pattern, append(append([]string{}, c.yes...), c.no...)})
	}
	for i, a := range ask(t, rows) {
		if p, err := Compile(rows[i].Pattern); err == nil && a.U {
			compare(t, p, rows[i].Texts, a)
		}
	}
}

// generator makes expressions and texts of few characters, so that many match.
type generator struct{ *rand.Rand }

func (g generator) pick(list ...string) string { return list[g.IntN(len(list))] }

func (g generator) text() string {
	var b strings.Builder
	for range g.IntN(7) {
		b.WriteString(g.pick("a", "b", "a", "b", "A", "-", "1", "_", "\n", " ", "\u00e9", "\u00a0", "\u2028", "\U0001F600",
			"]", "{", "}", "k", "\u212a", "^"))
	}
	return b.String()
}

func (g generator) disjunction(depth int) string {
	text := g.alternative(depth)
	for g.IntN(5) == 0 {
		text += "|" + g.alternative(depth)
	}
	return text
}

func (g generator) alternative(depth int) string {
	var b strings.Builder
	if g.IntN(3) == 0 {
		b.WriteString("^")
	}
	for range g.IntN(4) {
		b.WriteString(g.term(depth))
	}
	if g.IntN(4) == 0 {
		b.WriteString("$")
	}
	return b.String()
}

func (g generator) term(depth int) string {
	if g.IntN(8) == 0 {
		return g.pick("^", "$", `\b`, `\B`)
	}
	if depth > 0 && g.IntN(6) == 0 {
		look := g.pick("(?=", "(?!", "(?<=", "(?<!") + g.disjunction(depth-1) + ")"
		if g.IntN(12) == 0 {
			look += g.pick("*", "+", "{2}")
		}
		return look
	}
	return g.atom(depth) + g.pick("", "", "", "*", "+", "?", "*?", "{2}", "{0,2}", "{1,}", "{0}", "{1,3}?")
}

func (g generator) atom(depth int) string {
	switch n := g.IntN(12); {
	case n < 2 && depth > 0:
		return g.pick("(", "(?:", "(?:") + g.disjunction(depth-1) + ")"
	case n < 5:
		return g.class()
	case n < 7:
		return g.escape()
	case n == 7:
		return g.pick("{", "}", "]", `\-`, `\_`, `\8`, `\012`, `\@`)
	}
	return g.pick("a", "b", "A", "-", "1", ".", "\u00e9", "k", "\U0001F600")
}

func (g generator) escape() string {
	return g.pick(`\d`, `\D`, `\w`, `\W`, `\s`, `\S`, `\x61`, `\u0061`, `\u{62}`, `\cJ`, `\n`, `\^`, `\]`, `\/`, `\uD83D\uDE00`,
		`\p{L}`, `\P{Lu}`, `\p{Script=Latin}`, `\uD83D`, `\0`)
}

func (g generator) class() string {
	var b strings.Builder
	b.WriteString(g.pick("[", "[", "[^"))
	for range g.IntN(4) {
		b.WriteString(g.pick("a", "b", "a-b", "A-Z", "-", "^", "[", ".", "\u00e9", "\U0001F600",
			`\b`, `\-`, `\]`, `\w-`, `\_`, g.escape()))
	}
	return b.String() + "]"
}
