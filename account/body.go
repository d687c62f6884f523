package account

import (
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/validate"
)

// maxBody is more than any body of these endpoints needs.
const maxBody = 8 << 10

var (
	applications  = validate.Must[application](validate.Config{Limit: maxBody})
	registrations = validate.Must[registration](validate.Config{})
	credentials   = validate.Must[credential](validate.Config{Limit: maxBody})
	refreshes     = validate.Must[refreshBody](validate.Config{Limit: maxBody})
)

// application is a registration as it is read: bounded, and no more, so that what is
// wrong with it can be said together with what the password policy says.
type application struct {
	Username string        `json:"username" validate:"max=1024"`
	Email    string        `json:"email" validate:"max=1024"`
	Password secret.String `json:"password" validate:"max=1024"`
}

type registration struct {
	// Letters, digits, dot, dash and underscore of ASCII: two names that look alike are
	// one name, or differ in a way that can be seen.
	Username string        `json:"username" validate:"min=3,max=32,pattern=^[A-Za-z0-9][A-Za-z0-9._-]*$"`
	Email    string        `json:"email" validate:"max=254,email"`
	Password secret.String `json:"password"`
}

type credential struct {
	Username string        `json:"username" validate:"optional,min=1,max=254"`
	Email    string        `json:"email" validate:"optional,min=1,max=254"`
	Password secret.String `json:"password" validate:"min=1,max=256"`
}

type refreshBody struct {
	RefreshToken secret.String `json:"refresh_token" validate:"min=1,max=128"`
}

// profile is what a user sees of themselves.
type profile struct {
	ID       string   `json:"id"`
	Username string   `json:"username"`
	Email    string   `json:"email"`
	Roles    []string `json:"roles"`
	Created  string   `json:"created"`
}

func profileOf(u User) profile {
	return profile{u.ID, u.Username, u.Email, append([]string{}, u.Roles...), u.Created.UTC().Format("2006-01-02T15:04:05Z")}
}

var (
	wrongCredentials = problem.New(http.StatusUnauthorized, "invalid_credentials", "The name or the password is not right.").
				With("WWW-Authenticate", `Bearer realm="api"`) // a 401 has to have one (RFC 9110 §15.5.2)
	badGrant   = problem.New(http.StatusBadRequest, "invalid_grant", "The refresh token is not valid, or no longer. Log in again.")
	taken      = problem.New(http.StatusConflict, "account_exists", "There is an account with this username or e-mail address.")
	closedDoor = problem.New(http.StatusForbidden, "registration_closed", "Accounts are made by an administrator here.")
	foreign    = problem.New(http.StatusForbidden, "foreign_token", "The token is of another issuer, which keeps this account.")
	noToken    = problem.New(http.StatusUnauthorized, "no_credentials", "Send a token: Authorization: Bearer TOKEN.").With("WWW-Authenticate", `Bearer realm="api"`)
	badToken   = problem.New(http.StatusUnauthorized, "invalid_token", "The token is not valid, or no longer. Log in or refresh to get a new one.").
			With("WWW-Authenticate", `Bearer realm="api", error="invalid_token"`)
)

func invalid(fields ...problem.Field) *problem.Problem {
	p := problem.New(http.StatusUnprocessableEntity, "invalid_body", "The body is JSON, but not what is asked for here. errors says where.")
	p.Errors = fields
	return p
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
