package token

import (
	"errors"
	"fmt"
	"slices"
)

// KeySource gives the keys of an issuer whose keys change while tokens are verified.
// It is safe for concurrent use.
type KeySource interface {
	// Keys returns the keys as they are now, the same *KeySet for as long as nothing
	// changes; or nil while it cannot be known which are still good, and then every token
	// is refused with [ErrNoKeys].
	Keys() *KeySet
	// Missing is told of a kid that Keys lacks, and may wait for it to appear. It reports
	// whether looking again makes sense. The kid is an attacker's text.
	Missing(kid string) bool
}

// KeySet is the keys of an issuer at one time. It never changes: a rotation makes
// another one.
type KeySet struct {
	byID map[string]*key
	only *key // the one key, when there is one
	list []Key
}

// NewKeySet checks the keys, or says everything that is wrong with them. With more
// than one, every key needs an ID.
func NewKeySet(keys []Key) (*KeySet, error) {
	var errs []error
	s := newKeySet(keys, func(field, value, reason string) { errs = append(errs, &ConfigError{field, value, reason}) })
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return s, nil
}

func newKeySet(keys []Key, add func(field, value, reason string)) *KeySet {
	s := &KeySet{byID: map[string]*key{}, list: slices.Clone(keys)}
	for i, k := range keys {
		field := fmt.Sprintf("Keys[%d]", i)
		ready, err := newKey(k)
		if err != nil {
			add(field, k.ID, err.Error())
			continue
		}
		if _, taken := s.byID[k.ID]; taken {
			add(field+".ID", k.ID, "is there twice: give each key its own")
		}
		if k.ID == "" && len(keys) > 1 {
			add(field+".ID", "", "is empty, and there are other keys: give each its own")
		}
		s.byID[k.ID], s.only = ready, ready
	}
	if len(keys) > 1 {
		s.only = nil
	}
	if err := mixed(s.byID); err != nil {
		add("Keys", "", err.Error())
	}
	return s
}

// List returns the keys of the set.
func (s *KeySet) List() []Key { return slices.Clone(s.list) }

// mixed refuses secrets beside public keys, where one may be taken for the other: an
// issuer uses one kind.
func mixed(keys map[string]*key) error {
	secrets := 0
	for _, k := range keys {
		if k.family == macs {
			secrets++
		}
	}
	if secrets > 0 && secrets < len(keys) {
		return errors.New("has HMAC secrets beside public keys: an issuer uses one or the other")
	}
	return nil
}

// named finds the key that the header names, and checks that it is for the header's
// algorithm: never the other way round.
func (s *KeySet) named(h *header) (*key, *Error) {
	k := s.only
	if h.Kid != "" {
		k = s.byID[string(h.Kid)]
	}
	if k == nil {
		return nil, ErrUnknownKey
	}
	if !k.takes(Algorithm(h.Alg)) {
		return nil, ErrWrongAlgorithm
	}
	return k, nil
}

// fixed is the source of an issuer whose keys stay as they are.
type fixed struct{ set *KeySet }

func (f fixed) Keys() *KeySet       { return f.set }
func (f fixed) Missing(string) bool { return false }

// keyOf finds the issuer's key that the header names, and the set it is in.
func (in *issuer) keyOf(h *header) (*key, *KeySet, *Error) {
	set := in.source.Keys()
	if set == nil {
		return nil, nil, ErrNoKeys
	}
	k, err := set.named(h)
	if err != ErrUnknownKey || !in.source.Missing(string(h.Kid)) {
		return k, set, err
	}
	if set = in.source.Keys(); set == nil {
		return nil, nil, ErrNoKeys
	}
	k, err = set.named(h)
	return k, set, err
}
