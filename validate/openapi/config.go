package openapi

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"strconv"

	"github.com/sallyport-dev/sallyport/validate"
)

const (
	// DefaultText is how many bytes one text in a request may have.
	DefaultText = 64 << 10
	// DefaultValues is how many values a body may hold in all.
	DefaultValues = 10_000
	// DefaultParts is how many parts a multipart body, or pairs a form, may have.
	DefaultParts = 100
	// DefaultAnswer is how many bytes of an answer are looked at.
	DefaultAnswer = 4 << 20

	maxLimit  = 64 << 20
	maxDepth  = 1000
	maxValues = 1_000_000
	maxParts  = 10_000
)

// Config says how much a request may be, and what the document's silence means. The
// zero value is the strictest reading.
type Config struct {
	// Limit is the size of a body in bytes; 0 means [validate.DefaultLimit], the most is
	// 64 MiB. A body that is only a stream of bytes is bounded by it too, but not held.
	Limit int64
	// Depth is how deep JSON may be nested; 0 means [validate.DefaultDepth], the most is
	// 1000.
	Depth int
	// Text is the size of one text in bytes, quotes and escapes included; 0 means
	// [DefaultText]. A schema's maxLength counts beside it.
	Text int
	// Items is how many items an array, or members an object, may have; 0 means
	// [validate.MaxItems]. A schema's maxItems counts beside it.
	Items int
	// Values is how many values a body may hold in all; 0 means [DefaultValues], the
	// most is a million. What a refusal costs grows with it.
	Values int
	// Parts is how many parts a multipart body may have, and how many pairs a form or a
	// query; 0 means [DefaultParts], the most is 10000.
	Parts int
	// Gzip takes bodies with Content-Encoding: gzip too, and expands them here: the next
	// reader gets them expanded. Limit bounds them before and after. Without it they are a
	// 415, as every other coding is, and as a packed body is that is only a stream of bytes.
	Gzip bool
	// Bases are the paths below which the document's paths are served, such as "/v1",
	// in place of what its servers say. "" is the root. The hosts of the servers stay.
	Bases []string
	// MatchHost serves an operation only at the hosts that its servers name: at the port
	// that they name, or at any. One that names none is served at all hosts. Without it a
	// server's path counts and its host does not, as a gate is often reached by another name
	// than clients use.
	MatchHost bool
	// Responses says what becomes of answers that are not as described. Without it, none is
	// looked at.
	Responses Mode
	// AnswerLimit is how many bytes of JSON are held of one answer, to be looked at; 0 means
	// [DefaultAnswer], the most is 64 MiB. What is larger is not looked at, and passes in
	// [ResponsesReport] alone. Reading takes up to some ten times as much memory for a
	// moment, for each answer that is read at that moment.
	AnswerLimit int64
	// StrictPatterns refuses a document with a regular expression that cannot be matched here, such as one with a
	// backreference, at [Load]. Without it no value is held to such a pattern, and [Document.Warnings] names it.
	StrictPatterns bool
	// InsecureUnknownMembers lets members of a body pass that the document does not describe.
	// Without it, an object whose schema speaks of members at all has those alone, unless
	// additionalProperties says otherwise: a handler may know a member, such as "role", that
	// nobody meant for clients to set.
	InsecureUnknownMembers bool
	// InsecureIgnoreUnknownQuery lets query parameters pass that the document does not
	// describe. Nobody has checked them, and the handler behind may know them.
	InsecureIgnoreUnknownQuery bool
	// InsecureUncheckedBodies lets bodies pass whose media type cannot be read here, such
	// as XML, though their schema asks for more than a string. Without it they are a 415 in
	// requests, and answers that are shaped or enforced are replaced.
	InsecureUncheckedBodies bool

	large chan struct{} // places for large bodies that are being checked, see checking
}

// largeBody is from where a body needs a place to be checked. Smaller ones never wait.
const largeBody = 32 << 10

// checking takes a place for a body of a size, and returns it by done. So what is in memory
// for checking is bounded by the processors, not by the number of clients; nobody waits
// longer than checks take, as no place is held while a client sends.
func (c *Config) checking(size int) (done func()) {
	if size < largeBody {
		return func() {}
	}
	c.large <- struct{}{}
	return func() { <-c.large }
}

// ConfigError is one mistake in a [Config].
type ConfigError struct{ Field, Value, Reason string }

// Error names the field, the value and the rule.
func (e *ConfigError) Error() string {
	return fmt.Sprintf("openapi: %s %q: %s", e.Field, e.Value, e.Reason)
}

// normal fills in the defaults and says what is out of bounds.
func (c Config) normal() (Config, error) {
	c.Limit, c.Depth = cmp.Or(c.Limit, validate.DefaultLimit), cmp.Or(c.Depth, validate.DefaultDepth)
	c.Text, c.Items = cmp.Or(c.Text, DefaultText), cmp.Or(c.Items, validate.MaxItems)
	c.AnswerLimit = cmp.Or(c.AnswerLimit, DefaultAnswer)
	c.Values, c.Parts = cmp.Or(c.Values, DefaultValues), cmp.Or(c.Parts, DefaultParts)
	c.large = make(chan struct{}, 2*runtime.GOMAXPROCS(0))
	var errs []error
	bound := func(field string, n, most int64) {
		if n < 1 || n > most {
			errs = append(errs, &ConfigError{field, strconv.FormatInt(n, 10), "must be 1 to " + strconv.FormatInt(most, 10)})
		}
	}
	bound("Limit", c.Limit, maxLimit)
	bound("AnswerLimit", c.AnswerLimit, maxLimit)
	bound("Depth", int64(c.Depth), maxDepth)
	bound("Text", int64(c.Text), maxLimit)
	bound("Items", int64(c.Items), maxValues)
	bound("Values", int64(c.Values), maxValues)
	bound("Parts", int64(c.Parts), maxParts)
	switch c.Responses {
	case ResponsesOff, ResponsesReport, ResponsesShape, ResponsesEnforce:
	default:
		errs = append(errs, &ConfigError{"Responses", string(c.Responses), `must be "report", "shape" or "enforce", or left out`})
	}
	for _, b := range c.Bases {
		if !plainBase(b) {
			errs = append(errs, &ConfigError{"Bases", b, `must be "" or a path such as "/v1", without a slash at its end`})
		}
	}
	return c, errors.Join(errs...)
}
