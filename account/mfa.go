package account

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/account/internal/totp"
	"github.com/sallyport-dev/sallyport/secret"
)

// errCode is for a code that is wrong, or was used before.
var errCode = errors.New("wrong second factor")

const (
	kindFactor = "totp"
	// codeWindow is how many steps of 30 s a clock may be off, either way (RFC 6238 §5.2).
	codeWindow = 1
)

// factor is a user's second factor.
type factor struct {
	// Sealed is the seed.
	Sealed    []byte `json:"sealed"`
	Confirmed bool   `json:"confirmed"`
	// Last is the step of the last code that was taken; no code of it or before is again
	// (RFC 6238 §5.2).
	Last uint64 `json:"last"`
	// Recovery are the hashes of the recovery codes that are left: of over 112 random bits,
	// so that a plain hash will do.
	Recovery [][]byte `json:"recovery"`
	// Credential is what the user's was when the factor was confirmed.
	Credential int64 `json:"credential,omitzero"`
}

func (a *Accounts) factorOf(ctx context.Context, in Reader, userID string) (f factor, err error) {
	rec, err := in.Record(ctx, kindFactor, userID)
	if errors.Is(err, ErrNotFound) {
		return factor{}, nil
	}
	if err == nil {
		err = json.Unmarshal(rec.Data, &f)
	}
	return f, err
}

func (f *factor) keep(ctx context.Context, c *change, userID string) error {
	data, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return c.PutRecord(ctx, Record{Kind: kindFactor, ID: userID, Owner: userID, Data: data})
}

// mayConfirm says why no code may confirm f.
func (f *factor) mayConfirm() error {
	switch {
	case f.Confirmed:
		return haveFactor
	case f.Sealed == nil:
		return noFactor
	}
	return nil
}

// mayUse says why no code of f counts.
func (f *factor) mayUse() error {
	if !f.Confirmed {
		return noFactor
	}
	return nil
}

func (a *Accounts) seedOf(f *factor, userID string) ([]byte, error) {
	return a.secrets.box.Open(f.Sealed, kindFactor+" "+userID)
}

// takeCode takes a code that is right and was not taken before.
func (a *Accounts) takeCode(c *change, f *factor, userID string, code secret.String) (bool, error) {
	if f.Sealed == nil {
		return false, nil
	}
	seed, err := a.seedOf(f, userID)
	if err != nil {
		return false, err
	}
	step, ok := totp.Verify(seed, code.Reveal(), c.now, f.Last, codeWindow)
	if ok {
		f.Last = step
	}
	return ok, nil
}

// takeRecovery takes a recovery code. All of them are compared, whichever it is.
func (f *factor) takeRecovery(code secret.String) bool {
	sum := hashRecovery(code.Reveal())
	found := -1
	for i, h := range f.Recovery {
		if subtle.ConstantTimeCompare(h, sum) == 1 {
			found = i
		}
	}
	if found >= 0 {
		f.Recovery = slices.Delete(f.Recovery, found, found+1)
	}
	return found >= 0
}

func hashRecovery(code string) []byte {
	sum := sha256.Sum256([]byte(totp.Normalize(code)))
	return sum[:]
}

// proof is what shows that somebody has a second factor: a code of the app, or a recovery
// code where there is one.
type proof struct{ code, recovery secret.String }

// spendFactor takes a proof of a user's, which is good once.
func (a *Accounts) spendFactor(ctx context.Context, c *change, u *User, p proof) (ok bool, err error) {
	f, err := a.factorOf(ctx, c, u.ID)
	if err != nil || !f.Confirmed {
		return false, err
	}
	if ok, err = a.take(ctx, c, &f, u, p); err != nil || !ok {
		return false, err
	}
	return true, f.keep(ctx, c, u.ID)
}

// take takes a proof, tells the user of a recovery code, and voids the removal of a factor
// that its owner still has. The caller keeps f.
func (a *Accounts) take(ctx context.Context, c *change, f *factor, u *User, p proof) (bool, error) {
	if p.recovery.IsZero() {
		ok, err := a.takeCode(c, f, u.ID, p.code)
		if err != nil || !ok {
			return false, err
		}
		return true, voidRecovery(ctx, c, u.ID)
	}
	if !f.takeRecovery(p.recovery) {
		return false, nil
	}
	if err := voidRecovery(ctx, c, u.ID); err != nil {
		return false, err
	}
	return true, a.letter(ctx, c.Tx, u.Email, letterSecondFactor(a.app, "A recovery code of your account at "+a.app+" was used."))
}

