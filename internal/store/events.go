package store

import (
	"database/sql"
	"encoding/json"
	"math"
	"time"
)

// Event is one line of DescribeEvents.
type Event struct {
	ID                              int64
	At                              time.Time
	Region, SourceType, Source, ARN string
	Categories                      []string
	Message                         string
}

// InsertEvent adds an event.
func (t *Tx) InsertEvent(e Event) error { return t.insertEvent("events", e) }

func (t *Tx) insertEvent(table string, e Event) error {
	categories, err := encode(e.Categories)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO `+table+` (at, region, source_type, source, arn, categories, message) VALUES (?,?,?,?,?,?,?)`,
		e.At.UnixMilli(), e.Region, e.SourceType, e.Source, e.ARN, categories, e.Message)
	return err
}

// EventQuery selects events; empty strings match all.
type EventQuery struct {
	Region, SourceType, Source string
	From, To                   time.Time // inclusive
	After                      int64     // id of the last one already seen
	Limit                      int
}

// Events lists events, oldest first.
func (t *Tx) Events(q EventQuery) ([]Event, error) { return t.events("events", q) }

func (t *Tx) events(table string, q EventQuery) ([]Event, error) {
	var all []Event
	err := t.rows(`SELECT id, at, region, source_type, source, arn, categories, message FROM `+table+`
		WHERE region=? AND at BETWEEN ? AND ? AND id>? AND (?='' OR source_type=?) AND (?='' OR source=?)
		ORDER BY id LIMIT ?`,
		[]any{q.Region, q.From.UnixMilli(), q.To.UnixMilli(), q.After, q.SourceType, q.SourceType, q.Source, q.Source, q.Limit},
		func(r *sql.Rows) error {
			var e Event
			var at int64
			var categories []byte
			if err := r.Scan(&e.ID, &at, &e.Region, &e.SourceType, &e.Source, &e.ARN, &categories, &e.Message); err != nil {
				return err
			}
			e.At = time.UnixMilli(at).UTC()
			all = append(all, e)
			return json.Unmarshal(categories, &all[len(all)-1].Categories)
		})
	return all, err
}

// DropEvents removes events older than t.
func (t *Tx) DropEvents(before time.Time) error {
	_, err := t.exec(`DELETE FROM events WHERE at<?`, before.UnixMilli())
	return err
}

// AuditRecord says who did what. The table takes no update and no delete.
type AuditRecord struct {
	ID        int64     `json:"id"`
	At        time.Time `json:"at"`
	Actor     string    `json:"actor"` // user name, or "dbtls" for its own work
	Action    string    `json:"action"`
	Target    string    `json:"target"`
	RequestID string    `json:"request_id,omitempty"`
	Detail    string    `json:"detail,omitempty"`
}

// Audit appends a record.
func (t *Tx) Audit(a AuditRecord) error {
	_, err := t.exec(`INSERT INTO audit (at, actor, action, target, request_id, detail) VALUES (?,?,?,?,?,?)`,
		a.At.UnixMilli(), a.Actor, a.Action, a.Target, a.RequestID, a.Detail)
	return err
}

// AuditLog lists records after id, at most limit, oldest first.
func (t *Tx) AuditLog(after int64, limit int) ([]AuditRecord, error) {
	return t.records("audit", after, limit)
}

// AuditBefore is the audit log from before an id, the newest first; before 0 is
// from its end.
func (t *Tx) AuditBefore(before int64, limit int) ([]AuditRecord, error) {
	return t.recordsBefore("audit", before, limit)
}

// records reads a table of the audit log's form.
func (t *Tx) records(table string, after int64, limit int) ([]AuditRecord, error) {
	return t.recordsWhere(`FROM `+table+` WHERE id>? ORDER BY id LIMIT ?`, after, limit)
}

// recordsBefore reads one backwards.
func (t *Tx) recordsBefore(table string, before int64, limit int) ([]AuditRecord, error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	return t.recordsWhere(`FROM `+table+` WHERE id<? ORDER BY id DESC LIMIT ?`, before, limit)
}

func (t *Tx) recordsWhere(from string, bound int64, limit int) ([]AuditRecord, error) {
	all := []AuditRecord{}
	err := t.rows(`SELECT id, at, actor, action, target, request_id, detail `+from, []any{bound, limit}, func(r *sql.Rows) error {
		var a AuditRecord
		var at int64
		err := r.Scan(&a.ID, &at, &a.Actor, &a.Action, &a.Target, &a.RequestID, &a.Detail)
		a.At = time.UnixMilli(at).UTC()
		all = append(all, a)
		return err
	})
	return all, err
}
