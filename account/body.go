package account

import (
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/validate"
)

// maxBody is more than any body of these endpoints needs.
const maxBody = 8 << 10

// The bodies that are read.
var (
	applications  = readsStrictly[application]()
	registrations = validate.Must[registration](validate.Config{})
	addressRule   = validate.Must[address](validate.Config{})
	credentials   = reads[credential]()
	refreshes     = reads[refreshBody]()
	reauths       = reads[reauthBody]()
	changes       = reads[changeBody]()
	addresses     = reads[addressBody]()
	resets        = reads[resetBody]()
	tickets       = reads[ticketBody]()
	seconds       = reads[secondBody]()
	recoveries    = reads[recoverBody]()
	codes         = reads[codeBody]()
	factors       = reads[factorBody]()
	keyRequests   = readsStrictly[keyRequest]()
)

// reads is for bodies of which a member that nobody reads changes nothing: clients send what
// else their form has. The bound of the body holds for it.
func reads[T any]() *validate.Decoder[T] {
	return validate.Must[T](validate.Config{Limit: maxBody, InsecureIgnoreUnknown: true})
}

// readsStrictly is for bodies that make something: a member that gets lost, such as an invite or
// an expiry with a typing error in its name, would make something else.
func readsStrictly[T any]() *validate.Decoder[T] {
	return validate.Must[T](validate.Config{Limit: maxBody})
}

// value is that of a member that may be left out, or null.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

type (
	// application is a registration as it is read: bounded, and no more, so that what is
	// wrong with it can be said together with what the password policy says.
	application struct {
		Username string         `json:"username" validate:"max=1024"`
		Email    string         `json:"email" validate:"max=1024"`
		Password secret.String  `json:"password" validate:"max=1024"`
		Invite   *secret.String `json:"invite" validate:"optional,max=256"`
	}
	registration struct {
		// Letters, digits, dot, dash and underscore of ASCII: two names that look alike are
		// one name, or differ in a way that can be seen.
		Username string `json:"username" validate:"min=3,max=32,pattern=^[A-Za-z0-9][A-Za-z0-9._-]*$"`
	}
	// address is an address in its canonical form.
	address struct {
		Email string `json:"email" validate:"max=254,email"`
	}
	credential struct {
		Username *string       `json:"username" validate:"optional,max=254"`
		Email    *string       `json:"email" validate:"optional,max=254"`
		Password secret.String `json:"password" validate:"min=1,max=1024"`
		// DeviceToken is what an earlier login on this device gave.
		DeviceToken *secret.String `json:"device_token" validate:"optional,max=256"`
	}
	refreshBody struct {
		RefreshToken *secret.String `json:"refresh_token" validate:"optional,max=256"`
	}
	reauthBody struct {
		Password secret.String `json:"password" validate:"min=1,max=1024"`
		// Where there is a second factor, one of the two.
		Code         *secret.String `json:"code" validate:"optional,max=64"`
		RecoveryCode *secret.String `json:"recovery_code" validate:"optional,max=64"`
	}
	changeBody struct {
		Current secret.String `json:"current_password" validate:"min=1,max=1024"`
		New     secret.String `json:"new_password" validate:"min=1,max=1024"`
	}
	addressBody struct {
		Email string `json:"email" validate:"max=1024"`
	}
	resetBody struct {
		Token    secret.String `json:"token" validate:"min=1,max=256"`
		Password secret.String `json:"password" validate:"min=1,max=1024"`
	}
	ticketBody struct {
		Token secret.String `json:"token" validate:"min=1,max=256"`
	}
	secondBody struct {
		Token        *secret.String `json:"mfa_token" validate:"optional,max=256"` // in cookie mode it is in one
		Code         *secret.String `json:"code" validate:"optional,max=64"`
		RecoveryCode *secret.String `json:"recovery_code" validate:"optional,max=64"`
	}
	recoverBody struct {
		Token *secret.String `json:"mfa_token" validate:"optional,max=256"` // in cookie mode it is in one
	}
	codeBody struct {
		Code secret.String `json:"code" validate:"min=1,max=64"`
	}
	// factorBody proves that somebody has the second factor, by one of the two.
	factorBody struct {
		Code         *secret.String `json:"code" validate:"optional,max=64"`
		RecoveryCode *secret.String `json:"recovery_code" validate:"optional,max=64"`
	}
	keyRequest struct {
		// Name is shown in lists: nothing in it may end a line or turn the text around.
		Name   string    `json:"name" validate:"min=1,max=64,pattern=^[\\p{L}\\p{M}\\p{N}\\p{P}\\p{S} ]+$"`
		Scopes *[]string `json:"scopes" validate:"optional,max=64"`
		// Days is how long the key is good.
		Days *int `json:"days" validate:"optional,min=1,max=366"`
	}
)

