// Package cpu measures benchmarks by the time of the processor: on a machine that does
// other work it says more than the time that passes.
package cpu

import (
	"syscall"
	"testing"
)

// Measure runs f as a benchmark, and reports cpu-ns/op as well.
func Measure(b *testing.B, f func()) {
	b.ReportAllocs()
	before := spent(b)
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64(spent(b)-before)/float64(b.N), "cpu-ns/op")
}

func spent(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
