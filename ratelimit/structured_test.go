package ratelimit

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/dunglas/httpsfv"
	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/internal/suite"
)

// sfRow is a row of structured-field-tests.
type sfRow struct {
	Name      string   `json:"name"`
	Raw       []string `json:"raw"`
	Kind      string   `json:"header_type"`
	Expected  any      `json:"expected"`
	Canonical []string `json:"canonical"`
	MustFail  bool     `json:"must_fail"`
}

// TestStructuredFields writes every value of the third-party suite that has nothing but
// Strings, Integers, true and keys, which is what is written here, and reads it back with
// another implementation. What must fail to serialise, must.
func TestStructuredFields(t *testing.T) {
	dir := suite.Dir(t, "structured-field-tests")
	written, refused := 0, 0
	for _, pattern := range []string{"*.json", "serialisation-tests/*.json"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			for _, row := range sfRows(t, file) {
				if row.Expected == nil {
					continue // is for parsers
				}
				got, ok, mine := sfWrite(row)
				switch {
				case !mine:
				case row.MustFail && ok:
					t.Errorf("%s: %q was written", row.Name, got)
				case row.MustFail:
					refused++
				case !ok:
					t.Errorf("%s: refused %v", row.Name, row.Expected)
				default:
					written++
					sfCheck(t, row, got)
				}
			}
		}
	}
	if written < 200 || refused < 200 {
		t.Errorf("only %d rows were written and %d refused", written, refused)
	}
}

func sfRows(t *testing.T, file string) (rows []sfRow) {
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &rows, json.MatchCaseInsensitiveNames(true))
	}
	if err != nil {
		t.Fatal(file, err)
	}
	return rows
}

// sfCheck compares with the canonical form, and with what httpsfv reads.
func sfCheck(t *testing.T, row sfRow, got string) {
	want := row.Canonical
	if want == nil {
		want = row.Raw
	}
	if row.Kind == "dictionary" {
		return // its key was written as a parameter's
	}
	if got != strings.Join(want, ", ") {
		t.Errorf("%s: %q, want %q", row.Name, got, want)
	}
	ours, err := httpsfv.UnmarshalList([]string{got})
	theirs, theirErr := httpsfv.UnmarshalList(row.Raw)
	if err != nil || theirErr != nil || !reflect.DeepEqual(ours, theirs) {
		t.Errorf("%s: %q is read as %v (%v), the row as %v (%v)", row.Name, got, ours, err, theirs, theirErr)
	}
}

// sfWrite writes a row; it is not mine when there is something in it that no policy has.
func sfWrite(row sfRow) (text string, ok, mine bool) {
	list, _ := row.Expected.([]any)
	switch row.Kind {
	case "item":
		if _, number := list[0].(float64); number && strings.Contains(strings.Join(row.Raw, ""), ".") {
			return "", false, false // a Decimal, which JSON does not tell from an Integer
		}
		return sfItem(list)
	case "list":
		var items []string
		for _, member := range list {
			item, _ := member.([]any)
			one, ok, mine := sfItem(item)
			if !ok || !mine {
				return "", ok, mine
			}
			items = append(items, one)
		}
		return strings.Join(items, ", "), true, len(items) > 0
	}
	// The keys of a dictionary are those of parameters (RFC 9651 §4.1.2).
	for _, member := range list {
		pair, _ := member.([]any)
		if key, isText := pair[0].(string); isText && len(list) == 1 {
			b, ok := appendKey(nil, key)
			return string(b), ok, true
		}
	}
	return "", false, false
}

func sfItem(item []any) (text string, ok, mine bool) {
	if len(item) != 2 {
		return "", false, false
	}
	b, ok, mine := sfBare(nil, item[0])
	params, _ := item[1].([]any)
	for _, p := range params {
		pair, _ := p.([]any)
		if !ok || !mine || len(pair) != 2 {
			break
		}
		if b, ok = appendKey(b, pair[0].(string)); ok && pair[1] != true {
			b, ok, mine = sfBare(append(b, '='), pair[1])
		}
	}
	return string(b), ok, mine
}

func sfBare(b []byte, v any) (out []byte, ok, mine bool) {
	switch v := v.(type) {
	case string:
		b, ok = appendString(b, v)
		return b, ok, true
	case float64:
		if v != float64(int64(v)) {
			return b, false, false
		}
		b, ok = appendInteger(b, int64(v))
		return b, ok, true
	}
	return b, true, false
}
