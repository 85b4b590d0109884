package cluster_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/dbtls/dbtls/e2e/harness"
)

// load is an application at both endpoints of a cluster: it inserts rows with
// timestamps at one and reads them at the other. At each a session is held all
// the time, and two kinds of clients connect, work and leave, each trusting one
// root alone.
type load struct {
	old, new atomic.Pointer[x509.CertPool]
	writes   atomic.Int64
	reads    atomic.Int64
	logins   atomic.Int64

	mu       sync.Mutex
	failures []error
	stop     context.CancelFunc
	wg       sync.WaitGroup
}

const (
	insert = "INSERT INTO ticks (at, pid) VALUES (clock_timestamp(), pg_backend_pid()) RETURNING pid"
	look   = "SELECT pg_backend_pid() FROM (SELECT max(at) FROM ticks) AS t"
)

// startLoad begins with every client trusting roots.
func startLoad(t *testing.T, writer, reader harness.Instance, roots *x509.CertPool) *load {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	l := &load{stop: stop}
	t.Cleanup(l.end)
	l.old.Store(roots)
	l.new.Store(roots)
	for _, end := range []struct {
		harness.Instance
		sql   string
		count *atomic.Int64
	}{{writer, insert, &l.writes}, {reader, look, &l.reads}} {
		held, err := connect(t.Context(), end.Instance, roots)
		if err != nil {
			t.Fatalf("open session at %s: %v", end.Name, err)
		}
		l.wg.Go(func() { l.hold(ctx, held, end.sql, end.count) })
		l.wg.Go(func() { l.visit(ctx, end.Instance, end.sql, &l.old, "old root") })
		l.wg.Go(func() { l.visit(ctx, end.Instance, end.sql, &l.new, "new root") })
	}
	return l
}

// hold uses one session all the time; it must stay the same one.
func (l *load) hold(ctx context.Context, c *pgx.Conn, sql string, count *atomic.Int64) {
	defer c.Close(context.Background())
	first := 0
	for rest(ctx, 10*time.Millisecond) {
		var pid int
		err := c.QueryRow(context.Background(), sql).Scan(&pid)
		if err == nil && first != 0 && pid != first {
			err = fmt.Errorf("backend %d became %d", first, pid)
		}
		if err != nil {
			l.fail(fmt.Errorf("held session, %s: %w", sql, err))
			return
		}
		first = pid
		count.Add(1)
	}
}

// visit connects, asks once and leaves, again and again.
func (l *load) visit(ctx context.Context, i harness.Instance, sql string, roots *atomic.Pointer[x509.CertPool], who string) {
	for rest(ctx, 40*time.Millisecond) {
		if err := call(i, roots.Load(), sql); err != nil {
			l.fail(fmt.Errorf("new session at %s, %s: %w", hostPort(i), who, err))
		}
		l.logins.Add(1)
	}
}

func call(i harness.Instance, roots *x509.CertPool, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := connect(ctx, i, roots)
	if err != nil {
		return err
	}
	defer c.Close(context.Background())
	var pid int
	return c.QueryRow(ctx, sql).Scan(&pid)
}

func (l *load) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures = append(l.failures, fmt.Errorf("%s: %w", time.Now().Format("15:04:05.000"), err))
}

// rest paces the load; false when it is over.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (l *load) end() { l.stop(); l.wg.Wait() }

// judge ends the load and fails for every statement that failed.
func (l *load) judge(t *testing.T) {
	t.Helper()
	l.end()
	for n, err := range l.failures {
		if n == 10 {
			t.Errorf("and %d more failures", len(l.failures)-n)
			break
		}
		t.Error(err)
	}
	t.Logf("%d inserts, %d reads in the held sessions, %d logins, %d failures", l.writes.Load(), l.reads.Load(), l.logins.Load(), len(l.failures))
	if l.writes.Load() < 100 || l.reads.Load() < 100 || l.logins.Load() < 50 {
		t.Error("that is no load")
	}
}
