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
	byID map[string][]*key // those without an ID under ""
	all  []*key
	list []Key
}

// maxTries is how many keys a signature is checked with, where more than one may have made
// it: those that share a kid, or that a token without one may mean.
const maxTries = 4

// NewKeySet checks the keys, or says everything that is wrong with them. Up to four keys of
// one algorithm may share an ID, or have none.
func NewKeySet(keys []Key) (*KeySet, error) {
	var errs []error
	s := newKeySet(keys, func(field, value, reason string) { errs = append(errs, &ConfigError{field, value, reason}) })
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return s, nil
}

func newKeySet(keys []Key, add func(field, value, reason string)) *KeySet {
	s := &KeySet{byID: map[string][]*key{}, list: slices.Clone(keys)}
	for i, k := range keys {
		field := fmt.Sprintf("Keys[%d]", i)
		ready, err := newKey(k)
		if err != nil {
			add(field, k.ID, err.Error())
			continue
		}
		if s.sharing(k) >= maxTries {
			add(field+".ID", k.ID, "is the ID of four other keys for "+string(k.Algorithm)+": give each its own")
		}
		s.byID[k.ID], s.all = append(s.byID[k.ID], ready), append(s.all, ready)
	}
	if err := s.mixed(); err != nil {
		add("Keys", "", err.Error())
	}
	return s
}

// sharing counts the keys of the kind of k that have its ID.
func (s *KeySet) sharing(k Key) (n int) {
	for _, other := range s.byID[k.ID] {
		if other.family == schemes[k.Algorithm].family {
			n++
		}
	}
	return n
}

// List returns the keys of the set.
func (s *KeySet) List() []Key { return slices.Clone(s.list) }

// mixed refuses secrets beside public keys, where one may be taken for the other: an
// issuer uses one kind.
func (s *KeySet) mixed() error {
	secrets := 0
	for _, k := range s.all {
		if k.family == macs {
			secrets++
		}
	}
	if secrets > 0 && secrets < len(s.all) {
		return errors.New("has HMAC secrets beside public keys: an issuer uses one or the other")
	}
	return nil
}

// candidates are the keys that a header may mean: those it names, or those without a name
// where there are none; all of them where it names none.
func (s *KeySet) candidates(kid string) (keys []*key, named bool) {
	if kid == "" {
		return s.all, false
	}
	if keys := s.byID[kid]; keys != nil {
		return keys, true
	}
	return s.byID[""], false
}

// verify finds the key that made a signature. A key is tried only if it is for the header's
// algorithm: never the other way round. again reports whether a newer set may have the key.
func (s *KeySet) verify(h *header, input, sig []byte) (found *key, again bool, err *Error) {
	keys, named := s.candidates(h.kid)
	tried := 0
	for _, k := range keys {
		if !k.takes(h.alg) {
			continue
		}
		if tried == maxTries {
			return nil, true, errManyKeys
		}
		tried++
		if k.verify(input, sig) {
			return k, false, nil
		}
	}
	switch {
	case len(keys) == 0:
		return nil, true, ErrUnknownKey
	case tried == 0:
		return nil, !named, ErrWrongAlgorithm
	}
	return nil, !named, ErrBadSignature
}

// fixed is the source of an issuer whose keys stay as they are.
type fixed struct{ set *KeySet }

func (f fixed) Keys() *KeySet       { return f.set }
func (f fixed) Missing(string) bool { return false }

// verify checks a signature with the keys of the issuer, and returns the key that made it
// and the set it is in. Keys are looked for again where a newer one may be meant.
func (in *issuer) verify(h *header, input, sig []byte) (*key, *KeySet, *Error) {
	set := in.source.Keys()
	if set == nil {
		return nil, nil, ErrNoKeys
	}
	k, again, err := set.verify(h, input, sig)
	if !again || !in.source.Missing(h.kid) {
		return k, set, err
	}
	last := set
	if set = in.source.Keys(); set == nil {
		return nil, nil, ErrNoKeys
	}
	if set != last {
		k, _, err = set.verify(h, input, sig)
	}
	return k, set, err
}
