package token

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"

	"github.com/sallyport-dev/sallyport/secret"
)

// LoadOrCreate reads the signing key that path holds (PKCS #8 in PEM), or makes one
// for the algorithm and keeps it there with mode 0600, in a folder with mode 0700. Of
// several processes that start at once, all end up with the same key. A file that
// others may read is refused.
func LoadOrCreate(path string, alg Algorithm) (*SigningKey, error) {
	k, err := load(path, alg)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if err := create(path, alg); err != nil {
		return nil, fmt.Errorf("token: keeping the signing key: %w", err)
	}
	return load(path, alg)
}

func load(path string, alg Algorithm) (*SigningKey, error) {
	file, err := secret.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("token: the signing key: %w", err)
	}
	data := file.Reveal()
	// The PEM reader passes over what stands before a block, broken blocks included.
	const begin = "-----BEGIN "
	block, rest := pem.Decode(data)
	if block == nil || !bytes.HasPrefix(data, []byte(begin+"PRIVATE KEY-----")) || bytes.Count(data, []byte(begin)) > 1 || len(block.Headers) > 0 || len(rest) > 0 {
		return nil, fmt.Errorf("token: %s does not hold one PRIVATE KEY block (PKCS #8 in PEM)", path)
	}
	k, err := ParsePKCS8(alg, block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

// create makes a key and keeps it, unless another process was first.
func create(path string, alg Algorithm) error {
	k, err := GenerateKey(alg)
	if err != nil {
		return err
	}
	der, err := k.MarshalPKCS8()
	if err != nil {
		return err
	}
	return secret.CreateFile(path, secret.NewBytes(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}
