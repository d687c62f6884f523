package openapi_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// known are the members of a Person and an Address, by another reading of the document
// than the one under test.
var known = map[string][]string{"person": {"id", "name", "home"}, "address": {"street", "town", "country"}}

// FuzzShape: whatever an API says, what is left of it is what it said, and holds no
// member that is not described.
func FuzzShape(f *testing.F) {
	op := operations(f, parse(f, people, openapi.Config{Responses: openapi.ResponsesShape}))["GET /people"]
	for _, c := range answerCases {
		f.Add([]byte(c.body))
	}
	f.Add([]byte(` [ { "h" : [ ] , "id" : 1 } , { "home" : { "x" : 1 , "town" : "\ud800" } } ] `))
	f.Fuzz(func(t *testing.T, body []byte) {
		v := op.CheckAnswer(200, "application/json", body)
		switch v.Code {
		case openapi.AnswerMalformed, openapi.AnswerEmpty, openapi.AnswerComplex, openapi.AnswerTooLarge:
			return // it does not pass
		}
		if v.Removed == 0 && !bytes.Equal(v.Body, body) {
			t.Fatalf("nothing was taken out of %s, and yet it is %s", body, v.Body)
		}
		subset(t, body, v.Body)
		var list []json.RawMessage
		if json.Unmarshal(v.Body, &list) != nil {
			return // no list, which holds no person
		}
		for _, one := range list {
			person(t, one, "person")
		}
	})
}

// person fails for a member that is not of a kind.
func person(t *testing.T, raw json.RawMessage, kind string) {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return
	}
	for name, member := range m {
		if !slices.Contains(known[kind], name) {
			t.Fatalf("%s is left in %s", name, raw)
		}
		if name == "home" {
			person(t, member, "address")
		}
	}
}

// subset fails unless every value of small is in big at the same place, spelled the same.
func subset(t *testing.T, big, small json.RawMessage) {
	var b, s map[string]json.RawMessage
	if json.Unmarshal(small, &s) == nil && s != nil {
		if json.Unmarshal(big, &b) != nil {
			t.Fatalf("%s is no object, and becomes %s", big, small)
		}
		for name, value := range s {
			was, ok := b[name]
			if !ok {
				t.Fatalf("%s has no %q, which %s has", big, name, small)
			}
			subset(t, was, value)
		}
		return
	}
	var bl, sl []json.RawMessage
	if json.Unmarshal(small, &sl) == nil && sl != nil {
		if json.Unmarshal(big, &bl) != nil || len(bl) != len(sl) {
			t.Fatalf("%s becomes %s", big, small)
		}
		for i := range sl {
			subset(t, bl[i], sl[i])
		}
		return
	}
	if !bytes.Equal(bytes.TrimSpace(big), bytes.TrimSpace(small)) {
		t.Fatalf("%s becomes %s", big, small)
	}
}
