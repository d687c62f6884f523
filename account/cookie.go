package account

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/token"
)

// In cookie mode the tokens are kept where scripts cannot read them. A client asks for
// it, request by request, with the field Sallyport-Mode: cookie on those that hand tokens
// out. The names start with __Host-, so that a browser takes them only from this very
// host, over TLS, and for all of it (RFC 6265bis §4.1.3.2).
const (
	// ModeHeader is the field by which a client says where its tokens are kept.
	ModeHeader = "Sallyport-Mode"
	modeCookie = "cookie"

	// CookiePrefix is what the names of the accounts' cookies start with. Nobody else may
	// set or see them.
	CookiePrefix  = "__Host-sp_"
	cookieAccess  = CookiePrefix + "at"
	cookieRefresh = CookiePrefix + "rt"
	cookieSecond  = CookiePrefix + "mfa"
	cookieDevice  = CookiePrefix + "device"
)

// What can be wrong with cookies.
var (
	// ErrCrossSite is for a request that another site's page made a browser send.
	ErrCrossSite = errors.New("account: the request comes from another site, or does not say from where")
	errTwice     = errors.New("account: a cookie is there twice")
	errMode      = errors.New("account: the mode is not known")
)

var (
	crossSite = problem.New(http.StatusForbidden, "cross_site", "Requests with cookies are taken from pages of this site alone.")
	badMode   = problem.New(http.StatusBadRequest, "invalid_mode", "Sallyport-Mode is cookie, once, or left out.")
	badCookie = problem.New(http.StatusBadRequest, "duplicate_cookie", "A cookie of the session is there twice. Delete the cookies of this site.")
)

// CookieToken returns the access token in a request's cookies: "" when there is none. It
// is [ErrCrossSite] unless the browser says that a page of this site sent the request,
// or that it changes nothing.
func (a *Accounts) CookieToken(r *http.Request) (string, error) {
	raw, err := cookie(r, cookieAccess)
	if err != nil || raw == "" {
		return "", err
	}
	return raw, a.sameSite(r)
}

// sameSite holds requests with cookies to what a page of this site sends. What comes
// from no browser brings no cookies, so that neither field being there is no excuse. A
// WebSocket begins with a GET, and changes whatever it likes after it.
func (a *Accounts) sameSite(r *http.Request) error {
	if r.Header.Get("Upgrade") != "" {
		changes := *r
		changes.Method = http.MethodPost
		r = &changes
	}
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	if !safe && r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
		return ErrCrossSite
	}
	if err := a.crossSite.Check(r); err != nil {
		return errors.Join(ErrCrossSite, err)
	}
	return nil
}

func cookie(r *http.Request, name string) (string, error) {
	if len(r.Header["Cookie"]) == 0 {
		return "", nil
	}
	switch list := r.CookiesNamed(name); len(list) {
	case 0:
		return "", nil
	case 1:
		return list[0].Value, nil
	}
	return "", errTwice
}

// mode says whether the client wants its tokens in cookies. Such a request has to come
// from a page of this site.
func (a *Accounts) mode(r *http.Request) (cookies bool, err error) {
	switch list := r.Header[ModeHeader]; {
	case len(list) == 0:
		return false, nil
	case len(list) > 1 || list[0] != modeCookie:
		return false, badMode.Because(errMode)
	}
	if err := a.sameSite(r); err != nil {
		return false, crossSite.Because(err)
	}
	return true, nil
}

// fromCookie is the value of a cookie for a handler.
func fromCookie(r *http.Request, name string) (string, error) {
	value, err := cookie(r, name)
	if err != nil {
		return "", badCookie.Because(err)
	}
	return value, nil
}

// setCookie sets one for d; none for no time at all.
func setCookie(w http.ResponseWriter, name, value string, d time.Duration, site http.SameSite) {
	age := int(d / time.Second)
	if d == 0 {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: site})
}

// maxCookie is what every browser keeps of a name and a value (RFC 6265bis §5.6). One that
// is longer it drops without a word, and whoever has just logged in is not.
const maxCookie = 4096

// fits refuses an access token that no browser would keep.
func (a *Accounts) fits(access string) error {
	if len(cookieAccess)+len(access) <= maxCookie {
		return nil
	}
	err := fmt.Errorf("account: an access token of %d bytes does not fit into a cookie: give the user fewer roles, and those fewer scopes", len(access))
	a.errors.Error(err.Error())
	return problem.Internal.Because(err)
}

// intoCookies moves the tokens from the answer into cookies.
func (a *Accounts) intoCookies(w http.ResponseWriter, t *Tokens, until time.Duration) {
	setAccessCookie(w, t)
	setCookie(w, cookieRefresh, t.RefreshToken, until, http.SameSiteStrictMode)
	if t.DeviceToken != "" {
		setCookie(w, cookieDevice, t.DeviceToken, deviceTTL, http.SameSiteLaxMode)
	}
	t.AccessToken, t.RefreshToken, t.DeviceToken, t.TokenType = "", "", "", "Cookie"
}

// setAccessCookie sets the cookie of an access token, for as long as the token is good.
func setAccessCookie(w http.ResponseWriter, t *Tokens) {
	setCookie(w, cookieAccess, t.AccessToken, time.Duration(t.ExpiresIn)*time.Second, http.SameSiteLaxMode)
}

func ownCookie(c *http.Cookie) bool { return strings.HasPrefix(c.Name, CookiePrefix) }

// clearCookies takes the session's cookies back. The device stays known.
func clearCookies(w http.ResponseWriter) {
	for _, name := range []string{cookieAccess, cookieRefresh, cookieSecond} {
		setCookie(w, name, "", 0, http.SameSiteStrictMode)
	}
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
}

// bearer returns the one credential of a request.
func (a *Accounts) bearer(r *http.Request) (string, error) {
	raw, err := token.Bearer(r.Header)
	cookie, cookieErr := a.CookieToken(r)
	switch {
	case cookieErr != nil:
		return "", cookieErr
	case cookie == "":
		return raw, err
	case errors.Is(err, token.ErrNoCredentials):
		return cookie, nil
	}
	return "", token.ErrBadAuthorization // two credentials
}
