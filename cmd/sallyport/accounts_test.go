package main

import (
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sallyport-dev/sallyport/internal/pgtest"
)

// TestLocate: a flag wins over the environment, and what is printed says which it was.
func TestLocate(t *testing.T) {
	const prod, other = "postgres://u:secret-word@db.example.com:5433/prod?sslmode=verify-full", "postgres://h/x"
	for name, row := range map[string]struct {
		given       []string
		store       string
		environment string
		want        string // the store
		describe    string
	}{
		"nothing":                 {nil, "", "", "", "d"},
		"the environment":         {nil, "", prod, prod, "PostgreSQL prod on db.example.com:5433 (from $SALLYPORT_STORE)"},
		"--store":                 {[]string{"store"}, other, "", other, "PostgreSQL x on h (from --store)"},
		"--store and environment": {[]string{"store"}, other, prod, other, "PostgreSQL x on h (from --store)"},
		"--store, empty":          {[]string{"store"}, "", prod, "", "d"},
		"--data and environment":  {[]string{"data"}, "", prod, "", "d (from --data; $SALLYPORT_STORE is not used: give --store to use a database)"},
		"--data and --store":      {[]string{"data", "store"}, other, prod, other, "PostgreSQL x on h (from --store)"},
		"--data":                  {[]string{"data"}, "", "", "", "d"},
		"another flag":            {[]string{"secret"}, "", prod, prod, "PostgreSQL prod on db.example.com:5433 (from $SALLYPORT_STORE)"},
		"no host":                 {[]string{"store"}, "postgres:///x?host=/run", "", "postgres:///x?host=/run", "PostgreSQL (from --store)"},
	} {
		t.Setenv(storeVariable, row.environment)
		p := place{data: "d", store: row.store, given: func(flag string) bool { return slices.Contains(row.given, flag) }}
		p.locate()
		if got := p.describe(); p.store != row.want || got != row.describe {
			t.Errorf("%s: %q, %s", name, p.store, got)
		}
	}
	t.Setenv(storeVariable, prod)
	if p := (place{}); p.complete() != nil || p.store != "" {
		t.Error("without a command line, the environment decides")
	}
}

// TestRedisFromEnvironment: here, too, a flag wins, also one that says that there is none.
func TestRedisFromEnvironment(t *testing.T) {
	const prod, other = "redis://u:secret-word@db.example.com", "redis://h"
	for name, row := range map[string]struct {
		given       []string
		redis       string
		environment string
		want        string
	}{
		"nothing":                 {nil, "", "", ""},
		"the environment":         {nil, "", prod, prod},
		"--redis":                 {[]string{"redis"}, other, "", other},
		"--redis and environment": {[]string{"redis"}, other, prod, other},
		"--redis, empty":          {[]string{"redis"}, "", prod, ""},
		"another flag":            {[]string{"data"}, "", prod, prod},
	} {
		t.Setenv(redisVariable, row.environment)
		o := options{place: place{given: func(flag string) bool { return slices.Contains(row.given, flag) }}}
		o.redis = row.redis
		if o.fromEnvironment(); o.redis != row.want {
			t.Errorf("%s: %q", name, o.redis)
		}
	}
}

// TestPostgresScripts: the scripts of a gate and commands on a database, $STORE.
func TestPostgresScripts(t *testing.T) {
	server := pgtest.Start(t)
	testscript.Run(t, testscript.Params{Dir: "testdata/postgres", Cmds: commands(), Setup: func(e *testscript.Env) error {
		e.Setenv("STORE", server.Database(t))
		return setup(e)
	}})
}
