package validate_test

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport-dev/sallyport/internal/suite"
	"github.com/sallyport-dev/sallyport/validate"
)

const (
	bigNumber = "a number is read where a Go number is filled, and refused there when it does not fit; as text it is JSON"
	noUnicode = "a text that is not Unicode cannot be compared, stored or printed the same way twice (RFC 7493 §2.1)"
	notUTF8   = "RFC 8259 §8.1 has JSON in UTF-8 only"
)

// implementationDefined are the files of JSONTestSuite on which parsers may differ,
// and what this one does.
var implementationDefined = map[string]struct {
	accept bool
	why    string
}{
	"i_number_double_huge_neg_exp.json":                   {true, bigNumber},
	"i_number_huge_exp.json":                              {true, bigNumber},
	"i_number_neg_int_huge_exp.json":                      {true, bigNumber},
	"i_number_pos_double_huge_exp.json":                   {true, bigNumber},
	"i_number_real_neg_overflow.json":                     {true, bigNumber},
	"i_number_real_pos_overflow.json":                     {true, bigNumber},
	"i_number_real_underflow.json":                        {true, bigNumber},
	"i_number_too_big_neg_int.json":                       {true, bigNumber},
	"i_number_too_big_pos_int.json":                       {true, bigNumber},
	"i_number_very_big_negative_int.json":                 {true, bigNumber},
	"i_object_key_lone_2nd_surrogate.json":                {false, noUnicode},
	"i_string_1st_surrogate_but_2nd_missing.json":         {false, noUnicode},
	"i_string_1st_valid_surrogate_2nd_invalid.json":       {false, noUnicode},
	"i_string_UTF-16LE_with_BOM.json":                     {false, notUTF8},
	"i_string_UTF-8_invalid_sequence.json":                {false, notUTF8},
	"i_string_UTF8_surrogate_U+D800.json":                 {false, notUTF8},
	"i_string_incomplete_surrogate_and_escape_valid.json": {false, noUnicode},
	"i_string_incomplete_surrogate_pair.json":             {false, noUnicode},
	"i_string_incomplete_surrogates_escape_valid.json":    {false, noUnicode},
	"i_string_invalid_lonely_surrogate.json":              {false, noUnicode},
	"i_string_invalid_surrogate.json":                     {false, noUnicode},
	"i_string_invalid_utf-8.json":                         {false, notUTF8},
	"i_string_inverted_surrogates_U+1D11E.json":           {false, noUnicode},
	"i_string_iso_latin_1.json":                           {false, notUTF8},
	"i_string_lone_second_surrogate.json":                 {false, noUnicode},
	"i_string_lone_utf8_continuation_byte.json":           {false, notUTF8},
	"i_string_not_in_unicode_range.json":                  {false, notUTF8},
	"i_string_overlong_sequence_2_bytes.json":             {false, notUTF8},
	"i_string_overlong_sequence_6_bytes.json":             {false, notUTF8},
	"i_string_overlong_sequence_6_bytes_null.json":        {false, notUTF8},
	"i_string_truncated-utf-8.json":                       {false, notUTF8},
	"i_string_utf16BE_no_BOM.json":                        {false, notUTF8},
	"i_string_utf16LE_no_BOM.json":                        {false, notUTF8},
	"i_structure_500_nested_arrays.json":                  {false, "64 levels are enough for a body"},
	"i_structure_UTF-8_BOM_empty_object.json":             {false, "a byte order mark would be a second spelling; RFC 8259 §8.1 forbids sending one"},
}

// stricter are files that are JSON to the suite and refused here.
var stricter = map[string]string{
	"y_object_duplicated_key.json":           "which of two values counts depends on the reader (RFC 8259 §4)",
	"y_object_duplicated_key_and_value.json": "which of two values counts depends on the reader (RFC 8259 §4)",
}

func TestJSONTestSuite(t *testing.T) {
	dir := suite.Dir(t, "JSONTestSuite/test_parsing")
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Fatal("the suite is empty:", err)
	}
	counts := map[byte]int{}
	for _, file := range files {
		name := file.Name()
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		counts[name[0]]++
		_, err = validate.Decode[jsontext.Value](data)
		choice, listed := implementationDefined[name]
		var want bool
		switch {
		case name[0] == 'i' && !listed:
			t.Errorf("%s: no choice is listed; the answer is %v", name, err)
			continue
		case name[0] == 'i':
			want = choice.accept
		default:
			want = name[0] == 'y' && stricter[name] == ""
		}
		if (err == nil) != want {
			t.Errorf("%s: accepted %t, want %t (%v)", name, err == nil, want, err)
		}
		if err != nil && statusOf(err) != 400 {
			t.Errorf("%s: %v is no 400", name, err)
		}
		sameAsStrictReader(t, name, data, err == nil)
	}
	if counts['i'] != len(implementationDefined) {
		t.Errorf("%d i_ files, %d choices", counts['i'], len(implementationDefined))
	}
	t.Logf("JSONTestSuite: %d y_ (%d of them refused on purpose), %d n_, %d i_", counts['y'], len(stricter), counts['n'], counts['i'])
}

