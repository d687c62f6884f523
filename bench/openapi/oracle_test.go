package openapi_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// finding is a request on which another judge and ours do not agree.
type finding struct {
	who, subject, request string
	accepted              bool // by the other one
}

// compare asks every judge about every request. Ours has to be right about each.
func compare(t *testing.T) (found []finding, asked map[string]int) {
	t.Helper()
	asked = map[string]int{}
	for _, s := range subjects {
		for _, j := range judges {
			decide := mustLoad(t, j.load, s.document())
			for i, text := range slices.Concat(s.good, s.bad) {
				fine := i < len(s.good)
				switch err := decide(s.request(text)); {
				case (err == nil) == fine:
				case j.name == judges[0].name:
					t.Errorf("%s, %q: %v, and it is fine: %t", s.name, text, err, fine)
				default:
					found = append(found, finding{j.name, s.name, text, err == nil})
				}
				if j.name == judges[0].name {
					asked[map[bool]string{true: "good", false: "bad"}[fine]]++
				}
			}
		}
	}
	return found, asked
}

// TestOracles: every disagreement is listed with its class, and none that is listed has
// gone.
func TestOracles(t *testing.T) {
	found, asked := compare(t)
	listed := map[finding]string{}
	for _, d := range disagreements {
		for _, text := range d.requests {
			listed[finding{d.who, d.subject, text, classes[d.class].accepts}] = d.class
		}
	}
	for _, f := range found {
		if listed[f] == "" {
			t.Errorf("%s, %s, %q: accepted: %t, which is not listed", f.who, f.subject, f.request, f.accepted)
		}
	}
	for f := range listed {
		if !slices.Contains(found, f) {
			t.Errorf("%s, %s, %q: listed, and now we agree", f.who, f.subject, f.request)
		}
	}
	table := report(found, listed, asked)
	t.Log("\n" + table)
	readme, err := os.ReadFile("README.md")
	if err != nil || !strings.Contains(string(readme), table) {
		t.Errorf("README.md does not have this table: %v\n%s", err, table)
	}
}

// report is the table of the README.
func report(found []finding, listed map[finding]string, asked map[string]int) string {
	var b strings.Builder
	count := map[string]int{}
	example := map[string]finding{}
	for _, f := range found {
		c := listed[f]
		count[f.who+c]++
		count[f.who+fmt.Sprint(f.accepted)]++
		if _, there := example[c]; !there {
			example[c] = f
		}
	}
	fmt.Fprintf(&b, "| requests | sallyport | kin-openapi | libopenapi-validator |\n|---|--:|--:|--:|\n")
	fmt.Fprintf(&b, "| %d that are as described, accepted | %[1]d | %d | %d |\n", asked["good"], asked["good"]-count["kin-openapifalse"], asked["good"]-count["libopenapi-validatorfalse"])
	fmt.Fprintf(&b, "| %d that are not, refused | %[1]d | %d | %d |\n\n", asked["bad"], asked["bad"]-count["kin-openapitrue"], asked["bad"]-count["libopenapi-validatortrue"])
	fmt.Fprintf(&b, "| disagreement | whose | kin-openapi | libopenapi-validator | such as |\n|---|---|--:|--:|---|\n")
	for _, name := range order {
		f := example[name]
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %s: `%s` |\n", name, classes[name].whose, count["kin-openapi"+name], count["libopenapi-validator"+name], f.subject, printable(f.request))
	}
	return b.String()
}

func printable(s string) string {
	q := fmt.Sprintf("%q", s)
	return strings.NewReplacer(`|`, `\|`, `\"`, `"`).Replace(q[1 : len(q)-1])
}
