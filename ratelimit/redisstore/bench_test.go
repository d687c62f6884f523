package redisstore_test

import (
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
)

func BenchmarkTake(b *testing.B) {
	for _, c := range []struct {
		name, limit string
		lease       time.Duration
	}{
		{"exact window", "1000000000 per 15m", 0},
		{"exact bucket", "1000000/s burst 1000000", 0},
		{"leased window", "1000000000 per 15m", time.Second},
		{"leased bucket", "1000000/s burst 100000000", time.Second},
		{"denied", "1 per 15m", 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := open(b, redisstore.Config{Client: dial(b, address(b)), Lease: c.lease})
			l, err := ratelimit.Parse(c.limit)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for i := byte(0); pb.Next(); i++ {
					if _, err := s.Take(b.Context(), ratelimit.Key{1, 9: i}, l, 1); err != nil {
						b.Error(err)
					}
				}
			})
			st := s.Stats()
			b.ReportMetric(float64(st.Asked)/float64(st.Asked+st.Leased+st.Denied+st.Alone), "asked/op")
			if st.Failed > 0 {
				b.Error(st)
			}
		})
	}
}
