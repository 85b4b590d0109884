package serve

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/dbtls/dbtls/internal/store"
)

const (
	callRetention = 90 * 24 * time.Hour
	mostCalls     = 1_000_000 // kept; about 200 MB
	callsPerWrite = 500
	callsWait     = 200 * time.Millisecond // the most that a crash loses
	callsQueued   = 2000
	callsDropped  = 20_000 // by one transaction of the chores
)

// callLog keeps calls that changed nothing. It writes them in batches, because
// a transaction each would make reading as slow as writing.
type callLog struct {
	queue chan store.AuditRecord
	end   chan struct{} // closed: take what is queued and stop
	ended chan struct{}
	lost  int // could not be written since the last that could
	write func(context.Context, []store.AuditRecord) error
	log   *slog.Logger
}

func newCallLog(s *store.Store, log *slog.Logger) *callLog {
	return &callLog{
		queue: make(chan store.AuditRecord, callsQueued), end: make(chan struct{}), ended: make(chan struct{}), log: log,
		write: func(ctx context.Context, batch []store.AuditRecord) error {
			return s.Write(ctx, func(tx *store.Tx) error {
				if err := tx.InsertCalls(batch); err != nil {
					return err
				}
				return tx.TrimCalls(mostCalls, 2*len(batch)) // so that it shrinks if the bound does
			})
		},
	}
}

// add queues a call, and waits while the queue is full.
func (c *callLog) add(call store.AuditRecord) {
	select {
	case c.queue <- call:
	case <-c.ended:
		c.log.Error("a call is not in the record of calls: it outlived the server", "request_id", call.RequestID)
	}
}

// run writes until close is called, then what is left.
func (c *callLog) run() {
	defer close(c.ended)
	due := time.NewTimer(callsWait)
	defer due.Stop()
	batch := make([]store.AuditRecord, 0, callsPerWrite)
	for {
		select {
		case call := <-c.queue:
			if batch = append(batch, call); len(batch) == 1 {
				due.Reset(callsWait)
			}
			if len(batch) == callsPerWrite {
				batch = c.flush(batch)
			}
		case <-due.C:
			batch = c.flush(batch)
		case <-c.end:
			for len(c.queue) > 0 {
				if batch = append(batch, <-c.queue); len(batch) == callsPerWrite {
					batch = c.flush(batch)
				}
			}
			c.flush(batch)
			return
		}
	}
}

// close waits until all that was added is written.
func (c *callLog) close() {
	close(c.end)
	<-c.ended
}

// flush writes a batch and returns it empty. One that cannot be written is
// dropped, so that a full disk does not stop reading; the gap is on record as
// soon as writing works again.
func (c *callLog) flush(batch []store.AuditRecord) []store.AuditRecord {
	if len(batch) == 0 && c.lost == 0 {
		return batch
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
	} else {
		c.lost = 0
	}
	return batch[:0]
}

func gap(lost int, now time.Time) store.AuditRecord {
	return store.AuditRecord{At: now, Actor: "dbtls", Action: "calls lost", Detail: fmt.Sprintf("%d calls could not be recorded; the server's log says why", lost)}
}