// enroll makes a seed that counts once a code of it has been shown.
func (a *Accounts) enroll(ctx context.Context, c *change, u *User) (enrolment, error) {
	f, err := a.factorOf(ctx, c, u.ID)
	if err != nil {
		return enrolment{}, err
	}
	if f.Confirmed {
		return enrolment{}, haveFactor
	}
	seed := totp.NewSeed()
	f = factor{Sealed: a.secrets.box.Seal(seed, kindFactor+" "+u.ID)}
	return enrolment{totp.Base32(seed), totp.URI(a.app, u.Username, seed)}, f.keep(ctx, c, u.ID)
}

// confirmFactor switches the second factor on, and ends what was logged in without it.
func (a *Accounts) confirmFactor(ctx context.Context, c *change, u *User, s *Session, code secret.String) ([]string, error) {
	f, err := a.factorOf(ctx, c, u.ID)
	if err := cmp.Or(err, f.mayConfirm()); err != nil {
		return nil, err
	}
	ok, err := a.takeCode(c, &f, u.ID, code)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errCode
	}
	f.Confirmed, f.Credential = true, u.Credential
	list := f.newRecovery()
	if err := f.keep(ctx, c, u.ID); err != nil {
		return nil, err
	}
	s.Methods, s.AuthTime = []string{byPassword, byCode}, c.now
	if err := c.SetSession(ctx, *s); err != nil {
		return nil, err
	}
	return list, a.factorChanged(ctx, c, u, s.ID, "A second factor was set up for your account at "+a.app+".")
}

// newRecovery replaces the recovery codes, and returns the only copy of the new ones.
func (f *factor) newRecovery() []string {
	list := totp.NewRecoveryCodes()
	f.Recovery = nil
	for _, code := range list {
		f.Recovery = append(f.Recovery, hashRecovery(code))
	}
	return list
}

// factorChanged is what follows from a change of what logs the user in: every other
// session ends, what was mailed before is void, and the user is told.
func (a *Accounts) factorChanged(ctx context.Context, c *change, u *User, keep, what string) error {
	u.Credential++
	if err := c.SetUser(ctx, *u); err != nil {
		return err
	}
	if err := void(ctx, c, u.ID, allButRevert); err != nil {
		return err
	}
	if err := c.endAll(ctx, u.ID, keep); err != nil {
		return err
	}
	return a.letter(ctx, c.Tx, u.Email, letterSecondFactor(a.app, what))
}

// disableFactor switches the second factor off. The session goes on, but its access
// tokens, which say that there was one, do not.
func (a *Accounts) disableFactor(ctx context.Context, c *change, u *User, s *Session, p proof) error {
	f, err := a.factorOf(ctx, c, u.ID)
	if err := cmp.Or(err, f.mayUse()); err != nil {
		return err
	}
	if ok, err := a.take(ctx, c, &f, u, p); err != nil || !ok {
		return cmp.Or(err, errCode)
	}
	if err := c.DeleteRecord(ctx, kindFactor, u.ID); err != nil {
		return err
	}
	s.Methods = []string{byPassword}
	s.Epoch++
	if err := c.SetSession(ctx, *s); err != nil {
		return err
	}
	if err := c.revoke(ctx, KindSession, s.ID, s.Epoch); err != nil {
		return err
	}
	return a.factorChanged(ctx, c, u, s.ID, "The second factor of your account at "+a.app+" was switched off.")
}

// regenerate makes new recovery codes, and voids those before. It takes a proof, as each of
// the new ones is worth one.
func (a *Accounts) regenerate(ctx context.Context, c *change, u *User, p proof) ([]string, error) {
	f, err := a.factorOf(ctx, c, u.ID)
	if err := cmp.Or(err, f.mayUse()); err != nil {
		return nil, err
	}
	if ok, err := a.take(ctx, c, &f, u, p); err != nil || !ok {
		return nil, cmp.Or(err, errCode)
	}
	list := f.newRecovery()
	if err := f.keep(ctx, c, u.ID); err != nil {
		return nil, err
	}
	return list, a.letter(ctx, c.Tx, u.Email, letterSecondFactor(a.app, "New recovery codes were made for your account at "+a.app+". Those before are void."))
}
