//go:build !race

package account_test

const modelShare = 1
