package route

import (
	"slices"
	"strings"
)

// maxReadings bounds how many paths one is read as. What clients send has a handful.
const maxReadings = 48

// Readings returns the other paths that programs may read a clean path with forms as, each
// clean: some decode before they cut at slashes, some decode again, cut off what follows a
// semicolon in its segment or in the whole path, merge slashes, take what follows two of them
// for a host, and do several of these in some order. The fault is what one of them would find,
// such as a dot segment in "/a/..%3Bx" or "/%252e%252e"; it then has no offset.
func Readings(clean string) (all []string, f Fault) {
	all = []string{clean}
	for i := 0; i < len(all); i++ {
		for _, read := range []func(string) string{decodeOnce, cutParameters, cutRest, mergeSlashes, dropHost} {
			next := read(all[i])
			if next == all[i] {
				continue
			}
			s := scanner{raw: next, allowed: AnyForm, stray: true}
			if next, f = s.scan(); f.Rule != None {
				return nil, f
			}
			if slices.Contains(all, next) {
				continue
			}
			if len(all) == maxReadings {
				return nil, Fault{Rule: TooManyReadings}
			}
			all = append(all, next)
		}
	}
	return all[1:], Fault{}
}

// decodeOnce undoes those escapes that make a difference to where a path is cut. The table
// knows programs that undo the others.
func decodeOnce(path string) string {
	if strings.IndexByte(path, '%') < 0 {
		return path
	}
	return structural.Replace(path)
}

var structural = strings.NewReplacer("%2F", "/", "%2f", "/", "%3B", ";", "%3b", ";", "%25", "%")

// cutParameters cuts each segment at its first semicolon, as servlet containers do.
func cutParameters(path string) string {
	if strings.IndexByte(path, ';') < 0 {
		return path
	}
	var b strings.Builder
	for path != "" {
		at := strings.IndexByte(path, ';')
		if at < 0 {
			break
		}
		b.WriteString(path[:at])
		if end := strings.IndexByte(path[at:], '/'); end >= 0 {
			path = path[at+end:]
		} else {
			path = ""
		}
	}
	b.WriteString(path)
	return b.String()
}

// cutRest cuts the path at its first semicolon, as filters for servlets have done.
func cutRest(path string) string {
	before, _, _ := strings.Cut(path, ";")
	return before
}

func mergeSlashes(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
}

// dropHost is for programs that parse the target as a reference, in which a host follows two
// slashes (RFC 3986 §4.2).
func dropHost(path string) string {
	if !strings.HasPrefix(path, "//") {
		return path
	}
	_, rest, _ := strings.Cut(strings.TrimLeft(path, "/"), "/")
	return "/" + rest
}
