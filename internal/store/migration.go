package store

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
)

// named is what the tables of migration resources have in common. Names are
// kept in lower case: two that differ in case alone are one.
type named struct{ table, arn, region, name string }

// insertNamed refuses a name or an ARN in use with ErrNameTaken.
func (t *Tx) insertNamed(n named, v any) error {
	var used int
	if err := t.one(`SELECT count(*) FROM `+n.table+` WHERE arn=? OR region=? AND name=?`,
		[]any{n.arn, n.region, strings.ToLower(n.name)}, &used); err != nil {
		return err
	}
	if used > 0 {
		return ErrNameTaken
	}
	return t.putNamed(`INSERT INTO `+n.table+` (doc, region, name, arn) VALUES (?,?,?,?)`, n, v)
}

// updateNamed refuses a name that another one has with ErrNameTaken.
func (t *Tx) updateNamed(n named, v any) error {
	var used int
	if err := t.one(`SELECT count(*) FROM `+n.table+` WHERE region=? AND name=? AND arn<>?`,
		[]any{n.region, strings.ToLower(n.name), n.arn}, &used); err != nil {
		return err
	}
	if used > 0 {
		return ErrNameTaken
	}
	return t.putNamed(`UPDATE `+n.table+` SET doc=?, region=?, name=? WHERE arn=?`, n, v)
}

func (t *Tx) putNamed(query string, n named, v any) error {
	doc, err := encode(v)
	if err != nil {
		return err
	}
	rows, err := t.exec(query, doc, n.region, strings.ToLower(n.name), n.arn)
	if err == nil && rows == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("write %s %q: %w", n.table, n.arn, err)
	}
	return nil
}

func certificateRow(c inventory.ImportedCertificate) named {
	return named{"dms_certificates", c.ARN, c.Region, c.Name}
}

// InsertImportedCertificate adds one; ErrNameTaken when the name is in use.
func (t *Tx) InsertImportedCertificate(c inventory.ImportedCertificate) error {
	return t.insertNamed(certificateRow(c), c)
}

// UpdateImportedCertificate replaces one.
func (t *Tx) UpdateImportedCertificate(c inventory.ImportedCertificate) error {
	return t.updateNamed(certificateRow(c), c)
}

// ImportedCertificate reads one by ARN.
func (t *Tx) ImportedCertificate(arn string) (inventory.ImportedCertificate, error) {
	return document(t, decode[inventory.ImportedCertificate], `SELECT doc FROM dms_certificates WHERE arn=?`, arn)
}

// ImportedCertificateByName finds one by name in any case.
func (t *Tx) ImportedCertificateByName(region, name string) (inventory.ImportedCertificate, error) {
	return document(t, decode[inventory.ImportedCertificate], `SELECT doc FROM dms_certificates WHERE region=? AND name=?`, region, strings.ToLower(name))
}

// ImportedCertificates lists a region's by name.
func (t *Tx) ImportedCertificates(region string) ([]inventory.ImportedCertificate, error) {
	return documents(t, decode[inventory.ImportedCertificate], `SELECT doc FROM dms_certificates WHERE region=? ORDER BY name`, region)
}

// DeleteImportedCertificate forgets one.
func (t *Tx) DeleteImportedCertificate(arn string) error {
	_, err := t.exec(`DELETE FROM dms_certificates WHERE arn=?`, arn)
	return err
}

func endpointRow(e inventory.Endpoint) named {
	return named{"dms_endpoints", e.ARN, e.Region, e.Name}
}

// InsertEndpoint adds one; ErrNameTaken when the name or the ARN is in use.
func (t *Tx) InsertEndpoint(e inventory.Endpoint) error {
	if err := t.insertNamed(endpointRow(e), e); err != nil {
		return err
	}
	return t.useCertificate(e)
}

// UpdateEndpoint replaces one; ErrNameTaken when another has the name.
func (t *Tx) UpdateEndpoint(e inventory.Endpoint) error {
	if err := t.updateNamed(endpointRow(e), e); err != nil {
		return err
	}
	return t.useCertificate(e)
}

// useCertificate keeps the column by which EndpointsWith finds an endpoint.
func (t *Tx) useCertificate(e inventory.Endpoint) error {
	_, err := t.exec(`UPDATE dms_endpoints SET certificate=? WHERE arn=?`, e.Certificate, e.ARN)
	return err
}

