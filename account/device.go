package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/visit"
)

// A device token shows that somebody has logged in as a user on this device before. It
// opens nothing; it only keeps the tries of strangers from being counted here.
const (
	devicePrefix = "spd_"
	deviceTTL    = 180 * 24 * time.Hour
	deviceSigned = sessionSize + 8 + 8 // a random id, the user's credential, the expiry
)

// onKnownDevice reports whether a device token is one of the user who is about to log in. Only
// who sends something of that form costs a query.
func (a *Accounts) onKnownDevice(ctx context.Context, login, device string) (bool, error) {
	if !strings.HasPrefix(device, devicePrefix) {
		return false, nil
	}
	u, err := a.store.UserByLogin(ctx, login)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && a.knownDevice(&u, device) != "", err
}

// deviceAfter is the device token that the client should have now: the one it has, or
// a new one.
func (a *Accounts) deviceAfter(u *User, sent string) string {
	if a.knownDevice(u, sent) != "" {
		return sent
	}
	return a.newDevice(u, visit.NewID(a.now()))
}

func (a *Accounts) newDevice(u *User, id string) string {
	raw := append([]byte{}, uuidBytes(id)...)
	raw = binary.BigEndian.AppendUint64(raw, uint64(u.Credential))
	raw = binary.BigEndian.AppendUint64(raw, uint64(a.storeNow().Add(deviceTTL).Unix()))
	return devicePrefix + base64.RawURLEncoding.EncodeToString(append(raw, a.deviceSum(u, raw)...))
}

func (a *Accounts) deviceSum(u *User, raw []byte) []byte {
	h := hmac.New(sha256.New, a.secrets.device)
	h.Write(raw)
	h.Write([]byte(u.ID))
	return h.Sum(nil)
}

// knownDevice returns the id of a device's token, if it is one of this user.
func (a *Accounts) knownDevice(u *User, text string) string {
	if len(text) != len(devicePrefix)+base64.RawURLEncoding.EncodedLen(deviceSigned+sha256.Size) || text[:len(devicePrefix)] != devicePrefix {
		return ""
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text[len(devicePrefix):])
	// The decoder skips line ends, so that the length of the text says nothing of the bytes.
	if err != nil || len(raw) != deviceSigned+sha256.Size || u.ID == "" {
		return ""
	}
	signed, sum := raw[:deviceSigned], raw[deviceSigned:]
	credential := int64(binary.BigEndian.Uint64(signed[sessionSize:]))
	expires := time.Unix(int64(binary.BigEndian.Uint64(signed[sessionSize+8:])), 0)
	if !hmac.Equal(sum, a.deviceSum(u, signed)) || credential != u.Credential || !a.storeNow().Before(expires) {
		return ""
	}
	return hex.EncodeToString(signed[:sessionSize])
}
