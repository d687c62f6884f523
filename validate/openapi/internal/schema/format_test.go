package schema

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/suite"
)

// otherwise is, by format, on how many tests of the suite we differ, and why. A number that
// changes is looked at.
var otherwise = map[string]struct {
	tests int
	why   string
}{
	"date-time":        {3, "no leap seconds; local times have no offset"},
	"email":            {5, "no quoted local parts and no address literals, as package validate has it"},
	"hostname":         {24, "A-labels are not decoded; a last label that begins with a digit looks like an address to some readers"},
	"idn-hostname":     {33, "letters alone are told apart, without the tables of IDNA"},
	"idn-email":        {2, "as email"},
	"time":             {8, "as date-time"},
	"duration":         {5, "fractions, signs and units left out, as pydantic, Java and JavaScript write them"},
	"iri":              {1, "no addresses of the future"},
	"ecmascript-regex": {6, "what other languages write is an expression too"},
	"uri-template":     {13, "an annotation"},
}

func TestFormats(t *testing.T) {
	dir := suite.Dir(t, "JSON-Schema-Test-Suite")
	files, err := filepath.Glob(filepath.Join(dir, "tests/draft2020-12/optional/format/*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		total, differ := 0, []string{}
		for _, g := range readGroups(t, file) {
			s := compile(t, g.Schema, Options{})
			for _, c := range g.Tests {
				total++
				if fits, _ := s.Fits(parse(t, c.Data)); fits != c.Valid {
					differ = append(differ, c.Description+": "+string(c.Data))
				}
			}
		}
		t.Logf("%-24s %3d of %3d  %s", name, total-len(differ), total, otherwise[name].why)
		if len(differ) != otherwise[name].tests {
			t.Errorf("%s: differs on %d tests, expected %d:\n%s", name, len(differ), otherwise[name].tests, strings.Join(differ, "\n"))
		}
	}
}

// TestFormats_clients: what generated clients write, beside what no reader takes for the same.
func TestFormats_clients(t *testing.T) {
	for _, c := range []struct {
		format  string
		yes, no []string
	}{
		{"date-time", []string{
			"2026-01-31T09:30:00Z", "2026-01-31T09:30:00.123456+01:00", "2026-01-31T09:30:00", "2026-01-31T09:30:00.5", "2026-01-31T09:30",
			"2026-01-31T09:30Z", "2026-01-31 09:30:00+00", "2026-01-31T09:30:00+0000", "2026-01-31t09:30:00z",
		}, []string{
			"", "2026-01-31", "2026-01-31T", "2026-02-30T09:30:00", "2026-01-31T25:00:00", "2026-01-31T09:60", "2026-01-31T9:30", "2026-01-31T09:30:00+1",
			"2026-01-31T09:30:00+24:00", "2026-01-31T09:30:00 Z", "2026-01-31T09:30:00,5Z", "2026-01-31_09:30:00Z", "2026-01-31T09:30:00+01:00Z",
			"2026-01-31T09:30:00.Z", "1769850000", "2026-01-31T0930", "2026-01-31T09:30:00\n",
		}},
		{"time", []string{"09:30:00Z", "09:30:00", "09:30", "09:30:00.25+02:00"}, []string{"9:30", "09", "24:00", "", "09:30:00+", "T09:30"}},
		{"date", []string{"2026-01-31"}, []string{"2026-1-31", "2026-01-31T00:00:00Z", "31.01.2026"}},
		{"duration", []string{"P1D", "PT2H3S", "P1Y2D", "PT0.5S", "PT1.5H", "-PT1H", "+P1D", "PT-1H-30M", "P3W", "P0.5D"}, []string{
			"", "P", "PT", "-", "--P1D", "P1S", "PT1S2H", "PT1.5H2M", "P1H", "P1", "P1DT", "PT.5S", "P1Y1Y", "01:02:03", "P1.D",
		}},
		{"byte", []string{"", "AA==", "AAA=", "AAAA", "AA", "AAA", "-_-_", "+/+/", "-w"}, []string{"A", "AB==", "AAB=", "AAAA=", "AA=", "+/-_", "AA==\n", "A A=", "====", "=", "AB", "\u00e9A"}},
		{"uuid", []string{"123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000"}, []string{"123e4567e89b12d3a456426614174000", "{123e4567-e89b-12d3-a456-426614174000}"}},
		{"regex", []string{"^a$", "(?=a)b", "(a)\\1", "a{1,5000}"}, []string{"(", "[a-", "a**"}},
	} {
		f := formats[c.format]
		for want, texts := range map[bool][]string{true: c.yes, false: c.no} {
			for _, text := range texts {
				if got := f.text(text); got != want {
					t.Errorf("%s %q: %t", c.format, text, got)
				}
			}
		}
	}
	for text, want := range map[string]bool{"1.0": true, "1e2": true, "2147483647": true, "2147483648": false, "1.5": false, "1e400": false} {
		if isInt32(text) != want {
			t.Errorf("int32 %s: %t", text, !want)
		}
	}
}
