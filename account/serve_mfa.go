package account

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/visit"
)

func (a *Accounts) handleEnroll(w http.ResponseWriter, r *http.Request) error {
	var out enrolment
	p, err := a.sensitive(r, func(ctx context.Context, c *change, u *User, _ *Session) (err error) {
		out, err = a.enroll(ctx, c, u)
		return err
	})
	if err != nil {
		return err
	}
	a.note(r, audit.FactorSet, "seed given", p)
	return send(w, http.StatusOK, out)
}

func (a *Accounts) handleConfirm(w http.ResponseWriter, r *http.Request) error {
	in, err := codes.Body(r)
	if err != nil {
		return err
	}
	var list []string
	confirm := func(ctx context.Context, c *change, u *User, s *Session) (err error) {
		list, err = a.confirmFactor(ctx, c, u, s, in.Code)
		return err
	}
	err = a.withProof(r, "set up", (*factor).mayConfirm, confirm)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, recoveryCodes{list})
}

func (a *Accounts) handleDisable(w http.ResponseWriter, r *http.Request) error {
	p, err := proofOf(r)
	if err != nil {
		return err
	}
	disable := func(ctx context.Context, c *change, u *User, s *Session) error {
		return a.disableFactor(ctx, c, u, s, p)
	}
	err = a.withProof(r, "switched off", (*factor).mayUse, disable)
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *Accounts) handleRegenerate(w http.ResponseWriter, r *http.Request) error {
	p, err := proofOf(r)
	if err != nil {
		return err
	}
	var list []string
	regenerate := func(ctx context.Context, c *change, u *User, _ *Session) (err error) {
		list, err = a.regenerate(ctx, c, u, p)
		return err
	}
	err = a.withProof(r, "new recovery codes", (*factor).mayUse, regenerate)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, recoveryCodes{list})
}

// proofOf reads a proof of the second factor.
func proofOf(r *http.Request) (proof, error) {
	in, err := factors.Body(r)
	p := proof{value(in.Code), value(in.RecoveryCode)}
	if err == nil && p.code.IsZero() == p.recovery.IsZero() {
		err = oneProof
	}
	return p, err
}

// changing is what a transaction does for a user who is logged in.
type changing func(ctx context.Context, c *change, u *User, s *Session) error

// withProof is sensitive for an f that takes a proof of the second factor. Whether there is
// anything to do for it is reported before the proof is counted. A wrong one counts like one
// at a login.
func (a *Accounts) withProof(r *http.Request, what string, ready func(*factor) error, f changing) error {
	p, err := a.sensitive(r, func(ctx context.Context, c *change, u *User, _ *Session) error {
		f, err := a.factorOf(ctx, c, u.ID)
		return cmp.Or(err, ready(&f))
	})
	if err != nil {
		return err
	}
	t := inSession("second factor of "+p.Subject, r, p.Session)
	if err := a.chargeCode(r, t, p); err != nil {
		return err
	}
	_, err = a.sensitive(r, f)
	if errors.Is(err, errCode) {
		a.note(r, audit.LoginFail, errCode.Error(), p)
		return err
	}
	if err != nil {
		a.withdraw(r.Context(), t)
		return err
	}
	a.forgive(r.Context(), t)
	a.note(r, audit.FactorSet, what, p)
	return nil
}

// chargeCode counts a guess at a second factor, unless it has to wait.
func (a *Accounts) chargeCode(r *http.Request, t try, who visit.Principal) error {
	wait, err := a.charge(r.Context(), t)
	if err != nil {
		return a.explain(err)
	}
	if wait > 0 {
		a.note(r, audit.LoginFailMax, "second factor", who)
		return tooSoon(wait)
	}
	return nil
}
