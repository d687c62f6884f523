package account

import "time"

// Session is one login of a user, held by whoever has its refresh token.
type Session struct {
	ID, UserID string
	Created    time.Time
	// LastUsed is when the last access token was made.
	LastUsed time.Time
	// IdleUntil is when the session ends unless it is used before, and Expires is when
	// it ends in any case.
	IdleUntil, Expires time.Time
	// Ended is when it was ended; zero while it is not.
	Ended time.Time

	// Refresh is where the session is in its chain of refresh tokens.
	Refresh Chain
	// Epoch counts the times that the session's access tokens were revoked while the
	// session went on: tokens of earlier epochs are dead.
	Epoch int64

	// AuthTime is when the user last proved who they are, and Methods how (RFC 8176).
	AuthTime time.Time
	Methods  []string
	// Prefix is the network the session was started from, and Agent the program, as it
	// called itself: for the user to know the session by.
	Prefix, Agent string
	// Cookie says that the tokens are kept in a browser's cookies.
	Cookie bool
}

// alive reports whether the session can go on.
func (s *Session) alive(now time.Time) bool {
	return s.Ended.IsZero() && now.Before(s.IdleUntil) && now.Before(s.Expires)
}

// Chain is where a session is in its chain of refresh tokens, which are numbered.
type Chain struct {
	// Current is the number of the token that is good now. Previous is the one it was
	// given for; 0 at first.
	Current, Previous int64
	// Rotated is when Current was given.
	Rotated time.Time
	// Delivered says that Current has reached the client: its access token was used.
	Delivered bool
}

// verdict is what becomes of a refresh token that was presented.
type verdict int

const (
	// rotated: it is the current one, and the next one takes its place.
	rotated verdict = iota
	// repeated: it was exchanged a moment ago; the same successor is given again (R1).
	repeated
	// retried: it was exchanged, and nobody ever used the successor; the answer must have
	// been lost. Another successor is given, and the first is dead (R2).
	retried
	// stolen: two parties hold tokens of the session (R3).
	stolen
	// ahead: it was made after what the store knows, which is that of a backup.
	ahead
)

// present is the rule for a refresh token with this number. window is how long a token
// that was exchanged may be presented again.
func (c Chain) present(number int64, now time.Time, window time.Duration) (verdict, Chain) {
	switch {
	case number == c.Current:
		return rotated, Chain{Current: c.Current + 1, Previous: number, Rotated: now}
	case number > c.Current:
		return ahead, c
	case number != c.Previous || number < 1:
		return stolen, c
	case now.Sub(c.Rotated).Abs() < window: // on either side, as another process's clock may be ahead
		return repeated, c
	case !c.Delivered && window > 0:
		return retried, Chain{Current: c.Current + 1, Previous: number, Rotated: now}
	}
	return stolen, c
}
