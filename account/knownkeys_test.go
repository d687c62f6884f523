package account

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/visit"
)

// TestRevokedMeanwhile: a key that is revoked between the question whether it was and its
// being remembered is not remembered.
func TestRevokedMeanwhile(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	hash := sha256.Sum256([]byte("key"))
	key := knownKey{hash, visit.Principal{Subject: "u", Expires: now.Add(time.Hour)}, now.Add(time.Hour)}
	for name, r := range map[string]Revocation{
		"the key":   {Kind: KindAPIKey, ID: "k"},
		"its owner": {Kind: KindUser, ID: "u"},
	} {
		known := knownKeys{keys: map[string]knownKey{}}
		dropped := make(chan struct{})
		known.put("k", key, func() bool {
			if known.mu.TryLock() {
				known.mu.Unlock()
				t.Errorf("%s: it is not asked under the lock", name)
			}
			go func() { known.drop(r); close(dropped) }()
			return true
		})
		<-dropped
		if _, ok := known.get("k", hash, now); ok {
			t.Errorf("%s was revoked, and the key is known", name)
		}
		known.put("k", key, func() bool { return false })
		if _, ok := known.get("k", hash, now); ok {
			t.Errorf("%s was revoked before, and the key is known", name)
		}
		known.put("k", key, func() bool { return true })
		if _, ok := known.get("k", hash, now); !ok {
			t.Errorf("%s: a good key is not known", name)
		}
	}
}
