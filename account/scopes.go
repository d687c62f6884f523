package account

import (
	"fmt"
	"slices"
	"strings"
)

// scopes says what a token may do, by the user's roles.
type scopes struct {
	all    []string
	byRole map[string][]string
}

func newScopes(all []string, byRole map[string][]string) (scopes, error) {
	s := scopes{slices.Clone(all), map[string][]string{}}
	list := slices.Clone(all)
	for role, extra := range byRole {
		s.byRole[role] = slices.Clone(extra)
		list = append(list, extra...)
	}
	for _, one := range list {
		if one == "" || strings.ContainsFunc(one, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			return scopes{}, fmt.Errorf("account: scope %q: write visible ASCII without space, quote or backslash (RFC 6749 §3.3)", one)
		}
	}
	return s, nil
}

// list is what someone with these roles may do.
func (s *scopes) list(roles []string) []string {
	list := slices.Clone(s.all)
	for _, role := range roles {
		for _, one := range s.byRole[role] {
			if !slices.Contains(list, one) {
				list = append(list, one)
			}
		}
	}
	return list
}

// of is the scope claim of someone with these roles.
func (s *scopes) of(roles []string) string { return strings.Join(s.list(roles), " ") }
