//go:build !race

package sallyport_test

const raceEnabled = false
