//go:build race

package account_test

// modelShare is the part of the model test's sequences that runs with the race detector,
// under which the database takes ten times as long.
const modelShare = 10
