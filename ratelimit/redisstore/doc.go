// Package redisstore counts rate limits in Redis or Valkey, for all the processes that
// share a server, a Sentinel group or a Cluster.
//
// It fails when composed wrongly:
//
//   - Processes share buckets only when they share the secret of their
//     [ratelimit.NewSharedKeyer], the prefix and the limit.
//   - Redis must not evict: with a maxmemory-policy other than noeviction, whoever fills
//     the memory is forgiven.
//   - A replica that takes over may lack the last writes of its master. What was counted
//     in them is admitted once more, as long as no process remembers it.
//
// # How it counts
//
// A decision is one run of one script, by the server's clock, and several of one owner
// are one run together. Every key has a time to live. What was refused is refused here,
// without asking, until it may be admitted.
//
// With [Config.Lease], a process takes permits in batches and spends them itself, so that
// most decisions never leave it. The batches grow and shrink with the rate; whoever comes
// rarely is counted one by one. Redis counts a batch as spent at the last moment at which
// it may be, so no window ever sees more than the limit. What was not spent is given back.
// The price is that permits come back up to a lease later than they had to.
//
// # Without Redis
//
// A call that is not answered within [Config.Timeout] is decided here, and after a few of
// them none is asked any more until a probe succeeds. Meanwhile each process admits its
// share: the limit divided by how many processes were there, and at least one at a time.
// What it admitted through Redis before counts towards that. Decisions say Degraded.
//
// When Redis is back, each process first tells it what it admitted alone, and admits no
// more than its share until the others have done so too, or for 30 seconds. A server that lost its
// keys is told bucket by bucket what this process had taken from each.
//
// # Bounds
//
// Let a limit be Q in a window, and let n processes share it. A process asks, or it keeps to its
// share: while it decides alone, and after that until all ask. Then no window sees more than
//
//   - Q, where every process asks throughout it: each permit is Redis's.
//   - the larger of Q and n, where every process keeps to its share throughout it: each permit counts
//     n times against the process's own copy of the limit, and Q at the most.
//   - the same Q, where the processes go from their shares to asking: a process is seen to ask only
//     by a beat that comes after everything it admitted alone is told, and what is told counts from
//     then, which is no shorter than it should. A decision that began alone and ends after the
//     outage is made again, by Redis.
//   - twice the larger of Q and n, where an outage begins in the window for some of the processes: what
//     Redis granted, at most Q, and all shares. A process charges what Redis granted it to its own
//     share, so only callers that move between processes get more than Q.
//
// The last is also the bound of a window in which a process decides alone beside others that ask:
// because one call timed out (Redis is told with the next beat), or as that process alone is cut
// off. Each process that is adds its share to Q. So a decision that says Degraded is what
// tells such a window from the others.
package redisstore
