package schema

import (
	"math/bits"
	"strconv"
	"strings"
)

// maxDigits is how many significant digits a number may have. What clients send is bounded
// below it.
const maxDigits = 80

// decimal is an exact number: 0.d1d2…dn × 10^exp, without zeros at either end. Zero has no
// digits. It lives on the stack, so that comparing numbers allocates nothing.
type decimal struct {
	digits [maxDigits]byte
	n      int
	exp    int
	neg    bool
}

// read takes a number as JSON spells it. It reports false for one of too many digits.
func (d *decimal) read(s string) bool {
	*d = decimal{}
	if s != "" && s[0] == '-' {
		d.neg, s = true, s[1:]
	}
	point, seen := 0, false // digits before the point, and whether it has come
	zeros := 0              // that count only if another digit follows
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.':
			seen = true
			continue
		case c == 'e' || c == 'E':
			e, err := strconv.Atoi(s[i+1:])
			if err != nil {
				return false
			}
			d.exp += e
			d.exp += point
			return d.finish()
		case c == '0' && d.n == 0:
			if seen {
				point--
			}
		case c == '0':
			zeros++
			if !seen {
				point++
			}
		default:
			if d.n+zeros+1 > maxDigits {
				return false
			}
			for ; zeros > 0; zeros-- {
				d.digits[d.n] = 0
				d.n++
			}
			d.digits[d.n] = c - '0'
			d.n++
			if !seen {
				point++
			}
		}
	}
	d.exp += point
	return d.finish()
}

func (d *decimal) finish() bool {
	if d.n == 0 {
		d.exp, d.neg = 0, false
	}
	return true
}

// cmp compares two numbers.
func (d *decimal) cmp(e *decimal) int {
	switch {
	case d.n == 0 && e.n == 0:
		return 0
	case d.n == 0:
		return sign(!e.neg)
	case e.n == 0 || d.neg != e.neg:
		return sign(d.neg)
	case d.exp != e.exp:
		return sign((d.exp < e.exp) != d.neg)
	}
	for i := range max(d.n, e.n) {
		if d.digits[i] != e.digits[i] { // beyond n they are zero
			return sign((d.digits[i] < e.digits[i]) != d.neg)
		}
	}
	return 0
}

// sign is -1 where less holds, and 1 otherwise.
func sign(less bool) int {
	if less {
		return -1
	}
	return 1
}

// whole reports whether the number has no fraction, as 1.0 and 1e2 have none.
func (d *decimal) whole() bool { return d.exp >= d.n }

// int64 returns a whole number, where it fits.
func (d *decimal) int64() (int64, bool) {
	if !d.whole() || d.exp > 19 {
		return 0, false
	}
	var u uint64
	for i := range d.exp {
		hi, lo := bits.Mul64(u, 10)
		sum, carry := bits.Add64(lo, uint64(d.digits[i]), 0)
		if hi != 0 || carry != 0 {
			return 0, false
		}
		u = sum
	}
	switch {
	case d.neg && u <= 1<<63:
		return -int64(u), true
	case !d.neg && u < 1<<63:
		return int64(u), true
	}
	return 0, false
}

// multipleOf reports whether d is a multiple of e. Both are D × 10^k for whole D that do
// not end in zero, so d can only be one if its k is not the smaller.
func (d *decimal) multipleOf(e *decimal) bool {
	if d.n == 0 {
		return true
	}
	k := (d.exp - d.n) - (e.exp - e.n)
	if k < 0 {
		return false
	}
	var divisor uint64
	for _, digit := range e.digits[:e.n] {
		divisor = divisor*10 + uint64(digit)
	}
	var rest uint64
	step := func(digit byte) { // rest = (rest*10 + digit) mod divisor, in 128 bits
		hi, lo := bits.Mul64(rest, 10)
		lo, carry := bits.Add64(lo, uint64(digit), 0)
		rest = bits.Rem64(hi+carry, lo, divisor)
	}
	for _, digit := range d.digits[:d.n] {
		step(digit)
	}
	for range k {
		if rest == 0 {
			return true
		}
		step(0)
	}
	return rest == 0
}

// bound is a number of a schema, read once.
type bound struct {
	text  string
	d     decimal
	small int64 // where plain
	plain bool
}

// newBound reads a number of the document. It returns nil for one of too many digits.
func newBound(text string) *bound {
	b := &bound{text: text}
	if !b.d.read(text) {
		return nil
	}
	b.small, b.plain = b.d.int64()
	return b
}

// compare compares a number of the value with b.
func (b *bound) compare(text string) int {
	if b.plain {
		if n, ok := plainInt(text); ok {
			switch {
			case n < b.small:
				return -1
			case n > b.small:
				return 1
			}
			return 0
		}
	}
	var d decimal
	if !d.read(text) {
		return 1 // longer than any number that Parse lets through
	}
	return d.cmp(&b.d)
}

// divides reports whether a number of the value is a multiple of b.
func (b *bound) divides(text string) bool {
	if n, ok := plainInt(text); ok && b.plain {
		return n%b.small == 0
	}
	var d decimal
	return d.read(text) && d.multipleOf(&b.d)
}

// plainInt reads the usual spelling of a whole number, of up to 18 digits.
func plainInt(s string) (n int64, ok bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || len(digits) > 18 {
		return 0, false
	}
	for i := range len(digits) {
		c := digits[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	if len(digits) != len(s) {
		n = -n
	}
	return n, true
}

// vanishes reports whether a number other than zero is so small that a double has it as zero, such as 1e-400.
func vanishes(text string) bool {
	if !strings.ContainsAny(text, "eE") {
		return false // 64 characters are not enough
	}
	f, err := strconv.ParseFloat(text, 64)
	var d decimal
	return err == nil && f == 0 && d.read(text) && d.n > 0
}

// isWhole reports whether a number has no fraction (JSON Schema 2020-12 §4.2.3).
func isWhole(text string) bool {
	if !strings.ContainsAny(text, ".eE") {
		return true
	}
	var d decimal
	return d.read(text) && d.whole()
}

// sameNumber reports whether two spellings are one number.
func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	var d, e decimal
	return d.read(a) && e.read(b) && d.cmp(&e) == 0
}

// fitsInt reports whether a number is whole and fits in so many bits.
func fitsInt(text string, size int) bool {
	var d decimal
	if !d.read(text) {
		return false
	}
	n, ok := d.int64()
	return ok && (size == 64 || int64(int32(n)) == n)
}
