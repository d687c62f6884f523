package account

import (
	"slices"
	"time"
)

// live returns the keys that verify at now, in the order in which they sign.
func live(list []storedKey, now time.Time) []storedKey {
	return slices.DeleteFunc(slices.Clone(list), func(k storedKey) bool { return !k.verifies(now) })
}

// open reports whether the last key of a list signs until another one is made. Without one,
// signing ends with that key's VerifiesUntil.
func open(list []storedKey) bool { return len(list) > 0 && list[len(list)-1].VerifiesUntil.IsZero() }

// nextStart returns when a key that is made now starts to sign: once every verifier can have
// fetched it, and after the keys that wait already. The first key of all starts at once.
func nextStart(list []storedKey, now time.Time) time.Time {
	if len(list) == 0 {
		return now
	}
	return later(now.Add(publishFor), list[len(list)-1].SignsFrom.Add(time.Second))
}

// reschedule sets the times of keys so that one signs at any time, each until the next one
// starts, and each verifies until the last token that it signed has expired. list has the
// live keys in the order in which they sign, the last of them open; life is how long after
// the start of its successor a key has to verify. It returns the keys that changed.
func reschedule(list []storedKey, now time.Time, life time.Duration) (changed []storedKey) {
	for i := range list {
		k := &list[i]
		was := k.SigningKey

		// A start further away than any rotation sets it was written by a clock that ran ahead.
		if farthest := now.Add(publishFor + time.Duration(i)*time.Second); k.SignsFrom.After(farthest.Add(clockMargin)) {
			k.SignsFrom = farthest
		}
		// When every key that has signed is gone, the first that waits is the best known one.
		if i == 0 && k.SignsFrom.After(now) {
			k.SignsFrom = now
		}

		if i > 0 {
			before := &list[i-1]
			wasBefore := before.SigningKey
			if k.SignsFrom.After(now) || before.VerifiesUntil.IsZero() {
				before.VerifiesUntil = k.SignsFrom.Add(life)
			}
			if before.SigningKey != wasBefore {
				changed = put(changed, *before)
			}
		}
		if k.SigningKey != was {
			changed = put(changed, *k)
		}
	}
	return changed
}

// put adds a key to a list, in place of its former times.
func put(list []storedKey, k storedKey) []storedKey {
	for i := range list {
		if list[i].ID == k.ID {
			list[i] = k
			return list
		}
	}
	return append(list, k)
}

// signerAt returns the index of the key that signs at now: the one that started last, but
// none whose tokens would outlive it while there is another. Before the first start, it is
// the first key, as this clock may be behind the one that set the start. list is not empty.
func signerAt(list []storedKey, now time.Time, ttl time.Duration) int {
	best := 0
	lasts := func(i int) bool { return list[i].verifies(now.Add(ttl)) }
	for i := 1; i < len(list); i++ {
		if list[i].signs(now) && (lasts(i) || !lasts(best)) {
			best = i
		}
	}
	return best
}