// What is answered.
type (
	// profile is what a user sees of themselves.
	profile struct {
		ID       string   `json:"id"`
		Username string   `json:"username"`
		Email    string   `json:"email"`
		Verified bool     `json:"email_verified"`
		Roles    []string `json:"roles"`
		MFA      bool     `json:"mfa"`
		Created  string   `json:"created"`
	}
	// secondNeeded is the answer to a good password that is not enough.
	secondNeeded struct {
		Required bool   `json:"mfa_required"`
		Token    string `json:"mfa_token,omitzero"`
		Expires  int64  `json:"expires_in"`
	}
	// recoveryView is when the mailed token removes the second factor.
	recoveryView struct {
		From  string `json:"from"`
		Until string `json:"until"`
	}
	sessionView struct {
		ID       string   `json:"id"`
		Created  string   `json:"created"`
		LastUsed string   `json:"last_used"`
		Expires  string   `json:"expires"`
		Network  string   `json:"network"`
		Agent    string   `json:"agent"`
		Methods  []string `json:"methods"`
		Current  bool     `json:"current"`
	}
	sessionList struct {
		Sessions []sessionView `json:"sessions"`
	}
	keyList struct {
		Keys []keyView `json:"keys"`
	}
	enrolment struct {
		Secret string `json:"secret"`
		URI    string `json:"uri"`
	}
	recoveryCodes struct {
		Codes []string `json:"recovery_codes"`
	}
	keyView struct {
		ID       string   `json:"id"`
		Name     string   `json:"name"`
		Scopes   []string `json:"scopes"`
		Created  string   `json:"created"`
		Expires  string   `json:"expires"`
		LastUsed string   `json:"last_used,omitzero"`
		// Key is there once, when it was made.
		Key string `json:"key,omitzero"`
	}
	// accepted is the one answer to what may or may not have been done.
	accepted struct {
		Status string `json:"status"`
	}
)

func shown(t time.Time) string { return t.UTC().Format(time.RFC3339) }

var mailSent = accepted{"If there is something to do, a mail says what."}

// Their challenges name no realm: [Accounts.handler] puts it in.
var (
	wrongCredentials = problem.New(http.StatusUnauthorized, "invalid_credentials", "The name or the password is not right.").
				Challenge(problem.Bearer{}) // a 401 has to have one (RFC 9110 §15.5.2)
	wrongCode   = problem.New(http.StatusUnauthorized, "invalid_code", "The code is not right, was used, or its time is over.").Challenge(problem.Bearer{})
	wrongToken  = problem.New(http.StatusBadRequest, "invalid_one_time_token", "The token is unknown, used or expired. Ask for another one.")
	badGrant    = problem.New(http.StatusBadRequest, "invalid_grant", "The refresh token is not valid, or no longer. Log in again.")
	taken       = problem.New(http.StatusConflict, "account_exists", "There is an account with this username or e-mail address.")
	closedDoor  = problem.New(http.StatusForbidden, "registration_closed", "Accounts are made by an administrator here.")
	invitedOnly = problem.New(http.StatusForbidden, "invite_required", "The invite is missing, used or expired, or for another address.")
	foreign     = problem.New(http.StatusForbidden, "foreign_token", "The token is of another issuer, which keeps this account.")
	sessionOnly = problem.New(http.StatusForbidden, "session_required", "This needs a login. An API key cannot do it.")
	reauthFirst = problem.New(http.StatusForbidden, "reauth_required", "Prove again who you are: POST /auth/reauth, and then try again.")
	noMail      = problem.New(http.StatusForbidden, "mail_not_configured", "This service sends no mail. Ask its administrator.")
	haveFactor  = problem.New(http.StatusConflict, "mfa_enabled", "A second factor is set up already. Disable it first.")
	noFactor    = problem.New(http.StatusConflict, "mfa_not_enabled", "There is no second factor to confirm or disable. Enroll first.")
	unconfirmed = problem.New(http.StatusConflict, "address_not_confirmed",
		"The address of this account was never confirmed. A new password by mail confirms it and removes the second factor.")
	tooEarly = problem.New(http.StatusForbidden, "recovery_pending",
		"The second factor can be removed from the time on that the mail names. Until then its owner can prevent it.")
	manyMails = problem.New(http.StatusTooManyRequests, "too_many_mails", "There were too many such mails to this address. Wait, and look for the last one.").
			RetryAfter(time.Hour)
	tooManyKeys = problem.New(http.StatusConflict, "too_many_keys", "A user has at most 50 API keys. Revoke one.")
	badRole     = invalid(problem.Field{Pointer: "/roles", Code: "bad_value", Detail: "At most 32 roles, each of 1 to 64 visible ASCII characters without space."})
	manyKeys    = problem.New(http.StatusConflict, "too_many_signing_keys", "There are too many signing keys already. Wait until some have expired.")
	lastAdmin   = problem.New(http.StatusConflict, "last_admin", "This is the last administrator. Make another one first.")
	notAdmin    = problem.New(http.StatusForbidden, "admin_required", "This is for administrators who have logged in with a second factor.")
	noToken     = problem.New(http.StatusUnauthorized, "no_credentials", "Send a token: Authorization: Bearer TOKEN.").Challenge(problem.Bearer{})
	oneToken    = problem.New(http.StatusBadRequest, "malformed_credentials", "Send one token, once: Authorization: Bearer TOKEN.").
			Challenge(problem.Bearer{Error: "invalid_request"})
	badToken = problem.New(http.StatusUnauthorized, "invalid_token", "The token is not valid, or no longer. Log in or refresh to get a new one.").
			Challenge(problem.Bearer{Error: "invalid_token", Description: "The token is not valid"})
)

// oneProof is for two proofs of a second factor, or none.
var oneProof = invalid(problem.Field{Pointer: "", Code: "one_of", Detail: "Send either code or recovery_code."})

func invalid(fields ...problem.Field) *problem.Problem {
	p := problem.New(http.StatusUnprocessableEntity, "invalid_body", "The body is JSON, but not what is asked for here. errors says where.")
	p.Errors = fields
	return p
}

// tooSoon is the answer to who has guessed too often.
func tooSoon(wait time.Duration) *problem.Problem {
	return problem.New(http.StatusTooManyRequests, "too_many_attempts", "There were too many wrong attempts. Wait, or set a new password by mail.").RetryAfter(wait)
}

// send answers with JSON that no cache may keep (RFC 6749 §5.1).
func send(w http.ResponseWriter, status int, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err = w.Write(append(data, '\n'))
	if err != nil {
		panic(http.ErrAbortHandler) // the client is gone; no second answer
	}
	return nil
}
