package audit

import "io"

// records writes records that end with a newline, one Write each, so that one that was
// written in part spoils no other: the next one then begins with a newline.
type records struct {
	w    io.Writer
	torn bool // the last byte that was written is not a newline
	buf  []byte
}

// Write writes one record. It returns no error for a record that lacks the newline alone,
// which the next one brings.
func (r *records) Write(record []byte) (n int, err error) {
	b := record
	if r.torn {
		r.buf = append(append(r.buf[:0], '\n'), record...)
		b = r.buf
	}
	n, err = r.w.Write(b)
	n = min(max(n, 0), len(b))
	if n > 0 {
		r.torn = b[n-1] != '\n'
	}
	n = max(n-(len(b)-len(record)), 0)
	if n == len(record)-1 {
		return len(record), nil
	}
	if err == nil && n < len(record) {
		err = io.ErrShortWrite
	}
	return n, err
}
