package spec

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

const (
	maxFile     = 32 << 20 // bytes of one file of the document
	maxFiles    = 1000
	maxDocDepth = 200
	maxChain    = 100 // references from one to the next
	// MaxProblems is how many problems are told.
	MaxProblems  = 1000
	maxDocValues = 4_000_000
)

// Error is one problem of the document.
type Error struct {
	// File is the file's name, relative to the folder.
	File string
	// Pointer is the JSON Pointer of the place in the file.
	Pointer string
	// Line and Column are where that is, from 1; 0 where it is not known.
	Line, Column int
	// Reason is the rule, and the remedy where there is one.
	Reason string
}

// Error names the place and the rule.
func (e *Error) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d:%d", e.File, e.Line, e.Column)
	}
	return fmt.Sprintf("openapi: %s: #%s: %s", at, e.Pointer, e.Reason)
}

// source is one file of the document.
type source struct {
	name    string
	raw     []byte
	yaml    bool
	tree    any
	anchors map[string]string // $anchor → pointer
}

// Loader reads the files of a document and gathers what is wrong with them.
type Loader struct {
	// Version is the version of OpenAPI, such as "3.1", once it is known.
	Version string
	// Self is the address that the first file says it has. References to it are to that file.
	Self string

	entry    string // the name of the first file
	read     func(name string) ([]byte, error)
	files    map[string]*source
	errs     []error
	warnings []error
	found    []found          // whose line is not known yet
	noted    map[problem]bool // so that what is read twice is told once

	opened  map[opening]opened
	checked map[opening]bool
}

// NewLoader returns a Loader of the files that read returns by their names.
func NewLoader(read func(name string) ([]byte, error)) *Loader {
	return &Loader{
		read: read, files: map[string]*source{}, noted: map[problem]bool{},
		opened: map[opening]opened{}, checked: map[opening]bool{},
	}
}

// Open reads the file and returns its whole value. Problems are noted as well.
func (l *Loader) Open(name string) (Cursor, error) {
	l.entry = cmp.Or(l.entry, name)
	src, err := l.open(name)
	if err != nil {
		if len(l.errs) == 0 {
			l.errs = append(l.errs, &Error{File: name, Reason: err.Error()})
		}
		return Cursor{}, err
	}
	return Cursor{src.tree, l, src, ""}, nil
}

// Entry is the file that was opened first, which the document is.
func (l *Loader) Entry() Cursor { return Cursor{l.files[l.entry].tree, l, l.files[l.entry], ""} }

// Failed reports whether there is a problem.
func (l *Loader) Failed() bool { return len(l.errs) > 0 }

func (l *Loader) fail(s *source, pointer, reason string) { l.note(&l.errs, s, pointer, reason) }

// note adds a problem, or a warning, to a list, once.
func (l *Loader) note(list *[]error, s *source, pointer, reason string) {
	key := problem{s, pointer, reason}
	if len(*list) < MaxProblems && !l.noted[key] {
		l.noted[key] = true
		e := &Error{File: s.name, Pointer: pointer, Reason: reason}
		*list, l.found = append(*list, e), append(l.found, found{s, e})
	}
}

// problem is a reason at a place.
type problem struct {
	src             *source
	pointer, reason string
}

// found is a problem in a file.
type found struct {
	src *source
	err *Error
}

// Problems returns all problems, in the order of their places.
func (l *Loader) Problems() []error {
	l.locate()
	return inOrder(l.errs)
}

// Warnings returns what [Cursor.Warnf] has noted, as *[Error], in the order of the places.
func (l *Loader) Warnings() []error {
	l.locate()
	return inOrder(l.warnings)
}

// inOrder sorts problems by their places.
func inOrder(errs []error) []error {
	slices.SortStableFunc(errs, func(a, b error) int {
		x, okX := a.(*Error)
		y, okY := b.(*Error)
		if !okX || !okY {
			return 0
		}
		return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	})
	return errs
}

// locate finds the lines of all problems, reading each file once more: a table of all
// places would be as large as the document.
func (l *Loader) locate() {
	bySource := map[*source]map[string][]*Error{}
	for _, f := range l.found {
		if bySource[f.src] == nil {
			bySource[f.src] = map[string][]*Error{}
		}
		bySource[f.src][f.err.Pointer] = append(bySource[f.src][f.err.Pointer], f.err)
	}
	for src, wanted := range bySource {
		src.places(wanted)
	}
	l.found = nil
}

// Folder reads files below dir, and none outside of it: os.Root follows no symbolic
// link that leaves it.
func Folder(root *os.Root) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		f, err := root.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
			return nil, errors.New("is not a regular file")
		}
		data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
		if err == nil && len(data) > maxFile {
			err = errors.New("is larger than 32 MiB")
		}
		return data, err
	}
}

// open returns a file, parsed once. An error is a reason for the place that named it.
func (l *Loader) open(name string) (*source, error) {
	if s, ok := l.files[name]; ok {
		if s == nil {
			return nil, errors.New("needs " + name + ", which cannot be used")
		}
		return s, nil
	}
	if len(l.files) == maxFiles {
		return nil, fmt.Errorf("needs more than %d files", maxFiles)
	}
	l.files[name] = nil
	data, err := l.read(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, pathless(err))
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF")) // as .NET begins files
	s := &source{name: name, raw: data, yaml: !isJSON(name, data)}
	if err := s.parse(); err != nil {
		l.errs = append(l.errs, err)
		return nil, errors.New("needs " + name + ", which cannot be used")
	}
	if err := s.sameVersion(l.Version); err != nil {
		return nil, err
	}
	l.files[name] = s
	l.anchors(s)
	return s, nil
}

// sameVersion refuses a file that is a document of another version: the same words mean
// something else there.
func (s *source) sameVersion(version string) error {
	m, _ := s.tree.(map[string]any)
	for _, name := range []string{"openapi", "swagger"} {
		own, isText := m[name].(string)
		if isText && version != "" && !strings.HasPrefix(own, version+".") {
			return fmt.Errorf("%s is a document of version %s, and this one is of OpenAPI %s; "+
				"have both be of one version", s.name, own, version)
		}
	}
	return nil
}

// pathless drops the operation and the absolute path that os puts before its reason.
func pathless(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

func isJSON(name string, data []byte) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".yaml", ".yml":
		return false
	case ".json":
		return true
	}
	return strings.HasPrefix(strings.TrimLeft(string(data[:min(len(data), 64)]), " \t\r\n"), "{")
}
