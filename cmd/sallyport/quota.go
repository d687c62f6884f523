package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/sallyport-dev/sallyport"
)

// limitOptions are what the flags say of limits.
type limitOptions struct {
	limit, clientLimit string
	quotas             []string
	oldFields          bool
	redis              string
	redisFrom          string // where redis comes from, if not from a flag
	redisLease         time.Duration
	redisTimeout       time.Duration
}

func (o *limitOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.limit, "limit", "100 per 15m", "most requests of one caller, a `LIMIT` such as \"100 per 15m\" or \"10/s burst 20\"; with \"shadow\" after it, what exceeds it is only logged")
	f.StringVar(&o.clientLimit, "client-limit", "", "`LIMIT` of one client address, whoever calls (default: ten times --limit)")
	f.StringArrayVar(&o.quotas, "quota", nil, "further limit, a `QUOTA` such as \"tenant: 1000 per 1m by claim:org\" or \"busy: 10 at once by client, route\"; docs/limits.md has the forms; may be repeated")
	f.BoolVar(&o.oldFields, "legacy-rate-limit-fields", false, "send X-RateLimit-Limit, -Remaining and -Reset as well")
	f.StringVar(&o.redis, "redis", "", "`ADDRESS` of Redis or Valkey that counts for all nodes, redis://USER:PASSWORD@HOST:6379, or rediss:// for TLS; docs/limits.md has those of Sentinel and Cluster; or $"+redisVariable+" (default: each node counts by itself)")
	f.DurationVar(&o.redisTimeout, "redis-timeout", 20*time.Millisecond, "how long a request waits for Redis before this node decides alone")
	f.DurationVar(&o.redisLease, "redis-lease", 0, "for how long a node may spend what it took from Redis in one go, such as 1s; most requests then ask nobody (default: every request asks)")
}

const (
	quotaExample = `--quota "tenant: 1000 per 1m by claim:org"`
	costExample  = `--cost "POST /reports=10"`
)

// parseQuota reads NAME: LIMIT [by KEY, KEY...] [shadow].
func parseQuota(text string) (q sallyport.Quota, err error) {
	name, words, ok := strings.Cut(text, ":")
	if !ok || strings.ContainsAny(name, " \t") {
		return q, fmt.Errorf("--quota %q: it has no name: write it as in %s", text, quotaExample)
	}
	words, shadow := strings.CutSuffix(strings.TrimSpace(words), " shadow")
	limit, by, listed := strings.Cut(words, " by ")
	q.Name, q.Limit = name, strings.TrimSpace(limit)
	if shadow {
		q.Limit += " shadow"
	}
	if listed {
		for _, key := range strings.Split(by, ",") {
			q.By = append(q.By, strings.TrimSpace(key))
		}
	}
	return q, nil
}

// check finds what can be seen to be wrong; claims says whose tokens may have some.
func (o *limitOptions) check(others bool) error {
	var errs []error
	for _, text := range o.quotas {
		q, err := parseQuota(text)
		if err == nil && len(claimsOf(q)) > 0 && !others {
			err = fmt.Errorf("--quota %q: claims are read of the tokens of other issuers: name one with --trust", text)
		}
		errs = append(errs, err)
	}
	if o.redisLease > 0 && o.redis == "" {
		errs = append(errs, errors.New("--redis-lease is for --redis ADDRESS: there is nothing to lease from"))
	}
	return errors.Join(errs...)
}

// claimsOf are the claims that a quota is by and that no token is read for by itself.
func claimsOf(q sallyport.Quota) (names []string) {
	for _, key := range q.By {
		name, ok := strings.CutPrefix(key, "claim:")
		if ok && !slices.Contains([]string{"iss", "sub", "sid", "client_id"}, name) {
			names = append(names, name)
		}
	}
	return names
}

// claims are those of all quotas, which the tokens of other issuers are read for.
func (o *limitOptions) claims() (names []string) {
	for _, text := range o.quotas {
		q, _ := parseQuota(text)
		names = append(names, claimsOf(q)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// apply writes what was checked into the Config.
func (o *limitOptions) apply(cfg *sallyport.Config) {
	cfg.Limit, cfg.ClientLimit, cfg.LegacyRateLimitFields = o.limit, o.clientLimit, o.oldFields
	for _, text := range o.quotas {
		q, _ := parseQuota(text)
		cfg.Quotas = append(cfg.Quotas, q)
	}
}
