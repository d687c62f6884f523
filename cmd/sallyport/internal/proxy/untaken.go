package proxy

import (
	"errors"
	"sync"
	"time"
)

var errUntaken = errors.New("proxy: the upstream took nothing more of the request's body")

// patience ends an exchange whose upstream takes nothing more of the body. A write to a connection
// has a limit of its own, but over HTTP/2 none begins while the upstream's window is closed (RFC
// 9113 §5.2), and the transport's timeouts begin after the body is sent.
type patience struct {
	limit time.Duration
	end   func() // is called in a goroutine of its own

	mu    sync.Mutex
	timer *time.Timer
	over  bool
}

// begin is called when a piece of the body is on its way.
func (p *patience) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.over || p.end == nil:
	case p.timer == nil:
		p.timer = time.AfterFunc(p.limit, p.expire)
	default:
		p.timer.Reset(p.limit)
	}
}

// pause is called when the upstream has taken it, and the client is waited for.
func (p *patience) pause() { p.stop(false) }

// stop with over is for good, when the answer begins or the exchange ends.
func (p *patience) stop(over bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = p.over || over
	if p.timer != nil {
		p.timer.Stop()
	}
}

func (p *patience) expire() {
	p.mu.Lock()
	over := p.over
	p.mu.Unlock()
	if !over {
		p.end()
	}
}

// impatient has the exchange end when the upstream takes nothing of its body for the timeout.
func (x *exchange) impatient() {
	x.body.patience = patience{limit: x.p.timeout, end: func() {
		defer x.p.crashes.Recover("the limit of an upstream that takes no body")
		var err error = tooSlow.Because(errUntaken)
		x.body.failed.CompareAndSwap(nil, &err)
		x.cancel(errUntaken)
	}}
}
