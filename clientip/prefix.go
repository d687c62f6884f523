package clientip

import "net/netip"

// Prefix is the bucket an address counts in: itself for IPv4, its /64 for IPv6, as
// one customer commonly has a whole /64 (RFC 6177 §2). An IPv4-mapped address is the
// IPv4 address it holds. The zero Addr gives the zero Prefix.
func Prefix(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	switch {
	case a.Is4():
		return netip.PrefixFrom(a, 32)
	case a.Is6():
		return netip.PrefixFrom(a, 64).Masked()
	}
	return netip.Prefix{}
}
