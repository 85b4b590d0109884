package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"database/sql"

	"github.com/dbtls/dbtls/internal/inventory"
)

// ErrRotating says that the instance has an unfinished rotation.
var ErrRotating = errors.New("a rotation is under way")

// InsertRotation starts a rotation and returns it with its id; an instance has
// at most one unfinished.
func (t *Tx) InsertRotation(r inventory.Rotation) (inventory.Rotation, error) {
	if _, err := t.OpenRotation(r.ResourceID); err == nil {
		return r, ErrRotating
	} else if !errors.Is(err, ErrNotFound) {
		return r, err
	}
	var id int64
	if err := t.one(`INSERT INTO rotations (resource_id, open, stuck, due_at, doc) VALUES (?,1,0,0,'{}') RETURNING id`,
		[]any{r.ResourceID}, &id); err != nil {
		return r, fmt.Errorf("insert rotation: %w", err)
	}
	r.ID = id
	return r, t.UpdateRotation(r)
}

// UpdateRotation replaces a rotation.
func (t *Tx) UpdateRotation(r inventory.Rotation) error {
	doc, err := encode(r)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE rotations SET open=?, stuck=?, due_at=?, doc=? WHERE id=?`,
		r.Outcome == "", r.Outcome == "" && r.IsStuck(), r.DueAt.UnixMilli(), doc, r.ID)
	return err
}

// Rotation reads one by id.
func (t *Tx) Rotation(id int64) (inventory.Rotation, error) {
	return document(t, decode[inventory.Rotation], `SELECT doc FROM rotations WHERE id=?`, id)
}

// OpenRotation reads an instance's unfinished rotation.
func (t *Tx) OpenRotation(resourceID string) (inventory.Rotation, error) {
	return document(t, decode[inventory.Rotation], `SELECT doc FROM rotations WHERE resource_id=? AND open=1`, resourceID)
}

// OpenRotations reads all unfinished rotations by resource id.
func (t *Tx) OpenRotations() (map[string]inventory.Rotation, error) {
	return t.openRotations(`SELECT resource_id, doc FROM rotations WHERE open=1`)
}

// OpenRotationsOf reads the unfinished rotations of these instances by resource id.
func (t *Tx) OpenRotationsOf(resourceIDs []string) (map[string]inventory.Rotation, error) {
	list, err := encode(resourceIDs)
	if err != nil {
		return nil, err
	}
	return t.openRotations(`SELECT resource_id, doc FROM rotations WHERE open=1 AND resource_id IN (SELECT value FROM json_each(?))`, list)
}

func (t *Tx) openRotations(query string, args ...any) (map[string]inventory.Rotation, error) {
	m := map[string]inventory.Rotation{}
	err := t.rows(query, args, func(r *sql.Rows) error {
		var id string
		var doc []byte
		if err := r.Scan(&id, &doc); err != nil {
			return err
		}
		var rot inventory.Rotation
		if err := json.Unmarshal(doc, &rot); err != nil {
			return err
		}
		m[id] = rot
		return nil
	})
	return m, err
}

// DueRotation names an unfinished rotation.
type DueRotation struct {
	ID         int64
	ResourceID string
}

// RotationsDue lists unfinished rotations whose next step is due.
func (t *Tx) RotationsDue(now time.Time) ([]DueRotation, error) {
	var all []DueRotation
	err := t.rows(`SELECT id, resource_id FROM rotations WHERE open=1 AND due_at<=? ORDER BY due_at`, []any{now.UnixMilli()},
		func(r *sql.Rows) error {
			var d DueRotation
			err := r.Scan(&d.ID, &d.ResourceID)
			all = append(all, d)
			return err
		})
	return all, err
}

// OldestStuck is when the first of the rotations that are stuck now got stuck;
// zero when none is.
func (t *Tx) OldestStuck() (time.Time, error) {
	all, err := documents(t, decode[inventory.Rotation], `SELECT doc FROM rotations WHERE open=1 AND stuck=1`)
	var oldest time.Time
	for _, r := range all {
		if oldest.IsZero() || r.Stuck.Since.Before(oldest) {
			oldest = r.Stuck.Since
		}
	}
	return oldest, err
}

// LastRotation reads the newest of an instance whose certificate was put in place:
// one that was committed, or is being proved.
func (t *Tx) LastRotation(resourceID string) (inventory.Rotation, error) {
	rot, err := t.OpenRotation(resourceID)
	if err == nil && rot.Begun() && !rot.ActiveAt.IsZero() && !rot.IsStuck() {
		return rot, nil
	} else if err != nil && !errors.Is(err, ErrNotFound) {
		return rot, err
	}
	return document(t, decode[inventory.Rotation], `SELECT doc FROM rotations WHERE resource_id=? AND open=0 AND json_extract(doc, '$.Outcome')=? ORDER BY id DESC LIMIT 1`,
		resourceID, inventory.OutcomeCommitted)
}

// DropRotations forgets the rotations of a deleted instance.
func (t *Tx) DropRotations(resourceID string) error {
	_, err := t.exec(`DELETE FROM rotations WHERE resource_id=?`, resourceID)
	return err
}

// InsertLeaf records an issued certificate; issuing the same one again after a
// crash is no error.
func (t *Tx) InsertLeaf(serial, resourceID, region, ca string, cert []byte, at time.Time) error {
	_, err := t.exec(`INSERT INTO leaves (serial, resource_id, region, ca, cert, issued_at) VALUES (?,?,?,?,?,?) ON CONFLICT DO NOTHING`,
		serial, resourceID, region, ca, cert, at.UnixMilli())
	return err
}

// LastIssued is when the newest certificate was issued, zero when none was.
func (t *Tx) LastIssued() (time.Time, error) {
	var ms sql.NullInt64
	if err := t.one(`SELECT max(issued_at) FROM leaves`, nil, &ms); err != nil || !ms.Valid {
		return time.Time{}, err
	}
	return time.UnixMilli(ms.Int64), nil
}

// RotationsOf lists an instance's rotations, the newest first.
func (t *Tx) RotationsOf(resourceID string, limit int) ([]inventory.Rotation, error) {
	return documents(t, decode[inventory.Rotation], `SELECT doc FROM rotations WHERE resource_id=? ORDER BY id DESC LIMIT ?`, resourceID, limit)
}
