package redisstore

import (
	"context"
	"errors"
	"strconv"
)

// ErrOtherSecret is for processes that count in one place with different secrets: as the keys of their buckets differ,
// every limit holds for each secret by itself, and is doubled.
var ErrOtherSecret = errors.New("redisstore: other processes count here with another secret, and each limit would hold for " +
	"each secret by itself: give all of them the same; after a change of the secret, stop those with the old one first")

// CheckFingerprint returns [ErrOtherSecret] if a process counts under prefix ("" for the default) whose
// [Config.Fingerprint] is another one. A process that ended counts for half a minute, or not at all if it was closed.
// It writes nothing, and returns an error of the client where Redis cannot be asked.
func CheckFingerprint(ctx context.Context, client Client, prefix, fingerprint string) error {
	if prefix == "" {
		prefix = defaultPrefix
	}
	got, err := client.Eval(ctx, Call{strangers, []string{prefix + "nodes"},
		[]string{fingerprint, strconv.FormatInt(countFor.Milliseconds(), 10)}})
	switch {
	case err != nil:
		return err
	case len(got) != 1 || got[0] < 0 || got[0] > maxNodes:
		return errNodes
	case got[0] > 0:
		return ErrOtherSecret
	}
	return nil
}

// meet looks for strangers when this process has joined the others, and reports them: it began to count when Redis
// could not be asked, or at the same time as they did.
func (s *Store) meet(ctx context.Context) {
	if s.fingerprint == "" || s.notify == nil {
		return
	}
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if err := CheckFingerprint(limited, s.client, s.prefix, s.fingerprint); errors.Is(err, ErrOtherSecret) {
		s.notify(Change{OtherSecret: true, Reason: err.Error(), Nodes: s.nodes.count(s.fixed)})
	}
}
