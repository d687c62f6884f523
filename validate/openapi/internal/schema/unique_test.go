package schema

import (
	"strings"
	"testing"
)

// TestDistinct_ends: where the work is used up in the middle, nothing is found to be the
// same, and each pair would be compared for each of the others.
func TestDistinct_ends(t *testing.T) {
	item := `"` + strings.Repeat("a", 900) + `"`
	v := parse(t, []byte("["+strings.Repeat(item+",", 999)+item+"]"))
	s := mustCompile(t, []byte(`{"uniqueItems": true}`), Requests, false)
	r := start(s, v)
	defer r.done()
	r.left = 1000 // less than it takes to look at each item once
	if r.below(s, 0) || r.left < -100_000 {
		t.Errorf("fits, or took %d units more than there were", -r.left)
	}
}
