package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// queue is callers of Write that all wait behind a first one, in order.
type queue struct {
	t     *testing.T
	s     *Store
	wg    sync.WaitGroup
	first chan struct{} // closed: the first one goes on

	firstErr error // what the first one got
}

// queued runs f in a bubble with a queue whose first caller is at work.
func queued(t *testing.T, f func(*testing.T, *queue)) {
	path := filepath.Join(t.TempDir(), "state.db")
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		q := &queue{t: t, s: s, first: make(chan struct{})}
		q.add(t.Context(), func(*Tx) error { <-q.first; return nil }, func(err error) { q.firstErr = err })
		f(t, q)
	})
}

// add queues a caller behind all others; then is given what it got.
func (q *queue) add(ctx context.Context, f func(*Tx) error, then func(error)) {
	q.wg.Go(func() { then(q.s.Write(ctx, f)) })
	synctest.Wait() // it is in line, or was turned away
}

// put queues a caller that writes a key and succeeds.
func (q *queue) put(key string) {
	q.add(q.t.Context(), func(tx *Tx) error { return tx.SetMeta(key, []byte("v")) }, func(err error) {
		if err != nil {
			q.t.Errorf("the caller that writes %q got %v", key, err)
		} else if !q.has(key) {
			q.t.Errorf("the caller that writes %q was told so before it was kept", key)
		}
	})
}

// has reports whether others see a key.
func (q *queue) has(key string) bool {
	v, err := q.s.Read(context.Background()).Meta(key)
	if err != nil {
		q.t.Error(err)
	}
	return v != nil
}

func (q *queue) goOn() {
	close(q.first)
	q.wg.Wait()
}

func TestCallersThatCameMeanwhileShareATransaction(t *testing.T) {
	t.Parallel()
	queued(t, func(t *testing.T, q *queue) {
		q.put("a")
		looked := false
		q.add(t.Context(), func(tx *Tx) error {
			v, err := tx.Meta("a")
			if v == nil || err != nil {
				t.Errorf("the caller behind does not see the change before it: %v", err)
			}
			if q.has("a") {
				t.Error("the change was on disk before the caller behind began: it had a transaction of its own")
			}
			looked = true
			return nil
		}, func(err error) {
			if err != nil {
				t.Error(err)
			}
		})
		q.put("b")
		q.goOn()
		if !looked || q.firstErr != nil {
			t.Errorf("the caller behind ran: %t; the first got %v", looked, q.firstErr)
		}
	})
}

func TestACallerThatFailsTakesBackItsOwnChangesAlone(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		end  func(cancel func(), tx *Tx) error
		want error
	}{
		"with an error":               {func(func(), *Tx) error { return boom }, boom},
		"with a panic":                {func(func(), *Tx) error { panic("boom") }, nil},
		"with the end of a goroutine": {func(func(), *Tx) error { runtime.Goexit(); return nil }, nil},
		"because its context is ended": {func(cancel func(), tx *Tx) error {
			cancel()
			if err := tx.SetMeta("more", []byte("v")); err != nil {
				return fmt.Errorf("a statement was interrupted, and with it the transaction of all: %w", err)
			}
			return nil
		}, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			queued(t, func(t *testing.T, q *queue) {
				q.put("before")
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				q.wg.Go(func() {
					defer func() { _ = recover() }()
					err := q.s.Write(ctx, func(tx *Tx) error {
						if err := tx.SetMeta("its own", []byte("v")); err != nil {
							return err
						}
						return c.end(cancel, tx)
					})
					if c.want == nil || fmt.Sprint(err) != c.want.Error() {
						t.Errorf("it got %v, want %v", err, c.want)
					}
				})
				synctest.Wait()
				q.put("behind")
				q.goOn()
				if q.has("its own") {
					t.Error("its change was kept")
				}
			})
		})
	}
}

func TestACallerThatStopsWaitingChangesNothingAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	queued(t, func(t *testing.T, q *queue) {
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		q.add(ctx, func(*Tx) error { t.Error("it ran"); return nil }, func(err error) { gone <- err })
		q.put("behind")
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) { // while the first is still at work
			t.Errorf("it got %v", err)
		}
		q.goOn()
	})
}

// A caller may stop waiting in the moment in which it gets its turn.
func TestATurnIsNeverLost(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	limit, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	for range 200 {
		ctx, cancel := context.WithCancel(limit)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { _ = s.Write(ctx, func(*Tx) error { cancel(); return nil }) })
		}
		wg.Wait()
		cancel()
		if err := s.Write(limit, func(*Tx) error { return nil }); err != nil {
			t.Fatalf("nobody gets the writer any more: %v", err)
		}
	}
}

func TestATransactionThatSQLiteTookBackIsAnErrorForAllInItAndForNobodyElse(t *testing.T) {
	t.Parallel()
	queued(t, func(t *testing.T, q *queue) {
		var failed atomic.Int32
		fails := func(err error) {
			if err != nil {
				failed.Add(1)
			}
		}
		q.add(t.Context(), func(tx *Tx) error { return tx.SetMeta("before", []byte("v")) }, fails)
		q.add(t.Context(), func(tx *Tx) error {
			_, err := tx.q.ExecContext(tx.ctx, "ROLLBACK") // what a full disk makes SQLite do
			return errors.Join(err, errors.New("disk"))
		}, fails)
		q.put("behind")
		q.goOn()
		if q.firstErr == nil || failed.Load() != 2 || q.has("before") {
			t.Errorf("the first got %v, %d of the 2 behind it were told, kept: %t", q.firstErr, failed.Load(), q.has("before"))
		}
	})
}

func TestABatchIsNotEndless(t *testing.T) {
	t.Parallel()
	queued(t, func(t *testing.T, q *queue) {
		seen := false
		for n := range batchMost + 1 {
			q.add(t.Context(), func(tx *Tx) error {
				if n == batchMost {
					seen = q.has("0")
				}
				return tx.SetMeta(fmt.Sprint(n), []byte("v"))
			}, func(err error) {
				if err != nil {
					t.Error(err)
				}
			})
		}
		q.goOn()
		if !seen {
			t.Errorf("the first of %d callers still waited when the last began", batchMost+1)
		}
	})
}

// BenchmarkWrite is durable changes by so many callers at a time.
func BenchmarkWrite(b *testing.B) {
	for _, callers := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s, err := Open(b.Context(), filepath.Join(b.TempDir(), "state.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			rest := strings.Repeat("v", 1024)
			var left atomic.Int64
			left.Store(int64(b.N))
			var wg sync.WaitGroup
			b.ResetTimer()
			for n := range callers {
				wg.Go(func() {
					for k := left.Add(-1); k >= 0; k = left.Add(-1) {
						value := []byte(fmt.Sprint(k, rest)) // SQLite does not write what is there already
						if err := s.Write(b.Context(), func(tx *Tx) error { return tx.SetMeta(fmt.Sprint(n), value) }); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
