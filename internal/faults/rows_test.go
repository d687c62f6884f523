package faults_test

import (
	"bufio"
	"cmp"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/internal/pgtest"
	"github.com/sallyport-dev/sallyport/internal/redistest"
)

// row is one way in which something fails, and what is asked of the gates then.
type row struct {
	dependency, name string
	prepare          func(w *world) // nil for nothing to do
	begin, end       func(w *world)
	lasts            time.Duration

	may     []int         // statuses that may come instead of the good ones; none for none
	spared  []kind        // kinds that may not come to harm
	brief   bool          // spared holds as long as a gate may serve without news of the store
	broken  bool          // connections to a gate may break
	wait    time.Duration // the longest that a caller may wait
	back    time.Duration // when all is good again, after the end
	failing bool          // commands may fail
	told    string        // what some line of the logs has; silence where none has to
	mended  string        // what a gate says that said so, within sharedIn
}

// silence is for what a gate may bridge without a word.
const silence = "-"

const (
	// storeWait is how long anything may wait for the store: ten seconds, and what a loaded machine
	// adds to it.
	storeWait = 12 * time.Second
	// storeBack is when a gate has its connections again, and has heard the news.
	storeBack = 12 * time.Second
	// usual is a wait that nobody calls one, on a loaded machine; hashing a password adds to it.
	usual   = 2 * time.Second
	hashing = 3 * time.Second
	// sharedIn is how soon limits are shared again, as docs/limits.md says, and a second for the
	// machine.
	sharedIn = 6 * time.Second
)

var (
	everything = []kind{reads, foreign, keyed, logins, refreshes, logouts, registers, newKeys, checks}
	ofAccounts = []kind{logins, refreshes, logouts, registers, newKeys, checks}
	fromMemory = []kind{reads, foreign}
)

func nothing(*world) {}

// The relays, by what they lead to.
func postgres(w *world) *redistest.Relay  { return w.toPostgres }
func redis(w *world) *redistest.Relay     { return w.toRedis }
func post(w *world) *redistest.Relay      { return w.toPost }
func upstream(w *world) *redistest.Relay  { return w.toUpstream }
func foreigner(w *world) *redistest.Relay { return w.toIssuer }

// mode changes what a relay does.
func mode(relay func(*world) *redistest.Relay, m redistest.Mode) func(*world) {
	return func(w *world) { relay(w).Set(w, m) }
}

// mail changes what the mail server does.
func mail(s script) func(*world) { return func(w *world) { w.post.act(s) } }

// ofStore completes a row of the accounts' database.
func ofStore(r row) row {
	r.dependency, r.may, r.failing = "PostgreSQL", []int{503}, true
	r.wait, r.back = max(r.wait, storeWait), max(r.back, storeBack)
	r.told = cmp.Or(r.told, `(?i)level=(ERROR|WARN).*(store|database|connect|deadline|sql)`)
	begin, end := r.begin, r.end
	r.begin = func(w *world) { w.ledger.storeFails(); begin(w) }
	r.end = func(w *world) { end(w); w.ledger.storeWorks(time.Now().Add(r.back)) }
	return r
}

// ofLimits completes a row of Redis: nobody is refused for it, and nobody waits.
func ofLimits(r row) row {
	r.dependency, r.spared, r.wait, r.back = "Redis", everything, usual, usual
	r.told, r.mended = cmp.Or(r.told, `sp_limits_degraded`), `sp_limits_restored`
	return r
}

// ofMail completes a row of the mail server, which no request waits for.
func ofMail(r row) row {
	r.dependency, r.spared, r.wait, r.back = "mail server", everything, usual, usual
	r.told = cmp.Or(r.told, `a mail was not sent`)
	return r
}

// ofUpstream completes a row of the API behind the gates.
func ofUpstream(r row) row {
	r.dependency, r.may, r.spared, r.told = "upstream", []int{502, 503, 504}, ofAccounts, silence
	r.wait, r.back = upstreamTimeout+usual, usual
	return r
}

// ofIssuer completes a row of another issuer, whose keys are known.
func ofIssuer(r row) row {
	r.dependency, r.spared, r.wait, r.back, r.told = "issuer", everything, usual, usual, silence
	return r
}

// lasts is longer than a gate serves without news of the store, brief than a failover of Redis takes
// to be noticed and mended.
const (
	lasts = 8 * time.Second
	brief = 6 * time.Second
)

