package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport"
)

const routeExample = `--route "POST /admin/ roles=admin limit='10 per 1m' max-body=20MB"`

// routeKey is a key of --route: one field of a sallyport.Route.
type routeKey struct {
	name string
	// field is the field of sallyport.Route that set writes.
	field string
	// value is what the help shows behind the key; without one, the key has no value.
	value string
	set   func(r *sallyport.Route, value string) error
}

// routeKeys are the keys of --route, in the order of its help.
func routeKeys() []routeKey {
	return []routeKey{
		{"public", "Public", "", func(r *sallyport.Route, _ string) error {
			r.Public = true
			return nil
		}},
		{"roles", "Roles", "A,B", func(r *sallyport.Route, value string) (err error) {
			r.Roles, err = parseList(value)
			return err
		}},
		{"scopes", "Scopes", "A,B", func(r *sallyport.Route, value string) (err error) {
			r.Scopes, err = parseList(value)
			return err
		}},
		{"owner", "Owner", "WILDCARD", func(r *sallyport.Route, value string) error {
			r.Owner = value
			return nil
		}},
		{"second-factor", "SecondFactor", "", func(r *sallyport.Route, _ string) error {
			r.SecondFactor = true
			return nil
		}},
		{"max-auth-age", "MaxAuthAge", "15m", func(r *sallyport.Route, value string) (err error) {
			r.MaxAuthAge, err = parseAge(value)
			return err
		}},
		{"limit", "Limit", "'10 per 1m'", func(r *sallyport.Route, value string) error {
			r.Limit = value
			return nil
		}},
		{"cost", "Cost", "10", func(r *sallyport.Route, value string) (err error) {
			r.Cost, err = parseCost(value)
			return err
		}},
		{"max-body", "MaxBody", "20MB", func(r *sallyport.Route, value string) (err error) {
			r.MaxBody, err = parseSize(value)
			return err
		}},
		{"allow-encoded-slash", "AllowEncodedSlash", "", func(r *sallyport.Route, _ string) error {
			r.AllowEncodedSlash = true
			return nil
		}},
		{"allow-semicolon", "AllowSemicolon", "", func(r *sallyport.Route, _ string) error {
			r.AllowSemicolon = true
			return nil
		}},
		{"allow-empty-segment", "AllowEmptySegment", "", func(r *sallyport.Route, _ string) error {
			r.AllowEmptySegment = true
			return nil
		}},
		{"allow-encoded-percent", "AllowEncodedPercent", "", func(r *sallyport.Route, _ string) error {
			r.AllowEncodedPercent = true
			return nil
		}},
		{"unlimited", "InsecureUnlimited", "", func(r *sallyport.Route, _ string) error {
			r.InsecureUnlimited = true
			return nil
		}},
		{"insecure-error-bodies", "InsecureErrorBodies", "", func(r *sallyport.Route, _ string) error {
			r.InsecureErrorBodies = true
			return nil
		}},
	}
}

func parseList(value string) ([]string, error) {
	list := strings.Split(value, ",")
	for _, one := range list {
		if one == "" {
			return nil, errors.New("must have a name on both sides of each comma")
		}
	}
	return list, nil
}

func parseAge(value string) (time.Duration, error) {
	age, err := time.ParseDuration(value)
	if err != nil || age <= 0 {
		return 0, errors.New("must be a duration; write it as in 15m or 1h30m")
	}
	return age, nil
}

func parseCost(value string) (int, error) {
	cost, err := strconv.Atoi(value)
	if err != nil || cost < 1 {
		return 0, errors.New("must be a number from 1 up")
	}
	return cost, nil
}

// routeWord is KEY or KEY=VALUE of a --route.
type routeWord struct {
	text, name, value string
	valued            bool
}

// parseRoute reads a pattern and the words behind it, each of which reports what is wrong with it later.
func parseRoute(text string) (pattern string, words []routeWord, err error) {
	pattern, rest := cutPattern(text)
	if !strings.Contains(pattern, "/") {
		return "", nil, fmt.Errorf("must begin with a pattern such as \"GET /notes\"; write it as in %s", routeExample)
	}
	for rest != "" {
		var word routeWord
		if word, rest, err = cutWord(rest); err != nil {
			return "", nil, err
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return "", nil, fmt.Errorf("must say something of the route; write it as in %s", routeExample)
	}
	return pattern, words, nil
}

// cutPattern separates a pattern, of a method and a path or of a path alone, from what follows it.
func cutPattern(text string) (pattern, rest string) {
	first, rest := cutSpace(text)
	if strings.Contains(first, "/") {
		return first, rest
	}
	second, rest := cutSpace(rest)
	return strings.TrimSpace(first + " " + second), rest
}

// cutWord reads KEY, KEY=VALUE or KEY='VALUE', with quotes of either kind around a value with spaces.
func cutWord(text string) (word routeWord, rest string, err error) {
	end := strings.IndexAny(text, "= \t")
	if end < 0 || text[end] != '=' {
		name, rest := cutSpace(text)
		return routeWord{text: name, name: name}, rest, nil
	}

	word.name, word.valued = text[:end], true
	value := text[end+1:]
	if value == "" || value[0] != '\'' && value[0] != '"' {
		word.value, rest = cutSpace(value)
		word.text = word.name + "=" + word.value
		return word, rest, nil
	}

	length := strings.IndexByte(value[1:], value[0])
	if length < 0 {
		return word, "", fmt.Errorf("%s: must end in %c, as it begins with one", text, value[0])
	}
	word.value, rest = value[1:1+length], value[length+2:]
	word.text = text[:len(text)-len(rest)]
	if after := strings.TrimLeft(rest, " \t"); after == rest && rest != "" {
		return word, "", fmt.Errorf("%s: must have a space behind it", word.text)
	}
	return word, strings.TrimLeft(rest, " \t"), nil
}

// cutSpace separates the first word of a text.
func cutSpace(text string) (word, rest string) {
	text = strings.TrimSpace(text)
	i := strings.IndexAny(text, " \t")
	if i < 0 {
		return text, ""
	}
	return text[:i], strings.TrimLeft(text[i:], " \t")
}

// routeHelp lists the keys.
func routeHelp() string {
	var list []string
	for _, k := range routeKeys() {
		if k.value == "" {
			list = append(list, k.name)
			continue
		}
		list = append(list, k.name+"="+k.value)
	}
	return strings.Join(list, ", ")
}
