package store

import (
	"errors"
	"fmt"

	"github.com/dbtls/dbtls/internal/inventory"
)

// InsertGroup adds a parameter group; ErrNameTaken when the name is in use.
func (t *Tx) InsertGroup(g inventory.Group) error {
	if _, err := t.Group(g.Kind, g.Region, g.Name); err == nil {
		return ErrNameTaken
	} else if !errors.Is(err, ErrNotFound) {
		return err
	}
	return t.putGroup(`INSERT INTO groups (doc, kind, region, name) VALUES (?,?,?,?)`, g)
}

// UpdateGroup replaces a parameter group.
func (t *Tx) UpdateGroup(g inventory.Group) error {
	return t.putGroup(`UPDATE groups SET doc=? WHERE kind=? AND region=? AND name=?`, g)
}

func (t *Tx) putGroup(query string, g inventory.Group) error {
	doc, err := encode(g)
	if err != nil {
		return err
	}
	n, err := t.exec(query, doc, g.Kind, g.Region, g.Name)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("write parameter group %q: %w", g.Name, err)
	}
	return nil
}

// DeleteGroup forgets a parameter group.
func (t *Tx) DeleteGroup(kind inventory.GroupKind, region, name string) error {
	_, err := t.exec(`DELETE FROM groups WHERE kind=? AND region=? AND name=?`, kind, region, name)
	return err
}

// Group reads one by name.
func (t *Tx) Group(kind inventory.GroupKind, region, name string) (inventory.Group, error) {
	return document(t, decode[inventory.Group], `SELECT doc FROM groups WHERE kind=? AND region=? AND name=?`, kind, region, name)
}

// Groups lists a region's by name.
func (t *Tx) Groups(kind inventory.GroupKind, region string) ([]inventory.Group, error) {
	return documents(t, decode[inventory.Group], `SELECT doc FROM groups WHERE kind=? AND region=? ORDER BY name`, kind, region)
}
