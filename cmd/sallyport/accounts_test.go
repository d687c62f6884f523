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

// TestPostgresScripts: the scripts of a gate and commands on a database, $STORE.
func TestPostgresScripts(t *testing.T) {
	server := pgtest.Start(t)
	testscript.Run(t, testscript.Params{Dir: "testdata/postgres", Cmds: commands(), Setup: func(e *testscript.Env) error {
		e.Setenv("STORE", server.Database(t))
		return setup(e)
	}})
}
