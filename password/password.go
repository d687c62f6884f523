// Package password hashes and verifies passwords, and refuses those that are easily
// guessed.
//
// A [Hasher] makes argon2id hashes at the OWASP parameters, or bcrypt where that is
// demanded. It verifies both, and also what other systems have stored, so that their
// users can be imported: argon2i, scrypt and PBKDF2 as PHC strings, and what passlib, Django,
// Werkzeug, Spring Security, Laravel, WordPress, ASP.NET Core Identity, better-auth, Lucia,
// Firebase and crypt(3) write. A [Policy] says whether a new password is good enough.
//
// How it fails when composed wrongly:
//
//   - Looking the user up and answering at once when there is none tells who has an
//     account. Call [Hasher.Verify] with the empty hash then: it costs what a real
//     verification costs.
//   - Ignoring [Result.Rehash] keeps old hashes for ever. Hash the password again at
//     that moment: it is the only one at which it is known.
//   - Every hash takes a core for tens of milliseconds and megabytes of memory. One
//     Hasher bounds how many run at once; two of them do not know of each other. Make
//     one for the process. Rate limits belong in front of it.
//   - A password that was trimmed, cut or changed in case before it came here is
//     another password. Hand it over as it was sent.
//
// Passwords are UTF-8 text, and are normalized before they are hashed: see [Normalize]. Bytes
// that are not UTF-8 are refused.
package password

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/sallyport-dev/sallyport/secret"
)

// What can go wrong with one password or one stored hash. Errors say nothing about
// the values.
var (
	// ErrTooLong is for a password over 256 code points or 1024 bytes. Nothing was
	// hashed.
	ErrTooLong = errors.New("password: longer than 256 code points or 1024 bytes")
	// ErrEmpty is for the empty password. Nothing was hashed.
	ErrEmpty = errors.New("password: empty")
	// ErrInvalidUTF8 is for a password that is not UTF-8 text. Nothing was hashed.
	ErrInvalidUTF8 = errors.New("password: not UTF-8 text")
	// ErrBadHash is for a stored hash that is damaged, of an unknown kind, made with a
	// pepper that is not at hand, or dearer than this package agrees to pay, which is 256
	// MiB, and one to five seconds.
	ErrBadHash = errors.New("password: the stored hash is malformed, unknown or out of bounds, or its pepper is missing")
)

// Hasher makes and verifies password hashes. It is safe for concurrent use.
type Hasher struct {
	current record // what a new hash looks like; its salt and key are a decoy
	work    int64  // what a current hash costs, in KiB-passes
	memory  uint32
	gate    *gate
	dear    *gate                   // in front of gate, for one of the stored hashes that take much more
	base    int64                   // work, or that of one at the default parameters if it is more
	limit   int64                   // the most work of an imported hash, in KiB-passes
	peppers map[string]secret.Bytes // by name
	// derive is argon2.IDKey, except in tests.
	derive func(password, salt []byte, time, memory uint32, threads uint8, keyLen uint32) []byte
}

// Result is what became of a verification.
type Result struct {
	// OK says that the password is the right one.
	OK bool
	// Rehash says that it is, and that its hash has other parameters than new hashes
	// get: hash the password again and store that.
	Rehash bool
}

// New checks c and returns a Hasher. It hashes nothing.
func New(c Config) (*Hasher, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	h := &Hasher{
		current: c.decoy(),
		memory:  c.Memory,
		gate:    newGate(c.Concurrency, max(c.Queue, 0)),
		dear:    newGate(1, max(c.Queue, 0)),
		derive:  argon2.IDKey,
		peppers: map[string]secret.Bytes{},
	}
	for _, pepper := range c.Peppers {
		h.peppers[pepperID(pepper)] = pepper
	}
	h.work = h.current.work()
	h.base = max(h.work, defaultMemory*defaultTime)
	h.limit = int64(c.ImportWork) * h.base
	return h, nil
}

// Hash returns the string to store for pw, normalized: a PHC string with a fresh salt. It
// checks the length, not the quality: that is a [Policy]'s.
//
// It waits for a free slot. When the queue is full it fails at once with an error
// that is [ErrBusy]; when ctx ends while it waits, with ctx's error. A hash that was
// begun is finished.
func (h *Hasher) Hash(ctx context.Context, pw secret.String) (string, error) {
	text := pw.Reveal()
	if err := checkText(text); err != nil {
		return "", err
	}
	if err := h.gate.enter(ctx); err != nil {
		return "", err
	}
	defer h.gate.leave()

	text = normalize(text)
	r := h.current
	rand.Read(r.salt.room(saltSize))
	if r.form == formArgon2id {
		key := h.derive([]byte(text), r.salt.bytes(), r.time, r.memory, r.threads, keySize)
		copy(r.key.room(keySize), h.season(&r, key))
		return r.String(), nil
	}
	crypt, err := bcrypt.GenerateFromPassword(preHash(r.salt.bytes(), text), r.cost)
	if err != nil {
		return "", err
	}
	copy(r.crypt[:], crypt)
	return r.String(), nil
}

