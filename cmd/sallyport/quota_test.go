package main

import (
	"fmt"
	"testing"
)

func TestParseQuota(t *testing.T) {
	for text, want := range map[string]string{
		"tenant: 1000 per 1m by claim:org":                        "{tenant 1000 per 1m [claim:org]}",
		"uploads: 50000000 bytes per 1h by principal":             "{uploads 50000000 bytes per 1h [principal]}",
		"busy: 10 at once by client, route shadow":                "{busy 10 at once shadow [client route]}",
		"q:10/s burst 20":                                         "{q 10/s burst 20 []}",
		"team: 5 per 1h by claim:https://example.com/team shadow": "{team 5 per 1h shadow [claim:https://example.com/team]}",
	} {
		if q, err := parseQuota(text); err != nil || fmt.Sprint(q) != want {
			t.Errorf("%q: %v %v, want %s", text, q, err, want)
		}
	}
	for _, text := range []string{"", "1000 per 1m", "1000 per 1m by claim:org"} {
		if q, err := parseQuota(text); err == nil {
			t.Errorf("%q is %v", text, q)
		}
	}
}

// TestClaims: what quotas are by is what the tokens of other issuers are read for.
func TestClaims(t *testing.T) {
	o := limitOptions{quotas: []string{"a: 1 per 1h by claim:org", "b: 1 per 1h by claim:team, claim:client_id, route", "c: 1 per 1h by claim:org"}}
	if got := fmt.Sprint(o.claims()); got != "[org team]" {
		t.Error(got)
	}
}

// TestDescribeRedis: where Redis is, and never the password.
func TestDescribeRedis(t *testing.T) {
	for address, want := range map[string]string{
		"redis://ada:hunter2@db:6379/1":             "db:6379",
		"rediss://:hunter2@a:1?addr=b:2&addr=c:3":   "a:1, b:2, c:3",
		"redis://a:26379?addr=b:26379&master_set=m": "the master m of a:26379, b:26379",
		"unix:///run/redis.sock":                    "/run/redis.sock",
		"redis://ada:hunt\x00er2@db":                "?",
	} {
		o := options{limitOptions: limitOptions{redis: address}}
		if got := o.describeRedis(); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
