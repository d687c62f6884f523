package validate

import (
	"net/http"
	"strconv"

	"github.com/sallyport-dev/sallyport/problem"
)

// answer is a 422 without its fields. Its texts are made once, as refusing has to be
// cheap.
type answer struct{ code, all, first string }

var (
	badBody    = newAnswer("invalid_body", "The body is JSON, but not what is asked for here.")
	badParams  = newAnswer("invalid_parameters", "A parameter is not what is asked for here.")
	badRequest = newAnswer("invalid_request", "Parameters and body are not what is asked for here.")
)

func newAnswer(code, what string) answer {
	return answer{code, what + " errors says where.", what + " errors lists the first " + strconv.Itoa(MaxErrors) + " failures."}
}

// problem is the answer to all failures at once, or nil.
func (w *walk) problem(a *answer) *problem.Problem {
	if len(w.fields) == 0 {
		return nil
	}
	detail := a.all
	if w.more {
		detail = a.first
	}
	p := problem.New(http.StatusUnprocessableEntity, a.code, detail)
	p.Errors = w.fields
	return p
}
