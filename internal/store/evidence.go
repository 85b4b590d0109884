package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
)

// Evidence is an open file of what is known of databases' clients. It is a file
// of its own: it is large, it is written every second and in part it can be
// read again from the databases' logs, so its trouble must not be the CAs'.
//
// A commit does not wait for the disk (synchronous NORMAL). After a power cut
// the last ones may be missing, but whole: where a log is read on is in the same
// transaction as what was read before, so that it is read again.
type Evidence struct {
	writer *sql.DB
	reader *sql.DB
}

// OpenEvidence opens or creates the file and brings its schema up to date. A
// file written by a newer dbtls is refused.
func OpenEvidence(ctx context.Context, path string) (*Evidence, error) {
	if err := createPrivate(path); err != nil {
		return nil, fmt.Errorf("create evidence %q: %w", path, err)
	}
	writer, err := openPool(path, "immediate", "NORMAL", 1)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, writer, "evidence", path, evidenceMigrations); err != nil {
		writer.Close()
		return nil, err
	}
	reader, err := openPool(path, "deferred", "NORMAL", 4)
	if err != nil {
		writer.Close()
		return nil, err
	}
	return &Evidence{writer: writer, reader: reader}, nil
}

// OpenEvidenceReadOnly opens the file without changing it, beside a running
// server or when none runs. It fails with fs.ErrNotExist when there is none.
func OpenEvidenceReadOnly(path string) (*Evidence, error) {
	s, err := OpenReadOnly(path)
	if err != nil {
		return nil, err
	}
	return &Evidence{writer: s.writer, reader: s.reader}, nil
}

// SetAside renames a damaged evidence file and what belongs to it, so that a new
// one can be begun; it returns the new name.
func SetAside(path string, now time.Time) (string, error) {
	to := path + ".damaged-" + now.UTC().Format("20060102T150405Z")
	if err := os.Rename(path, to); err != nil {
		return "", fmt.Errorf("set evidence aside: %w", err)
	}
	for _, end := range []string{"-wal", "-shm"} {
		if err := os.Rename(path+end, to+end); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("set evidence aside: %w", err)
		}
	}
	return to, nil
}

// Close closes the file.
func (e *Evidence) Close() error { return errors.Join(e.reader.Close(), e.writer.Close()) }

// SnapshotTo writes a consistent copy to a new file.
func (e *Evidence) SnapshotTo(ctx context.Context, path string) error {
	return (&Store{reader: e.reader}).SnapshotTo(ctx, path)
}

// EvidenceBatch is what was learned of one database in one step. All of it is
// kept or nothing is.
type EvidenceBatch struct {
	Database string
	Rows     []evidence.Client // each within one day of UTC; evidence.Tally makes such
	Spans    []evidence.Span   // new ones, and those that changed, by How and From
	Marks    map[string][]byte // by name; nil removes one
	Told     map[string]time.Time
}

// Add keeps a batch.
func (e *Evidence) Add(ctx context.Context, b EvidenceBatch) error {
	err := e.write(ctx, func(tx *evidenceTx) error {
		d, err := tx.database(b.Database, true)
		if err != nil {
			return err
		}
		if err := tx.count(&d, b.Rows); err != nil {
			return err
		}
		return tx.keep(d.id, b)
	})
	if err != nil {
		return fmt.Errorf("keep evidence of %q: %w", b.Database, full(err))
	}
	return nil
}

// evidenceTx is a transaction, with the statements that run once for each row.
type evidenceTx struct {
	Tx
	find, insert, add, day *sql.Stmt
}

const insertClient = `INSERT INTO clients (database, key, kind, how, user, source, application, name, tls, version, cipher, why, own, internal, first, last, count)
	VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) RETURNING id`

const addToClient = `UPDATE clients SET first=min(first, ?), last=max(last, ?), count=count+? WHERE id=?`

const insertDay = `INSERT INTO client_days (client, day, first, last, count) VALUES (?,?,?,?,?)
	ON CONFLICT DO UPDATE SET first=min(first, excluded.first), last=max(last, excluded.last), count=count+excluded.count`

func (e *Evidence) write(ctx context.Context, f func(*evidenceTx) error) error {
	tx, err := e.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	t := evidenceTx{Tx: Tx{ctx: ctx, q: tx}}
	for query, stmt := range map[string]**sql.Stmt{
		`SELECT id FROM clients WHERE database=? AND key=?`: &t.find, insertClient: &t.insert, addToClient: &t.add, insertDay: &t.day,
	} {
		if *stmt, err = tx.PrepareContext(ctx, query); err != nil {
			return err
		}
		defer (*stmt).Close()
	}
	if err := f(&t); err != nil {
		return err
	}
	return tx.Commit()
}

// read is Tx's methods beside the writer.
func (e *Evidence) read(ctx context.Context) *Tx { return &Tx{ctx: ctx, q: e.reader} }
