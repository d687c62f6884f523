package token

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

const maxKeyFile = 64 << 10

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
	data, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	// The PEM reader passes over what stands before a block, broken blocks included.
	const begin = "-----BEGIN "
	block, rest := pem.Decode(data)
	if block == nil || !bytes.HasPrefix(data, []byte(begin+"PRIVATE KEY-----")) || bytes.Count(data, []byte(begin)) > 1 || len(block.Headers) > 0 || len(rest) > 0 {
		return nil, fmt.Errorf("token: %s does not hold one PRIVATE KEY block (PKCS #8 in PEM)", path)
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		// The error may quote the key. It says nothing a person could act on.
		return nil, fmt.Errorf("token: %s does not hold a private key that can be read", path)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("token: the key in %s cannot sign", path)
	}
	k, err := NewSigningKey(alg, signer)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

// readKeyFile follows a symbolic link, which is how containers mount secrets. What is
// checked is the file that is then read, not the one that had its name before.
func readKeyFile(path string) ([]byte, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // opening a pipe would wait
		return nil, fmt.Errorf("token: the signing key %s is not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("token: the signing key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("token: the signing key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("token: the signing key %s can be read by others: chmod 600 it, and think about who may have", path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("token: the signing key: %w", err)
	}
	if len(data) > maxKeyFile {
		return nil, fmt.Errorf("token: the signing key %s is too large for a key", path)
	}
	return data, nil
}

// create writes a new key beside path and then links it there, which fails when
// another process was first.
func create(path string, alg Algorithm) error {
	k, err := GenerateKey(alg)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(k.signer)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if err := pem.Encode(tmp, &pem.Block{Type: "PRIVATE KEY", Bytes: der}); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the new name durable. Windows cannot, and does not need it.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
