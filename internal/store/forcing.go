package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
)

// GroupKey names a parameter group.
type GroupKey struct {
	Kind         inventory.GroupKind
	Region, Name string
}

// ForcedSetting is one parameter of a change that waits to be confirmed.
type ForcedSetting struct {
	Name   string
	Value  string             // that was set
	Before *inventory.Setting `json:",omitempty"` // nil: the group said nothing
	Off    string             // the value that lets plain clients in, "" for a parameter that does not force
}

// PendingForce is forced TLS that is taken back unless somebody confirms it.
type PendingForce struct {
	GroupKey
	GroupMade time.Time // a group of the same name that was made later is another one
	Version   int64     // of the group, with the change
	Settings  []ForcedSetting
	At        time.Time
	Deadline  time.Time
	By        inventory.Caller
}

// ExceptionWatch is a group that lets some clients in without TLS, each until
// its end.
type ExceptionWatch struct {
	GroupKey
	Due    time.Time // the next end, or the next warning of one
	Warned []string  // exceptions whose end was announced
}

// ForceNotice is a change that an instance is to be told of.
type ForceNotice struct {
	ID         int64 `json:"-"`
	ResourceID string
	What       string // the call, or dbtls's own work, that made the change
	By         inventory.Caller
	At         time.Time
	Restart    bool // the server starts with it; else its groups say so from now on
	// Forced and Exceptions are what was said before and what is said now.
	WasForced, Forced         bool
	Told                      bool // the server was told to force TLS when the change was made
	WasExceptions, Exceptions string
}

// The sorts of rows in forcing.
const (
	forcingConfirm    = "confirm"
	forcingExceptions = "exceptions"
)

func (t *Tx) putForcing(k GroupKey, what string, due time.Time, v any) error {
	doc, err := encode(v)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO forcing (kind, region, name, what, due_at, doc) VALUES (?,?,?,?,?,?)
		ON CONFLICT DO UPDATE SET due_at=excluded.due_at, doc=excluded.doc`, k.Kind, k.Region, k.Name, what, due.UnixMilli(), doc)
	if err != nil {
		return fmt.Errorf("write %s of parameter group %q: %w", what, k.Name, err)
	}
	return nil
}

func (t *Tx) dropForcing(k GroupKey, what string) error {
	_, err := t.exec(`DELETE FROM forcing WHERE kind=? AND region=? AND name=? AND what=?`, k.Kind, k.Region, k.Name, what)
	return err
}

// PutPendingForce adds or replaces what waits for a group's confirmation.
func (t *Tx) PutPendingForce(p PendingForce) error {
	return t.putForcing(p.GroupKey, forcingConfirm, p.Deadline, p)
}

// PendingForce reads what waits for a group's confirmation.
func (t *Tx) PendingForce(k GroupKey) (PendingForce, error) {
	return document(t, decode[PendingForce], `SELECT doc FROM forcing WHERE kind=? AND region=? AND name=? AND what=?`, k.Kind, k.Region, k.Name, forcingConfirm)
}

// PendingForces lists what waits to be confirmed, in all regions, the earliest
// deadline first.
func (t *Tx) PendingForces() ([]PendingForce, error) {
	return documents(t, decode[PendingForce], `SELECT doc FROM forcing WHERE what=? ORDER BY due_at, region, name`, forcingConfirm)
}

// DropPendingForce forgets what waits for a group's confirmation.
func (t *Tx) DropPendingForce(k GroupKey) error { return t.dropForcing(k, forcingConfirm) }

// PutExceptionWatch adds or replaces the watch on a group's exceptions.
func (t *Tx) PutExceptionWatch(w ExceptionWatch) error {
	return t.putForcing(w.GroupKey, forcingExceptions, w.Due, w)
}

// ExceptionWatch reads the watch on a group's exceptions.
func (t *Tx) ExceptionWatch(k GroupKey) (ExceptionWatch, error) {
	return document(t, decode[ExceptionWatch], `SELECT doc FROM forcing WHERE kind=? AND region=? AND name=? AND what=?`, k.Kind, k.Region, k.Name, forcingExceptions)
}

// ExceptionWatchesDue lists the watches that are due.
func (t *Tx) ExceptionWatchesDue(now time.Time) ([]ExceptionWatch, error) {
	return documents(t, decode[ExceptionWatch], `SELECT doc FROM forcing WHERE what=? AND due_at<=? ORDER BY due_at`, forcingExceptions, now.UnixMilli())
}

// DropExceptionWatch forgets the watch on a group's exceptions.
func (t *Tx) DropExceptionWatch(k GroupKey) error { return t.dropForcing(k, forcingExceptions) }

// InsertForceNotice adds a notice.
func (t *Tx) InsertForceNotice(n ForceNotice) error {
	doc, err := encode(n)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO force_notices (doc) VALUES (?)`, doc)
	return err
}

// ForceNotices lists the oldest notices, at most limit.
func (t *Tx) ForceNotices(limit int) ([]ForceNotice, error) {
	var all []ForceNotice
	err := t.rows(`SELECT id, doc FROM force_notices ORDER BY id LIMIT ?`, []any{limit}, func(r *sql.Rows) error {
		var n ForceNotice
		var doc []byte
		if err := r.Scan(&n.ID, &doc); err != nil {
			return err
		}
		if err := json.Unmarshal(doc, &n); err != nil {
			return fmt.Errorf("decode force notice: %w", err)
		}
		all = append(all, n)
		return nil
	})
	return all, err
}

// DropForceNotice forgets a notice; ErrNotFound when it is not there any more.
func (t *Tx) DropForceNotice(id int64) error {
	n, err := t.exec(`DELETE FROM force_notices WHERE id=?`, id)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// NextForcing is when the first row of forcing is due, zero when there is none.
func (t *Tx) NextForcing() (time.Time, error) {
	var ms sql.NullInt64
	err := t.one(`SELECT min(due_at) FROM forcing`, nil, &ms)
	if err != nil || !ms.Valid {
		return time.Time{}, err
	}
	return time.UnixMilli(ms.Int64), nil
}

// FirstRotation reads the one that gave an instance its first certificate.
func (t *Tx) FirstRotation(resourceID string) (inventory.Rotation, error) {
	return document(t, decode[inventory.Rotation], `SELECT doc FROM rotations WHERE resource_id=? ORDER BY id LIMIT 1`, resourceID)
}
