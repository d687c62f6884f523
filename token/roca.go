package token

import "math/big"

// rocaPrimes are the primes of which a faulty library made its RSA primes powers of
// 65537 (CVE-2017-15361): up to 167 for every key size.
var rocaPrimes = []uint64{
	3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131,
	137, 139, 149, 151, 157, 163, 167,
}

// isROCA reports whether a modulus has the fingerprint of that library: it is a power
// of 65537 modulo each of the primes, as about one sound modulus in 10⁸ is by chance.
// Such a key can be factored.
func isROCA(n *big.Int) bool {
	var rest big.Int
	for _, p := range rocaPrimes {
		r := rest.Mod(n, new(big.Int).SetUint64(p)).Uint64()
		if !isPower(r, 65537%p, p) {
			return false
		}
	}
	return true
}

// isPower reports whether r is a power of g modulo p.
func isPower(r, g, p uint64) bool {
	for power, i := uint64(1), uint64(0); i < p; i++ {
		if power == r {
			return true
		}
		power = power * g % p
	}
	return false
}
