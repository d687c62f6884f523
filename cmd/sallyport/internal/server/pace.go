package server

import "time"

// pace is how long a client may still keep one side of its connection waiting. Waiting uses the time
// up, and every byte that moves adds its share at the minimum rate. The time is never more
// than the window: a client that moves nothing is cut after one window, one that is slower
// than the rate a while later, and no burst buys a longer pause.
type pace struct {
	window time.Duration
	rate   int // bytes a second
	left   time.Duration
}

func newPace(window time.Duration, rate int) pace {
	return pace{window: window, rate: rate, left: window}
}

// moved notes that n bytes have moved after a wait.
func (p *pace) moved(n int, wait time.Duration) {
	earned := p.window
	if n <= 1<<30 { // or the product could overflow
		earned = time.Duration(n) * time.Second / time.Duration(p.rate)
	}
	p.left = min(p.left-wait+earned, p.window)
}

// over reports whether the client was too slow.
func (p *pace) over() bool { return p.left <= 0 }
