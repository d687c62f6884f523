package password

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// Prices are in tenths of a bit: what one choice costs somebody who guesses.
const (
	bit = 10

	priceLetter    = 47 // one of 26; capitals are tried too cheaply to count
	priceDigit     = 33
	priceSymbol    = 50
	priceSeparator = 20
	priceForeign   = 70 // a letter outside ASCII
	priceRepeat    = 30 // the same once more, or mirrored
	priceRun       = 70 // abcd, 8765, 2468
	priceWalk      = 90 // qwer, 1qaz
	priceTurn      = 20 // a change of direction in a walk
	priceYear      = 65 // 1930 to 2049
	priceDate      = 135
	priceCut       = 20 // a word cut short: butterfl
	priceSwap      = 10 // one letter written as a look-alike
	priceBackwards = 10
	priceContext   = 20 // a word the attacker knows belongs here

	// enough is the price from which a password is not called common. Three words
	// of the list are worth 33 bits and pass; two of them with some digits do not.
	enough = 32 * bit

	// maxRepeat bounds the length of a repeated part that is looked for.
	maxRepeat = 512
	// minCut is the shortest beginning of a word that counts as the word.
	minCut = 5
)

// word is an entry of the common list, or of the context.
type word struct {
	text  string
	price int
}

//go:embed common.txt
var commonText string

// commonWords is the embedded list in order, made when it is first needed.
var commonWords = sync.OnceValue(func() []word { return parseWords(commonText) })

// parseWords reads lines of words; "[8]" sets the bits of the words below it.
func parseWords(text string) []word {
	list := make([]word, 0, 9500)
	price := 0
	for line := range strings.Lines(text) {
		switch line[0] {
		case '#':
		case '[':
			price = bit * bitsIn(line)
		default:
			for text := range strings.FieldsSeq(line) {
				list = append(list, word{text, price})
			}
		}
	}
	return sortWords(list)
}

func bitsIn(header string) (bits int) {
	for _, c := range []byte(header) {
		if isDigit(c) {
			bits = bits*10 + int(c-'0')
		}
	}
	return bits
}

// sortWords sorts by text and keeps the cheapest entry of each.
func sortWords(list []word) []word {
	slices.SortFunc(list, func(a, b word) int {
		if c := strings.Compare(a.text, b.text); c != 0 {
			return c
		}
		return a.price - b.price
	})
	return slices.CompactFunc(list, func(a, b word) bool { return a.text == b.text })
}

// guess prices a text: the cheapest way to put it together from words of the list,
// runs, keyboard walks, years, repetitions and single characters. It works on bytes,
// left to right; cost[i] is the price of the first i bytes.
type guess struct {
	text []byte
	cost [MaxBytes + 1]int32
	far  int // the furthest place reached at less than enough
}

// priceOf returns the price of text, or enough when it is that or more.
func priceOf(text []byte, lists ...[]word) int {
	g := guess{text: text}
	forwards := g.run(lists)
	slices.Reverse(text)
	backwards := g.run(lists) + priceBackwards
	slices.Reverse(text)
	return min(forwards, backwards, enough)
}

func (g *guess) run(lists [][]word) int {
	n := len(g.text)
	for i := range n + 1 {
		g.cost[i] = enough
	}
	g.cost[0], g.far = 0, 0
	for i := 0; i < n && i <= g.far; i++ {
		if g.cost[i] >= enough {
			continue
		}
		g.single(i)
		g.digits(i)
		g.steps(i)
		g.walk(i)
		g.repeat(i)
		for _, list := range lists {
			match{g: g, list: list, from: g.cost[i]}.next(0, len(list), 0, i, 0)
		}
	}
	return int(g.cost[n])
}

// reach notes that the first i bytes can be had for price.
func (g *guess) reach(i int, price int32) {
	if price < g.cost[i] {
		g.cost[i] = price
		g.far = max(g.far, i)
	}
}

func (g *guess) single(i int) {
	price := int32(priceSymbol)
	switch c := g.text[i]; {
	case 'a' <= c && c <= 'z':
		price = priceLetter
	case isDigit(c):
		price = priceDigit
	case isSeparator(c):
		price = priceSeparator
	case c >= utf8.RuneSelf && !utf8.RuneStart(c):
		price = 0
	case c >= utf8.RuneSelf:
		price = priceForeign
	}
	g.reach(i+1, g.cost[i]+price)
}

