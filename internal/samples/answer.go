package samples

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Answer is what an API may say by its document.
type Answer struct {
	Status int
	Media  string
	Body   string
	// Strays are the same answer with one member more, each at another place.
	Strays []Stray
}

// Stray is an answer with a member that is not described. Place is its pointer.
type Stray struct{ Body, Place string }

// Answers makes one answer in JSON for each status of an operation. not counts the reasons
// why one was not made.
func (m *Maker) Answers(o Operation, not map[string]int) (all []Answer) {
	m.way = "writeOnly"
	defer func() { m.way = "readOnly" }()
	responses, _ := o.self["responses"].(map[string]any)
	for _, status := range sortedNames(responses) {
		content, _ := m.follow(responses[status])["content"].(map[string]any)
		for _, name := range sortedNames(content) {
			media, _, _ := strings.Cut(name, ";")
			schema, ok := m.follow(content[name])["schema"]
			if !ok || !strings.HasSuffix(media, "json") {
				continue
			}
			m.spots = nil
			v, err := m.value(schema, nil, 0)
			if err != nil {
				not[err.Error()]++
				continue
			}
			data, _ := json.Marshal(v)
			all = append(all, Answer{statusOf(status), media, string(data), m.strays(v)})
		}
	}
	return all
}

// statusOf is a status that a key of responses is about.
func statusOf(key string) int {
	if n, err := strconv.Atoi(key); err == nil {
		return n
	}
	if len(key) == 3 && strings.EqualFold(key[1:], "xx") {
		return int(key[0]-'0')*100 + 99
	}
	return 599 // default
}

// strays puts a member more into every object whose schema speaks of its members.
func (m *Maker) strays(v any) (all []Stray) {
	for _, s := range m.spots {
		object, ok := s.value.(map[string]any)
		members, _ := s.schema["properties"].(map[string]any)
		if !ok || len(members) == 0 || s.schema["additionalProperties"] != nil && s.schema["additionalProperties"] != false || s.schema["patternProperties"] != nil {
			continue
		}
		more := map[string]any{"zzStray": Canary}
		for name, member := range object {
			more[name] = member
		}
		if data, err := json.Marshal(replaced(v, s.at, more)); err == nil {
			all = append(all, Stray{string(data), pointerOf(slices.Concat(s.at, []string{"zzStray"}))})
		}
	}
	return all
}
