package token

// Reason says why a token was refused: a closed list, fit for a log or a label.
type Reason string

// The reasons.
const (
	TooLarge          Reason = "too_large"
	Malformed         Reason = "malformed"
	BadHeader         Reason = "bad_header"
	WrongType         Reason = "wrong_type"
	BadClaims         Reason = "bad_claims"
	UnknownIssuer     Reason = "unknown_issuer"
	UnknownKey        Reason = "unknown_key"
	WrongAlgorithm    Reason = "wrong_algorithm"
	BadSignature      Reason = "bad_signature"
	Expired           Reason = "expired"
	NotYetValid       Reason = "not_yet_valid"
	WrongAudience     Reason = "wrong_audience"
	MissingClaim      Reason = "missing_claim"
	SenderConstrained Reason = "sender_constrained"
	NotBound          Reason = "not_bound"
	BadAuthorization  Reason = "bad_authorization_header"
	NoCredentials     Reason = "no_credentials"
	NoKeys            Reason = "no_keys"
)

// Error is a refusal. There is one value for each reason, so that refusing allocates
// nothing and errors.Is finds it.
type Error struct{ Reason Reason }

func (e *Error) Error() string { return "token: " + string(e.Reason) }

// Explain says for people what is wrong and what to do.
func (e *Error) Explain() string { return explanations[e.Reason] }

// The refusals.
var (
	ErrTooLarge       = &Error{TooLarge}
	ErrMalformed      = &Error{Malformed}
	ErrBadHeader      = &Error{BadHeader}
	ErrWrongType      = &Error{WrongType}
	ErrBadClaims      = &Error{BadClaims}
	ErrUnknownIssuer  = &Error{UnknownIssuer}
	ErrUnknownKey     = &Error{UnknownKey}
	ErrWrongAlgorithm = &Error{WrongAlgorithm}
	ErrBadSignature   = &Error{BadSignature}
	ErrExpired        = &Error{Expired}
	ErrNotYetValid    = &Error{NotYetValid}
	ErrWrongAudience  = &Error{WrongAudience}
	ErrMissingClaim   = &Error{MissingClaim}

	// ErrSenderConstrained is for a token with a cnf claim (RFC 7800) where a bearer token is
	// needed, or whose cnf has members that are not known: see [Confirmation].
	ErrSenderConstrained = &Error{SenderConstrained}

	// ErrNotBound is for a token without the binding that [Issuer.RequireBound] asks for.
	ErrNotBound = &Error{NotBound}

	// ErrNoKeys is not about the token: the issuer's keys cannot be had, so that nobody
	// can say whether it is good. Answer 503.
	ErrNoKeys = &Error{NoKeys}

	// ErrNoCredentials and ErrBadAuthorization are Bearer's.
	ErrNoCredentials    = &Error{NoCredentials}
	ErrBadAuthorization = &Error{BadAuthorization}
)

var explanations = map[Reason]string{
	TooLarge:          "The token is longer than any token should be. Keep data out of it, or raise MaxSize.",
	Malformed:         "This is not three parts of unpadded base64url with dots between. Was it cut, quoted or wrapped?",
	BadHeader:         "The header is not strict JSON, or asks for what is never done: a key inside the token, a critical extension, encryption, compression.",
	WrongType:         "The typ header is not one this issuer's access tokens have. Is it an ID token or a refresh token?",
	BadClaims:         "The claims are not strict JSON, or one has the wrong form: a name twice, a date that is no number, a list too long.",
	UnknownIssuer:     "Nobody here accepts tokens of this iss. It is compared byte for byte: a slash at the end matters.",
	UnknownKey:        "The issuer has no key of this kid. Were its keys rotated?",
	WrongAlgorithm:    "The alg header is not the algorithm of the key. Every key has one.",
	BadSignature:      "The signature does not fit: the token was changed, or signed with another key.",
	Expired:           "The token's time (exp) is over. Refresh it or log in.",
	NotYetValid:       "The token's time (nbf or iat) lies ahead. Do the clocks agree?",
	WrongAudience:     "The token is for another API: its aud does not name this one.",
	MissingClaim:      "A claim that must be there is not: iss, sub, aud and exp always, client_id, iat and jti where the profile of RFC 9068 is asked for.",
	SenderConstrained: "The token is bound to a key of its client (cnf, as in DPoP or mutual TLS), and is no bearer token: send a DPoP proof, or the client's certificate. A cnf other than one or both of jkt and x5t#S256 is never accepted.",
	NotBound:          "The token is not bound to a key of its client (cnf), as this issuer's tokens have to be (RequireBound). Have the issuer bind it.",
	BadAuthorization:  "The Authorization header is not: Bearer, one space, one token.",
	NoCredentials:     "There is no Authorization: Bearer header.",
	NoKeys:            "The issuer's keys are not known, or not any more: its key set cannot be fetched.",
}
