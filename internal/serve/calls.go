package serve

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/dbtls/dbtls/internal/store"
)

const (
	callRetention = 90 * 24 * time.Hour
	mostCalls     = 1_000_000              // kept; about 200 MB
	callsWait     = 200 * time.Millisecond // the most that a crash loses
	callsPerWrite = 2000                   // do not wait longer for more
	callsQueued   = 5000
	callsDropped  = 20_000 // by one transaction of the chores
)

// callLog keeps calls that changed nothing. It writes them in batches, because
// a transaction each would make reading as slow as writing.
type callLog struct {
	mu    sync.Mutex
	room  *sync.Cond // the queue is shorter, or over
	queue []store.AuditRecord
	over  bool
	some  chan struct{} // holds one while something is queued
	many  chan struct{} // holds one while a batch is queued
	end   chan struct{} // closed: write what is queued and stop
	ended chan struct{}

	lost  int // could not be written since the last that could
	write func(context.Context, []store.AuditRecord) error
	log   *slog.Logger
}

// newCallLog keeps the newest most calls in a state.
func newCallLog(s *store.Store, most int, log *slog.Logger) *callLog {
	c := &callLog{
		some: make(chan struct{}, 1), many: make(chan struct{}, 1), end: make(chan struct{}), ended: make(chan struct{}), log: log,
		write: func(ctx context.Context, batch []store.AuditRecord) error {
			return s.Write(ctx, func(tx *store.Tx) error {
				if err := tx.InsertCalls(batch); err != nil {
					return err
				}
				return tx.TrimCalls(most, 2*len(batch)) // so that it shrinks if the bound does
			})
		},
	}
	c.room = sync.NewCond(&c.mu)
	return c
}

// add queues a call, and waits while the queue is full. It wakes the writer for
// the first call of a batch and for a full one only: a wake-up costs more than
// the rest of it.
func (c *callLog) add(call store.AuditRecord) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.queue) >= callsQueued && !c.over {
		c.room.Wait()
	}
	if c.over {
		c.log.Error("a call is not in the record of calls: it outlived the server", "request_id", call.RequestID)
		return
	}
	c.queue = append(c.queue, call)
	switch len(c.queue) {
	case 1:
		c.some <- struct{}{} // empty, as the queue was
	case callsPerWrite:
		c.many <- struct{}{}
	}
}

// take gives what is queued and goes on with an empty buffer.
func (c *callLog) take(buffer []store.AuditRecord, over bool) []store.AuditRecord {
	c.mu.Lock()
	defer c.mu.Unlock()
	batch := c.queue
	c.queue, c.over = buffer[:0], over
	for _, signal := range []chan struct{}{c.some, c.many} {
		select {
		case <-signal:
		default:
		}
	}
	c.room.Broadcast()
	return batch
}

// run writes until close is called, then what is left.
func (c *callLog) run() {
	defer close(c.ended)
	var written []store.AuditRecord
	for over := false; !over; {
		select {
		case <-c.some:
			select {
			case <-c.many:
			case <-time.After(callsWait):
			case <-c.end:
				over = true
			}
		case <-c.end:
			over = true
		}
		batch := c.take(written, over)
		c.flush(batch)
		written = batch
	}
}

// close waits until all that was added is written. What comes later is not kept.
func (c *callLog) close() {
	close(c.end)
	<-c.ended
}

// flush writes a batch. One that cannot be written is dropped, so that a full
// disk does not stop reading; the gap is on record as soon as writing works
// again.
func (c *callLog) flush(batch []store.AuditRecord) {
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	whole := batch
	if c.lost > 0 {
		whole = append([]store.AuditRecord{gap(c.lost, time.Now())}, batch...)
	}
	if err := c.write(ctx, whole); err != nil {
		c.lost += len(batch)
		c.log.Error("calls could not be recorded", "calls", len(batch), "error", err)
		return
	}
	c.lost = 0
}

func gap(lost int, now time.Time) store.AuditRecord {
	return store.AuditRecord{At: now, Actor: "dbtls", Action: "calls lost", Detail: fmt.Sprintf("%d calls could not be recorded; the server's log says why", lost)}
}