var rows = []row{
	ofStore(row{name: "frozen", lasts: lasts + 4*time.Second,
		begin: func(w *world) { w.postgres.Stop() }, end: func(w *world) { w.postgres.Continue() }}),
	ofStore(row{name: "present connections are black holes", lasts: lasts,
		begin: func(w *world) { w.toPostgres.Silence() }, end: nothing}),
	ofStore(row{name: "all connections are black holes", lasts: lasts + 4*time.Second,
		begin: mode(postgres, redistest.BlackHole), end: mode(postgres, redistest.Pass)}),
	ofStore(row{name: "fast restart", spared: fromMemory, brief: true,
		begin: func(w *world) { w.postgres.Shutdown(pgtest.Fast); w.postgres.Restart(w) }, end: nothing}),
	ofStore(row{name: "immediate restart", spared: fromMemory, brief: true,
		begin: func(w *world) { w.postgres.Shutdown(pgtest.Immediate); w.postgres.Restart(w) }, end: nothing}),
	ofStore(row{name: "killed, and back later", lasts: lasts,
		begin: func(w *world) { w.postgres.Kill() }, end: func(w *world) { w.postgres.Restart(w) }}),
	ofStore(row{name: "read-only", lasts: lasts, told: `(?i)read-only`,
		begin: func(w *world) {
			w.postgres.Do(w, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
		},
		end: func(w *world) {
			w.postgres.Do(w, "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
		}}),
	ofStore(row{name: "no connection is left", lasts: lasts, told: `(?i)too many connections`,
		begin: func(w *world) {
			w.postgres.Do(w, "ALTER ROLE gate CONNECTION LIMIT 0",
				"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'gate'")
		},
		end: func(w *world) { w.postgres.Do(w, "ALTER ROLE gate CONNECTION LIMIT -1") }}),
	ofStore(row{name: "failed over, the old server dead", prepare: standby,
		begin: func(w *world) { w.postgres.Kill(); w.promote() }, end: nothing}),
	ofStore(row{name: "failed over, the old server frozen", prepare: standby, lasts: lasts,
		begin: func(w *world) { w.postgres.Stop(); w.promote() }, end: nothing}),

	ofLimits(row{name: "frozen", lasts: brief,
		begin: func(w *world) { w.redis.Freeze(w) }, end: func(w *world) { w.redis.Thaw() }}),
	ofLimits(row{name: "present connections are black holes", lasts: brief, told: silence, // the next call may find a good one
		begin: func(w *world) { w.toRedis.Silence() }, end: nothing}),
	ofLimits(row{name: "all connections are black holes", lasts: brief,
		begin: mode(redis, redistest.BlackHole), end: mode(redis, redistest.Pass)}),
	ofLimits(row{name: "killed, and back later", lasts: brief,
		begin: func(w *world) { w.redis.Kill() }, end: func(w *world) { w.redis.Restart(w) }}),
	ofLimits(row{name: "a replica, and the address stays", lasts: brief, told: `sp_limits_degraded.*READONLY`,
		begin: func(w *world) { w.redis.Do(w, "REPLICAOF", "127.0.0.1", "1") },
		end:   func(w *world) { w.redis.Do(w, "REPLICAOF", "NO", "ONE") }}),
	ofLimits(row{name: "failed over, the old master a replica", lasts: brief, begin: failOver, end: nothing}),
	ofLimits(row{name: "no connection is left", lasts: brief,
		begin: occupy, end: func(w *world) { w.redis.Do(w, "PING") }}),

	ofMail(row{name: "silent", lasts: brief, told: silence, // it takes longer than this to give one up
		begin: mode(post, redistest.BlackHole), end: mode(post, redistest.Pass)}),
	ofMail(row{name: "gone", lasts: brief,
		begin: mode(post, redistest.Refuse), end: mode(post, redistest.Pass)}),
	ofMail(row{name: "defers", lasts: brief, told: `451`,
		begin: mail(defers), end: mail(takes)}),
	ofMail(row{name: "hangs up after it took a mail", lasts: brief, told: silence,
		begin: mail(hangsUp), end: mail(takes)}),

	ofUpstream(row{name: "silent", lasts: brief,
		begin: mode(upstream, redistest.BlackHole), end: mode(upstream, redistest.Pass)}),
	ofUpstream(row{name: "gone", lasts: brief / 2,
		begin: mode(upstream, redistest.Refuse), end: mode(upstream, redistest.Pass)}),

	ofIssuer(row{name: "silent", lasts: brief,
		begin: mode(foreigner, redistest.BlackHole), end: mode(foreigner, redistest.Pass)}),
	ofIssuer(row{name: "gone", lasts: brief / 2,
		begin: mode(foreigner, redistest.Refuse), end: mode(foreigner, redistest.Pass)}),
}

// standby starts a server that has all that the other has acknowledged.
func standby(w *world) { w.standby = w.postgres.Standby(w.whole) }

// promote has the standby take over, and the address lead to it.
func (w *world) promote() {
	w.standby.Promote(w)
	w.postgres, w.standby = w.standby, nil
	w.toPostgres.Lead(w.postgres.Addr())
}

// failOver has another Redis take over, and leaves the old one up as its replica.
func failOver(w *world) {
	next := redistest.Start(w.whole)
	_, port, _ := net.SplitHostPort(w.redis.Addr())
	next.Do(w, "REPLICAOF", "127.0.0.1", port)
	await(w, func() bool { return strings.Contains(next.Do(w, "INFO", "replication"), "master_link_status:up") })
	next.Do(w, "REPLICAOF", "NO", "ONE")
	_, port, _ = net.SplitHostPort(next.Addr())
	w.redis.Do(w, "REPLICAOF", "127.0.0.1", port)
	w.redis = next
	w.toRedis.Lead(next.Addr())
}

func await(w *world, done func() bool) {
	w.Helper()
	for limit := time.After(30 * time.Second); !done(); {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-limit:
			w.Fatal("not within 30s")
		}
	}
}

// occupy takes the one connection that Redis then has, until the row is over.
func occupy(w *world) {
	conn, err := net.Dial("tcp", w.redis.Addr())
	if err != nil {
		w.Fatal(err)
	}
	in := bufio.NewReader(conn)
	say := func(line string) {
		fmt.Fprint(conn, line+"\r\n")
		if got, err := in.ReadString('\n'); err != nil || strings.HasPrefix(got, "-") {
			w.Errorf("%s: %q, %v", line, got, err)
		}
	}
	say("CONFIG SET maxclients 1")
	say("CLIENT KILL TYPE normal SKIPME yes")
	time.AfterFunc(brief-time.Second, func() {
		say("CONFIG SET maxclients 10000")
		conn.Close()
	})
}
