package spec

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v4"

	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// places fills in the lines and columns of the problems at the given pointers.
func (s *source) places(wanted map[string][]*Error) {
	if s.yaml {
		var doc yaml.Node
		if yaml.Load(s.raw, &doc) != nil || len(doc.Content) == 0 {
			return
		}
		for pointer, errs := range wanted {
			line, column := placeYAML(doc.Content[0], pointer)
			for _, e := range errs {
				e.Line, e.Column = line, column
			}
		}
		return
	}
	dec := jsontext.NewDecoder(bytes.NewReader(s.raw))
	for len(wanted) > 0 {
		dec.PeekKind()
		start := dec.InputOffset()
		if _, err := dec.ReadToken(); err != nil {
			return
		}
		pointer := string(dec.StackPointer())
		errs, ok := wanted[pointer]
		if !ok {
			continue
		}
		start += int64(len(s.raw[start:]) - len(bytes.TrimLeft(s.raw[start:], " \t\r\n,:")))
		for _, e := range errs {
			e.Line, e.Column = position(s.raw, start)
		}
		delete(wanted, pointer)
	}
}

func placeYAML(n *yaml.Node, pointer string) (line, column int) {
	line, column = n.Line, n.Column
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		for n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		var next *yaml.Node
		for i, c := range n.Content {
			switch {
			case n.Kind == yaml.SequenceNode && strconv.Itoa(i) == token:
				next, line, column = c, c.Line, c.Column
			case n.Kind == yaml.MappingNode && i%2 == 0 && wire.Escape(c.Value) == token && i+1 < len(n.Content):
				next, line, column = n.Content[i+1], c.Line, c.Column
			}
		}
		if next == nil {
			break
		}
		n = next
	}
	return line, column
}

// position counts lines and columns from 1, columns in bytes.
func position(data []byte, offset int64) (line, column int) {
	before := data[:min(max(offset, 0), int64(len(data)))]
	return bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}