// digits finds a year, or eight or six digits that make a date.
func (g *guess) digits(i int) {
	n := 0
	for n < 8 && i+n < len(g.text) && isDigit(g.text[i+n]) {
		n++
	}
	if n >= 4 && isYear(g.text[i:i+4]) {
		g.reach(i+4, g.cost[i]+priceYear)
	}
	if n == 8 && (isYear(g.text[i:i+4]) || isYear(g.text[i+4:i+8])) {
		g.reach(i+8, g.cost[i]+priceDate)
	}
}

func isYear(d []byte) bool {
	century, decade := string(d[:2]), d[2]
	return century == "19" && decade >= '3' || century == "20" && decade <= '4'
}

// steps finds characters that go up or down by the same one or two: abcd, 9753.
func (g *guess) steps(i int) {
	if i+1 >= len(g.text) {
		return
	}
	step := int(g.text[i+1]) - int(g.text[i])
	if step == 0 || step < -2 || step > 2 {
		return
	}
	for j := i + 1; j < len(g.text) && follows(g.text[j-1], g.text[j], step); j++ {
		if j-i >= 2 {
			g.reach(j+1, g.cost[i]+priceRun)
		}
	}
}

func follows(a, b byte, step int) bool {
	if a == '9' && b == '0' && step == 1 {
		return true // 7890, as on the keyboard
	}
	same := isDigit(a) && isDigit(b) || isLetter(a) && isLetter(b)
	return same && int(b)-int(a) == step
}

// walk finds neighbouring keys of a QWERTY keyboard.
func (g *guess) walk(i int) {
	price := g.cost[i] + priceWalk
	var last [2]int
	for j := i + 1; j < len(g.text); j++ {
		way, ok := neighbours(g.text[j-1], g.text[j])
		if !ok {
			return
		}
		if j > i+1 && way != last {
			price += priceTurn
		}
		last = way
		if j-i >= 2 {
			g.reach(j+1, price)
		}
	}
}

// repeat finds that the bytes before i come once more, as they are or mirrored.
func (g *guess) repeat(i int) {
	for n := 1; n <= min(i, len(g.text)-i, maxRepeat); n++ {
		before, after := g.text[i-n:i], g.text[i:i+n]
		if string(before) == string(after) || mirrored(before, after) {
			g.reach(i+n, g.cost[i]+priceRepeat)
		}
	}
}

func mirrored(a, b []byte) bool {
	for i := range a {
		if a[i] != b[len(b)-1-i] {
			return false
		}
	}
	return true
}

// match walks a sorted list along the text, narrowing it letter by letter.
type match struct {
	g    *guess
	list []word
	from int32
}

// next continues behind depth letters of the words list[lo:hi], at text[at]; extra is
// what look-alikes and separators have cost so far.
func (m match) next(lo, hi, depth, at int, extra int32) {
	if lo == hi || m.from+extra >= enough {
		return
	}
	if w := m.list[lo]; len(w.text) == depth {
		m.g.reach(at, m.from+int32(w.price)+extra)
	}
	if at == len(m.g.text) {
		if depth >= minCut {
			m.g.reach(at, m.from+int32(m.list[lo].price)+extra+priceCut)
		}
		return
	}
	c := m.g.text[at]
	m.letter(lo, hi, depth, at, c, extra)
	for _, like := range []byte(looksLike(c)) {
		m.letter(lo, hi, depth, at, like, extra+priceSwap)
	}
	if isSeparator(c) && depth > 0 && !isSeparator(m.g.text[at-1]) {
		m.next(lo, hi, depth, at+1, extra+priceSwap)
	}
}

func (m match) letter(lo, hi, depth, at int, c byte, extra int32) {
	lo = m.bound(lo, hi, depth, int(c))
	hi = m.bound(lo, hi, depth, int(c)+1)
	m.next(lo, hi, depth+1, at+1, extra)
}

// bound returns the first of list[lo:hi] whose letter at depth is c or more.
func (m match) bound(lo, hi, depth, c int) int {
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if w := m.list[mid].text; len(w) > depth && int(w[depth]) >= c {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// looksLike returns the letters c is written for.
func looksLike(c byte) string {
	switch c {
	case '0':
		return "o"
	case '1', '!', '|':
		return "il"
	case '2':
		return "z"
	case '3':
		return "e"
	case '4', '@':
		return "a"
	case '5', '$':
		return "s"
	case '6':
		return "gb"
	case '7', '+':
		return "t"
	case '8':
		return "b"
	case '9':
		return "g"
	}
	return ""
}

func isDigit(c byte) bool     { return '0' <= c && c <= '9' }
func isLetter(c byte) bool    { return 'a' <= c && c <= 'z' }
func isSeparator(c byte) bool { return c == ' ' || c == '-' || c == '_' || c == '.' }
