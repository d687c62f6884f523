package account

import "time"

// allowance is how many wrong guesses are free, what the first wait after them is, and
// when all is forgotten. With fade, one guess after the other is forgotten instead, and
// the wait is for the next of those: a network that is never quiet would be forgiven
// nothing otherwise.
type allowance struct {
	free        int
	first, most time.Duration
	forget      time.Duration
	fade        time.Duration
}

var (
	perPlace = allowance{free: 5, first: time.Second, most: 15 * time.Minute, forget: time.Hour}
	perLogin = allowance{free: 50, first: time.Second, most: 15 * time.Minute, forget: time.Hour}
	// perCode is for second factors, of a million each, whose guesser has the password.
	perCode    = allowance{free: 10, first: 15 * time.Minute, most: 15 * time.Minute, forget: time.Hour}
	perNetwork = allowance{free: 30, fade: 20 * time.Second, forget: 10 * time.Minute}
)

// strikes are wrong guesses, and when the last was made, or with fade, forgotten.
type strikes struct {
	Count int       `json:"count"`
	Last  time.Time `json:"last"`
}

// wait is how long the next guess has to wait, 0 when it may come now.
func (a allowance) wait(s strikes, now time.Time) time.Duration {
	s = a.left(s, now)
	since := max(now.Sub(s.Last), 0) // a clock set back makes nobody wait longer than once
	if s.Count < a.free {
		return 0
	}
	wait := a.most
	if more := s.Count - a.free; a.fade > 0 {
		wait = a.fade
	} else if more < 20 {
		wait = min(a.first<<more, a.most)
	}
	return max(wait-since, 0)
}

// left is what is not forgotten yet.
func (a allowance) left(s strikes, now time.Time) strikes {
	since := now.Sub(s.Last)
	if since >= a.forget {
		return strikes{}
	}
	if a.fade > 0 && since > 0 {
		faded := min(s.Count, int(since/a.fade))
		s.Count, s.Last = s.Count-faded, s.Last.Add(time.Duration(faded)*a.fade)
	}
	return s
}

// strike counts one more guess.
func (a allowance) strike(s strikes, now time.Time) strikes {
	s = a.left(s, now)
	if a.fade == 0 || s.Count == 0 {
		s.Last = now
	}
	s.Count++
	return s
}
