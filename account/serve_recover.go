package account

import (
	"context"
	"net/http"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/secret"
)

// handleRecover begins the removal of a second factor that its owner has lost.
func (a *Accounts) handleRecover(w http.ResponseWriter, r *http.Request) error {
	if a.mail == nil {
		return noMail
	}
	cookies, err := a.mode(r)
	if err != nil {
		return err
	}
	half, err := tokenOf(r, cookies, cookieSecond, func() (*secret.String, error) {
		in, err := recoveries.Body(r)
		return in.Token, err
	})
	if err != nil {
		return err
	}
	if err := a.limits.register.take(w, r); err != nil {
		return err
	}
	u, out, err := a.askRecovery(r.Context(), half)
	if err != nil {
		return a.explain(err)
	}
	a.note(r, audit.FactorSet, "removal asked for, by mail from "+shown(out.from), a.principal(u.ID, ""))
	return send(w, http.StatusAccepted, recoveryView{shown(out.from), shown(out.until)})
}

// handleRecoverConfirm removes the second factor with the token from the mail. It logs nobody
// in.
func (a *Accounts) handleRecoverConfirm(w http.ResponseWriter, r *http.Request) error {
	in, err := tickets.Body(r)
	if err != nil {
		return err
	}
	u, err := a.recoverFactor(r.Context(), in.Token.Reveal())
	if err != nil {
		return a.wrongTicket(w, r, err)
	}
	a.note(r, audit.FactorSet, "removed by mail", a.principal(u.ID, ""))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// handleRecoverCancel voids what was mailed to remove the second factor.
func (a *Accounts) handleRecoverCancel(w http.ResponseWriter, r *http.Request) error {
	p, err := a.self(r, func(ctx context.Context, c *change, u *User, _ *Session) error {
		return voidRecovery(ctx, c, u.ID)
	})
	if err != nil {
		return err
	}
	a.note(r, audit.FactorSet, "removal cancelled", p)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
