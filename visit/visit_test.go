package visit_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/visit"
)

func TestNewID(t *testing.T) {
	// RFC 9562 §5.7: version 7, variant 10.
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	now := time.UnixMilli(0x0123456789ab)
	seen := map[string]bool{}
	for range 10_000 {
		id := visit.NewID(now)
		if !form.MatchString(id) || !strings.HasPrefix(id, "01234567-89ab-") {
			t.Fatalf("%s is not a UUIDv7 of its time", id)
		}
		if seen[id] {
			t.Fatalf("%s came twice", id)
		}
		seen[id] = true
		if !visit.ValidID(id) {
			t.Fatalf("%s is not a valid id", id)
		}
	}
	if later := visit.NewID(now.Add(time.Millisecond)); later <= visit.NewID(now) {
		t.Error("a later id does not sort later")
	}
}

func TestValidID(t *testing.T) {
	for id, want := range map[string]bool{
		"a": true, "req-1.2_3": true, strings.Repeat("a", 64): true,
		"": false, strings.Repeat("a", 65): false, "a b": false, "a\nb": false, "a\x00": false,
		`a"b`: false, "é": false, "a/b": false, "a,b": false, "<a>": false, "%0a": false, "a:b": false,
	} {
		if got := visit.ValidID(id); got != want {
			t.Errorf("ValidID(%q) = %v", id, got)
		}
	}
}

func TestContext(t *testing.T) {
	if v := visit.From(t.Context()); v != nil {
		t.Error("a visit from nowhere")
	}
	if _, ok := visit.Caller(t.Context()); ok {
		t.Error("a caller from nowhere")
	}
	v := &visit.Visit{ID: "r1"}
	ctx := visit.With(t.Context(), v)
	if visit.From(ctx) != v {
		t.Error("the visit is not the one put in")
	}
	if _, ok := visit.Caller(ctx); ok {
		t.Error("an anonymous visit has a caller")
	}
	v.Principal = visit.Principal{Issuer: "i", Subject: "s", Session: "sid", Token: "jti", Client: "c", Scopes: []string{"notes:read"}, Roles: []string{"admin"}}
	p, ok := visit.Caller(ctx)
	if !ok || p.Subject != "s" {
		t.Errorf("the caller is %v", p)
	}
	if !p.HasScope("notes:read") || p.HasScope("notes:rea") || p.HasScope("Notes:read") || p.HasScope("") {
		t.Error("scopes are not compared exactly")
	}
	if !p.HasRole("admin") || p.HasRole("ADMIN") || p.HasRole("") {
		t.Error("roles are not compared exactly")
	}
	for name, want := range map[string]string{"iss": "i", "sub": "s", "sid": "sid", "jti": "jti", "client_id": "c", "email": "", "": "", "Sub": ""} {
		if got, ok := p.Claim(name); got != want || ok != (want != "") {
			t.Errorf("claim %q is %q, %v", name, got, ok)
		}
	}
	if _, ok := (visit.Principal{}).Claim("sub"); ok {
		t.Error("nobody has a subject")
	}
}

func BenchmarkNewID(b *testing.B) {
	now := time.Now()
	for b.Loop() {
		visit.NewID(now)
	}
}

func TestRecent(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for _, row := range []struct {
		ago  time.Duration
		want bool
	}{
		{0, true}, {10 * time.Minute, true}, {10*time.Minute + 1, false}, {-5 * time.Minute, true}, {-5*time.Minute - 1, false},
		{-200 * 365 * 24 * time.Hour, false},
	} {
		if got := visit.Recent(now.Add(-row.ago), now, 10*time.Minute); got != row.want {
			t.Errorf("%s ago: %t", row.ago, got)
		}
	}
	if visit.Recent(time.Time{}, now, time.Hour) {
		t.Error("the zero time is recent")
	}
}
