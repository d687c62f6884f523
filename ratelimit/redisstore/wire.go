package redisstore

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// wording is what the script has to know of a limit, made once for each limit.
type wording struct {
	bucket      bool
	quota, span int64
	suffix      string // of the key: another limit is another bucket
}

// ticks is into how many parts the script cuts a microsecond of a bucket. The time
// between two permits is rounded up to that: at a million in a second it is exact, and
// nowhere longer by more than a sixteenth of a microsecond.
const ticks = 16

func word(l ratelimit.Limit) wording {
	w := wording{quota: int64(l.Quota()), span: ceilMicros(l.Per()), suffix: strings.ReplaceAll(l.String(), " ", "-")}
	if !l.Strict() {
		const tick = 2 * 1000 / ticks // half nanoseconds
		interval := l.Per() / time.Duration(l.Quota())
		w.bucket, w.span = true, (interval.Nanoseconds()*2+tick-1)/tick
	}
	return w
}

func micros(d time.Duration) string { return strconv.FormatInt(ceilMicros(d), 10) }

func ceilMicros(d time.Duration) int64 { return int64((d + time.Microsecond - 1) / time.Microsecond) }

// name is the key of a bucket in Redis. What stands in braces tells the hash slot: the
// owner's half of the key, so that all buckets of one owner are on one server.
func name(prefix string, key ratelimit.Key, w wording) string {
	const half = len(key) / 2
	buf := make([]byte, 0, len(prefix)+len("{}:")+2*11+len(w.suffix))
	buf = append(buf, prefix...)
	buf = append(buf, '{')
	buf = base64.RawURLEncoding.AppendEncode(buf, key[:half])
	buf = append(buf, '}')
	buf = base64.RawURLEncoding.AppendEncode(buf, key[half:])
	buf = append(buf, ':')
	return string(append(buf, w.suffix...))
}

// question is what is asked of one bucket.
type question struct {
	cost, want int
	part       int
	ahead      time.Duration
	back       int
	lent       int64
	birth      int64
	own, owed  int
}

// argument is the question as the script reads it.
func (q question) argument(w wording) string {
	kind := int64(0)
	if w.bucket {
		kind = 1
	}
	const most = 9 // bytes of a number
	buf := make([]byte, 0, 12*most)
	for _, n := range [...]int64{
		kind, w.quota, w.span, int64(q.cost), int64(q.want), int64(max(q.part, 1)), ceilMicros(q.ahead),
		int64(q.back), q.lent, q.birth, int64(q.own), int64(q.owed),
	} {
		buf = appendNumber(buf, n)
	}
	return string(buf)
}

// appendNumber appends an integer in MessagePack: as one byte if it is small, or else as
// the kind and eight bytes.
func appendNumber(buf []byte, n int64) []byte {
	if n >= 0 && n < 1<<7 {
		return append(buf, byte(n))
	}
	return binary.BigEndian.AppendUint64(append(buf, 0xd3), uint64(n))
}

// reply is the script's answer for one bucket.
type reply struct {
	granted   int // -1 when refused
	remaining int
	reset     time.Duration
	retry     time.Duration
	noted     int64
	birth     int64
}

const perReply = 6

// replies reads the script's answer to n questions.
func replies(raw []int64, n int) ([]reply, error) {
	if len(raw) == 0 || len(raw)%perReply != 0 || len(raw) > n*perReply {
		return nil, fmt.Errorf("redisstore: the script answered with %d integers to %d questions", len(raw), n)
	}
	list := make([]reply, 0, n)
	for ; len(raw) > 0; raw = raw[perReply:] {
		if raw[0] < -1 || raw[1] < 0 || raw[2] < 0 || raw[3] < 0 || max(raw[0], raw[1]) > math.MaxInt32 || max(raw[2], raw[3]) > maxMicros {
			return nil, errors.New("redisstore: the script's answer is out of bounds")
		}
		list = append(list, reply{int(raw[0]), int(raw[1]), time.Duration(raw[2]) * time.Microsecond, time.Duration(raw[3]) * time.Microsecond, raw[4], raw[5]})
	}
	return list, nil
}

// maxMicros bounds a wait: twice the longest window.
const maxMicros = int64(2 * 366 * 24 * time.Hour / time.Microsecond)

func (r reply) decision(l ratelimit.Limit, cost int) ratelimit.Decision {
	d := ratelimit.Decision{Allowed: r.granted >= 0, Limit: l.Quota(), Remaining: r.remaining, Reset: r.reset}
	if !d.Allowed {
		d.RetryAfter = max(r.retry, r.reset, time.Microsecond)
	}
	return d
}

var errNodes = errors.New("redisstore: the count of nodes is out of bounds")

// probeKey is a key in the hash slot of another.
func probeKey(key string) string {
	open, end := strings.IndexByte(key, '{'), strings.IndexByte(key, '}')
	if open < 0 || end < open {
		return key + "probe"
	}
	return key[:end+1] + "probe"
}
