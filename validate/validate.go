package validate

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

const (
	// DefaultLimit is the size a body may have, in bytes.
	DefaultLimit = 1 << 20
	// DefaultDepth is how deep objects and arrays may be nested.
	DefaultDepth = 64
	// MaxErrors is how many failures one answer lists.
	MaxErrors = 32
	// MaxItems is how many items a slice or a map may have without a max of its own.
	MaxItems = 1000

	// A body is held in memory whole, so a limit beyond this is a mistake.
	maxLimit = 64 << 20
	maxDepth = 1000

	mediaType = "application/json"
)

// Config says how much a body may be. The zero value is the strictest reading.
type Config struct {
	// Limit is the size of a body in bytes; 0 means [DefaultLimit], the most is 64 MiB.
	Limit int64
	// Depth is how deep objects and arrays may be nested; 0 means [DefaultDepth], the
	// most is 1000.
	Depth int
	// MediaTypes are accepted beside application/json. Each is application/…+json, such
	// as application/merge-patch+json.
	MediaTypes []string
	// Gzip takes bodies with Content-Encoding: gzip too, and expands them here. Limit bounds
	// them before and after. Without it they are a 415, as every other coding is.
	Gzip bool
	// InsecureIgnoreUnknown drops unknown members in silence. A client's misspelled
	// member is then lost, and a member that a later version gives a meaning is
	// already being sent by somebody.
	InsecureIgnoreUnknown bool
}

// ConfigError is one mistake in a [Config] or in a struct tag.
type ConfigError struct {
	// Field is the field of Config, or the place in the Go type, such as User.Name.
	Field string
	// Value is what is there.
	Value string
	// Reason is the rule, and the remedy where there is one.
	Reason string
}

// Error names the place, the value and the rule.
func (e *ConfigError) Error() string {
	return fmt.Sprintf("validate: %s %q: %s", e.Field, e.Value, e.Reason)
}

// Decoder reads bodies into values of T. It is safe for concurrent use.
type Decoder[T any] struct{ reader }

// New compiles T's rules. The error joins every mistake in cfg and in T's tags, each
// a *[ConfigError].
func New[T any](cfg Config) (*Decoder[T], error) {
	root, shapeErr := compiled(reflect.TypeFor[T]())
	rd, cfgErr := newReader(cfg, root)
	if err := errors.Join(cfgErr, shapeErr); err != nil {
		return nil, err
	}
	return &Decoder[T]{rd}, nil
}

// Must is [New] for variables: it panics where New returns an error, so that a bad tag
// stops the program at its start.
func Must[T any](cfg Config) *Decoder[T] {
	d, err := New[T](cfg)
	if err != nil {
		panic(err)
	}
	return d
}

// Body reads r's body whole and decodes it. The error is a *problem.Problem; with it
// comes the zero value, never a half-filled one. What is left of the body after a
// refusal stays unread.
func (d *Decoder[T]) Body(r *http.Request) (T, error) {
	data, p := d.read(r)
	if p != nil {
		var zero T
		return zero, p
	}
	return d.Decode(data)
}

// Decode decodes data, which is not kept. The error is a *problem.Problem.
func (d *Decoder[T]) Decode(data []byte) (T, error) {
	if p := d.limits.Prescan(data); p != nil {
		var zero T
		return zero, p
	}
	v := new(T)
	if p := d.fill(data, reflect.ValueOf(v).Elem()); p != nil {
		var zero T
		return zero, p
	}
	return *v, nil
}

// Value checks a value that came from elsewhere, such as a query or a form, against
// the rules. Presence cannot be seen in a Go value: an optional member that is zero
// counts as absent, and required is not checked. Text that is not UTF-8 fails.
func (d *Decoder[T]) Value(v T) []problem.Field {
	w := walks.Get().(*walk)
	w.inspect(d.root, reflect.ValueOf(&v).Elem())
	fields := w.fields
	w.release()
	return fields
}

// Body is [Decoder.Body] with the zero [Config]. It panics when T's tags are wrong;
// [New] and [Must] find that out earlier.
func Body[T any](r *http.Request) (T, error) {
	d := standard[T]()
	return d.Body(r)
}

// Decode is [Decoder.Decode] with the zero [Config]. It panics when T's tags are wrong.
func Decode[T any](data []byte) (T, error) {
	d := standard[T]()
	return d.Decode(data)
}

// Value is [Decoder.Value] with the zero [Config]. It panics when T's tags are wrong.
func Value[T any](v T) []problem.Field {
	d := standard[T]()
	return d.Value(v)
}

func standard[T any]() Decoder[T] {
	root, err := compiled(reflect.TypeFor[T]())
	if err != nil {
		panic(err)
	}
	return Decoder[T]{standardReader(root)}
}

func standardReader(root *shape) reader {
	return reader{root: root, limits: &standardLimits, unsupported: onlyJSON}
}

// shapes remembers what [compiled] made of each type. A program has few types, and no
// client can add one.
var shapes sync.Map // reflect.Type → *shape

func compiled(t reflect.Type) (*shape, error) {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape), nil
	}
	s, err := compile(t)
	if err == nil {
		shapes.Store(t, s)
	}
	return s, err
}

// reader is a Decoder without its type, so that it is compiled into a program once.
type reader struct {
	root          *shape
	limits        *wire.Limits
	types         []string // beside application/json
	unsupported   *problem.Problem
	ignoreUnknown bool
}

var (
	standardLimits = wire.NewLimits(DefaultLimit, DefaultDepth, false)
	onlyJSON       = problem.UnsupportedMediaType(mediaType)
)

func newReader(cfg Config, root *shape) (reader, error) {
	rd := reader{root: root, types: slices.Clone(cfg.MediaTypes), ignoreUnknown: cfg.InsecureIgnoreUnknown}
	size, depth := cmp.Or(cfg.Limit, DefaultLimit), cmp.Or(cfg.Depth, DefaultDepth)
	var errs []error
	if size < 1 || size > maxLimit {
		errs = append(errs, &ConfigError{"Limit", strconv.FormatInt(cfg.Limit, 10), "must be 1 to 67108864 bytes; stream what is larger"})
	}
	if depth < 1 || depth > maxDepth {
		errs = append(errs, &ConfigError{"Depth", strconv.Itoa(cfg.Depth), "must be 1 to 1000 levels"})
	}
	for _, t := range rd.types {
		sub, ok := strings.CutPrefix(t, "application/")
		if sub, ok2 := strings.CutSuffix(sub, "+json"); !ok || !ok2 || !isMediaToken(sub) {
			errs = append(errs, &ConfigError{"MediaTypes", t, "must be application/…+json in lower case, without parameters"})
		}
	}
	limits := wire.NewLimits(size, depth, cfg.Gzip)
	rd.limits = &limits
	rd.unsupported = problem.UnsupportedMediaType(strings.Join(append([]string{mediaType}, rd.types...), ", "))
	return rd, errors.Join(errs...)
}

// isMediaToken is stricter than a token of RFC 9110 §5.6.2: the restricted-name
// characters of RFC 6838 §4.2, in lower case.
func isMediaToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; !wire.IsLower(c) && !wire.IsDigit(c) && !strings.ContainsRune(".-_+", rune(c)) {
			return false
		}
	}
	return s != ""
}
