package store

import (
	"database/sql"
	"fmt"

	"github.com/dbtls/dbtls/internal/inventory"
)

// PutConnection adds a connection, or replaces the one of the same endpoint
// and instance.
func (t *Tx) PutConnection(c inventory.Connection) error {
	doc, err := encode(c)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO dms_connections (endpoint, instance, region, open, begun_at, doc) VALUES (?,?,?,?,?,?)
		ON CONFLICT DO UPDATE SET region=excluded.region, open=excluded.open, begun_at=excluded.begun_at, doc=excluded.doc`,
		c.Endpoint, c.Instance, c.Region, c.Status == inventory.ConnectionTesting, c.BegunAt.UnixMilli(), doc)
	if err != nil {
		return fmt.Errorf("write connection of %q: %w", c.Endpoint, err)
	}
	return nil
}

// Connection reads one.
func (t *Tx) Connection(endpoint, instance string) (inventory.Connection, error) {
	return document(t, decode[inventory.Connection], `SELECT doc FROM dms_connections WHERE endpoint=? AND instance=?`, endpoint, instance)
}

// Connections lists a region's, by endpoint and instance.
func (t *Tx) Connections(region string) ([]inventory.Connection, error) {
	return documents(t, decode[inventory.Connection], `SELECT doc FROM dms_connections WHERE region=? ORDER BY endpoint, instance`, region)
}

// DeleteConnection forgets one.
func (t *Tx) DeleteConnection(endpoint, instance string) error {
	_, err := t.exec(`DELETE FROM dms_connections WHERE endpoint=? AND instance=?`, endpoint, instance)
	return err
}

// PutSchemaList adds or replaces what is known of an endpoint's schemas.
func (t *Tx) PutSchemaList(l inventory.SchemaList) error {
	doc, err := encode(l)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO dms_schemas (endpoint, instance, open, begun_at, doc) VALUES (?,?,?,?,?)
		ON CONFLICT DO UPDATE SET instance=excluded.instance, open=excluded.open, begun_at=excluded.begun_at, doc=excluded.doc`,
		l.Endpoint, l.Instance, l.Status == inventory.RefreshRunning, l.BegunAt.UnixMilli(), doc)
	if err != nil {
		return fmt.Errorf("write schemas of %q: %w", l.Endpoint, err)
	}
	return nil
}

// SchemaList reads what is known of an endpoint's schemas.
func (t *Tx) SchemaList(endpoint string) (inventory.SchemaList, error) {
	return document(t, decode[inventory.SchemaList], `SELECT doc FROM dms_schemas WHERE endpoint=?`, endpoint)
}

// OpenConnection names a test that has not ended.
type OpenConnection struct{ Endpoint, Instance string }

// OpenConnections lists the tests that have not ended, the oldest first.
func (t *Tx) OpenConnections() ([]OpenConnection, error) {
	var all []OpenConnection
	err := t.rows(`SELECT endpoint, instance FROM dms_connections WHERE open=1 ORDER BY begun_at`, nil, func(r *sql.Rows) error {
		var c OpenConnection
		err := r.Scan(&c.Endpoint, &c.Instance)
		all = append(all, c)
		return err
	})
	return all, err
}

// OpenSchemaLists lists the endpoints whose refresh has not ended, the oldest
// first.
func (t *Tx) OpenSchemaLists() ([]string, error) {
	var all []string
	err := t.rows(`SELECT endpoint FROM dms_schemas WHERE open=1 ORDER BY begun_at`, nil, func(r *sql.Rows) error {
		var arn string
		err := r.Scan(&arn)
		all = append(all, arn)
		return err
	})
	return all, err
}
