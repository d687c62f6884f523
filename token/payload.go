package token

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// What a claim is read as. A claim that nothing reads is of no form at all: it may be
// anything that JSON has. Null is no value of a claim that may be missing.

// readList reads a list of texts, each item by one.
func readList(v jsontext.Value, one func(jsontext.Value) (string, error)) ([]string, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(v))
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	all := []string{}
	for d.PeekKind() != ']' {
		item, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		if len(all) == maxList {
			return nil, fmt.Errorf("must have at most %d items", maxList)
		}
		s, err := one(item)
		if err != nil {
			return nil, fmt.Errorf("item %d %w", len(all)+1, err)
		}
		all = append(all, s)
	}
	return all, nil
}

func readItem(v jsontext.Value) (string, error) { return readText(v, maxText) }

// readAudience reads one string, or a list of them (RFC 7519 §4.1.3).
func readAudience(v jsontext.Value) ([]string, error) {
	if v.Kind() == '[' {
		return readList(v, readItem)
	}
	one, err := readItem(v)
	return []string{one}, err
}

// readScopes reads one string with spaces between the scopes (RFC 9068 §2.2.3), or a list of
// scopes, as some issuers write them.
func readScopes(v jsontext.Value) ([]string, error) {
	switch v.Kind() {
	case 'n':
		return nil, nil
	case '[':
		return readList(v, readItem)
	case '"':
		b, err := jsontext.AppendUnquote(nil, v)
		if err != nil {
			return nil, err
		}
		return splitScopes(string(b))
	}
	return nil, fmt.Errorf("must be a string or a list of strings, and is %s", kindOf(v))
}

func splitScopes(s string) ([]string, error) {
	var all []string
	for one := range strings.SplitSeq(s, " ") {
		switch {
		case one == "":
			continue
		case len(all) == maxList:
			return nil, fmt.Errorf("must have at most %d scopes", maxList)
		case !plain(one, maxText):
			return nil, fmt.Errorf("scope %d must have at most %d bytes, all of them printable", len(all)+1, maxText)
		}
		all = append(all, one)
	}
	return all, nil
}

// readRoles reads a list of roles, one role, or an object that has the roles as the names of
// its members. A string is one role, whatever is in it: to split "store admin" would give
// its owner the role admin.
func readRoles(v jsontext.Value) ([]string, error) { return rolesOf(v, false) }

// readMappedRoles reads the roles of a claim that the config names. Objects as the values of
// its members are details of the roles, which are granted: what nobody named may say in them
// that a role is not, as in {"admin":{"enabled":false}}.
func readMappedRoles(v jsontext.Value) ([]string, error) { return rolesOf(v, true) }

func rolesOf(v jsontext.Value, details bool) ([]string, error) {
	switch v.Kind() {
	case 'n':
		return nil, nil
	case '[':
		return readList(v, readItem)
	case '{':
		return readRoleNames(v, details)
	}
	if string(v) == `""` {
		return nil, nil
	}
	one, err := readItem(v)
	if err != nil {
		return nil, err
	}
	return []string{one}, nil
}

// readRoleNames reads the names of an object's members. Their values are true or, with details,
// objects. One with false or null is a role that its owner does not have.
func readRoleNames(v jsontext.Value, details bool) ([]string, error) {
	members, err := parseObject(v)
	if err != nil {
		return nil, err
	}
	var all []string
	for i, m := range members {
		switch kind := m.value.Kind(); {
		case kind == 'f', kind == 'n':
			continue
		case kind == 't', kind == '{' && details:
		case details:
			return nil, fmt.Errorf("member %d must be an object, true or false, and is %s", i+1, kindOf(m.value))
		default:
			return nil, fmt.Errorf("member %d must be true or false, and is %s", i+1, kindOf(m.value))
		}
		if !plain(m.name, maxText) {
			return nil, fmt.Errorf("member %d must have a name of at most %d bytes, all of them printable", i+1, maxText)
		}
		if len(all) == maxList {
			return nil, fmt.Errorf("must have at most %d members", maxList)
		}
		all = append(all, m.name)
	}
	return all, nil
}

// readMethods reads a list of strings (RFC 8176), one string, or a list of objects that have
// the string under method. own reports that there was such an object: its words are the
// issuer's, not those that RFC 8176 registers.
func readMethods(v jsontext.Value) (all []string, own bool, err error) {
	switch v.Kind() {
	case 'n':
		return nil, false, nil
	case '[':
	default:
		one, err := readItem(v)
		return []string{one}, false, err
	}
	all, err = readList(v, func(item jsontext.Value) (string, error) {
		if item.Kind() != '{' {
			return readItem(item)
		}
		own = true
		members, err := parseObject(item)
		if err != nil {
			return "", err
		}
		method := members.get("method")
		if method == nil {
			return "", errors.New("must have a member method")
		}
		return readItem(method)
	})
	return all, own, err
}

// maxDate is the last second of the year 9999.
const maxDate = 253402300799

// readDate reads a NumericDate: seconds since 1970, with or without a fraction (RFC 7519 §2).
// A negative one, or one past the year 9999, is no date of a token.
func readDate(v jsontext.Value) (time.Time, error) {
	if v.Kind() != '0' {
		return time.Time{}, fmt.Errorf("must be a number, and is %s", kindOf(v))
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(v))
	token, err := d.ReadToken()
	if err != nil {
		return time.Time{}, err
	}
	seconds, err := token.Float()
	if err != nil || !(seconds >= 0 && seconds <= maxDate) {
		return time.Time{}, errors.New("must be seconds since 1970, before the year 10000")
	}
	whole := int64(seconds)
	return time.Unix(whole, int64((seconds-float64(whole))*1e9)), nil
}
