package password

// keyRows are the rows of a QWERTY keyboard, each half a key to the right of the one
// above.
var keyRows = [...]string{"1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./"}

// place is where a key is: its row counted from one, so that zero is no key.
type place struct{ row, column int8 }

// keyPlaces finds the place of a character.
var keyPlaces = func() (places [128]place) {
	for row, keys := range keyRows {
		for column, key := range []byte(keys) {
			places[key] = place{int8(row + 1), int8(column)}
		}
	}
	// The shifted digits lie where the digits do.
	for column, key := range []byte("!@#$%^&*()") {
		places[key] = place{1, int8(column)}
	}
	return places
}()

// neighbours reports whether two different keys touch, and which way it goes from the
// first to the second.
func neighbours(a, b byte) (way [2]int, ok bool) {
	if a >= 128 || b >= 128 || a == b {
		return way, false
	}
	p, q := keyPlaces[a], keyPlaces[b]
	if p.row == 0 || q.row == 0 {
		return way, false
	}
	way = [2]int{int(q.row - p.row), int(q.column - p.column)}
	switch way {
	case [2]int{0, 1}, [2]int{0, -1}, [2]int{1, 0}, [2]int{1, -1}, [2]int{-1, 0}, [2]int{-1, 1}:
		return way, true
	}
	return way, false
}
