package schema

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-dev/sallyport/validate"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// samplesOf makes schemas, and some values for each. Members are strewn among them.
func samplesOf(t *testing.T, values uint64, marks bool, compile func(*generator, []byte) func(value any, text []byte)) {
	t.Helper()
	values = setting(t, pairsVariable, values)
	first := setting(t, seedVariable, rand.Uint64())
	t.Logf("%s=%d", seedVariable, first)
	for seed, made := first, uint64(0); made < values && !t.Failed(); seed++ {
		g := newGenerator(seed)
		g.marks = marks
		doc := g.document()
		for doc["properties"] == nil && !g.one(6) {
			doc = g.document()
		}
		source := g.text(doc)
		judge := compile(g, source)
		for range perSchema {
			value := g.sample(doc)
			if g.one(2) {
				value = g.strew(value)
			}
			text := g.text(value)
			judge(value, text)
			if t.Failed() {
				t.Fatalf("seed %d:\nschema %s\nvalue %s", seed, source, text)
			}
			made++
		}
	}
}

func mustCompile(t testing.TB, source []byte, d Direction, open bool) *Schema {
	t.Helper()
	s, err := compileFor(source, d, Options{Open: open, Lenient: true})
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return s
}

// TestReading compares the verdicts, and the members that are undescribed, with those of a
// reading that knows nothing of this package.
func TestReading(t *testing.T) {
	fit, open := 0, 0
	samplesOf(t, 20_000, false, func(g *generator, source []byte) func(any, []byte) {
		closed, r := mustCompile(t, source, Direction{}, false), newReading(g)
		return func(value any, text []byte) {
			r.steps = 3000
			held, said := r.asks(g.root, "", value)
			if r.steps < 0 {
				return
			}
			var want []string
			if held {
				open++
				want = undescribed(said, "", value)
			}
			verdict := closed.Judge(parse(t, text))
			fits := held && want == nil
			if fits {
				fit++
			}
			switch {
			case verdict.Fits != fits:
				t.Errorf("fits %t with %v, and holds %t in the reading with undescribed members %v", verdict.Fits,
					verdict.Failures, held, want)
			case held && !slices.Equal(unknown(verdict), want):
				t.Errorf("undescribed are %v, and in the reading %v", verdict.Failures, want)
			}
		}
	})
	t.Logf("%d hold, of which %d have described members alone", open, fit)
}

// unknown are the places of the members that are undescribed. Other failures are none.
func unknown(v Verdict) (places []string) {
	for _, f := range v.Failures {
		if f.Code == validate.CodeUnknownMember {
			places = append(places, pointer(f.Path))
		}
	}
	slices.Sort(places)
	return places
}

// pointer is a path as a JSON Pointer.
func pointer(path []string) string {
	var b strings.Builder
	for _, name := range path {
		b.WriteString("/" + wire.Escape(name))
	}
	return b.String()
}

// TestVerdicts holds what is true of the verdicts about any value.
func TestVerdicts(t *testing.T) {
	samplesOf(t, 20_000, true, func(_ *generator, source []byte) func(any, []byte) {
		open, closed := mustCompile(t, source, Responses, true), mustCompile(t, source, Responses, false)
		again := mustCompile(t, source, Responses, false)
		return func(_ any, text []byte) {
			v := parse(t, text)
			fits, _ := closed.Fits(v)
			verdict := closed.Judge(v)
			switch second := again.Judge(parse(t, text)); {
			case verdict.Fits != fits:
				t.Errorf("Fits is %t, and Judge %t: %v", fits, verdict.Fits, verdict.Failures)
			case !fits && len(verdict.Failures) == 0:
				t.Error("does not fit without a reason")
			case fits && len(verdict.Failures) > 0:
				t.Errorf("fits, with reasons not to: %v", verdict.Failures)
			case !reflect.DeepEqual(verdict, second):
				t.Errorf("the verdict changes: %v, %v", verdict, second)
			}
			for _, f := range verdict.Failures {
				if f.Code == "" || f.Detail == "" {
					t.Errorf("a failure without words: %+v", f)
				}
			}
			if loose, _ := open.Fits(v); fits && !loose {
				t.Error("fits, and does not where undescribed members pass")
			}
			if out := v.JSON(); !bytes.Equal(out, text) {
				t.Errorf("uncut, and written as %s", out)
			}
		}
	})
}

// TestCut: whatever comes, what is left has described members alone.
func TestCut(t *testing.T) {
	fit, cut, left := 0, 0, 0
	samplesOf(t, 30_000, true, func(_ *generator, source []byte) func(any, []byte) {
		s := mustCompile(t, source, Responses, false)
		return func(value any, text []byte) {
			v := parse(t, text)
			before, _ := s.Fits(v)
			verdict := s.Cut(v)
			out := v.JSON()
			switch {
			case before && (!verdict.Fits || verdict.Removed > 0 || !bytes.Equal(out, text)):
				t.Errorf("fits, and %d members were taken out: %s: %v", verdict.Removed, out, verdict.Failures)
			case verdict.Removed == 0 != bytes.Equal(out, text):
				t.Errorf("%d members taken out: %s", verdict.Removed, out)
			case !verdict.Fits:
				left++
				return
			case before:
				fit++
				return
			}
			cut++
			less := parse(t, out)
			if again := s.Judge(less); !again.Fits {
				t.Errorf("left is %s, which does not fit: %v", out, again.Failures)
			}
			if !isLess(less.Any(), value) {
				t.Errorf("left is %s, which lacks more than members", out)
			}
		}
	})
	t.Logf("%d fit, %d once members are taken out, %d do not", fit, cut, left)
}

// isLess reports whether a is b without some members of objects.
func isLess(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, isLess)
	case map[string]any:
		b, ok := b.(map[string]any)
		for name, member := range a {
			other, there := b[name]
			ok = ok && there && isLess(member, other)
		}
		return ok
	case json.Number:
		return a == b
	}
	return same(a, b)
}

// TestSchema_concurrent has several goroutines judge values of their own by one schema.
func TestSchema_concurrent(t *testing.T) {
	g := newGenerator(setting(t, seedVariable, rand.Uint64()))
	for range 20 {
		doc := g.document()
		s := mustCompile(t, g.text(doc), Requests, false)
		var wait sync.WaitGroup
		for range 4 {
			text := g.text(g.sample(doc))
			want := s.Judge(parse(t, text))
			wait.Go(func() {
				for range 20 {
					if got := s.Judge(parse(t, text)); !reflect.DeepEqual(got, want) {
						t.Errorf("%s: %v, and alone %v", text, got, want)
					}
				}
			})
		}
		wait.Wait()
	}
}
