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
	"date-time":        {3, "no leap seconds, T and Z in upper case, as package validate has it"},
	"email":            {5, "no quoted local parts and no address literals, as package validate has it"},
	"hostname":         {24, "A-labels are not decoded; a last label that begins with a digit looks like an address to some readers"},
	"idn-hostname":     {33, "letters alone are told apart, without the tables of IDNA"},
	"idn-email":        {2, "as email"},
	"time":             {7, "as date-time"},
	"duration":         {1, "a fraction of a second, as pydantic and Java write it"},
	"iri":              {1, "no addresses of the future"},
	"ecmascript-regex": {6, "patterns run in RE2"},
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
