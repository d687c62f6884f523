package token

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
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
	x25519 := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("garbage")})
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(signer()[ES256].key.Public))})
	for name, content := range map[string][]byte{
		"empty": {}, "text": []byte("hello"), "public": public, "garbage": x25519, "two keys": append(bytes.Clone(data), data...),
		"text behind": append(bytes.Clone(data), "x\n"...), "huge": bytes.Repeat([]byte("a"), maxKeyFile+1), "cut": data[:len(data)/2],
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

func TestSigningKeysDoNotPrint(t *testing.T) {
	k := signer()[HS256]
	raw := k.key.Secret.Reveal()
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if s := fmt.Sprintf(format, k.key); strings.Contains(s, string(raw)) || strings.Contains(s, fmt.Sprintf("%x", raw)) {
			t.Errorf("%s shows the secret", format)
		}
	}
}

func TestSign(t *testing.T) {
	for alg, k := range signer() {
		raw, err := k.Sign(fair(), AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verifierOf(t, alg, nil).Verify(raw); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
	for name, claims := range map[string]any{"a list": []int{1}, "text": "x", "nil": nil, "a channel": make(chan int)} {
		if _, err := signer()[ES256].Sign(claims, AccessToken); err == nil {
			t.Errorf("%s was signed", name)
		}
	}
	if _, err := GenerateKey(HS256); err == nil {
		t.Error("a secret was made up")
	}
	if _, err := GenerateKey("none"); err == nil {
		t.Error("a key for none")
	}
	if _, err := NewSigningKey(ES256, nil); err == nil {
		t.Error("a key of nothing")
	}
}

// TestErrata04Bearer: the guide takes what stands after the first space, whatever stands
// before it.
func TestErrata04Bearer(t *testing.T) {
	for _, c := range []struct {
		lines []string
		want  string
		err   error
	}{
		{[]string{"Bearer abc"}, "abc", nil},
		{[]string{"bearer a.b-c_d~e+f/g="}, "a.b-c_d~e+f/g=", nil},
		{[]string{"BEARER abc"}, "abc", nil},
		{nil, "", ErrNoCredentials},
		{[]string{""}, "", ErrNoCredentials},
		{[]string{"Basic abc"}, "", ErrNoCredentials},
		{[]string{"abc"}, "", ErrNoCredentials},
		{[]string{"Bearerabc"}, "", ErrNoCredentials},
		{[]string{"Bearer-x abc"}, "", ErrNoCredentials},
		{[]string{"Bearer"}, "", ErrBadAuthorization},
		{[]string{"Bearer "}, "", ErrBadAuthorization},
		{[]string{"Bearer  abc"}, "", ErrBadAuthorization},
		{[]string{"Bearer\tabc"}, "", ErrBadAuthorization},
		{[]string{"Bearer abc "}, "", ErrBadAuthorization},
		{[]string{"Bearer abc def"}, "", ErrBadAuthorization},
		{[]string{"Bearer abc,def"}, "", ErrBadAuthorization},
		{[]string{`Bearer "abc"`}, "", ErrBadAuthorization},
		{[]string{"Bearer abc\n"}, "", ErrBadAuthorization},
		{[]string{"Bearer abc", "Bearer abc"}, "", ErrBadAuthorization},
		{[]string{"Basic abc", "Bearer abc"}, "", ErrBadAuthorization},
	} {
		got, err := Bearer(http.Header{"Authorization": c.lines})
		if got != c.want || err != c.err && !errors.Is(err, c.err) {
			t.Errorf("%q: %q %v, want %q %v", c.lines, got, err, c.want, c.err)
		}
	}
}

func TestInspect(t *testing.T) {
	k := signer()[ES256]
	raw := forge(k, head(k), claimsJSON(with("sub", "\u2028evil")))
	seen, err := Inspect(raw)
	if err != nil || !strings.Contains(seen.Header, "\n  \"alg\": \"ES256\"") || !strings.Contains(seen.Claims, `"iss"`) || seen.Size != len(raw) {
		t.Errorf("%+v %v", seen, err)
	}
	if strings.Contains(seen.Header+seen.Claims, raw[strings.LastIndexByte(raw, '.')+1:]) || strings.Contains(seen.Claims, "\u2028") {
		t.Error("shows the signature, or what a terminal acts on")
	}
	for _, bad := range []string{"", "a.b.c", "a.b", raw + ".x", strings.Repeat("a", 65<<10)} {
		if _, err := Inspect(bad); err == nil || Explain(err) == "" {
			t.Errorf("%.10q: %v", bad, err)
		}
	}
	if got := Explain(errors.New("x")); got != "x" {
		t.Error(got)
	}
}
