package account_test

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/account"
)

// changesOf returns what differs between two states of a store, one change a line, without
// what is random or sealed: so that the changes of two runs can be compared. Counts of
// guesses, the last use of an API key, and whether a token was delivered are left out, as
// they change beside what a request is about.
func changesOf(from, to *memState) (lines []string) {
	lines = append(lines, userChanges(from, to)...)
	lines = append(lines, sessionChanges(from, to)...)
	for _, key := range keysOfBoth(from.records, to.records) {
		old, had := from.records[key]
		now, has := to.records[key]
		if key[0] == "strikes" || had && has && sameRecord(old, now) {
			continue
		}
		owner := to.nameOf(from, cmp.Or(now.Owner, old.Owner))
		lines = append(lines, fmt.Sprintf("%s %s of %s: %s", sign(had, has), key[0], owner, tidied(old, now)))
	}
	for _, r := range to.feed {
		if r.Seq > from.seq {
			lines = append(lines, fmt.Sprintf("+ feed %s below %d", r.Kind, r.Below))
		}
	}
	slices.Sort(lines)
	return lines
}

func sign(had, has bool) string {
	switch {
	case !had:
		return "+"
	case !has:
		return "-"
	}
	return "~"
}

func keysOfBoth[K comparable, V any](a, b map[K]V) []K {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return slices.Collect(maps.Keys(both))
}

// nameOf is the name of the user with an id; another owner's is the same in every run.
func (s *memState) nameOf(from *memState, id string) string {
	for _, state := range []*memState{s, from} {
		if u, ok := state.users[id]; ok {
			return u.Username
		}
	}
	if len(id) == 36 { // of nobody: a decoy's
		return "a new id"
	}
	return id
}

func userChanges(from, to *memState) (lines []string) {
	for _, id := range keysOfBoth(from.users, to.users) {
		old, had := from.users[id]
		now, has := to.users[id]
		name := sign(had, has) + " user " + now.Username
		if old.PasswordHash.Reveal() != now.PasswordHash.Reveal() {
			lines = append(lines, name+" hash")
		}
		if before, after := userLine(old), userLine(now); before != after {
			lines = append(lines, name+" "+before+" → "+after)
		}
	}
	return lines
}

func userLine(u account.User) string {
	return fmt.Sprint(u.Email, " verified ", !u.Verified.IsZero(), " disabled ", u.Disabled, " reset ", u.MustReset,
		" credential ", u.Credential, " roles ", u.Roles)
}

func sessionChanges(from, to *memState) (lines []string) {
	for _, id := range keysOfBoth(from.sessions, to.sessions) {
		old, had := from.sessions[id]
		now, has := to.sessions[id]
		if before, after := sessionLine(old), sessionLine(now); before != after {
			owner := to.nameOf(from, cmp.Or(now.UserID, old.UserID))
			lines = append(lines, fmt.Sprintf("%s session of %s: %s → %s", sign(had, has), owner, before, after))
		}
	}
	return lines
}

func sessionLine(s account.Session) string {
	return fmt.Sprint("ended ", !s.Ended.IsZero(), " chain ", s.Refresh.Current, s.Refresh.Previous, " epoch ", s.Epoch,
		" used ", s.LastUsed, " idle ", s.IdleUntil, " auth ", s.AuthTime, s.Methods, " cookie ", s.Cookie)
}

func sameRecord(a, b account.Record) bool {
	return a.Due.Equal(b.Due) && a.End.Equal(b.End) && bytes.Equal(withoutUse(a), withoutUse(b))
}

// withoutUse is the data of a record without the time of an API key's last use.
func withoutUse(r account.Record) []byte {
	if r.Kind != "api-key" {
		return r.Data
	}
	var v map[string]any
	if err := json.Unmarshal(r.Data, &v); err != nil {
		return r.Data
	}
	delete(v, "LastUsed")
	data, _ := json.Marshal(v, json.Deterministic(true))
	return data
}

// tidied shows two versions of a record without what is random.
func tidied(old, now account.Record) string {
	return fmt.Sprint(tidy(old), " → ", tidy(now))
}

func tidy(r account.Record) string {
	if r.Kind == "" {
		return "nothing"
	}
	var v map[string]any
	if err := json.Unmarshal(r.Data, &v); err != nil {
		return fmt.Sprint(len(r.Data) > 0, " until ", r.End)
	}
	for _, random := range []string{"id", "ID", "sealed", "Sealed", "hash", "Hash", "LastUsed"} {
		delete(v, random)
	}
	if list, ok := v["recovery"].([]any); ok {
		v["recovery"] = len(list)
	}
	data, _ := json.Marshal(v, json.Deterministic(true))
	return fmt.Sprint(string(data), " due ", r.Due, " until ", r.End)
}

// strikesIn is how many counts of guesses a state holds.
func strikesIn(s *memState) (n int) {
	for key := range s.records {
		if key[0] == "strikes" {
			n++
		}
	}
	return n
}

// text joins lines, for a comparison or a message.
func text(lines []string) string {
	if len(lines) == 0 {
		return "nothing"
	}
	return strings.Join(lines, "\n\t")
}
