package account

import (
	"crypto/sha256"
	"crypto/subtle"
	"sync"
	"time"

	"github.com/sallyport-dev/sallyport/visit"
)

// maxKnownKeys bounds the keys one process remembers; it asks the store for others.
const maxKnownKeys = 10_000

// knownKeys are the keys this process has looked at. What the feed says of a key or its
// owner drops them.
type knownKeys struct {
	mu   sync.RWMutex
	keys map[string]knownKey // by id
}

type knownKey struct {
	hash      [sha256.Size]byte
	principal visit.Principal
	until     time.Time // when it is looked at again
}

func (k *knownKeys) get(id string, hash [sha256.Size]byte, now time.Time) (visit.Principal, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	known, ok := k.keys[id]
	if !ok || subtle.ConstantTimeCompare(known.hash[:], hash[:]) != 1 || !now.Before(known.until) || !now.Before(known.principal.Expires) {
		return visit.Principal{}, false
	}
	return known.principal, true
}

// put remembers a key, if current says that nothing was revoked since it was read. It is
// asked under the lock: what is revoked after that finds the key here, and drops it.
func (k *knownKeys) put(id string, known knownKey, current func() bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !current() {
		return
	}
	if len(k.keys) >= maxKnownKeys {
		clear(k.keys)
	}
	k.keys[id] = known
}

// drop forgets one key, or those of a user.
func (k *knownKeys) drop(r Revocation) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r.Kind == KindAPIKey {
		delete(k.keys, r.ID)
		return
	}
	for id, known := range k.keys {
		if known.principal.Subject == r.ID {
			delete(k.keys, id)
		}
	}
}
