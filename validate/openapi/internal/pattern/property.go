package pattern

import (
	"strings"
	"unicode"
)

// Sets that ECMA-262 §22.2.2.9 and §12 name.
var (
	digits     = set{'0', '9'}
	wordChars  = set{'0', '9', 'A', 'Z', '_', '_', 'a', 'z'}
	lineEnds   = set{'\n', '\n', '\r', '\r', 0x2028, 0x2029}
	anything   = set{0, unicode.MaxRune}
	whiteSpace = set{
		'\t', '\r', ' ', ' ', 0xA0, 0xA0, 0x1680, 0x1680, 0x2000, 0x200A, 0x2028, 0x2029, 0x202F, 0x202F, 0x205F, 0x205F,
		0x3000, 0x3000, 0xFEFF, 0xFEFF,
	}
)

// posix are the classes [:name:] of POSIX, which Java writes as \p{Name}.
var posix = map[string]set{
	"alpha": {'A', 'Z', 'a', 'z'}, "digit": digits, "alnum": {'0', '9', 'A', 'Z', 'a', 'z'}, "upper": {'A', 'Z'}, "lower": {'a', 'z'},
	"space": {'\t', '\r', ' ', ' '}, "blank": {'\t', '\t', ' ', ' '}, "punct": {'!', '/', ':', '@', '[', '`', '{', '~'},
	"cntrl": {0, 0x1F, 0x7F, 0x7F}, "graph": {'!', '~'}, "print": {' ', '~'}, "xdigit": {'0', '9', 'A', 'F', 'a', 'f'}, "word": wordChars,
	"ascii": {0, 0x7F},
}

// binaries are the properties of ECMA-262 table 67 that package unicode has by the same name, with their short names.
var binaries = map[string]string{
	"ASCII_Hex_Digit": "AHex", "Bidi_Control": "Bidi_C", "Dash": "Dash", "Deprecated": "Dep", "Diacritic": "Dia", "Extender": "Ext",
	"Hex_Digit": "Hex", "IDS_Binary_Operator": "IDSB", "IDS_Trinary_Operator": "IDST", "Ideographic": "Ideo", "Join_Control": "Join_C",
	"Logical_Order_Exception": "LOE", "Noncharacter_Code_Point": "NChar", "Pattern_Syntax": "Pat_Syn", "Pattern_White_Space": "Pat_WS",
	"Quotation_Mark": "QMark", "Radical": "Radical", "Regional_Indicator": "RI", "Sentence_Terminal": "STerm", "Soft_Dotted": "SD",
	"Terminal_Punctuation": "Term", "Unified_Ideograph": "UIdeo", "Variation_Selector": "VS", "White_Space": "space",
}

// scripts are the short names of those that documents name most.
var scripts = map[string]string{
	"Latn": "Latin", "Grek": "Greek", "Cyrl": "Cyrillic", "Hani": "Han", "Hira": "Hiragana", "Kana": "Katakana", "Hang": "Hangul", "Arab": "Arabic",
	"Hebr": "Hebrew", "Thai": "Thai", "Deva": "Devanagari", "Zyyy": "Common", "Zinh": "Inherited", "Armn": "Armenian", "Geor": "Georgian",
}

// maker makes a set when it is asked for: who only reads an expression needs none.
type maker func() set

func (s set) self() set { return s }

func ofTables(tables ...*unicode.RangeTable) maker { return func() set { return tableSet(tables...) } }

// property returns the characters that \p{text} stands for. lenient adds what other languages write.
func property(text string, lenient bool) (maker, bool) {
	name, value, valued := strings.Cut(text, "=")
	switch {
	case valued && (name == "General_Category" || name == "gc"):
		return category(value)
	case valued && (name == "Script" || name == "sc"):
		return script(value)
	case valued:
		return nil, false
	}
	if s, ok := category(text); ok {
		return s, true
	}
	if s, ok := derived(text); ok {
		return s, true
	}
	for long, short := range binaries {
		if text == long || text == short {
			return ofTables(unicode.Properties[long]), true
		}
	}
	if !lenient {
		return nil, false
	}
	if s, ok := posix[strings.ToLower(text)]; ok {
		return s.self, true
	}
	if bare, ok := strings.CutPrefix(text, "Is"); ok {
		return property(bare, true)
	}
	return script(text)
}

// category returns the characters of a general category, by its short or its long name.
func category(name string) (maker, bool) {
	if short, ok := unicode.CategoryAliases[name]; ok {
		name = short
	}
	if t, ok := unicode.Categories[name]; ok {
		return ofTables(t), true
	}
	return nil, false
}

func script(name string) (maker, bool) {
	if long, ok := scripts[name]; ok {
		name = long
	}
	if t, ok := unicode.Scripts[name]; ok {
		return ofTables(t), true
	}
	return nil, false
}

// derived returns the characters of a property that the Unicode Character Database derives from others
// (DerivedCoreProperties.txt), and of those that are about all characters.
func derived(name string) (maker, bool) {
	switch name {
	case "Any":
		return anything.self, true
	case "ASCII":
		return posix["ascii"].self, true
	case "Assigned":
		return func() set { return tableSet(unicode.Categories["Cn"]).negate() }, true
	case "Alphabetic", "Alpha":
		return ofTables(unicode.L, unicode.Nl, unicode.Other_Alphabetic, unicode.Other_Lowercase,
			unicode.Other_Uppercase), true
	case "Uppercase", "Upper":
		return ofTables(unicode.Lu, unicode.Other_Uppercase), true
	case "Lowercase", "Lower":
		return ofTables(unicode.Ll, unicode.Other_Lowercase), true
	case "ID_Start", "IDS", "ID_Continue", "IDC":
		tables := []*unicode.RangeTable{unicode.L, unicode.Nl, unicode.Other_ID_Start}
		if name == "ID_Continue" || name == "IDC" {
			tables = append(tables, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue)
		}
		return func() set {
			return tableSet(tables...).without(tableSet(unicode.Pattern_Syntax, unicode.Pattern_White_Space))
		}, true
	}
	return nil, false
}