// Endpoint reads one by ARN.
func (t *Tx) Endpoint(arn string) (inventory.Endpoint, error) {
	return document(t, decode[inventory.Endpoint], `SELECT doc FROM dms_endpoints WHERE arn=?`, arn)
}

// EndpointByName finds one by name in any case.
func (t *Tx) EndpointByName(region, name string) (inventory.Endpoint, error) {
	return document(t, decode[inventory.Endpoint], `SELECT doc FROM dms_endpoints WHERE region=? AND name=?`, region, strings.ToLower(name))
}

// Endpoints lists a region's by name.
func (t *Tx) Endpoints(region string) ([]inventory.Endpoint, error) {
	return documents(t, decode[inventory.Endpoint], `SELECT doc FROM dms_endpoints WHERE region=? ORDER BY name`, region)
}

// EndpointsWith lists those that use a certificate, by name.
func (t *Tx) EndpointsWith(certificate string) ([]inventory.Endpoint, error) {
	return documents(t, decode[inventory.Endpoint], `SELECT doc FROM dms_endpoints WHERE certificate=? AND certificate<>'' ORDER BY name`, certificate)
}

// DeleteEndpoint forgets one, with its tests and its schemas.
func (t *Tx) DeleteEndpoint(arn string) error {
	_, err := t.exec(`DELETE FROM dms_endpoints WHERE arn=?`, arn)
	_, err2 := t.exec(`DELETE FROM dms_connections WHERE endpoint=?`, arn)
	_, err3 := t.exec(`DELETE FROM dms_schemas WHERE endpoint=?`, arn)
	return errors.Join(err, err2, err3)
}

func replicationRow(i inventory.ReplicationInstance) named {
	return named{"dms_instances", i.ARN, i.Region, i.Name}
}

// InsertReplicationInstance adds one; ErrNameTaken when the name or the ARN is
// in use.
func (t *Tx) InsertReplicationInstance(i inventory.ReplicationInstance) error {
	return t.insertNamed(replicationRow(i), i)
}

// UpdateReplicationInstance replaces one; ErrNameTaken when another has the
// name.
func (t *Tx) UpdateReplicationInstance(i inventory.ReplicationInstance) error {
	return t.updateNamed(replicationRow(i), i)
}

// ReplicationInstance reads one by ARN.
func (t *Tx) ReplicationInstance(arn string) (inventory.ReplicationInstance, error) {
	return document(t, decode[inventory.ReplicationInstance], `SELECT doc FROM dms_instances WHERE arn=?`, arn)
}

// ReplicationInstanceByName finds one by name.
func (t *Tx) ReplicationInstanceByName(region, name string) (inventory.ReplicationInstance, error) {
	return document(t, decode[inventory.ReplicationInstance], `SELECT doc FROM dms_instances WHERE region=? AND name=?`, region, strings.ToLower(name))
}

// ReplicationInstances lists a region's by name.
func (t *Tx) ReplicationInstances(region string) ([]inventory.ReplicationInstance, error) {
	return documents(t, decode[inventory.ReplicationInstance], `SELECT doc FROM dms_instances WHERE region=? ORDER BY name`, region)
}

// DeleteReplicationInstance forgets one, with the tests it made and the
// refreshes of schemas it is about. What it listed before stays.
func (t *Tx) DeleteReplicationInstance(arn string) error {
	_, err := t.exec(`DELETE FROM dms_instances WHERE arn=?`, arn)
	_, err2 := t.exec(`DELETE FROM dms_connections WHERE instance=?`, arn)
	_, err3 := t.exec(`DELETE FROM dms_schemas WHERE instance=? AND open=1`, arn)
	return errors.Join(err, err2, err3)
}

// InsertMigrationEvent adds an event of the migration side, which has a list
// of its own.
func (t *Tx) InsertMigrationEvent(e Event) error { return t.insertEvent("dms_events", e) }

// MigrationEvents lists events of the migration side, oldest first.
func (t *Tx) MigrationEvents(q EventQuery) ([]Event, error) { return t.events("dms_events", q) }

// DropMigrationEvents removes events older than t.
func (t *Tx) DropMigrationEvents(before time.Time) error {
	_, err := t.exec(`DELETE FROM dms_events WHERE at<?`, before.UnixMilli())
	return err
}
