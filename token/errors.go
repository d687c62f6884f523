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
	WrongClaim        Reason = "wrong_claim"
	MissingClaim      Reason = "missing_claim"
	SenderConstrained Reason = "sender_constrained"
	NotBound          Reason = "not_bound"
	BadAuthorization  Reason = "bad_authorization_header"
	NoCredentials     Reason = "no_credentials"
	NoKeys            Reason = "no_keys"
)

// Error is a refusal. [errors.Is] compares the Reason alone, so that each of the values below
// stands for all refusals of its Reason.
type Error struct {
	Reason Reason
	// Claim is the claim or the member of the header that the refusal is about, and Rule what
	// it breaks. Neither has any text of the token.
	Claim, Rule string
}

func (e *Error) Error() string {
	text := "token: " + string(e.Reason)
	if e.Claim != "" {
		text += ": " + e.Claim
	}
	if e.Rule != "" {
		text += " " + e.Rule
	}
	return text
}

// Is reports whether target is a refusal for the same Reason.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Reason == e.Reason
}

// Explain says for people what is wrong and what to do.
func (e *Error) Explain() string {
	text := explanations[e.Reason]
	switch e.Reason {
	case BadHeader, BadClaims, MissingClaim, WrongClaim, NotYetValid:
		if e.Claim != "" {
			text += " Here: " + e.Claim + " " + e.Rule + "."
		}
	}
	return text
}

// The refusals.
var (
	ErrTooLarge       = &Error{Reason: TooLarge}
	ErrMalformed      = &Error{Reason: Malformed}
	ErrBadHeader      = &Error{Reason: BadHeader}
	ErrWrongType      = &Error{WrongType, "typ", "must be one of the issuer's types"}
	ErrBadClaims      = &Error{Reason: BadClaims}
	ErrUnknownIssuer  = &Error{UnknownIssuer, "iss", "must name an issuer that is trusted"}
	ErrUnknownKey     = &Error{UnknownKey, "kid", "must name a key of the issuer"}
	ErrWrongAlgorithm = &Error{WrongAlgorithm, "alg", "must be the algorithm of the key"}
	ErrBadSignature   = &Error{Reason: BadSignature}
	ErrExpired        = &Error{Expired, "exp", "must lie ahead"}
	ErrNotYetValid    = &Error{NotYetValid, "nbf", "must not lie ahead by more than the leeway"}
	ErrWrongAudience  = &Error{WrongAudience, "aud", "must name this API"}
	ErrMissingClaim   = &Error{Reason: MissingClaim}
	ErrWrongClaim     = &Error{Reason: WrongClaim}

	errIssuedAhead = &Error{NotYetValid, "iat", "must not lie ahead by more than the leeway"}
	errManyKeys    = &Error{UnknownKey, "kid", "must name one of the issuer's keys, of which more than four may be meant"}

	// ErrSenderConstrained is for a token with a cnf claim (RFC 7800) where a bearer token is
	// needed, or whose cnf has members that are not known: see [Confirmation].
	ErrSenderConstrained = &Error{Reason: SenderConstrained}

	// ErrNotBound is for a token without the binding that [Issuer.RequireBound] asks for.
	ErrNotBound = &Error{Reason: NotBound}

	// ErrNoKeys is not about the token: the issuer's keys cannot be had, so that nobody
	// can say whether it is good. Answer 503.
	ErrNoKeys = &Error{Reason: NoKeys}

	// ErrNoCredentials and ErrBadAuthorization are Bearer's.
	ErrNoCredentials    = &Error{Reason: NoCredentials}
	ErrBadAuthorization = &Error{Reason: BadAuthorization}
)

var explanations = map[Reason]string{
	TooLarge:          "The token is longer than any token should be. Keep data out of it, or raise MaxSize.",
	Malformed:         "This is not three parts of unpadded base64url with dots between. Was it cut, quoted or wrapped?",
	BadHeader:         "The header is not strict JSON, or asks for what is never done: a critical extension, an unencoded payload, encryption, compression.",
	WrongType:         "The typ header is not one this issuer's access tokens have. Is it an ID token or a refresh token?",
	BadClaims:         "The claims are not strict JSON, such as with a name twice, or one that is read here has a form that is not.",
	UnknownIssuer:     "Nobody here accepts tokens of this iss. It is compared byte for byte: a slash at the end matters.",
	UnknownKey:        "The issuer has no key of this kid. Were its keys rotated?",
	WrongAlgorithm:    "The alg header is not the algorithm of the key. Every key has one.",
	BadSignature:      "The signature does not fit: the token was changed, or signed with another key.",
	Expired:           "The token's time (exp) is over. Refresh it or log in.",
	NotYetValid:       "The token's time (nbf or iat) lies ahead. Do the clocks agree?",
	WrongAudience:     "The token is for another API: its aud does not name this one.",
	MissingClaim:      "A claim that must be there is not: iss, sub, aud and exp always, and those that the gate requires of this issuer.",
	WrongClaim:        "A claim that the gate requires of this issuer has another value, such as that of another client.",
	SenderConstrained: "The token is bound to a key of its client (cnf, as in DPoP or mutual TLS), and is no bearer token: send a DPoP proof, or the client's certificate. A cnf other than one or both of jkt and x5t#S256 is never accepted.",
	NotBound:          "The token is not bound to a key of its client (cnf), as this issuer's tokens have to be (RequireBound). Have the issuer bind it.",
	BadAuthorization:  "The Authorization header is not: Bearer, one space, one token.",
	NoCredentials:     "There is no Authorization: Bearer header.",
	NoKeys:            "The issuer's keys are not known, or not any more: its key set cannot be fetched.",
}
