package spec

import "strings"

// Closest is the name that differs from a misspelt one in case or in one edit, "" without.
func Closest(name string, names []string) string {
	for _, known := range names {
		if strings.EqualFold(known, name) {
			return known
		}
	}
	for _, known := range names {
		if oneEdit(strings.ToLower(name), strings.ToLower(known)) {
			return known
		}
	}
	return ""
}

// oneEdit reports whether a letter was added, left out, replaced or swapped with the next.
func oneEdit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch {
	case len(b)-len(a) > 1:
		return false
	case len(a) < len(b):
		return a[i:] == b[i+1:]
	case i == len(a) || a[i+1:] == b[i+1:]:
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
