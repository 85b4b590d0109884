package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbtls/dbtls/internal/store"
)

// written are the batches that a call log wrote.
type written struct {
	mu      sync.Mutex
	batches [][]string
	fail    error
	block   chan struct{} // closed: go on; nil: do not wait
}

func (w *written) write(_ context.Context, batch []store.AuditRecord) error {
	if w.block != nil {
		<-w.block
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail != nil {
		return w.fail
	}
	var ids []string
	for _, c := range batch {
		ids = append(ids, c.RequestID+c.Detail)
	}
	w.batches = append(w.batches, ids)
	return nil
}

func (w *written) sizes() []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	var n []int
	for _, b := range w.batches {
		n = append(n, len(b))
	}
	return n
}

func startCallLog(w *written) *callLog {
	c := newCallLog(nil, mostCalls, slog.New(slog.DiscardHandler))
	c.write = w.write
	go c.run()
	return c
}

func addSome(c *callLog, from, to int) {
	for n := from; n < to; n++ {
		c.add(store.AuditRecord{RequestID: fmt.Sprint(n)})
	}
}

func TestCallsAreWrittenInBatchesAfterAShortWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &written{}
		c := startCallLog(w)
		addSome(c, 0, 3)
		time.Sleep(callsWait - time.Millisecond)
		addSome(c, 3, 4)
		synctest.Wait()
		if n := w.sizes(); n != nil {
			t.Errorf("written too soon: %v", n)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if n := w.sizes(); !slices.Equal(n, []int{4}) {
			t.Errorf("after the wait: %v", n)
		}
		addSome(c, 4, 4+callsPerWrite-1)
		synctest.Wait()
		if n := w.sizes(); !slices.Equal(n, []int{4}) {
			t.Errorf("one less than a batch does not wait: %v", n)
		}
		addSome(c, 0, 1)
		synctest.Wait()
		if n := w.sizes(); !slices.Equal(n, []int{4, callsPerWrite}) {
			t.Errorf("a full batch waits: %v", n)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := w.sizes(); len(n) != 2 {
			t.Errorf("nothing is written when there is nothing: %v", n)
		}
		c.close()
	})
}

func TestClosingWritesAllThatWasAdded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &written{block: make(chan struct{})}
		c := startCallLog(w)
		const n = callsPerWrite + 700
		addSome(c, 0, callsPerWrite)
		synctest.Wait() // the first batch is being written, the others wait
		addSome(c, callsPerWrite, n)
		go func() { time.Sleep(time.Second); close(w.block) }()
		c.close()
		var all []string
		for _, b := range w.batches {
			all = append(all, b...)
		}
		if len(all) != n || len(w.batches) != 2 {
			t.Fatalf("%d of %d calls are written, in %v", len(all), n, w.sizes())
		}
		for i := range n {
			if all[i] != fmt.Sprint(i) {
				t.Fatalf("call %s is in the place of %d", all[i], i)
			}
		}
		addSome(c, 0, 2*callsQueued) // after the end nothing hangs, and nothing is kept
		if len(w.batches) != 2 {
			t.Error("something is written after the end")
		}
	})
}

func TestACallWaitsWhileTheQueueIsFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &written{block: make(chan struct{})}
		c := startCallLog(w)
		addSome(c, 0, callsPerWrite)
		synctest.Wait() // they are held by the write that hangs
		const room = callsPerWrite + callsQueued
		addSome(c, callsPerWrite, room)
		added := make(chan struct{})
		go func() { addSome(c, room, room+1); close(added) }()
		synctest.Wait()
		select {
		case <-added:
			t.Error("the queue has no bound")
		default:
		}
		close(w.block)
		<-added
		c.close()
		total := 0
		for _, n := range w.sizes() {
			total += n
		}
		if total != room+1 {
			t.Errorf("%d of %d are written", total, room+1)
		}
	})
}

func TestWhatCouldNotBeWrittenIsOnRecordAsAGap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &written{fail: errors.New("the disk is full")}
		c := startCallLog(w)
		for n := range 2 {
			addSome(c, n*10, n*10+3)
			time.Sleep(2 * callsWait)
			synctest.Wait()
		}
		w.mu.Lock()
		w.fail = nil
		w.mu.Unlock()
		addSome(c, 20, 21)
		time.Sleep(2 * callsWait)
		addSome(c, 21, 22)
		c.close()
		want := [][]string{{"6 calls could not be recorded; the server's log says why", "20"}, {"21"}}
		if !slices.EqualFunc(w.batches, want, slices.Equal) {
			t.Errorf("%q", w.batches)
		}
	})
}

func TestTheRecordOfCallsIsBounded(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for round := range 3 {
		c := newCallLog(s, 100, slog.New(slog.DiscardHandler))
		go c.run()
		addSome(c, 80*round, 80*round+80)
		c.close()
	}
	left, err := s.Read(t.Context()).Calls(0, 1000)
	if err != nil || len(left) != 100 || left[99].RequestID != "239" || left[0].RequestID != "140" {
		t.Errorf("%d are left, %v", len(left), err)
	}
}

func BenchmarkCallLog(b *testing.B) {
	s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	c := newCallLog(s, mostCalls, slog.New(slog.DiscardHandler))
	go c.run()
	for b.Loop() {
		c.add(store.AuditRecord{At: time.Now(), Actor: "ann", Action: "DescribeDBInstances", Target: "shop", RequestID: requestID()})
	}
	c.close()
}
