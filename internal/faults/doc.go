// Package faults is a bench, made of tests alone: it runs the built binary with real servers around
// it, breaks one of them after the other under traffic, and holds the gates to what the documentation
// states. Run it with `make test-long`.
package faults
