// Package totp computes and checks one-time codes (RFC 6238 over RFC 4226, with
// HMAC-SHA-1, six digits and steps of 30 seconds, which is what every authenticator app
// does), and makes recovery codes.
package totp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
)

const (
	period   = 30 // seconds
	digits   = 6
	seedSize = 20 // bytes, as many as the hash has (RFC 4226 §4, R6)
)

// NewSeed returns 160 random bits.
func NewSeed() []byte {
	seed := make([]byte, seedSize)
	rand.Read(seed)
	return seed
}

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Base32 is the form in which a person types a seed.
func Base32(seed []byte) string { return encoding.EncodeToString(seed) }

// URI is what an authenticator app reads from a QR code.
func URI(issuer, account string, seed []byte) string {
	return "otpauth://totp/" + escape(issuer) + ":" + escape(account) +
		"?secret=" + Base32(seed) + "&issuer=" + escape(issuer) + "&algorithm=SHA1&digits=6&period=30"
}

// escape is for both the path and the query: apps do not read a plus sign as a space.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// Step is the number of the step that a time is in.
func Step(now time.Time) uint64 { return uint64(max(now.Unix(), 0)) / period }

// Code is the code of one step.
func Code(seed []byte, step uint64) string {
	h := hmac.New(sha1.New, seed)
	h.Write(binary.BigEndian.AppendUint64(nil, step))
	sum := h.Sum(nil)
	at := sum[len(sum)-1] & 15
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", digits, n%1_000_000)
}

// Verify reports whether code is that of a step at most window steps from now, and after
// the last one that was taken: no code is good twice (RFC 6238 §5.2). It returns the
// step, to be kept. All steps are compared, whichever it is.
func Verify(seed []byte, code string, now time.Time, last uint64, window int) (step uint64, ok bool) {
	if code = typed(code); len(code) != digits {
		return 0, false
	}
	current := Step(now)
	for i := -window; i <= window; i++ {
		s := current + uint64(i)
		if subtle.ConstantTimeCompare([]byte(Code(seed, s)), []byte(code)) == 1 && s > last && !ok {
			step, ok = s, true
		}
	}
	return step, ok
}

// typed returns a code as apps show it, in two groups, and keyboards write it, in the digits of
// their script, in plain digits. Anything else stays in it.
func typed(code string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case separates(r):
			return -1
		case unicode.IsDigit(r):
			return '0' + digit(r)
		}
		return r
	}, code)
}

// separates reports whether r may stand between groups of a code.
func separates(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) }

// digit returns the value of a decimal digit. Those of each script are ten in a row, from zero
// (the Unicode Standard §4.6).
func digit(r rune) rune {
	for _, list := range unicode.Nd.R16 {
		if rune(list.Lo) <= r && r <= rune(list.Hi) {
			return (r - rune(list.Lo)) % 10
		}
	}
	for _, list := range unicode.Nd.R32 {
		if rune(list.Lo) <= r && r <= rune(list.Hi) {
			return (r - rune(list.Lo)) % 10
		}
	}
	return -1
}

const (
	recoveryCodes = 10
	recoverySize  = 15 // bytes, 120 bits: 24 characters
	recoveryGroup = 6
)

// NewRecoveryCodes returns ten codes of 120 random bits.
func NewRecoveryCodes() []string {
	list := make([]string, recoveryCodes)
	for i := range list {
		raw := make([]byte, recoverySize)
		rand.Read(raw)
		text := strings.ToLower(encoding.EncodeToString(raw))
		var groups []string
		for ; text != ""; text = text[recoveryGroup:] {
			groups = append(groups, text[:recoveryGroup])
		}
		list[i] = strings.Join(groups, "-")
	}
	return list
}

// Normalize is the form in which recovery codes are compared: people write dashes, spaces and
// capital letters as they like.
func Normalize(code string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if separates(r) {
			return -1
		}
		return r
	}, code))
}