// The same file as the value of a member, known and unknown: no way round the reader.
func sameAsStrictReader(t *testing.T, name string, data []byte, accepted bool) {
	t.Helper()
	_, err := validate.Decode[everything](bytes.Join([][]byte{[]byte(`{"name":"ada","raw":`), data, []byte(`}`)}, nil))
	if accepted && err != nil {
		t.Errorf("%s: accepted alone, refused within: %v", name, err)
	}
	_, err = validate.Decode[everything](bytes.Join([][]byte{[]byte(`{"unknown":`), data, []byte(`}`)}, nil))
	if !accepted && statusOf(err) == 200 || accepted && statusOf(err) != 422 {
		t.Errorf("%s: skipped as an unknown member: %v", name, err)
	}
}

// TestIsEmail reads the isemail cases as a pool. What they find an error is refused
// here; of what they find valid, the odd forms are refused on purpose.
func TestIsEmail(t *testing.T) {
	dir := suite.Dir(t, "isemail/test")
	total, accepted := map[string]int{}, map[string]int{}
	for _, file := range []string{"tests.xml", "tests-original.xml"} {
		for _, c := range emailCases(t, filepath.Join(dir, file)) {
			fields := validate.Value(mail{c.Address})
			total[c.Category]++
			if len(fields) > 0 {
				continue
			}
			accepted[c.Category]++
			// DNSWARN is about the host's records on that day, not about the address.
			if c.Category != "ISEMAIL_VALID_CATEGORY" && c.Category != "ISEMAIL_DNSWARN" {
				t.Errorf("accepted %q (%s, %s)", c.Address, c.Category, c.Diagnosis)
			}
		}
	}
	for category, n := range total {
		t.Logf("%-24s %3d of %3d accepted", category, accepted[category], n)
	}
	if total["ISEMAIL_ERR"] == 0 || accepted["ISEMAIL_VALID_CATEGORY"] == 0 {
		t.Error("the pool was not read")
	}
}

type mail struct {
	Address string `json:"address" validate:"email"`
}

type emailCase struct {
	Address   string `xml:"address"`
	Category  string `xml:"category"`
	Diagnosis string `xml:"diagnosis"`
}

func emailCases(t *testing.T, file string) []emailCase {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Tests []emailCase `xml:"test"`
	}
	if err := xml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	for i := range doc.Tests {
		// The suite writes a control character as its picture, U+2400 and up.
		doc.Tests[i].Address = strings.Map(func(r rune) rune {
			if r >= 0x2400 && r < 0x2420 {
				return r - 0x2400
			}
			return r
		}, doc.Tests[i].Address)
	}
	return doc.Tests
}

func TestNaughtyStrings(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(suite.Dir(t, "blns"), "blns.json"))
	if err != nil {
		t.Fatal(err)
	}
	var naughty []string
	if err := json.Unmarshal(data, &naughty); err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for _, s := range naughty {
		quoted, err := jsontext.AppendQuote(nil, s)
		if err != nil {
			t.Fatal(err)
		}
		body := []byte(`{"username":` + string(quoted) + `,"email":` + string(quoted) + `,"password":` + string(quoted) + `}`)
		_, err = validate.Decode[NewUser](body)
		if err == nil {
			t.Errorf("%q is taken for a user name, an e-mail address and a password at once", s)
			continue
		}
		// A text of a few characters is in every answer by chance.
		if len(s) > 12 && strings.Contains(answer(err), s) {
			t.Errorf("the answer quotes %q: %s", s, answer(err))
		}
		if fields := validate.Value(NewUser{Username: s, Email: "a@b.example", Password: newSecret}); len(fields) == 0 {
			accepted++
			if strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") != "" {
				t.Errorf("user name %q", s)
			}
		}
	}
	t.Logf("%d naughty strings, %d of them plain enough for a user name", len(naughty), accepted)
	if len(naughty) == 0 {
		t.Error("the list is empty")
	}
}
