package validate

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// largest is the largest number of each size.
var largest = map[int]float64{32: math.MaxFloat32, 64: math.MaxFloat64}

func numberSchema(s *shape) Schema {
	out := Schema{"type": "integer"}
	switch s.kind {
	case kindInt:
		out["minimum"], out["maximum"] = int64(-1)<<(s.bits-1), int64(1)<<(s.bits-1)-1
		numbers(out, s.said, func(text string) (int64, error) { return strconv.ParseInt(text, 10, 64) })
	case kindUint:
		out["minimum"], out["maximum"] = uint64(0), uint64(1)<<s.bits-1
		numbers(out, s.said, func(text string) (uint64, error) { return strconv.ParseUint(text, 10, 64) })
	default:
		out = Schema{"type": "number", "minimum": -largest[s.bits], "maximum": largest[s.bits]}
		numbers(out, s.said, func(text string) (float64, error) { return strconv.ParseFloat(text, 64) })
	}
	return out
}

// numbers writes the tag's own bounds over those of the type. The compiler has read the
// same texts.
func numbers[V cmp.Ordered](out Schema, said map[string]string, parse func(string) (V, error)) {
	for rule, keyword := range map[string]string{"min": "minimum", "max": "maximum"} {
		if v, err := parse(said[rule]); err == nil {
			out[keyword] = v
		}
	}
	if said["enum"] == "" {
		return
	}
	var set []V
	for text := range strings.SplitSeq(said["enum"], "|") {
		if v, err := parse(text); err == nil && !slices.Contains(set, v) {
			set = append(set, v)
		}
	}
	out["enum"] = set
}
