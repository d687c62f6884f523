package dpop

import "testing"

// TestNormalURL: two spellings of one URL are one, and two URLs are never one.
func TestNormalURL(t *testing.T) {
	for _, row := range [][2]string{
		{"https://api.example/notes", "https://api.example/notes"},
		{"HTTPS://API.Example/notes", "https://api.example/notes"},
		{"https://api.example:443/notes", "https://api.example/notes"},
		{"https://api.example:/notes", "https://api.example/notes"},
		{"http://api.example:80/notes", "http://api.example/notes"},
		{"https://api.example:80/notes", "https://api.example:80/notes"},
		{"http://api.example:443/notes", "http://api.example:443/notes"},
		{"https://api.example:8443/notes", "https://api.example:8443/notes"},
		{"https://api.example:0443/notes", "https://api.example:0443/notes"},
		{"https://api.example./notes", "https://api.example./notes"},
		{"https://api.example/notes?q=1#top", "https://api.example/notes"},
		{"https://api.example/notes?q=/../x", "https://api.example/notes"},
		{"https://api.example", "https://api.example/"},
		{"https://api.example?q", "https://api.example/"},
		{"https://api.example/notes/", "https://api.example/notes/"},
		{"https://api.example//notes", "https://api.example//notes"},
		{"https://api.example/Notes", "https://api.example/Notes"},
		{"https://api.example/%7Eada/%2d", "https://api.example/~ada/-"},
		{"https://api.example/a%2fb", "https://api.example/a%2Fb"},
		{"https://api.example/a%2fb|c", "https://api.example/a%2Fb%7Cc"}, // not /a/b%7Cc
		{"https://api.example/[a]|\"b\"", "https://api.example/[a]%7C%22b%22"},
		{"https://api.example/a%2Fcaf\u00e9 ", "https://api.example/a%2Fcaf%C3%A9%20"},
		{"https://api.example/a%252Fb", "https://api.example/a%252Fb"},
		{"https://api.example/a%3Bb;c", "https://api.example/a%3Bb;c"},
		{"https://api.example/caf\u00e9", "https://api.example/caf%C3%A9"},
		{"https://api.example/caf%c3%a9", "https://api.example/caf%C3%A9"},
		{"https://api.example/a/../b/./c", "https://api.example/b/c"},
		{"https://api.example/a/%2e%2E/b", "https://api.example/b"},
		{"https://api.example/../../b", "https://api.example/b"},
		{"https://api.example/a/..", "https://api.example/"},
		{"https://api.example/a/.", "https://api.example/a/"},
		{"https://api.example/a/...", "https://api.example/a/..."},
		{"https://api.example/a//../b", "https://api.example/a/b"},
		{"https://[2001:DB8:0::1]/x", "https://[2001:db8::1]/x"},
		{"https://[2001:db8::1]:443/x", "https://[2001:db8::1]/x"},
		{"https://[::1]:8443/x", "https://[::1]:8443/x"},
		{"http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x"},

		{"", ""},
		{"/notes", ""},
		{"//api.example/notes", ""},
		{"api.example/notes", ""},
		{"https:api.example/notes", ""},
		{"https:///notes", ""},
		{"ftp://api.example/notes", ""},
		{"javascript:alert(1)", ""},
		{"https://ada@api.example/notes", ""},
		{"https://api.example@evil.example/notes", ""},
		{"https://api.example%2f@evil.example/", ""},
		{"https://api.example%00/notes", ""},
		{"https://api.example\\@evil.example/notes", ""},
		{"https://[fe80::1%25eth0]/x", ""},
		{"https://[api.example]/x", ""},
		{"https://api.example:x/notes", ""},
		{"https://api.example/%zz", ""},
		{"https://api.example/%2", ""},
		{"https://api.example/a\nb", ""},
		{" https://api.example/notes", ""},
	} {
		got, ok := NormalURL(row[0])
		if ok != (row[1] != "") || ok && got != row[1] {
			t.Errorf("%q: %q %v, want %q", row[0], got, ok, row[1])
		}
	}
}

// FuzzNormalURL: what is normal already stays as it is.
func FuzzNormalURL(f *testing.F) {
	for _, s := range []string{"https://a.example/b", "HTTP://[::1]:80/%7e/../x", "https://a:443//%2F/.."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once, ok := NormalURL(s)
		if !ok {
			return
		}
		if twice, ok := NormalURL(once); !ok || twice != once {
			t.Errorf("%q: %q, then %q", s, once, twice)
		}
	})
}
