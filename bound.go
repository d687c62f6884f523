package sallyport

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/token/dpop"
)

// DPoP is how proofs of possession are verified (RFC 9449), which clients send along with
// tokens that are bound to a key of theirs (cnf with jkt). A proof is good once: Config.Limits
// remembers it, so that nodes that share that share this too, and this process's memory
// otherwise.
type DPoP struct {
	// Window is how far the clocks of clients may be from this one: a proof's iat, both ways.
	// Default 1 minute; 1 s to 10 min.
	Window time.Duration
	// RequireNonce has clients put a nonce of this server's into each proof (RFC 9449 §9), so
	// that none can be made in advance. The clocks of clients do not count then. The nonces are
	// made from Config.LimitSecret; without one, other processes do not accept them.
	RequireNonce bool
}

// binding confirms the keys that tokens are bound to.
type binding struct {
	dpop   *dpop.Verifier
	public []publicURL
	local  bool // loopback addresses are ours as well
	now    func() time.Time

	// Challenges under the scheme DPoP.
	algs                          string
	invalidToken, proof, useNonce *problem.Problem
}

// publicURL is an address by which clients reach the Gate.
type publicURL struct {
	scheme, origin, prefix string
}

// maxProofs is how many proofs a process remembers by itself, at up to 64 bytes each.
const maxProofs = 1 << 17

// binding makes what confirms keys; invalid is the answer to a bad token.
func (b *builder) binding(invalid *problem.Problem) *binding {
	out := &binding{now: b.cfg.now, algs: dpop.Algorithms()}
	if out.now == nil {
		out.now = time.Now
	}
	b.publicURLs(out)
	b.proofs(out)

	challenge := func(code string) problem.Bearer {
		return problem.Bearer{Scheme: problem.SchemeDPoP, Realm: b.cfg.Realm, Error: code, Algs: out.algs}
	}
	out.invalidToken = invalid.DPoP(out.algs)
	out.proof = problem.New(http.StatusUnauthorized, "invalid_dpop_proof",
		"The DPoP field must hold one proof, made for this request and token, and not used before.").
		Challenge(challenge("invalid_dpop_proof"))
	out.useNonce = problem.New(http.StatusUnauthorized, "use_dpop_nonce",
		"Put the nonce of the DPoP-Nonce field into a new proof.").Challenge(challenge("use_dpop_nonce"))
	return out
}

// proofs makes what verifies DPoP.
func (b *builder) proofs(out *binding) {
	cfg := dpop.Config{Window: b.cfg.DPoP.Window, Now: b.cfg.now}
	store := b.cfg.Limits
	if _, alone := store.(*ratelimit.Memory); alone {
		own, err := ratelimit.NewMemory(ratelimit.MemoryConfig{MaxKeys: maxProofs, Now: b.cfg.now})
		b.room("DPoP", err)
		store = own
	}
	cfg.Replay = usedProofs{store: store, keys: b.made.keys}
	if b.cfg.DPoP.RequireNonce {
		var err error
		cfg.Nonces, err = dpop.NewNonces(dpop.NonceConfig{Secret: b.nonceSecret()})
		b.room("DPoP", err)
	}
	var err error
	out.dpop, err = dpop.New(cfg)
	b.room("DPoP", err)
}

// nonceSecret is empty where no process shares it.
func (b *builder) nonceSecret() secret.Bytes {
	if len(b.cfg.LimitSecret.Reveal()) < 16 {
		return secret.Bytes{} // the limits refuse one that is short
	}
	return b.cfg.LimitSecret
}

// usedProofs is a dpop.Replay: each proof has a limit of one use.
type usedProofs struct {
	store ratelimit.Store
	keys  *ratelimit.Keyer
}

func (u usedProofs) Use(ctx context.Context, key, id string, d time.Duration) (bool, error) {
	once, err := ratelimit.Window(1, (d + time.Second - 1).Truncate(time.Second))
	if err != nil {
		return false, err
	}
	decision, err := u.store.Take(ctx, u.keys.Sum("dpop proof", key, id), once, 1)
	return decision.Allowed, err
}

// publicURLs settles by which addresses clients reach the Gate. Without any, it is the issuer
// of the accounts.
func (b *builder) publicURLs(out *binding) {
	list, stated := b.cfg.PublicURLs, len(b.cfg.PublicURLs) > 0
	if !stated && b.cfg.Accounts != nil {
		list = []string{b.cfg.Accounts.Issuer().Name}
	}
	out.local = true
	for i, text := range list {
		p, err := parsePublicURL(text)
		switch {
		case err == nil:
			out.public = append(out.public, p)
			out.local = out.local && isLoopback(strings.TrimPrefix(p.origin, p.scheme+"://"))
		case stated:
			b.add(fmt.Sprintf("PublicURLs[%d]", i), text, err.Error())
		}
	}
}

