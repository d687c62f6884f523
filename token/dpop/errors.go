package dpop

import (
	"errors"

	"github.com/sallyport-dev/sallyport/token"
)

// Reason says why a proof was refused: a closed list, fit for a log or a label. Those of
// [token.Reason] that are about the form, the header and the signature are among them.
type Reason string

// The reasons that package token does not have.
const (
	Missing     Reason = "no_proof"
	Several     Reason = "several_proofs"
	WrongKey    Reason = "wrong_key"
	WrongMethod Reason = "wrong_method"
	WrongURL    Reason = "wrong_url"
	WrongToken  Reason = "wrong_token"
	TooOld      Reason = "too_old"
	Ahead       Reason = "ahead_of_the_clock"
	ClockBack   Reason = "clock_set_back"
	BadNonce    Reason = "nonce"
	Replayed    Reason = "replayed"
	Unavailable Reason = "unavailable"
)

// Error is a refusal.
type Error struct {
	Reason Reason
	// Err is the cause where the proof could not be judged ([Unavailable]): answer 503.
	Err error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return "dpop: " + string(e.Reason) + ": " + e.Err.Error()
	}
	return "dpop: " + string(e.Reason)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// The refusals.
var (
	// ErrMissing and ErrSeveral are Field's.
	ErrMissing = &Error{Reason: Missing}
	ErrSeveral = &Error{Reason: Several}

	ErrBadClaims   = &Error{Reason: Reason(token.BadClaims)}
	ErrWrongKey    = &Error{Reason: WrongKey}
	ErrWrongMethod = &Error{Reason: WrongMethod}
	ErrWrongURL    = &Error{Reason: WrongURL}
	ErrWrongToken  = &Error{Reason: WrongToken}
	ErrTooOld      = &Error{Reason: TooOld}
	ErrAhead       = &Error{Reason: Ahead}
	ErrReplayed    = &Error{Reason: Replayed}

	// ErrClock is for a proof that may have been used before this clock was set back.
	ErrClock = &Error{Reason: ClockBack}
	// ErrNonce is for a proof that needs a new nonce: answer use_dpop_nonce, with one.
	ErrNonce = &Error{Reason: BadNonce}
)

// formErrors are the refusals of package token, as they are here.
var formErrors = map[token.Reason]*Error{
	token.TooLarge:       {Reason: Reason(token.TooLarge)},
	token.Malformed:      {Reason: Reason(token.Malformed)},
	token.BadHeader:      {Reason: Reason(token.BadHeader)},
	token.WrongType:      {Reason: Reason(token.WrongType)},
	token.WrongAlgorithm: {Reason: Reason(token.WrongAlgorithm)},
	token.BadSignature:   {Reason: Reason(token.BadSignature)},
}

func refusal(err error) *Error {
	if e, ok := errors.AsType[*token.Error](err); ok && formErrors[e.Reason] != nil {
		return formErrors[e.Reason]
	}
	return formErrors[token.Malformed]
}
