package wire

import (
	"strconv"
	"strings"
)

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// Escape writes a name as a reference token of a pointer (RFC 6901 §3).
func Escape(name string) string { return pointerEscapes.Replace(name) }

// Unshown stands before the detail where the pointer stops early.
const Unshown = "in a member whose name is not shown: "

// IsShown bounds what a client can make us say: a name of 1 to 64 printable ASCII
// characters, none of which means something in HTML or needs escaping in JSON.
func IsShown(name string) bool {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c > '~' || strings.IndexByte("\"'<>&\\`", c) >= 0 {
			return false
		}
	}
	return name != "" && len(name) <= 64
}

// Count writes a number of things.
func Count(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return strconv.Itoa(n) + " " + unit + "s"
}
