package store

import (
	"context"
	"database/sql"
	"fmt"
)

// migrations bring a state file from version n to n+1; the file's version is
// SQLite's user_version. A released entry never changes.
var migrations = []string{`
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE users (
	access_key TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL,
	sealed BLOB NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE cas (
	kind TEXT NOT NULL, ca TEXT NOT NULL, scope TEXT NOT NULL,
	cert BLOB NOT NULL, sealed BLOB NOT NULL, expiry_told INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (kind, ca, scope)) WITHOUT ROWID;
CREATE TABLE crosses (
	region TEXT NOT NULL, subject TEXT NOT NULL, issuer TEXT NOT NULL, cert BLOB NOT NULL,
	PRIMARY KEY (region, subject, issuer)) WITHOUT ROWID;
CREATE TABLE overrides (region TEXT PRIMARY KEY, ca TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE instances (
	resource_id TEXT PRIMARY KEY, region TEXT NOT NULL, name TEXT NOT NULL,
	status TEXT NOT NULL, address TEXT NOT NULL, due_at INTEGER, check_at INTEGER,
	doc TEXT NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX instances_name ON instances (region, name);
CREATE INDEX instances_due ON instances (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX instances_check ON instances (check_at) WHERE check_at IS NOT NULL;

CREATE TABLE rotations (
	id INTEGER PRIMARY KEY AUTOINCREMENT, resource_id TEXT NOT NULL,
	open INTEGER NOT NULL, stuck INTEGER NOT NULL, due_at INTEGER NOT NULL, doc TEXT NOT NULL);
CREATE UNIQUE INDEX rotations_open ON rotations (resource_id) WHERE open = 1;
CREATE INDEX rotations_due ON rotations (due_at) WHERE open = 1;

CREATE TABLE leaves (
	serial TEXT PRIMARY KEY, resource_id TEXT NOT NULL, region TEXT NOT NULL, ca TEXT NOT NULL,
	cert BLOB NOT NULL, issued_at INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE events (
	id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, region TEXT NOT NULL,
	source_type TEXT NOT NULL, source TEXT NOT NULL, arn TEXT NOT NULL,
	categories TEXT NOT NULL, message TEXT NOT NULL);
CREATE INDEX events_at ON events (region, at);

CREATE TABLE audit (
	id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, actor TEXT NOT NULL,
	action TEXT NOT NULL, target TEXT NOT NULL, request_id TEXT NOT NULL, detail TEXT NOT NULL);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
`, `
CREATE TABLE groups (
	kind TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL,
	PRIMARY KEY (kind, region, name)) WITHOUT ROWID;

CREATE TABLE clusters (
	resource_id TEXT PRIMARY KEY, region TEXT NOT NULL, name TEXT NOT NULL,
	address TEXT NOT NULL, reader_address TEXT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX clusters_name ON clusters (region, name);

ALTER TABLE instances ADD COLUMN cluster TEXT NOT NULL DEFAULT '';
CREATE INDEX instances_cluster ON instances (cluster) WHERE cluster<>'';
CREATE INDEX instances_address ON instances (address);

-- Calls that changed nothing: kept for a time only, unlike the audit log.
CREATE TABLE calls (
	id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, actor TEXT NOT NULL,
	action TEXT NOT NULL, target TEXT NOT NULL, request_id TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX calls_at ON calls (at);
`, `
CREATE TABLE dms_certificates (
	arn TEXT PRIMARY KEY, region TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX dms_certificates_name ON dms_certificates (region, name);

CREATE TABLE dms_endpoints (
	arn TEXT PRIMARY KEY, region TEXT NOT NULL, name TEXT NOT NULL, certificate TEXT NOT NULL DEFAULT '', doc TEXT NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX dms_endpoints_name ON dms_endpoints (region, name);
CREATE INDEX dms_endpoints_certificate ON dms_endpoints (certificate) WHERE certificate<>'';

CREATE TABLE dms_instances (
	arn TEXT PRIMARY KEY, region TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX dms_instances_name ON dms_instances (region, name);

-- open: a test, or a refresh, that has not ended.
CREATE TABLE dms_connections (
	endpoint TEXT NOT NULL, instance TEXT NOT NULL, region TEXT NOT NULL, open INTEGER NOT NULL, begun_at INTEGER NOT NULL,
	doc TEXT NOT NULL, PRIMARY KEY (endpoint, instance)) WITHOUT ROWID;
CREATE INDEX dms_connections_region ON dms_connections (region);
CREATE INDEX dms_connections_instance ON dms_connections (instance);
CREATE INDEX dms_connections_open ON dms_connections (begun_at) WHERE open=1;

CREATE TABLE dms_schemas (
	endpoint TEXT PRIMARY KEY, instance TEXT NOT NULL, open INTEGER NOT NULL, begun_at INTEGER NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX dms_schemas_open ON dms_schemas (begun_at) WHERE open=1;

CREATE TABLE dms_events (
	id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, region TEXT NOT NULL,
	source_type TEXT NOT NULL, source TEXT NOT NULL, arn TEXT NOT NULL,
	categories TEXT NOT NULL, message TEXT NOT NULL);
CREATE INDEX dms_events_at ON dms_events (region, at);
`, `
-- what: a change that waits to be confirmed, or exceptions that have an end.
CREATE TABLE forcing (
	kind TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, what TEXT NOT NULL, due_at INTEGER NOT NULL,
	doc TEXT NOT NULL, PRIMARY KEY (kind, region, name, what)) WITHOUT ROWID;
CREATE INDEX forcing_due ON forcing (due_at);
CREATE TABLE force_notices (id INTEGER PRIMARY KEY AUTOINCREMENT, doc TEXT NOT NULL);
`}

// migrate brings a file to the newest schema of a list. what names the kind of
// file in errors.
func migrate(ctx context.Context, db *sql.DB, what, path string, list []string) error {
	var have int
	if err := db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&have); err != nil {
		return fmt.Errorf("read %s %q: %w", what, path, err)
	}
	if have > len(list) {
		return fmt.Errorf("%s %q has schema %d, this dbtls knows up to %d: it was written by a newer dbtls; run that version, or restore a backup made by this one", what, path, have, len(list))
	}
	for v := have; v < len(list); v++ {
		if err := upgrade(ctx, db, v+1, list[v]); err != nil {
			return fmt.Errorf("upgrade %s %q to schema %d: %w", what, path, v+1, err)
		}
	}
	return nil
}

// upgrade is one step, and all of it happens or nothing does.
func upgrade(ctx context.Context, db *sql.DB, to int, statements string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, statements); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, to)); err != nil {
		return err
	}
	return tx.Commit()
}
