package schema

import (
	"bytes"
	"testing"
)

// FuzzJudge judges and cuts any text by each schema of a table.
func FuzzJudge(f *testing.F) {
	var schemas []*Schema
	for _, c := range judged {
		schemas = append(schemas, mustCompile(f, []byte(c.schema), Responses, false))
		f.Add(uint8(len(schemas)-1), []byte(c.value))
	}
	for _, sh := range shapes() {
		schemas = append(schemas, mustCompile(f, []byte(sh.schema), Responses, false))
	}
	f.Add(uint8(0), []byte(`{"id":7,"name":"a","":{"role":"admin"}}`))
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		v, over, p := Parse(data, defaults())
		if over != nil || p != nil {
			return
		}
		s := schemas[int(which)%len(schemas)]
		verdict := s.Judge(v)
		if fits, _ := s.Fits(v); fits != verdict.Fits || fits == (len(verdict.Failures) > 0) {
			t.Fatalf("Fits is %t, and Judge %+v", fits, verdict)
		}
		if !bytes.Equal(v.JSON(), bytes.TrimSpace(data)) {
			t.Fatalf("uncut, and written as %s", v.JSON())
		}
		if cut := s.Cut(v); cut.Fits {
			out := v.JSON()
			if again := s.Judge(parse(t, out)); !again.Fits || verdict.Fits && cut.Removed > 0 {
				t.Fatalf("%d taken out, left is %s: %v", cut.Removed, out, again.Failures)
			}
		}
	})
}

// FuzzCompile compiles any text as a schema, and judges a few values by what comes of it.
func FuzzCompile(f *testing.F) {
	for _, c := range judged {
		f.Add([]byte(c.schema))
	}
	for _, sh := range shapes() {
		f.Add([]byte(sh.schema))
	}
	f.Add([]byte(`{"$schema": "http://json-schema.org/draft-07/schema#", "$id": "https://a.example/o", "items": [{}]}`))
	values := [][]byte{[]byte(`null`), []byte(`{"a":[1,{"k":"x"}],"kind":"T1"}`), []byte(`["a",1.0,[],{}]`),
		[]byte(`1e2`), []byte(`"a"`)}
	f.Fuzz(func(t *testing.T, source []byte) {
		for _, lenient := range []bool{false, true} {
			s, err := compileFor(source, Requests, Options{Lenient: lenient})
			if err != nil {
				continue
			}
			for _, text := range values {
				v := parse(t, text)
				if verdict := s.Judge(v); !verdict.Fits && len(verdict.Failures) == 0 {
					t.Fatalf("%s does not fit without a reason", text)
				}
				s.Cut(v)
			}
		}
	})
}
