package schema

import (
	"unicode"
	"unicode/utf8"
)

// foldNames keeps the folded names of all properties. encoding/json and the readers of .NET find a member without regard
// to case: where an object is open, LIMIT would be read as limit without having been held to its schema.
func (c *Compiler) foldNames() {
	spelled := map[string]string{}
	for _, s := range c.schemas {
		for name, p := range s.properties {
			if p.schema == nil {
				continue
			}
			folded := string(appendFolded(nil, name))
			if s.folded == nil {
				s.folded = make(map[string]struct{}, len(s.properties))
			}
			s.folded[folded] = struct{}{}
			if before, ok := spelled[folded]; ok && before != name {
				c.settings.ambiguous = true
			}
			spelled[folded] = name
		}
	}
}

// nameNear notes a member that is none of the properties of s, and that some reader takes for one.
func (r *run) nameNear(s *Schema, c int32, name string) {
	if s.folded == nil {
		return
	}
	var room [64]byte
	if _, known := s.folded[string(appendFolded(room[:0], name))]; known {
		r.note(c, near)
	}
}

// appendFolded appends text as it is in all spellings that differ in case alone (Unicode's simple folding, of which
// encoding/json makes use): K is the Kelvin sign too.
func appendFolded(to []byte, text string) []byte {
	for _, r := range text {
		switch {
		case 'a' <= r && r <= 'z':
			to = append(to, byte(r)-'a'+'A')
		case r < utf8.RuneSelf:
			to = append(to, byte(r))
		default:
			least := r
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				least = min(least, f)
			}
			to = utf8.AppendRune(to, least)
		}
	}
	return to
}
