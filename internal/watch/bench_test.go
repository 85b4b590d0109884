package watch_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/store"
	"github.com/dbtls/dbtls/internal/watch"
)

// BenchmarkWatcher is what watching 200 logins a second of 50 clients costs
// beside reading the log: CPU time, as a share of one core. Each b.N is a second
// of wall-clock time.
func BenchmarkWatcher(b *testing.B) {
	w := benchWorld(b, 1)
	used := w.watchFor(b, func() {
		w.db.set(func(v *server) {
			for n := range 200 {
				one := login(fmt.Sprint("user", n%10), engine.TLSEncrypted)
				one.Application = fmt.Sprint("app", n%50)
				v.log = append(v.log, one)
			}
		})
	})
	b.ReportMetric(used, "%core")
	if all, _, err := w.evidence.Clients(b.Context(), "db-0", time.Time{}); err != nil || len(all) != 50 || all[0].TLS != evidence.Encrypted {
		b.Fatalf("%d clients, %v", len(all), err)
	}
}

// BenchmarkIdleFleet is what ten thousand databases cost to whose log nobody
// adds.
func BenchmarkIdleFleet(b *testing.B) {
	w := benchWorld(b, 10_000)
	b.ReportMetric(w.watchFor(b, func() {}), "%core")
	b.ReportMetric(float64(w.db.reads)/float64(b.N), "reads/s")
}

func benchWorld(b *testing.B, instances int) *world {
	b.Helper()
	w, dir := &world{db: &server{most: 10_000}}, b.TempDir()
	var err error
	if w.store, err = store.Open(b.Context(), filepath.Join(dir, "state.db")); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { w.store.Close() })
	if w.evidence, err = store.OpenEvidence(b.Context(), filepath.Join(dir, "evidence.db")); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { w.evidence.Close() })
	err = w.store.Write(b.Context(), func(tx *store.Tx) error {
		for n := range instances {
			name := fmt.Sprint("db-", n)
			if err := tx.InsertInstance(inventory.Instance{ResourceID: name, Region: "us-east-1", Name: name, Status: inventory.StatusAvailable}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return w
}

// watchFor watches for b.N seconds, does something in each, and returns the CPU
// time that it took, in percent of a core.
func (w *world) watchFor(b *testing.B, each func()) float64 {
	b.Helper()
	s := watch.New(watch.Config{Store: w.store, Evidence: w.evidence, Provider: func(inventory.Instance) provider.Provider { return w.db },
		Engine: func(string) (engine.Engine, bool) { return engine.Engine{}, false }, Trusted: func(context.Context) error { return nil }, Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	began, used := time.Now(), cpu(b)
	for range b.N {
		next := time.After(time.Second)
		each()
		<-next
	}
	share := 100 * (cpu(b) - used).Seconds() / time.Since(began).Seconds()
	stop()
	<-done
	return share
}

// cpu is how much CPU time this process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
