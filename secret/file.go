package secret

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// maxFile is more than any key needs.
const maxFile = 64 << 10

// ReadFile reads a file that only its owner may read, or, where it belongs to another user, its
// group as well. It follows a symbolic link; both are how containers mount secrets. A file in a
// folder where every user may write is refused. What is checked is the file that is then read,
// not the one that had its name before.
func ReadFile(path string) (Bytes, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // opening a pipe would wait
		return Bytes{}, fmt.Errorf("secret: %s is not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return Bytes{}, fmt.Errorf("secret: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Bytes{}, fmt.Errorf("secret: %w", err)
	}
	if err := checkMode(path, info); err != nil {
		return Bytes{}, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Bytes{}, fmt.Errorf("secret: %w", err)
	}
	if len(data) > maxFile {
		return Bytes{}, fmt.Errorf("secret: %s is too large for a key", path)
	}
	return NewBytes(data), nil
}

// CreateFile keeps a secret in a new file with mode 0600, in a folder with mode 0700, on
// disk when it returns. When another process was first, its file stays: read it.
func CreateFile(path string, s Bytes) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	tmp, err := os.CreateTemp(dir, ".key-*") // mode 0600
	if err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(s.Reveal()); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	// A link fails where a file is, which a rename would replace.
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("secret: %w", err)
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
		return fmt.Errorf("secret: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// keySize is that of LoadOrCreate's keys, in bytes.
const keySize = 32

// LoadOrCreate reads the key of 32 bytes that a file holds in hexadecimal, or makes one
// of random bytes and keeps it there. Of several processes that start at once, all end
// up with the same one. A file that others may read is refused.
func LoadOrCreate(path string) (Bytes, error) {
	text, err := ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		var key [keySize]byte
		rand.Read(key[:])
		if err := CreateFile(path, NewBytes([]byte(hex.EncodeToString(key[:])+"\n"))); err != nil {
			return Bytes{}, err
		}
		text, err = ReadFile(path)
	}
	if err != nil {
		return Bytes{}, err
	}
	raw := text.Reveal()
	if n := len(raw); n > 0 && raw[n-1] == '\n' {
		raw = raw[:n-1]
	}
	key := make([]byte, hex.DecodedLen(len(raw)))
	if _, err := hex.Decode(key, raw); err != nil || len(key) != keySize {
		return Bytes{}, fmt.Errorf("secret: %s does not hold a key: 64 hexadecimal digits in one line", path)
	}
	return NewBytes(key), nil
}
