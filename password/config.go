package password

import (
	"crypto/rand"
	"errors"
	"math"
	"runtime"
	"runtime/debug"
	"strconv"

	"github.com/sallyport-dev/sallyport/secret"
)

// Algorithm is how new passwords are hashed.
type Algorithm uint8

const (
	// Argon2id is RFC 9106's hybrid, the default.
	Argon2id Algorithm = iota
	// Bcrypt is for where argon2id may not be used. New hashes are of an HMAC-SHA-256
	// of the password, so that all of it counts.
	Bcrypt
)

// Config says how passwords are hashed. The zero value is argon2id at 19 MiB, two
// passes, one thread.
type Config struct {
	// Algorithm is for new hashes; both are verified.
	Algorithm Algorithm
	// Memory is argon2id's memory in KiB, 19456 when zero, 262144 at most.
	Memory uint32
	// Time is the number of argon2id's passes, 2 when zero, 16 at most.
	Time uint32
	// Threads is argon2id's parallelism, 1 when zero, 16 at most. A server that
	// verifies many passwords at once gains nothing by more.
	Threads uint8
	// BcryptCost is the base-two logarithm of bcrypt's rounds, 12 when zero, 16 at
	// most.
	BcryptCost int

	// Peppers are keys of 32 bytes or more that are kept apart from the hashes: without
	// them, whoever has the hashes can try no password at all. The first is for new hashes
	// of argon2id; hashes made with any of them, or with none, are verified, and made anew
	// at the next login. Who loses a pepper loses the passwords: users set others by mail.
	Peppers []secret.Bytes

	// ImportWork is how many times the work of a current hash (or of one at the default
	// parameters, if that is more) an imported one may take: see [Hasher.Affords]. It is 32
	// when zero, which bcrypt of cost 14 fits into, and 128 at most, for cost 16. Hashes of
	// over eight times the work are verified one at a time.
	ImportWork int

	// Concurrency is how many passwords are hashed at once. When zero it is
	// GOMAXPROCS, or as many as fit into 512 MiB (a quarter of GOMEMLIMIT where one is
	// set) if that is fewer.
	//
	// The memory in use is at most Concurrency × Memory, and 256 MiB more while an
	// imported hash with more memory than Memory is verified: of those, one runs at a
	// time. The garbage collector may hold as much again until it has run.
	Concurrency int
	// Queue is how many more may wait for their turn, 64 when zero, none when
	// negative. Whoever comes after them gets [ErrBusy] at once.
	Queue int

	// InsecureWeakParameters allows parameters below the OWASP floors: for argon2id
	// 46 MiB in 1 pass, 19 MiB in 2, 12 MiB in 3, 9 MiB in 4 or 7 MiB in 5, and for
	// bcrypt cost 10. It is for tests.
	InsecureWeakParameters bool
}

// ConfigError is one wrong field of a configuration.
type ConfigError struct {
	Field, Value string
	// Reason is the rule, and what to do.
	Reason string
}

func (e *ConfigError) Error() string {
	return "password: " + e.Field + " " + strconv.Quote(e.Value) + ": " + e.Reason
}

const (
	defaultMemory     = 19456
	defaultTime       = 2
	defaultBcryptCost = 12
	defaultQueue      = 64
	defaultImportWork = 32
	maxImportWork     = 128

	maxSlots = 1 << 12
	maxQueue = 1 << 16

	memoryBudget = 512 << 20
)

// floors are OWASP's argon2id parameters, of equal strength: at least this memory
// with at least this time (Password Storage Cheat Sheet, 2026-08).
var floors = [...]struct{ memory, time uint32 }{
	{47104, 1}, {19456, 2}, {12288, 3}, {9216, 4}, {7168, 5},
}

func (c Config) withDefaults() Config {
	if c.Memory == 0 {
		c.Memory = defaultMemory
	}
	if c.Time == 0 {
		c.Time = defaultTime
	}
	if c.Threads == 0 {
		c.Threads = 1
	}
	if c.BcryptCost == 0 {
		c.BcryptCost = defaultBcryptCost
	}
	if c.Queue == 0 {
		c.Queue = defaultQueue
	}
	if c.ImportWork == 0 {
		c.ImportWork = defaultImportWork
	}
	if c.Concurrency == 0 {
		c.Concurrency = defaultSlots(c.Memory)
	}
	return c
}

