package main

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// size is a flag for a number of bytes.
type size int64

// Set reads a number with a unit or without.
func (s *size) Set(text string) error {
	n, err := parseSize(text)
	if err == nil {
		*s = size(n)
	}
	return err
}

// String returns the number of bytes, and nothing for 0, which the help then leaves out.
func (s *size) String() string {
	if *s == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*s), 10)
}

// Type is what the help shows where the usage text names nothing.
func (s *size) Type() string { return "SIZE" }

// parseSize reads a number of bytes. kB, MB and GB are powers of 1000; KiB, MiB and GiB are powers of 1024, and
// so are k, m and g alone, as in the settings of nginx. Units may be in either case.
func parseSize(text string) (int64, error) {
	i := strings.IndexFunc(text, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if i < 0 {
		i = len(text)
	}
	number, err := strconv.ParseFloat(text[:i], 64)
	unit, known := map[string]float64{
		"": 1, "b": 1,
		"k": 1 << 10, "kib": 1 << 10, "kb": 1e3,
		"m": 1 << 20, "mib": 1 << 20, "mb": 1e6,
		"g": 1 << 30, "gib": 1 << 30, "gb": 1e9,
	}[strings.ToLower(strings.TrimSpace(text[i:]))]

	bytes := number * unit
	if err != nil || !known || bytes != math.Trunc(bytes) || bytes < 1 || bytes > 1<<53 {
		return 0, errors.New("must be a size in bytes of 1 or more; write it as in 20MB, 1MiB, 512k or 1048576")
	}
	return int64(bytes), nil
}
