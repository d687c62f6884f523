package account

import (
	"testing"
	"time"
)

// chainWindow is the window of the games below.
const chainWindow = 10 * time.Second

// game is a session and those who have its tokens.
type game struct {
	chain Chain
	now   time.Time
	over  bool
}

// holder has a refresh token, and the access token that came with it, by their number.
type holder struct{ refresh, access int64 }

func (g *game) refresh(h *holder, lost bool) {
	if g.over {
		return
	}
	var v verdict
	if v, g.chain = g.chain.present(h.refresh, g.now, chainWindow); v == stolen || v == ahead {
		g.over = true
	} else if !lost {
		*h = holder{g.chain.Current, g.chain.Current}
	}
}

// use shows an access token to the guard, which tells the store.
func (g *game) use(h *holder) { g.chain.Delivered = g.chain.Delivered || h.access == g.chain.Current }

func (g *game) wait() { g.now = g.now.Add(chainWindow) }

// play runs every game of so many moves.
func play(moves []func(g *game, p *[2]holder), length int, then func(g game, p [2]holder, played []int)) {
	played := make([]int, length)
	for {
		g := game{chain: Chain{Current: 1}, now: time.Unix(1_800_000_000, 0)}
		p := [2]holder{{1, 1}, {1, 1}} // the second has copied the first token
		for _, m := range played {
			moves[m](&g, &p)
		}
		then(g, p, played)
		i := 0
		for ; i < length; i++ {
			if played[i]++; played[i] < len(moves) {
				break
			}
			played[i] = 0
		}
		if i == length {
			return
		}
	}
}

// TestThiefAndVictim: whatever two who hold tokens of one session did before, in any
// order, they cannot both go on: one refresh of each more, and the session is over.
func TestThiefAndVictim(t *testing.T) {
	var moves []func(g *game, p *[2]holder)
	for who := range 2 {
		moves = append(moves,
			func(g *game, p *[2]holder) { g.refresh(&p[who], false) },
			func(g *game, p *[2]holder) { g.use(&p[who]) })
	}
	moves = append(moves,
		func(g *game, _ *[2]holder) { g.wait() },
		func(g *game, _ *[2]holder) { g.now = g.now.Add(chainWindow / 3) })
	play(moves, 7, func(before game, held [2]holder, played []int) {
		for first := range 2 {
			for _, uses := range []bool{true, false} {
				g, p := before, held
				turn := func(who int) {
					g.wait()
					g.refresh(&p[who], false)
					if uses {
						g.use(&p[who])
					}
				}
				turn(first)
				turn(1 - first)
				if !uses { // the first one's answer may have been lost: it has one more
					turn(first)
				}
				if !g.over {
					t.Fatalf("after %v, with %d first and uses %t, both go on: %+v", played, first, uses, g.chain)
				}
			}
		}
	})
}

// TestAlone: whatever answers one client loses, nobody takes it for a thief.
func TestAlone(t *testing.T) {
	moves := []func(g *game, p *[2]holder){
		func(g *game, p *[2]holder) { g.refresh(&p[0], false) },
		func(g *game, p *[2]holder) { g.refresh(&p[0], true) },
		func(g *game, p *[2]holder) { g.use(&p[0]) },
		func(g *game, _ *[2]holder) { g.wait() },
	}
	play(moves, 8, func(g game, _ [2]holder, played []int) {
		if g.over {
			t.Fatalf("after %v the session is over", played)
		}
	})
}