func defaultSlots(memory uint32) int {
	budget := int64(memoryBudget)
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		budget = limit / 4
	}
	return max(1, min(runtime.GOMAXPROCS(0), int(budget/(int64(memory)<<10))))
}

func (c Config) check() error {
	var errs []error
	wrong := func(bad bool, field string, value int, reason string) {
		if bad {
			errs = append(errs, &ConfigError{field, itoa(value), reason})
		}
	}
	wrong(c.Algorithm > Bcrypt, "Algorithm", int(c.Algorithm), "must be Argon2id or Bcrypt")
	wrong(c.Threads > maxThreads, "Threads", int(c.Threads), "must be 1 to 16")
	wrong(c.Memory > maxMemory || c.Memory < 8*uint32(c.Threads), "Memory", int(c.Memory), "must be 8 KiB for each thread to 262144 KiB; leave it zero for 19456")
	wrong(c.Time > maxTime, "Time", int(c.Time), "must be 1 to 16 passes; leave it zero for 2")
	wrong(int64(c.Memory)*int64(c.Time) > maxWork, "Memory", int(c.Memory), "times Time must be at most 1048576 KiB, a second or more; lower one of them")
	wrong(c.BcryptCost < minCost || c.BcryptCost > maxCost, "BcryptCost", c.BcryptCost, "must be 4 to 16; leave it zero for 12")
	wrong(c.Concurrency < 1 || c.Concurrency > maxSlots, "Concurrency", c.Concurrency, "must be 1 to 4096; leave it zero for the number of cores")
	wrong(c.ImportWork < 1 || c.ImportWork > maxImportWork, "ImportWork", c.ImportWork, "must be 1 to 128 times the work of a current hash; leave it zero for 32")
	wrong(c.Queue > maxQueue, "Queue", c.Queue, "must be at most 65536; leave it zero for 64")
	for _, pepper := range c.Peppers {
		wrong(pepper.Len() < minPepper, "Peppers", pepper.Len(), "bytes are too few for a key; make 32 random ones")
	}
	wrong(len(c.Peppers) > 0 && c.Algorithm == Bcrypt, "Peppers", len(c.Peppers), "are for Argon2id alone")
	if !c.InsecureWeakParameters {
		wrong(c.Algorithm == Argon2id && !c.strong(), "Memory", int(c.Memory), "is below the OWASP floor for "+itoa(int(c.Time))+" passes; leave Memory and Time zero, or set InsecureWeakParameters in a test")
		wrong(c.Algorithm == Bcrypt && c.BcryptCost < 10, "BcryptCost", c.BcryptCost, "is below the OWASP floor of 10; leave it zero, or set InsecureWeakParameters in a test")
	}
	return errors.Join(errs...)
}

func (c Config) strong() bool {
	for _, f := range floors {
		if c.Memory >= f.memory && c.Time >= f.time {
			return true
		}
	}
	return false
}

// decoy is a hash of nobody's password with the parameters of c: unknown users are
// verified against it.
func (c Config) decoy() record {
	r := record{form: formArgon2id, memory: c.Memory, time: c.Time, threads: c.Threads}
	if len(c.Peppers) > 0 {
		r.pepper = pepperID(c.Peppers[0])
	}
	rand.Read(r.salt.room(saltSize))
	rand.Read(r.key.room(keySize))
	if c.Algorithm == Bcrypt {
		var salt, key [23]byte
		rand.Read(salt[:16])
		rand.Read(key[:])
		r = record{form: formBcryptHMAC, cost: c.BcryptCost, salt: r.salt}
		copy(r.crypt[:], "$2a$"+twoDigits(c.BcryptCost)+"$"+bcryptBase64.EncodeToString(salt[:16])+bcryptBase64.EncodeToString(key[:]))
	}
	return r
}

func itoa(n int) string { return strconv.Itoa(n) }
