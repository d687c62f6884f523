package password

import (
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport-dev/sallyport/secret"
)

const (
	// MaxLength is the longest password, in code points.
	MaxLength = 256
	// MaxBytes is the longest password, in bytes of UTF-8. Nothing longer is hashed
	// or looked at.
	MaxBytes = 1024

	defaultMinLength = 12
	// floorMinLength is the least a policy may ask (ASVS 5.0 §6.2.1).
	floorMinLength = 8

	maxContext      = 16 // context texts that are looked at
	maxContextBytes = 128
	minContextWord  = 3
)

// Code says, in a stable word for programs, why a password was refused.
type Code string

// The reasons a [Policy] refuses a password for.
const (
	TooShort        Code = "too_short"
	TooLong         Code = "too_long"
	InvalidUTF8     Code = "invalid_utf8"
	Common          Code = "common"
	ContainsContext Code = "contains_context"
)

// Violation is one reason to refuse a password. Neither field ever holds the password
// or a part of it.
type Violation struct {
	Code Code
	// Detail tells the person what to do. It may be shown.
	Detail string
}

// PolicyConfig says what a new password must be.
type PolicyConfig struct {
	// MinLength is the fewest code points, 12 when zero. Less than 8 is refused.
	// NIST SP 800-63B-4 asks for 15 where the password is the only factor.
	MinLength int
	// Context lists words every guesser knows to try here: the product, the company,
	// the domain. What belongs to one user goes to Check.
	Context []string
}

// Policy decides whether a new password is good enough: long enough, and not easily
// guessed. It asks for no digits, capitals or symbols, as NIST SP 800-63B-4 demands;
// every character counts, spaces and emoji too. A nil or zero Policy asks for 12
// code points.
type Policy struct {
	min     int
	short   Violation
	context []word
}

// NewPolicy checks and copies c.
func NewPolicy(c PolicyConfig) (*Policy, error) {
	var errs []error
	if c.MinLength == 0 {
		c.MinLength = defaultMinLength
	}
	if c.MinLength < floorMinLength || c.MinLength > 64 {
		errs = append(errs, &ConfigError{"MinLength", itoa(c.MinLength), "must be 8 to 64 code points; leave it zero for 12"})
	}
	if len(c.Context) > maxContext {
		errs = append(errs, &ConfigError{"Context", itoa(len(c.Context)) + " texts", "at most 16 are looked at; keep the best known"})
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	commonWords() // made now, not at the first request
	return &Policy{min: c.MinLength, short: tooShort(c.MinLength), context: contextWords(c.Context)}, nil
}

func tooShort(n int) Violation {
	return Violation{TooShort, "Use at least " + itoa(n) + " characters. Three or four unrelated words are easy to remember."}
}

var (
	defaultShort = tooShort(defaultMinLength)
	tooLong      = Violation{TooLong, "Use at most 256 characters (1024 bytes)."}
	invalidUTF8  = Violation{InvalidUTF8, "Send the password as UTF-8 text."}
	tooCommon    = Violation{Common, "It is a common password, or made of so few common parts that it would be guessed early: changed letters, years and repetitions do not help. Use three or four unrelated words, or let a password manager make one."}
	tooClose     = Violation{ContainsContext, "It is little more than a name that belongs to this account or service. Use words that have nothing to do with either."}
)

// Check returns every reason to refuse pw, none when it is good. Context is what a
// guesser knows of the user: the name, the e-mail address. At most 16 texts of it are
// looked at.
//
// A password is refused for its context when it is made of such a word and little
// else; a long sentence may hold one.
func (p *Policy) Check(pw secret.String, context ...string) []Violation {
	s := pw.Reveal()
	switch {
	case len(s) > MaxBytes || utf8.RuneCountInString(s) > MaxLength:
		return []Violation{tooLong}
	case !utf8.ValidString(s):
		return []Violation{invalidUTF8}
	}
	s = normalize(s) // what is hashed: an é of two code points is one character of it
	// A few code points become two or three.
	if len(s) > MaxBytes || utf8.RuneCountInString(s) > MaxLength {
		return []Violation{tooLong}
	}
	least, short, known := defaultMinLength, defaultShort, []word(nil)
	if p != nil && p.min != 0 {
		least, short, known = p.min, p.short, p.context
	}

	var out []Violation
	if utf8.RuneCountInString(s) < least {
		out = append(out, short)
	}
	var room [MaxBytes]byte
	text := fold(room[:0], s)
	plain := priceOf(text, commonWords())
	own := contextWords(context)
	if len(known)+len(own) > 0 && priceOf(text, commonWords(), known, own) < plain {
		out = append(out, tooClose)
	} else if plain < enough {
		out = append(out, tooCommon)
	}
	return out
}

// fold appends s in small letters. MaxLength code points never become more than
// MaxBytes.
func fold(to []byte, s string) []byte {
	for _, r := range s {
		to = utf8.AppendRune(to, unicode.ToLower(r))
	}
	return to
}

// contextWords takes the words out of the texts: "Ada.Lovelace@example.org" gives
// ada, lovelace, adalovelace, example and the local part as it is.
func contextWords(texts []string) []word {
	var list []word
	add := func(s string) {
		if utf8.RuneCountInString(s) >= minContextWord {
			list = append(list, word{s, priceContext})
		}
	}
	for _, text := range texts[:min(len(texts), maxContext)] {
		text = strings.ToLower(strings.ToValidUTF8(text[:min(len(text), maxContextBytes)], ""))
		local, _, _ := strings.Cut(text, "@")
		pieces := strings.FieldsFunc(text, notInWord)
		add(text)
		add(local)
		add(strings.Join(strings.FieldsFunc(local, notInWord), ""))
		for _, piece := range pieces {
			add(piece)
		}
	}
	return slices.Clip(sortWords(list))
}

func notInWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
