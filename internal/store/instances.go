package store

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
)

// ErrNameTaken says that another instance of the region has the name.
var ErrNameTaken = errors.New("name taken")

// InsertInstance adds an instance; ErrNameTaken when the name is in use.
func (t *Tx) InsertInstance(i inventory.Instance) error {
	if _, err := t.InstanceByName(i.Region, i.Name); err == nil {
		return ErrNameTaken
	} else if !errors.Is(err, ErrNotFound) {
		return err
	}
	return t.putInstance(`INSERT INTO instances (region, name, status, address, cluster, due_at, check_at, doc, resource_id) VALUES (?,?,?,?,?,?,?,?,?)`, i)
}

// UpdateInstance replaces an instance.
func (t *Tx) UpdateInstance(i inventory.Instance) error {
	return t.putInstance(`UPDATE instances SET region=?, name=?, status=?, address=?, cluster=?, due_at=?, check_at=?, doc=? WHERE resource_id=?`, i)
}

func (t *Tx) putInstance(query string, i inventory.Instance) error {
	doc, err := encode(i)
	if err != nil {
		return err
	}
	n, err := t.exec(query, i.Region, i.Name, i.Status, i.Address, i.Cluster, millis(i.DueAt), millis(i.CheckAt), doc, i.ResourceID)
	if err != nil {
		return fmt.Errorf("write instance %q: %w", i.Name, err)
	}
	if n == 0 {
		return fmt.Errorf("write instance %q: %w", i.Name, ErrNotFound)
	}
	return nil
}

// DeleteInstance forgets an instance.
func (t *Tx) DeleteInstance(resourceID string) error {
	_, err := t.exec(`DELETE FROM instances WHERE resource_id=?`, resourceID)
	return err
}

// Instance reads by resource id.
func (t *Tx) Instance(resourceID string) (inventory.Instance, error) {
	return document(t, t.store.instances.decode, `SELECT doc FROM instances WHERE resource_id=?`, resourceID)
}

// InstanceByName reads by region and name (lower case).
func (t *Tx) InstanceByName(region, name string) (inventory.Instance, error) {
	return document(t, t.store.instances.decode, `SELECT doc FROM instances WHERE region=? AND name=?`, region, name)
}

// Instances lists a region's instances by name, after the given name, at most
// limit (0: all).
func (t *Tx) Instances(region, after string, limit int) ([]inventory.Instance, error) {
	if limit == 0 {
		limit = -1
	}
	return documents(t, t.store.instances.decode, `SELECT doc FROM instances WHERE region=? AND name>? ORDER BY name LIMIT ?`, region, after, limit)
}

// AllInstances lists every region's instances.
func (t *Tx) AllInstances() ([]inventory.Instance, error) {
	return documents(t, t.store.instances.decode, `SELECT doc FROM instances ORDER BY region, name`)
}

// LifecycleDue lists the resource ids of instances whose lifecycle goes on at or
// before now.
func (t *Tx) LifecycleDue(now time.Time) ([]string, error) {
	return t.names(`SELECT resource_id FROM instances WHERE due_at<=? ORDER BY due_at`, now.UnixMilli())
}

// CheckDue lists the resource ids of instances that Decide should look at.
func (t *Tx) CheckDue(now time.Time) ([]string, error) {
	return t.names(`SELECT resource_id FROM instances WHERE check_at<=? ORDER BY check_at`, now.UnixMilli())
}

// names reads a single column of text.
func (t *Tx) names(query string, args ...any) ([]string, error) {
	var all []string
	err := t.rows(query, args, func(r *sql.Rows) error {
		var name string
		err := r.Scan(&name)
		all = append(all, name)
		return err
	})
	return all, err
}

// Members lists the instances of a cluster, by name.
func (t *Tx) Members(cluster string) ([]inventory.Instance, error) {
	return documents(t, t.store.instances.decode, `SELECT doc FROM instances WHERE cluster=? AND cluster<>'' ORDER BY name`, cluster)
}

// AddressTaken reports whether an instance or a cluster already has the
// address.
func (t *Tx) AddressTaken(address string) (bool, error) {
	var n int
	err := t.one(`SELECT (SELECT count(*) FROM instances WHERE address=?1) + (SELECT count(*) FROM clusters WHERE address=?1 OR reader_address=?1)`,
		[]any{address}, &n)
	return n > 0, err
}

// NextDue is the earliest time at which anything in the state is due, zero
// when nothing is.
func (t *Tx) NextDue() (time.Time, error) {
	var ms sql.NullInt64
	err := t.one(`SELECT min(at) FROM (
		SELECT min(due_at) AS at FROM instances WHERE due_at IS NOT NULL
		UNION ALL SELECT min(check_at) FROM instances WHERE check_at IS NOT NULL
		UNION ALL SELECT min(due_at) FROM rotations WHERE open=1)`, nil, &ms)
	if err != nil || !ms.Valid {
		return time.Time{}, err
	}
	return time.UnixMilli(ms.Int64), nil
}

// CheckAll makes Decide look at every instance that has a next look planned
// after at: after a switch that held rotations back was released.
func (t *Tx) CheckAll(at time.Time) error {
	ready, err := documents(t, t.store.instances.decode, `SELECT doc FROM instances WHERE check_at>?`, at.UnixMilli())
	if err != nil {
		return err
	}
	for _, i := range ready {
		i.CheckAt = at
		if err := t.UpdateInstance(i); err != nil {
			return err
		}
	}
	return nil
}
