package route

import "unicode/utf8"

// Forms is a set of what a path may hold although programs differ in how they read it.
type Forms uint8

const (
	EncodedSlash   Forms = 1 << iota // %2F: a byte of its segment, or the end of one
	Semicolon                        // ";" and %3B: a byte, or the begin of what is cut off
	EmptySegment                     // "//": kept, or merged into "/"
	EncodedPercent                   // %25: decoded once, or until there is nothing left to decode

	AnyForm = EncodedSlash | Semicolon | EmptySegment | EncodedPercent
)

// Rule is a rule that a path breaks.
type Rule uint8

// The rules. A path that breaks one of the first four is accepted where its form is allowed.
const (
	None Rule = iota
	NoEncodedSlash
	NoSemicolon
	NoEmptySegment
	NoEncodedPercent
	NotAPath
	NotEncoded
	NoControl
	NoBackslash
	NoDotSegment
	NotUTF8
	BadEscape
	TooManyReadings
)

// Fault is the first piece of a path that breaks a rule. The zero Fault is none.
type Fault struct {
	Rule Rule
	// Piece is what breaks it, as received: at most six bytes.
	Piece string
	// At is the offset of the piece in the path, in bytes.
	At int
}

// Scan reads a path as received, still escaped. clean is the one spelling of it that is
// matched and sent on (RFC 3986 §6.2.2.2): escapes of unreserved characters are decoded, and
// what no path may hold raw, and clients send nevertheless, is encoded; raw itself where
// nothing changes. has are the forms that it holds, all of which are allowed.
//
// A clean path without forms has the same segments for every program that decodes it once or
// twice, merges slashes, resolves dot segments or cuts parameters.
func Scan(raw string, allowed Forms) (clean string, has Forms, f Fault) {
	s := scanner{raw: raw, allowed: allowed}
	clean, f = s.scan()
	return clean, s.has, f
}

// scanner is one path that is scanned.
type scanner struct {
	raw          string
	allowed, has Forms
	stray        bool // a percent sign without two digits is one that had to be encoded

	out  []byte // the clean path, once it differs
	done int    // raw[:done] is in out

	part, dots, bytes int  // where the current part of a segment begins, and what it has
	empty             bool // the segment has no byte yet
	rune              [utf8.UTFMax]byte
	pending, runeAt   int // of rune
}

func (s *scanner) scan() (clean string, f Fault) {
	raw := s.raw
	if raw == "" || raw[0] != '/' {
		return raw, Fault{Rule: NotAPath}
	}
	s.part, s.empty = 1, true
	for i, n := 1, 1; i < len(raw); i += n {
		c, escaped := raw[i], false
		n = 1
		if c == '%' && i+2 < len(raw) && isHex(raw[i+1]) && isHex(raw[i+2]) {
			c, n, escaped = unhex(raw[i+1])<<4|unhex(raw[i+2]), 3, true
		}
		if s.pending > 0 && c < utf8.RuneSelf {
			return raw, s.fault(NotUTF8, s.runeAt, 3)
		}
		if k := kinds[c]; k == reserved || k == unreserved && !escaped {
			s.bytes, s.empty = s.bytes+1, false
			continue
		}
		if f := s.byte(c, i, n, escaped); f.Rule != None {
			return raw, f
		}
	}
	switch {
	case s.pending > 0:
		return raw, s.fault(NotUTF8, s.runeAt, 3)
	case s.dotted():
		return raw, s.fault(NoDotSegment, s.part, len(raw)-s.part)
	case s.out == nil:
		return raw, Fault{}
	}
	return string(append(s.out, raw[s.done:]...)), Fault{}
}

