package password

import (
	"crypto/rand"
	"time"

	"golang.org/x/crypto/argon2"
)

// Calibrate suggests argon2id parameters that take about target on this machine while
// nothing else runs. It first doubles the memory, which hurts an attacker's hardware
// most, then adds passes, and never goes below the default. It takes a few times
// target.
//
// More memory for each hash means fewer at once: see [Config.Concurrency].
func Calibrate(target time.Duration) Config {
	c := Config{Memory: defaultMemory, Time: defaultTime, Threads: 1}
	took := c.measure()
	for took*2 <= target && c.Memory*2 <= maxMemory {
		c.Memory *= 2
		took = c.measure()
	}
	if onePass := took / time.Duration(c.Time); onePass > 0 {
		most := min(maxTime, maxWork/c.Memory)
		c.Time = uint32(max(defaultTime, min(int64(target/onePass), int64(most))))
	}
	return c
}

func (c Config) measure() time.Duration {
	var salt [saltSize]byte
	rand.Read(salt[:])
	start := time.Now()
	argon2.IDKey(salt[:], salt[:], c.Time, c.Memory, c.Threads, keySize)
	return time.Since(start)
}
