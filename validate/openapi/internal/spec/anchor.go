package spec

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// anchors finds the anchors of a file, outside of schemas that have an $id, which have their
// own. A name that is there twice would mean one or the other by chance.
func (l *Loader) anchors(s *source) {
	if !bytes.Contains(s.raw, []byte("nchor")) { // most files
		return
	}
	a := anchors{l, s}
	s.anchors = map[string]string{}
	a.object(s.tree, "")
}

type anchors struct {
	l *Loader
	s *source
}

// object reads an object's members as keywords, unless they are only values.
func (a anchors) object(v any, pointer string) {
	if list, ok := v.([]any); ok {
		for i, item := range list {
			a.object(item, pointer+"/"+strconv.Itoa(i))
		}
		return
	}
	m, _ := v.(map[string]any)
	if _, ok := m["$id"].(string); ok && pointer != "" {
		return
	}
	for _, key := range []string{"$anchor", "$dynamicAnchor"} {
		if name, ok := m[key].(string); ok {
			a.add(name, pointer, key)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		switch below := pointer + "/" + wire.Escape(name); {
		case slices.Contains(values, name), strings.HasPrefix(name, "x-"):
		case slices.Contains(named, name):
			a.named(m[name], below)
		default:
			a.object(m[name], below)
		}
	}
}

// named reads an object whose members have names that its author chose, whatever they are.
func (a anchors) named(v any, pointer string) {
	m, isObject := v.(map[string]any)
	if !isObject {
		a.object(v, pointer)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		a.object(m[name], pointer+"/"+wire.Escape(name))
	}
}

func (a anchors) add(name, pointer, key string) {
	if before, twice := a.s.anchors[name]; twice && before != pointer {
		a.l.fail(a.s, pointer+"/"+key, "the anchor "+strconv.Quote(name)+" stands at #"+before+" too: a reference to it could mean either")
		return
	}
	a.s.anchors[name] = pointer
}

var (
	// values hold what is no schema, whatever it looks like.
	values = []string{"const", "enum", "default", "example", "examples"}
	// named hold objects by names.
	named = []string{
		"properties", "patternProperties", "$defs", "definitions", "dependentSchemas",
		"schemas", "responses", "parameters", "requestBodies", "headers", "securitySchemes", "links", "callbacks",
		"pathItems", "mediaTypes", "paths", "webhooks", "content", "encoding", "additionalOperations",
	}
)