// byte takes the byte c, which n bytes at i stand for, and which is not what it is in most paths.
func (s *scanner) byte(c byte, i, n int, escaped bool) Fault {
	switch kinds[c] {
	case unreserved:
		s.replace(i, n, string(rune(c)))
	case dot:
		s.dots++
		if escaped {
			s.replace(i, n, ".")
		}
	case unsafe:
		if !escaped {
			s.replace(i, n, string([]byte{'%', upperHex[c>>4], upperHex[c&15]}))
		}
	case escapedOnly: // a space, "?" and "#"
		if !escaped {
			return s.fault(NotEncoded, i, n)
		}
	case nonASCII:
		if !escaped {
			return s.fault(NotEncoded, i, n)
		}
		if !s.character(c, i) {
			return s.fault(NotUTF8, s.runeAt, 3)
		}
	case slash:
		return s.boundary(i, n, escaped)
	case semicolon:
		if s.dotted() {
			return s.fault(NoDotSegment, s.part, i-s.part)
		}
		s.part, s.dots, s.bytes, s.empty = i+n, 0, 0, false
		return s.form(Semicolon, NoSemicolon, i, n)
	case percent:
		if escaped {
			s.bytes, s.empty = s.bytes+1, false
			return s.form(EncodedPercent, NoEncodedPercent, i, n)
		}
		if !s.stray {
			return s.fault(BadEscape, i, min(3, len(s.raw)-i))
		}
		s.has |= EncodedPercent
		s.replace(i, n, "%25")
	case backslash:
		return s.fault(NoBackslash, i, n)
	case control:
		return s.fault(NoControl, i, n)
	}
	s.bytes, s.empty = s.bytes+1, false
	return Fault{}
}

// boundary takes a slash.
func (s *scanner) boundary(i, n int, escaped bool) (f Fault) {
	switch {
	case s.dotted():
		return s.fault(NoDotSegment, s.part, i-s.part)
	case escaped:
		f = s.form(EncodedSlash, NoEncodedSlash, i, n)
	case s.empty:
		f = s.form(EmptySegment, NoEmptySegment, i-1, 2)
	}
	s.part, s.dots, s.bytes, s.empty = i+n, 0, 0, !escaped
	return f
}

// dotted reports whether the current part is "." or "..".
func (s *scanner) dotted() bool { return s.bytes == s.dots && (s.dots == 1 || s.dots == 2) }

func (s *scanner) form(form Forms, rule Rule, i, n int) Fault {
	s.has |= form
	if s.allowed&form == 0 {
		return s.fault(rule, i, n)
	}
	return Fault{}
}

func (s *scanner) fault(rule Rule, i, n int) Fault { return Fault{rule, s.raw[i : i+n], i} }

func (s *scanner) replace(i, n int, with string) {
	if s.out == nil {
		s.out = make([]byte, 0, len(s.raw)+16)
	}
	s.out = append(append(s.out, s.raw[s.done:i]...), with...)
	s.done = i + n
}

// character takes one escaped byte past ASCII. It reports false where the bytes so far can begin
// no character: overlong forms and surrogates are among them.
func (s *scanner) character(c byte, i int) bool {
	if s.pending == 0 {
		s.runeAt = i
	}
	s.rune[s.pending] = c
	s.pending++
	if !utf8.FullRune(s.rune[:s.pending]) {
		return true
	}
	_, size := utf8.DecodeRune(s.rune[:s.pending])
	whole := size == s.pending && size > 1
	s.pending = 0
	return whole
}

const upperHex = "0123456789ABCDEF"

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// kind is what a byte is in a path.
type kind uint8

const (
	control     kind = iota
	unreserved       // RFC 3986 §2.3, but for the dot
	reserved         // sub-delims, ":", "@", and the brackets, which browsers send raw
	unsafe           // printable, not for a URI, and sent raw by browsers or curl
	escapedOnly      // printable, and the end of a path where it is raw
	dot
	slash
	semicolon
	percent
	backslash
	nonASCII
)

var kinds = func() (all [256]kind) {
	for c := range 256 {
		switch b := byte(c); {
		case b >= utf8.RuneSelf:
			all[c] = nonASCII
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9':
			all[c] = unreserved
		}
	}
	for k, bytes := range map[kind]string{
		unreserved: "-_~", reserved: "!$&'()*+,=:@[]", unsafe: "\"<>^`{|}", escapedOnly: " ?#",
		dot: ".", slash: "/", semicolon: ";", percent: "%", backslash: `\`,
	} {
		for _, b := range []byte(bytes) {
			all[b] = k
		}
	}
	return all
}()
