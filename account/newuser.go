package account

import (
	"context"
	"strings"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/visit"
)

// NewUser is what [Accounts.Add] needs to know.
type NewUser struct {
	Username, Email string
	Password        secret.String
	// Roles are Config.DefaultRoles when nil.
	Roles []string
}

// InvalidUser says everything that is wrong with a NewUser. The pointers are those of
// the body of POST /auth/register.
type InvalidUser struct{ Fields []problem.Field }

func (e *InvalidUser) Error() string {
	var b strings.Builder
	b.WriteString("account: the user is refused")
	for _, f := range e.Fields {
		b.WriteString("; " + strings.TrimPrefix(f.Pointer, "/") + ": " + f.Detail)
	}
	return b.String()
}

// Add makes a user, with the same rules as POST /auth/register but without its limit and
// without a mail: the address counts as verified. An error is a *problem.Problem, for a
// handler to return, with an *[InvalidUser], [ErrTaken], [ErrHeld], or what went wrong
// inside, in its chain.
func (a *Accounts) Add(ctx context.Context, n NewUser) (User, error) {
	n.Username, n.Email = canonical(n.Username), canonical(n.Email)
	if wrong := a.wrongWith(n); len(wrong) > 0 {
		return User{}, invalid(wrong...).Because(&InvalidUser{wrong})
	}
	if err := checkRoles(n.Roles); err != nil {
		return User{}, badRole.Because(err)
	}
	u, err := a.prepare(ctx, n)
	if err == nil {
		u.Verified = u.Created
		err = a.update(ctx, u.ID, func(c *change) error { return a.addUser(ctx, c, u) })
	}
	if err != nil {
		return User{}, a.explain(err)
	}
	a.administered(ctx, audit.UserCreated, u.ID, "added; "+rolesText(u.Roles))
	return u, nil
}

// wrongWith is what the rules for names and the password policy say.
func (a *Accounts) wrongWith(n NewUser) []problem.Field {
	wrong := append(registrations.Value(registration{n.Username}), wrongWithEmail(n.Email)...)
	return append(wrong, a.weak("/password", n.Password, n.Username, n.Email)...)
}

// weak is what the password policy says, to which the names of the application and of this
// program are as bad as the user's own.
func (a *Accounts) weak(pointer string, pw secret.String, words ...string) (wrong []problem.Field) {
	for _, v := range a.policy.Check(pw, append(words, a.app, "sallyport")...) {
		wrong = append(wrong, problem.Field{Pointer: pointer, Code: string(v.Code), Detail: v.Detail})
	}
	return wrong
}

// hashNew hashes a password that somebody wants to have, unless it is known to be out. What
// cannot be looked up now is taken: the policy has seen it.
func (a *Accounts) hashNew(ctx context.Context, pointer string, pw secret.String) (secret.String, error) {
	if a.breached != nil {
		out, err := a.breached(ctx, password.Normalize(pw))
		if err != nil {
			a.errors.WarnContext(ctx, "a new password was not looked up among those that are out", "error", err)
		}
		if out {
			wrong := problem.Field{Pointer: pointer, Code: "breached", Detail: "It is in a list of passwords that were stolen somewhere. Use another one, and another one wherever you use this."}
			return none, invalid(wrong).Because(&InvalidUser{[]problem.Field{wrong}})
		}
	}
	hash, err := a.passwords.Hash(ctx, pw)
	return secret.New(hash), err
}

// prepare makes a user that nobody has stored yet. The hash comes before the question
// whether the name is free, so that the answer's time does not tell.
func (a *Accounts) prepare(ctx context.Context, n NewUser) (User, error) {
	hash, err := a.hashNew(ctx, "/password", n.Password)
	if err != nil {
		return User{}, err
	}
	u := User{ID: visit.NewID(a.now()), Username: n.Username, Email: n.Email, PasswordHash: hash, Roles: n.Roles, Created: a.now()}
	if u.Roles == nil {
		u.Roles = a.roles
	}
	return u, nil
}
