package account

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"github.com/sallyport-dev/sallyport/account/internal/seal"
	"github.com/sallyport-dev/sallyport/secret"
)

// minSecret is what [Config.Secret] needs: 256 bits.
const minSecret = 32

// secrets are what is derived from Config.Secret, one for each purpose, so that no use
// of one tells anything of another.
type secrets struct {
	refresh refreshKey
	device  []byte
	names   []byte // turns what a client wrote into the id of a record
	box     *seal.Box
	// fingerprint is in the store, for processes with another Secret to notice.
	fingerprint []byte
}

func newSecrets(s secret.Bytes) (out secrets, err error) {
	derive := func(purpose string) []byte {
		key, e := hkdf.Key(sha256.New, s.Reveal(), nil, "sallyport account "+purpose, sha256.Size)
		if e != nil {
			err = fmt.Errorf("account: Secret: %w", e)
		}
		return key
	}
	out = secrets{refresh: derive("refresh"), device: derive("device"), names: derive("names"), fingerprint: derive("fingerprint")}
	at := derive("at rest")
	if err != nil {
		return out, err
	}
	out.box, err = seal.New(at)
	return out, err
}
