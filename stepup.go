package sallyport

import (
	"net/http"
	"time"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/visit"
)

// stepUp is what a route asks of how and when the caller has logged in. The answers are
// those of RFC 9470 §3.
type stepUp struct {
	second bool
	age    time.Duration // 0 for any

	needSecond, needAge *problem.Problem
}

func newStepUp(in Route, realm string) stepUp {
	challenge := func(detail string, age time.Duration) *problem.Problem {
		return problem.New(http.StatusUnauthorized, "insufficient_user_authentication", detail).
			Challenge(problem.Bearer{Realm: realm, Error: "insufficient_user_authentication", MaxAge: age})
	}
	return stepUp{
		second: in.SecondFactor, age: in.MaxAuthAge,
		needSecond: challenge("This needs a login with a second factor.", 0),
		needAge:    challenge("This needs a login not long ago: prove again who you are.", in.MaxAuthAge),
	}
}

func (s *stepUp) check(p visit.Principal, now time.Time) *problem.Problem {
	if s.second && !p.SecondFactor {
		return s.needSecond
	}
	if s.age > 0 && (!visit.Recent(p.AuthTime, now, s.age)) {
		return s.needAge
	}
	return nil
}
