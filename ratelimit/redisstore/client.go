package redisstore

import (
	"context"
	"crypto/sha1"
	_ "embed"
	"encoding/hex"
)

// Script is a Lua script and the name by which a server knows it.
type Script struct {
	// Text is the script.
	Text string
	// SHA1 is the digest of Text in lower-case hexadecimal, as EVALSHA takes it.
	SHA1 string
}

func script(text string) *Script {
	sum := sha1.Sum([]byte(text))
	return &Script{text, hex.EncodeToString(sum[:])}
}

// Call is one run of a script.
type Call struct {
	Script *Script
	// Keys are of one hash slot.
	Keys []string
	Args []string
}

// Answer is what a [Call] came to.
type Answer struct {
	Integers []int64
	Err      error
}

// Client is a connection to Redis or Valkey. Package redisconn has one; another client
// library is 20 lines. It is for use by many goroutines at once.
type Client interface {
	// Eval runs a script that answers with a list of integers, by EVALSHA, and by EVAL
	// where the server does not know it. It returns when ctx ends, and does not try
	// again: what to do without an answer is the store's to decide.
	Eval(ctx context.Context, c Call) ([]int64, error)
	// EvalAll runs many in as few round trips as it can. It has an Answer for each.
	EvalAll(ctx context.Context, calls []Call) []Answer
	// Close ends the connection.
	Close()
}

//go:embed decide.lua
var decideText string

//go:embed nodes.lua
var nodesText string

//go:embed strangers.lua
var strangersText string

var (
	decide    = script(decideText)
	nodes     = script(nodesText)
	strangers = script(strangersText)
)
