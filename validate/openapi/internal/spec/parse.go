package spec

import (
	"bytes"
	jsonv1 "encoding/json" // for Number alone, which the schema compiler knows
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v4"

	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

func (s *source) parse() error {
	if s.yaml {
		return s.parseYAML()
	}
	at := func(reason string, offset int64) error {
		line, column := position(s.raw, offset)
		return &Error{s.name, "", line, column, reason}
	}
	if !utf8.Valid(s.raw) {
		return at("is not UTF-8", 0)
	}
	t := treeReader{dec: jsontext.NewDecoder(bytes.NewReader(s.raw)), values: maxDocValues}
	tree, err := t.value(0)
	if err == nil {
		if _, err = t.dec.ReadToken(); err == io.EOF {
			s.tree = tree
			return nil
		}
		return at("something follows the JSON value", t.dec.InputOffset())
	}
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return at("is not JSON: "+e.Err.Error(), e.ByteOffset)
	}
	return at("is not JSON: "+err.Error(), t.dec.InputOffset())
}

// treeReader reads a file of the document, which is the developer's and not a
// client's, into maps, slices, texts and numbers as they are spelled.
type treeReader struct {
	dec    *jsontext.Decoder
	values int
}

var errTooMuch = errors.New("the file is nested too deep or holds too many values")

func (t *treeReader) value(depth int) (any, error) {
	if t.values--; t.values < 0 || depth > maxDocDepth {
		return nil, errTooMuch
	}
	tok, err := t.dec.ReadToken()
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	switch tok.Kind() {
	case '"':
		return tok.String(), nil
	case '0':
		return jsonv1.Number(tok.String()), nil
	case 't', 'f':
		return tok.Bool(), nil
	case '[':
		list := []any{}
		for t.dec.PeekKind() != ']' {
			v, err := t.value(depth + 1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = t.dec.ReadToken()
		return list, err
	case '{':
		return t.object(depth)
	}
	return nil, nil
}

func (t *treeReader) object(depth int) (any, error) {
	m := map[string]any{}
	for t.dec.PeekKind() != '}' {
		name, err := t.dec.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		if m[key], err = t.value(depth + 1); err != nil {
			return nil, err
		}
	}
	_, err := t.dec.ReadToken()
	return m, err
}

func (s *source) parseYAML() error {
	var doc yaml.Node
	if err := yaml.Load(s.raw, &doc); err != nil {
		return &Error{File: s.name, Reason: "is not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	y := yamlReader{file: s.name, values: min(len(s.raw)+100_000, maxDocValues)}
	s.tree = y.value(&doc, "", 0)
	return errors.Join(y.errs...)
}

// yamlReader takes the part of YAML that JSON can say. Aliases are followed, and count
// as often as they stand.
type yamlReader struct {
	file   string
	values int
	errs   []error
}

func (y *yamlReader) fail(n *yaml.Node, pointer, reason string) any {
	if len(y.errs) < MaxProblems {
		y.errs = append(y.errs, &Error{y.file, pointer, n.Line, n.Column, reason})
	}
	return nil
}

func (y *yamlReader) value(n *yaml.Node, pointer string, depth int) any {
	if y.values--; y.values < 0 || depth > maxDocDepth {
		if y.values >= -1 {
			y.fail(n, pointer, errTooMuch.Error())
		}
		y.values = -1
		return nil
	}
	if !tags[n.Tag] {
		return y.fail(n, pointer, "the tag "+n.Tag+" is not one of JSON's types; leave it out")
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return y.value(n.Content[0], pointer, depth)
	case yaml.AliasNode:
		return y.value(n.Alias, pointer, depth+1)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			list[i] = y.value(item, pointer+"/"+strconv.Itoa(i), depth+1)
		}
		return list
	case yaml.MappingNode:
		return y.mapping(n, pointer, depth)
	}
	return y.scalar(n, pointer)
}

// tags are those of values that JSON has too. Another one has its value made into something
// else by whoever knows it.
var tags = map[string]bool{
	"": true, "!!null": true, "!!bool": true, "!!int": true, "!!float": true, "!!str": true, "!!timestamp": true,
	"!!seq": true, "!!map": true, "!!merge": true,
}

func (y *yamlReader) mapping(n *yaml.Node, pointer string, depth int) any {
	m := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		for k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		switch _, twice := m[k.Value]; {
		case k.Kind != yaml.ScalarNode || k.Tag == "!!merge":
			y.fail(k, pointer, "a name must be a text; merge keys are not part of OpenAPI")
		case twice:
			y.fail(k, pointer, "the name "+strconv.Quote(k.Value)+" is a duplicate: remove one of the two")
		default: // 200: is the text "200", whatever YAML takes it for
			m[k.Value] = y.value(n.Content[i+1], pointer+"/"+wire.Escape(k.Value), depth+1)
		}
	}
	return m
}

func (y *yamlReader) scalar(n *yaml.Node, pointer string) any {
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		switch n.Value {
		case "true", "True", "TRUE":
			return true
		case "false", "False", "FALSE":
			return false
		}
		return y.fail(n, pointer, "write true or false, or put the text in quotes")
	case "!!int", "!!float":
		if v := jsontext.Value(n.Value); v.IsValid() && v.Kind() == '0' {
			return jsonv1.Number(n.Value)
		}
		return y.fail(n, pointer, "write the number as JSON does, or put the text in quotes")
	}
	return n.Value // texts; times and bytes as they are spelled
}
