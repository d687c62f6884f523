package token

import (
	"crypto/ed25519"
	"math/big"
	"slices"
	"sync"
)

// edwards is what RFC 8032 §5.1 calls p and d.
var edwards = sync.OnceValues(func() (p, d *big.Int) {
	one := big.NewInt(1)
	p = new(big.Int).Lsh(one, 255)
	p.Sub(p, big.NewInt(19))
	d = new(big.Int).ModInverse(big.NewInt(121666), p)
	d.Mul(d, big.NewInt(-121665))
	return p, d.Mod(d, p)
})

// soundEd reports whether a public key is a point of the curve, and not one of the eight
// of small order: under those a signature that takes no secret to make is good for every
// message, or for one in a few. A key of zeros, which is what a broken exporter writes,
// is among them.
func soundEd(k ed25519.PublicKey) bool {
	p, _ := edwards()
	be := slices.Clone(k)
	be[31] &= 0x7f // the sign of x, which changes neither
	slices.Reverse(be)
	y := new(big.Int).SetBytes(be)
	if y.Cmp(p) >= 0 {
		return false
	}
	for range 3 {
		if y = doubleEd(y); y == nil {
			return false
		}
	}
	return y.Cmp(big.NewInt(1)) != 0 // eight times a point of small order is the neutral one
}

// doubleEd is the y of twice a point, by its y alone; nil when no point has that y. From
// -x²+y² = 1+dx²y² follow x² = (y²-1)/(dy²+1), and for the double (x²+y²)/(1-dx²y²), whose
// denominators are never 0, as d is no square.
func doubleEd(y *big.Int) *big.Int {
	p, d := edwards()
	one := big.NewInt(1)
	mul := func(a, b *big.Int) *big.Int { c := new(big.Int).Mul(a, b); return c.Mod(c, p) }
	over := func(a, b *big.Int) *big.Int { return mul(a, new(big.Int).ModInverse(b, p)) }
	yy := mul(y, y)
	dyy := mul(d, yy)
	xx := over(new(big.Int).Sub(yy, one), new(big.Int).Add(dyy, one))
	if big.Jacobi(xx, p) < 0 {
		return nil
	}
	down := new(big.Int).Sub(one, mul(dyy, xx))
	return over(new(big.Int).Add(xx, yy), down.Mod(down, p))
}