var errPublicURL = errors.New("must be an http or https URL with a host, and without user, query and fragment; " +
	"write it as clients do, such as https://api.example.com")

func parsePublicURL(text string) (publicURL, error) {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || strings.ContainsAny(text, "?#") {
		return publicURL{}, errPublicURL
	}
	prefix := strings.TrimRight(u.EscapedPath(), "/")
	u.Path, u.RawPath = "", ""
	normal, ok := dpop.NormalURL(u.String())
	if !ok {
		return publicURL{}, errPublicURL
	}
	return publicURL{scheme: u.Scheme, origin: strings.TrimSuffix(normal, "/"), prefix: prefix}, nil
}

// isLoopback reports whether a Host field names this machine.
func isLoopback(host string) bool {
	u, err := url.Parse("http://" + host)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && addr.IsLoopback()
}

// urls returns those by which a client may have sent the request. The Host field chooses among
// the public URLs, and adds none: whoever passes on a proof that was made for another server
// would name that. Only names of this machine are believed, where no other is public.
func (g *binding) urls(r *http.Request, secure bool) (list []string) {
	path := r.URL.EscapedPath()
	for _, p := range g.public {
		own, ok := dpop.NormalURL(p.scheme + "://" + r.Host)
		if ok && strings.TrimSuffix(own, "/") == p.origin {
			list = append(list, p.origin+p.prefix+path)
		}
	}
	if len(list) > 0 {
		return list
	}
	for _, p := range g.public {
		list = append(list, p.origin+p.prefix+path)
	}
	if g.local && isLoopback(r.Host) {
		scheme := "http://"
		if secure {
			scheme = "https://"
		}
		list = append(list, scheme+r.Host+path)
	}
	return list
}

var (
	errNotDPoP     = errors.New("dpop: the token is not bound to a key, and was sent as one that is")
	errNoPublicURL = errors.New("dpop: the address that clients use is not known: set PublicURLs, or --public-url")
	errNoCert      = errors.New("mtls: no_certificate")
	errOtherCert   = errors.New("mtls: wrong_certificate")
	errOldCert     = errors.New("mtls: certificate_expired")
)

// confirm checks that the client holds every key that the token is bound to, and that it sent
// the token under the scheme for its kind (RFC 9449 §7.1, §7.2).
func (g *binding) confirm(a *answer, raw string, c token.Confirmation) (event string, p *problem.Problem) {
	switch bound := c.JKT != ""; {
	case bound && !a.dpop:
		return audit.TokenInvalid, g.invalidToken.Because(token.ErrSenderConstrained)
	case !bound && a.dpop:
		return audit.TokenInvalid, a.gate.challenge.invalid.Because(errNotDPoP)
	}
	if err := g.certificate(a.request, c.X5T); err != nil {
		return audit.TokenInvalid, a.gate.challenge.invalid.Because(err)
	}
	if c.JKT == "" {
		return "", nil
	}
	return g.proved(a, raw, c.JKT)
}

// certificate compares the certificate of the connection with the token's (RFC 8705 §3). TLS
// has shown that the client holds its key; whether an authority signed it, the issuer knows.
func (g *binding) certificate(r *http.Request, want string) error {
	if want == "" {
		return nil
	}
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return errNoCert
	}
	leaf := r.TLS.PeerCertificates[0]
	sum := sha256.Sum256(leaf.Raw)
	switch {
	case base64.RawURLEncoding.EncodeToString(sum[:]) != want:
		return errOtherCert
	case g.now().After(leaf.NotAfter): // a connection may outlive it
		return errOldCert
	}
	return nil
}

// proved verifies the DPoP field.
func (g *binding) proved(a *answer, raw, thumbprint string) (event string, p *problem.Problem) {
	r := a.request
	proof, err := dpop.Field(r.Header)
	if err != nil {
		return audit.TokenInvalid, g.proof.Because(err)
	}
	urls := g.urls(r, a.visit.Secure)
	if len(urls) == 0 {
		return audit.TokenInvalid, g.proof.Because(errNoPublicURL)
	}
	good, err := g.dpop.Verify(r.Context(), dpop.Request{
		Proof: proof, Method: r.Method, URLs: urls, Token: raw, Thumbprint: thumbprint,
	})
	refused, _ := errors.AsType[*dpop.Error](err)
	switch {
	case err == nil:
		if good.Nonce != "" {
			a.Header()["Dpop-Nonce"] = []string{good.Nonce}
		}
		return "", nil
	case refused == dpop.ErrNonce:
		return audit.TokenInvalid, g.useNonce.Because(err).With("Dpop-Nonce", g.dpop.Nonce())
	case refused != nil && refused.Reason == dpop.Unavailable:
		return audit.Overload, problem.Unavailable.RetryAfter(time.Second).Because(err)
	}
	return audit.TokenInvalid, g.proof.Because(err)
}
