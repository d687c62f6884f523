package readers_test

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

var (
	mutations = flag.Int("mutations", 500, "how many mutations are made of each kind of request")
	seedFlag  = flag.Uint64("seed", 0, "the seed of the mutations; 0 makes one up")
)

// gate decides about a request as the document does, and returns what is wrong with it.
type gate func(request) error

// subject is a place of the document, with the requests that are sent to it.
type subject struct {
	name   string
	kind   string
	strict bool // undeclared members are forbidden
	decide gate
	honest []request
	tricks []request // hostile by themselves: mutated like the honest ones
	mutate func(*rand.Rand, request) request
	rules  rules
}

// rules are the declared members, each with what its values must fit.
type rules map[string]func(value string) bool

// TestReaders: whatever the gate lets pass, every reader sees the same declared members with the same values, each of
// which fits its rule, and no member that the document forbids.
func TestReaders(t *testing.T) {
	seed := cmp.Or(*seedFlag, rand.Uint64())
	t.Logf("seed %d", seed)
	programs := start(t)
	for _, s := range subjects(t) {
		t.Run(s.name, func(t *testing.T) {
			s.run(t, rand.New(rand.NewPCG(seed, 0)), programs)
		})
	}
}

// shown is how many differences of a subject are shown.
const shown = 12

// refusedSample is how many refused requests are shown to the readers, to count those that they read differently.
const refusedSample = 25

func (s *subject) run(t *testing.T, rnd *rand.Rand, programs []reader) {
	for _, r := range s.honest {
		if err := s.decide(r); err != nil {
			t.Errorf("refused, and honest: %q: %v", r, err)
		}
	}
	passed, refused := slices.Clone(s.honest), []request(nil)
	seeds := slices.Concat(s.honest, s.honest, s.tricks)
	for _, r := range s.tricks {
		refused = s.sort(r, &passed, refused)
	}
	for range *mutations {
		r := seeds[rnd.IntN(len(seeds))]
		for r = s.mutate(rnd, r); rnd.IntN(3) == 0; {
			r = s.mutate(rnd, r)
		}
		refused = s.sort(r, &passed, refused)
	}

	all := s.ask(t, programs, passed)
	broken := 0
	for i, r := range passed {
		wrong := s.compare(all, i)
		if wrong == "" {
			continue
		}
		if broken++; broken <= shown {
			t.Errorf("%s\n\trequest %q", wrong, r)
		}
	}
	for _, v := range all {
		counted := 0
		for i := range passed {
			if v.answers[i].err != nil {
				counted++
				if i < len(s.honest) && !strict[v.reader.name] {
					t.Errorf("%s refuses an honest request %q: %v", v.reader.name, passed[i], v.answers[i].err)
				}
			}
		}
		t.Logf("%-16s read %5d, refused %4d", v.reader.name, len(passed)-counted, counted)
	}

	sample := refused
	rnd.Shuffle(len(sample), func(i, j int) { sample[i], sample[j] = sample[j], sample[i] })
	sample = sample[:min(len(sample), refusedSample)]
	differ, views := 0, s.ask(t, programs, sample)
	for i := range sample {
		if s.compare(views, i) != "" {
			differ++
		}
	}
	t.Logf("%d passed the gate, %d of them read in two ways or as forbidden; %d were refused, %d of %d of them so read",
		len(passed), broken, len(refused), differ, len(sample))
}

func (s *subject) sort(r request, passed *[]request, refused []request) []request {
	if s.decide(r) == nil {
		*passed = append(*passed, r)
		return refused
	}
	return append(refused, r)
}

// view is what a reader says of a list of requests.
type view struct {
	reader  reader
	answers []answer
}

type answer struct {
	members members
	err     error
}

