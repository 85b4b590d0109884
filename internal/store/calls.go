package store

import (
	"context"
	"database/sql"
	"strings"
	"time"
)

// callsAtOnce is how many calls one statement inserts: enough that the statement
// costs little beside its rows; the driver binds in quadratic time.
const callsAtOnce = 20

// insertCalls is a statement for n calls. OR FAIL spares SQLite the journal by
// which it could undo the one statement: the transaction is undone as a whole.
func insertCalls(n int) string {
	const one = "(?,?,?,?,?,?)"
	return `INSERT OR FAIL INTO calls (at, actor, action, target, request_id, detail) VALUES ` + one + strings.Repeat(","+one, n-1)
}

// InsertCalls keeps calls that changed nothing. Their ids are not used.
func (t *Tx) InsertCalls(calls []AuditRecord) error {
	for _, n := range []int{callsAtOnce, 1} {
		if len(calls) < n {
			continue
		}
		s, err := t.q.PrepareContext(t.ctx, insertCalls(n))
		if err != nil {
			return err
		}
		defer s.Close()
		for ; len(calls) >= n; calls = calls[n:] {
			if err := insert(t.ctx, s, calls[:n]); err != nil {
				return err
			}
		}
	}
	return nil
}

func insert(ctx context.Context, s *sql.Stmt, calls []AuditRecord) error {
	args := make([]any, 0, 6*callsAtOnce)
	for _, c := range calls {
		args = append(args, c.At.UnixMilli(), c.Actor, c.Action, c.Target, c.RequestID, c.Detail)
	}
	_, err := s.ExecContext(ctx, args...)
	return err
}

// Calls lists calls after id, at most limit, oldest first.
func (t *Tx) Calls(after int64, limit int) ([]AuditRecord, error) {
	return t.records("calls", after, limit)
}

// CallsBefore lists the calls from before an id, the newest first; before 0 is
// from the end.
func (t *Tx) CallsBefore(before int64, limit int) ([]AuditRecord, error) {
	return t.recordsBefore("calls", before, limit)
}

// DropCalls removes calls made before a time, the oldest first and at most so
// many: other writers wait for it.
func (t *Tx) DropCalls(before time.Time, most int) error {
	_, err := t.exec(`DELETE FROM calls WHERE id IN (SELECT id FROM calls WHERE at<? ORDER BY at LIMIT ?)`, before.UnixMilli(), most)
	return err
}

// TrimCalls removes the oldest calls beyond the newest keep, at most so many.
func (t *Tx) TrimCalls(keep, most int) error {
	_, err := t.exec(`DELETE FROM calls WHERE id IN (SELECT id FROM calls WHERE id<=(SELECT max(id) FROM calls)-? ORDER BY id LIMIT ?)`, keep, most)
	return err
}