// Verify reports whether pw belongs to the stored hash, normalized or as it was typed. Pass
// "" when there is no such user.
//
// The time it takes is that of one current hash, or of two where the password is not in its
// normal form, whether the user exists, the hash is damaged, or the password is wrong: where
// the stored hash is cheaper, the missing work is added. Three things are approximate. Work is
// counted in KiB filled (for argon2id, per thread), and a small memory fills somewhat faster. A
// bcrypt round is taken for 64 KiB, an iteration of PBKDF2 for 1/4 (SHA-1 and SHA-256) or 5/8
// (SHA-512), a KiB of scrypt for 3, though machines differ by half of that; it matters for
// hashes that are cheaper than a current one only. And a stored hash that is dearer, as bcrypt
// from cost 10 and PBKDF2 from 160,000 iterations are, takes longer, until its owner has
// logged in once and it was replaced.
//
// A plain bcrypt hash reads 72 bytes, and matches every password that begins with them, as it
// did where it comes from; [Result.Rehash] ends that. It cannot tell "a" from "a\x00a", so a
// password with a NUL never matches it. PBKDF2 and scrypt cannot tell "a" from "a\x00", so one
// that ends in NUL never matches them.
//
// Errors: as for [Hasher.Hash], and [ErrBadHash] after the work was done.
func (h *Hasher) Verify(ctx context.Context, encoded string, pw secret.String) (Result, error) {
	text := pw.Reveal()
	if err := checkText(text); err != nil {
		return Result{}, err
	}
	var stored record
	var bad error
	if encoded != "" {
		if stored, bad = parse(encoded); bad == nil && h.lacks(&stored) {
			bad = ErrBadHash
		}
	}
	known := encoded != "" && bad == nil
	if !known {
		stored = h.current
	}

	// Few dear hashes must not take every slot: one waits for a slot at a time.
	if stored.memory > h.memory || stored.work() > dear*h.base {
		if err := h.dear.enter(ctx); err != nil {
			return Result{}, err
		}
		defer h.dear.leave()
	}
	if err := h.gate.enter(ctx); err != nil {
		return Result{}, err
	}
	defer h.gate.leave()

	list, n := spellings(text)
	for i, text := range list[:n] {
		same := h.compare(stored, text)
		h.pay(h.work - stored.work())
		if same && known {
			outdated := i > 0 || !stored.like(&h.current)
			return Result{OK: true, Rehash: outdated && stored.exact(text)}, nil
		}
	}
	return Result{}, bad
}

// Knows reports whether a stored hash is one that h can verify.
func (h *Hasher) Knows(hash string) bool {
	r, err := parse(hash)
	return err == nil && !h.lacks(&r)
}

// dear is how many times the work of a current hash a stored one may take before it has to
// wait for others of its kind.
const dear = 8

// Affords reports whether a stored hash is one that h can verify, with at most
// [Config.ImportWork] times the work of a current hash.
func (h *Hasher) Affords(hash string) bool {
	r, err := parse(hash)
	return err == nil && !h.lacks(&r) && r.work() <= h.limit
}

// compare derives the key of r from the password and compares it in constant time.
func (h *Hasher) compare(r record, text string) bool {
	switch r.form {
	case formArgon2id:
		key := h.season(&r, h.derive([]byte(text), r.salt.bytes(), r.time, r.memory, r.threads, uint32(r.key.n)))
		return subtle.ConstantTimeCompare(key, r.key.bytes()) == 1
	case formBcryptHMAC:
		return bcrypt.CompareHashAndPassword(r.crypt[:], preHash(r.salt.bytes(), text)) == nil
	case formBcrypt:
		return r.compareBcrypt(text)
	}
	return r.compareImported(text)
}

// pay does work for its time only.
func (h *Hasher) pay(kib int64) {
	passes := (kib + int64(h.memory) - 1) / int64(h.memory)
	if passes < 1 {
		return
	}
	h.derive(nil, h.current.salt.bytes(), uint32(passes), uint32(kib/passes), 1, keySize)
}

// preHash makes 43 bytes without NUL out of any password, so that bcrypt loses none
// of it. The HMAC key is fresh for each hash: with a bare SHA-256, anyone with a list
// of leaked SHA-256 hashes could try those instead of passwords.
func preHash(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return base64.RawStdEncoding.AppendEncode(nil, mac.Sum(nil))
}

func checkText(text string) error {
	switch {
	case text == "":
		return ErrEmpty
	case len(text) > MaxBytes || utf8.RuneCountInString(text) > MaxLength:
		return ErrTooLong
	case !utf8.ValidString(text):
		return ErrInvalidUTF8
	}
	return nil
}