func (s *subject) ask(t *testing.T, programs []reader, requests []request) []view {
	t.Helper()
	var all []view
	var wg sync.WaitGroup
	for _, p := range programs {
		if !slices.Contains(p.kinds, s.kind) {
			continue
		}
		v := view{p, make([]answer, len(requests))}
		all = append(all, v)
		wg.Go(func() {
			for i, r := range requests {
				m, err := p.read(r)
				if _, ok := errors.AsType[refusal](err); err != nil && !ok {
					t.Errorf("%s fails at %q: %v", p.name, r, err)
					return
				}
				v.answers[i] = answer{m, err}
			}
			if _, err := p.read(s.honest[0]); err != nil {
				t.Errorf("%s has stopped: %v", p.name, err)
			}
		})
	}
	wg.Wait()
	return all
}

// compare says how what the readers see of request i breaks the property, "" for not.
func (s *subject) compare(all []view, i int) string {
	var first *view
	for n := range all {
		v := &all[n]
		if v.answers[i].err != nil {
			continue // it reads nothing, which is nobody's bypass
		}
		if wrong := s.forbidden(v.answers[i].members); wrong != "" {
			return v.reader.name + " reads " + wrong
		}
		if first == nil {
			first = v
			continue
		}
		for name := range s.rules {
			a := s.normal(name, first.answers[i].members[name])
			b := s.normal(name, v.answers[i].members[name])
			if slices.Equal(a, b) || len(a) > 1 && lastOnly[v.reader.name] && slices.Equal(a[len(a)-1:], b) {
				continue
			}
			return fmt.Sprintf("%s reads %s as %q, %s as %q", first.reader.name, name, a, v.reader.name, b)
		}
	}
	return ""
}

// strict are the readers that refuse some honest clients.
var strict = map[string]bool{"undici": true}

// lastOnly are the readers for which the last of several values of one name counts, and in which lists have other
// names.
var lastOnly = map[string]bool{"PHP": true, "Rack": true}

// forbidden says which of the members the document does not allow.
func (s *subject) forbidden(m members) string {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		fits := s.rules[name]
		if fits == nil && s.strict {
			return fmt.Sprintf("the undescribed member %q", name)
		}
		for _, value := range s.normal(name, m[name]) {
			if fits != nil && !fits(value) {
				return fmt.Sprintf("%s as %q, which does not fit", name, value)
			}
		}
	}
	return ""
}

// normal is the values of a member without the differences that honest readers have: a file counts as its content
// where the document describes a file or JSON, and as another thing than a text elsewhere.
func (s *subject) normal(name string, values []string) (all []string) {
	for _, value := range values {
		kind, rest, _ := strings.Cut(value, ":")
		text := rest
		if kind != "o" {
			data, _ := hex.DecodeString(rest)
			text = string(data)
		}
		switch {
		case name == "meta":
			text = canonicalJSON(text)
		case name == "file" && text == "":
			continue // no file was chosen
		case name == "count" && kind == "o": // Fastify reads JSON where it is marked as such
		case name != "file" && kind != "t":
			text = kind + ":" + text
		case s.kind == forCookie:
			text = cookieText(text)
		}
		all = append(all, text)
	}
	return all
}

func canonicalJSON(text string) string {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	data, _ := json.Marshal(v)
	return string(data)
}

// cookieText undoes what some readers undo of a cookie, and others do not.
func cookieText(text string) string {
	if len(text) > 1 && text[0] == '"' && text[len(text)-1] == '"' {
		text = text[1 : len(text)-1]
	}
	if decoded, err := url.PathUnescape(text); err == nil {
		text = decoded
	}
	return strings.ReplaceAll(text, "+", " ") // Rack
}

func oneOf(texts ...string) func(string) bool {
	return func(s string) bool { return slices.Contains(texts, s) }
}

func atMost(most int) func(string) bool {
	return func(s string) bool {
		n, err := strconv.ParseFloat(s, 64)
		return err == nil && n <= float64(most) && n == float64(int(n))
	}
}

func like(pattern string) func(string) bool { return regexp.MustCompile(pattern).MatchString }

func anything(string) bool { return true }
