package cluster_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/dbtls/dbtls/e2e/harness"
)

// sender is one row of pg_stat_replication with the TLS of its connection.
type sender struct {
	PID     int
	Replica string
	State   string
	TLS     bool
	Lag     time.Duration // replay_lag
}

func senders(ctx context.Context, writer *pgx.Conn) ([]sender, error) {
	rows, err := writer.Query(ctx, `SELECT pid, application_name, state, coalesce(s.ssl, false), coalesce(replay_lag, '0'::interval)
		FROM pg_stat_replication r LEFT JOIN pg_stat_ssl s USING (pid) ORDER BY application_name`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sender])
}

// streaming says what is wrong with replication, "" when so many replicas
// stream over TLS.
func streaming(all []sender, replicas int) string {
	if len(all) != replicas {
		return fmt.Sprintf("%d replicas are connected, want %d: %+v", len(all), replicas, all)
	}
	for _, s := range all {
		if s.State != "streaming" || !s.TLS {
			return fmt.Sprintf("replica %s is %q, TLS %t", s.Replica, s.State, s.TLS)
		}
	}
	return ""
}

func pids(all []sender) []int {
	var list []int
	for _, s := range all {
		list = append(list, s.PID)
	}
	return list
}

// watch samples pg_stat_replication until it ends: the same connections, all
// streaming over TLS, in every sample.
type watch struct {
	mu      sync.Mutex
	wrong   []string
	samples int
	lag     time.Duration // the longest
	stop    context.CancelFunc
	wg      sync.WaitGroup
}

func startWatch(t *testing.T, writer *pgx.Conn, replicas int) *watch {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	w := &watch{stop: stop}
	t.Cleanup(w.end)
	first, err := senders(t.Context(), writer)
	if err != nil {
		t.Fatal(err)
	}
	w.wg.Go(func() {
		for rest(ctx, 20*time.Millisecond) {
			now, err := senders(context.Background(), writer)
			w.note(first, now, replicas, err)
			if err != nil {
				return
			}
		}
	})
	return w
}

func (w *watch) note(first, now []sender, replicas int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.samples++
	wrong := streaming(now, replicas)
	switch {
	case err != nil:
		wrong = err.Error()
	case wrong == "" && !slices.Equal(pids(first), pids(now)):
		wrong = fmt.Sprintf("the connections were %v and are %v", pids(first), pids(now))
	}
	if wrong != "" && !slices.Contains(w.wrong, wrong) {
		w.wrong = append(w.wrong, wrong)
	}
	for _, s := range now {
		w.lag = max(w.lag, s.Lag)
	}
}

func (w *watch) end() { w.stop(); w.wg.Wait() }

func (w *watch) judge(t *testing.T) {
	t.Helper()
	w.end()
	for _, wrong := range w.wrong {
		t.Errorf("replication: %s", wrong)
	}
	t.Logf("replication: %d samples, longest replay lag %s", w.samples, w.lag)
	if w.samples < 3 {
		t.Error("that is no watch")
	}
}

// caughtUp waits until every replica has replayed what the writer has written
// by now, and says how long it took.
func caughtUp(t *testing.T, writer *pgx.Conn, replicas []*pgx.Conn) time.Duration {
	t.Helper()
	began := time.Now()
	var lsn string
	if err := writer.QueryRow(t.Context(), "SELECT pg_current_wal_lsn()::text").Scan(&lsn); err != nil {
		t.Fatal(err)
	}
	for n, r := range replicas {
		harness.Poll(t, 10*time.Second, fmt.Sprintf("replica %d has replayed %s", n+1, lsn), func() bool {
			var done bool
			if err := r.QueryRow(t.Context(), "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", lsn).Scan(&done); err != nil {
				t.Fatal(err)
			}
			return done
		})
	}
	return time.Since(began)
}

// verifiesFully checks how a replica reaches its writer: the libpq settings of
// the connection it has at this moment.
func verifiesFully(t *testing.T, replica *pgx.Conn, writer harness.Instance) {
	t.Helper()
	var info string
	err := replica.QueryRow(t.Context(), "SELECT conninfo FROM pg_stat_wal_receiver WHERE status = 'streaming'").Scan(&info)
	if err != nil {
		t.Errorf("a replica's receiver: %v", err)
		return
	}
	for _, part := range []string{"sslmode=verify-full", "host=" + writer.Address, "sslrootcert=/"} {
		if !strings.Contains(info, part) {
			t.Errorf("a replica follows with %q, want %s", info, part)
		}
	}
}

// followAgain waits until so many replicas stream over TLS on connections that
// are not among the old.
func followAgain(t *testing.T, writer *pgx.Conn, replicas int, old []int) time.Duration {
	t.Helper()
	began := time.Now()
	var wrong string
	defer func() {
		if t.Failed() {
			t.Logf("replication: %s", wrong)
		}
	}()
	harness.Poll(t, 20*time.Second, "the replicas follow again", func() bool {
		now, err := senders(t.Context(), writer)
		if err != nil {
			t.Fatal(err)
		}
		wrong = streaming(now, replicas)
		return wrong == "" && !slices.ContainsFunc(pids(now), func(pid int) bool { return slices.Contains(old, pid) })
	})
	return time.Since(began)
}
