package password

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/sallyport-dev/sallyport/secret"
)

// Normalize returns the form in which passwords are hashed and judged: every space is U+0020,
// and the text is in Unicode's form NFC, as the OpaqueString profile has it (RFC 8265 §4.2.2).
// So é is one password whether a keyboard sends it as one code point or as two. The profile
// also refuses code points that its version of Unicode does not know, which would lock out
// whoever has a new emoji in a password: nothing is refused here.
func Normalize(pw secret.String) secret.String { return secret.New(normalize(pw.Reveal())) }

func normalize(text string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return r
	}, text))
}

// spellings returns the texts to try a stored hash with: the normalized one, and where it
// differs, the text as it was typed, of which hashes of before and of other systems are. How
// many there are depends on what was typed alone, so that it tells nothing about the user.
func spellings(text string) (list [2]string, n int) {
	list = [2]string{normalize(text), text}
	if list[0] == list[1] {
		return list, 1
	}
	return list, 2
}
