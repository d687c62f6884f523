package token

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestLoadOrCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "key.pem")
	first := must(LoadOrCreate(path, ES256))
	if info := must(os.Stat(path)); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if info := must(os.Stat(filepath.Dir(path))); info.Mode().Perm() != 0o700 {
		t.Errorf("mode of the folder %v", info.Mode())
	}
	if again := must(LoadOrCreate(path, ES256)); again.String() != first.String() {
		t.Errorf("%v became %v", first, again)
	}
	if list := must(os.ReadDir(filepath.Dir(path))); len(list) != 1 {
		t.Errorf("left behind: %v", list)
	}
	if _, err := LoadOrCreate(path, RS256); err == nil {
		t.Error("an EC key serves RS256")
	}
}

func TestManyCreateOneKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.pem")
	names := make([]string, 8)
	var all sync.WaitGroup
	for i := range names {
		all.Go(func() {
			k, err := LoadOrCreate(path, ES256)
			if err != nil {
				t.Error(err)
				return
			}
			names[i] = k.String()
		})
	}
	all.Wait()
	for _, name := range names {
		if name != names[0] {
			t.Errorf("two keys: %s and %s", names[0], name)
		}
	}
}

func TestKeyFilesRefused(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	must(LoadOrCreate(good, ES256))
	data := must(os.ReadFile(good))
	open := filepath.Join(dir, "open")
	if err := errors.Join(os.WriteFile(open, data, 0o600), os.Chmod(open, 0o640)); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadOrCreate(open, ES256); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("readable by others: %v", err)
	}
	if _, err := LoadOrCreate(dir, ES256); err == nil {
		t.Error("a folder is a key")
	}
	garbage := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("garbage")})
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(signer()[ES256].key.Public))})
	for name, content := range map[string][]byte{
		"empty": {}, "text": []byte("hello"), "public": public, "garbage": garbage, "two keys": append(bytes.Clone(data), data...),
		"text before": append([]byte("x\n"), data...), "headers": bytes.Replace(data, []byte("KEY-----\n"), []byte("KEY-----\nA: b\n\n"), 1),
		"broken block before": append([]byte("-----BEGIN PRIVATE KEY-----\n?\n-----END PRIVATE KEY-----\n"), data...),
		"text behind":         append(bytes.Clone(data), "x\n"...), "huge": bytes.Repeat([]byte("a"), 1<<16+1), "cut": data[:len(data)/2],
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadOrCreate(path, ES256); err == nil {
			t.Errorf("%s: loaded", name)
		}
		if after := must(os.ReadFile(path)); !bytes.Equal(after, content) {
			t.Errorf("%s: changed", name)
		}
	}
}

// TestLinkedKeyFiles: secrets are mounted as links. What counts is the file behind, and
// a link that leads nowhere is not made to lead somewhere.
func TestLinkedKeyFiles(t *testing.T) {
	dir := t.TempDir()
	good, link := filepath.Join(dir, "good"), filepath.Join(dir, "link")
	first := must(LoadOrCreate(good, ES256))
	if err := os.Symlink(good, link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if k, err := LoadOrCreate(link, ES256); err != nil || k.String() != first.String() {
		t.Errorf("a link to a key: %v %v", k, err)
	}
	if err := os.Chmod(good, 0o604); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadOrCreate(link, ES256); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a link to a key others may read: %v", err)
	}
	for name, target := range map[string]string{"folder": dir, "nowhere": filepath.Join(dir, "missing"), "device": os.DevNull, "itself": filepath.Join(dir, "itself")} {
		path := filepath.Join(dir, name)
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadOrCreate(path, ES256); err == nil {
			t.Errorf("a link to %s is a key", name)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "missing")); err == nil {
		t.Error("a key was made where the link led")
	}
	for _, f := range must(os.ReadDir(dir)) {
		if strings.HasPrefix(f.Name(), ".key-") {
			t.Errorf("left behind: %s", f.Name())
		}
	}
}

// TestKeysInFilesAreChecked: a file is no way around the rules for keys.
func TestKeysInFilesAreChecked(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	dir := t.TempDir()
	for name, c := range map[string]struct {
		private any
		alg     Algorithm
		want    string
	}{
		"weak":       {must(rsa.GenerateKey(rand.Reader, 1024)), RS256, "1024 bits"},
		"other kind": {must(rsa.GenerateKey(rand.Reader, 2048)), ES256, "takes an *ecdsa.PublicKey"},
		"no signer":  {must(ecdh.X25519().GenerateKey(rand.Reader)), Ed25519, "cannot sign"},
		"HMAC":       {signer()[ES256].signer, HS256, "HMAC does not use"},
	} {
		path := filepath.Join(dir, name)
		data := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(c.private))})
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadOrCreate(path, c.alg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := LoadOrCreate(filepath.Join(dir, "new"), HS256); err == nil {
		t.Error("a secret was made")
	}
	if len(must(os.ReadDir(dir))) != 4 {
		t.Error("something was left behind")
	}
}
