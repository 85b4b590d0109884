package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// A change costs one wait for the disk, whatever its size. Callers of Write that
// come while another is at work therefore share a transaction: each in turn has
// it for itself, below a savepoint of its own, and whoever finds nobody waiting
// commits for all. Nobody returns before that. A caller alone commits at once.

// batchMost bounds the callers of one batch, and so how long its first waits.
const batchMost = 64

// batch is a transaction that several callers share.
type batch struct {
	ctx    context.Context
	conn   *sql.Conn
	size   int
	broken error         // why nothing of it can be kept
	done   chan struct{} // closed when err is set
	err    error         // nil: it is on disk
}

// line is where callers wait for their turn with the writer.
type line struct {
	mu      sync.Mutex
	busy    bool
	waiting []chan *batch // one each; it gets the batch that is open, or nil
}

// enter waits for the turn. Whoever has it passes it on.
func (l *line) enter(ctx context.Context) (*batch, error) {
	l.mu.Lock()
	if !l.busy {
		l.busy = true
		l.mu.Unlock()
		return nil, nil
	}
	turn := make(chan *batch, 1)
	l.waiting = append(l.waiting, turn)
	l.mu.Unlock()
	select {
	case b := <-turn:
		return b, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	n := slices.Index(l.waiting, turn)
	if n >= 0 {
		l.waiting = slices.Delete(l.waiting, n, n+1)
	}
	l.mu.Unlock()
	if n >= 0 {
		return nil, ctx.Err()
	}
	return <-turn, nil // it came meanwhile, and with it perhaps the others' batch
}

// pass gives the turn to the next, and b with it. With nobody waiting it returns
// false: the turn stays with the caller of a batch and is free without one.
func (l *line) pass(b *batch) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.busy = b != nil
		return false
	}
	l.waiting[0] <- b
	l.waiting = slices.Delete(l.waiting, 0, 1)
	return true
}

// Write runs f in a transaction: all of it happens or nothing does. When ctx ends
// before f has returned, nothing does; f itself is not interrupted. f sees what
// callers before it in the batch have changed, and is never run twice.
func (s *Store) Write(ctx context.Context, f func(*Tx) error) error {
	b, err := s.line.enter(ctx)
	if err != nil {
		return fmt.Errorf("wait to write: %w", err)
	}
	if b == nil {
		if b, err = s.begin(ctx); err != nil {
			s.line.pass(nil)
			return full(fmt.Errorf("begin: %w", err))
		}
	}
	if err := s.share(ctx, b, f); err != nil {
		return full(err)
	}
	<-b.done
	return full(b.err)
}

// begin opens a batch. The callers' contexts have no power over it: what ends
// one caller's statement in SQLite ends the transaction of all.
func (s *Store) begin(ctx context.Context) (*batch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return nil, err
	}
	b := &batch{ctx: ctx, conn: conn, done: make(chan struct{})}
	if err := b.exec("BEGIN IMMEDIATE"); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return b, nil
}

func (b *batch) exec(statement string) error {
	_, err := b.conn.ExecContext(b.ctx, statement)
	return err
}

// share is one caller's part of a batch. Whatever becomes of f, a panic
// included, the turn goes on.
func (s *Store) share(ctx context.Context, b *batch, f func(*Tx) error) (err error) {
	defer s.finish(b)
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.broken = b.exec("SAVEPOINT caller"); b.broken != nil {
		return b.broken
	}
	kept := false
	defer func() {
		if !kept {
			b.undo(err)
		}
	}()
	if err := f(&Tx{ctx: context.WithoutCancel(ctx), q: b.conn, store: s}); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err = b.exec("RELEASE caller")
	kept = err == nil
	return err
}

// undo takes back what a caller did, for cause. Some errors (a full disk, a bad
// read) have ended the whole transaction by then.
func (b *batch) undo(cause error) {
	if err := b.exec("ROLLBACK TO caller; RELEASE caller"); err != nil {
		b.broken = fmt.Errorf("another change in the same transaction failed and took it back: %w", errors.Join(cause, err))
	}
}

// finish hands the batch to who waits, or ends it.
func (s *Store) finish(b *batch) {
	b.size++
	if b.size < batchMost && b.broken == nil && s.line.pass(b) {
		return
	}
	b.err = b.broken
	if b.err == nil {
		if err := b.exec("COMMIT"); err != nil {
			b.err = fmt.Errorf("commit: %w", err)
		}
	}
	if b.err != nil {
		_ = b.exec("ROLLBACK") // fails when SQLite has done so already
	}
	_ = b.conn.Close() // gives it back
	close(b.done)
	if b.err == nil {
		s.changed.fire()
	}
	s.line.pass(nil)
}
