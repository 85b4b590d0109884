// Package store is the only SQL: one SQLite file, one file of code per
// aggregate. Changes go through one writer in immediate, fully synchronous
// transactions; reads use a pool beside it (write-ahead log).
//
// Rows are a few indexed columns and a JSON document, so that a new field of
// a noun needs no migration. The store keeps no rules: what may change when
// is decided by its callers, inside Write.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"

	"modernc.org/sqlite" // pure Go: one static binary, no cgo
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
)

// ErrNotFound says that a row asked for by its key is not there.
var ErrNotFound = errors.New("not found")

// Store is an open state file.
type Store struct {
	writer    *sql.DB
	line      line // before the writer
	reader    *sql.DB
	instances memo[inventory.Instance]
	changed   signal
}

// Open opens or creates the state file and brings its schema up to date. A
// file written by a newer dbtls is refused.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := createPrivate(path); err != nil {
		return nil, fmt.Errorf("create state %q: %w", path, err)
	}
	writer, err := openPool(path, "immediate", "FULL", 1)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, writer, "state", path, migrations); err != nil {
		writer.Close()
		return nil, err
	}
	reader, err := openPool(path, "deferred", "FULL", max(4, runtime.NumCPU()))
	if err != nil {
		writer.Close()
		return nil, err
	}
	return &Store{writer: writer, reader: reader}, nil
}

// createPrivate makes the file readable by its owner only before SQLite, which
// would follow the umask, creates it.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func openPool(path, locking, sync string, conns int) (*sql.DB, error) {
	q := url.Values{"_txlock": {locking}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(" + sync + ")", "foreign_keys(1)",
	}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: path, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("open %q: %w", path, err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// Close closes the file.
func (s *Store) Close() error { return errors.Join(s.reader.Close(), s.writer.Close()) }

// full names a full disk as what it is. Nothing of the transaction is kept.
func full(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_FULL {
		return fault.Wrap(err, fault.StorageShort, "the disk that holds dbtls's state is full, so nothing was changed; free some space under --data")
	}
	return err
}

// Read gives the same methods without a transaction: each call sees the state
// of its moment. Calling a method that writes fails.
func (s *Store) Read(ctx context.Context) *Tx { return &Tx{ctx: ctx, q: s.reader, store: s} }

// SnapshotTo writes a consistent copy of the state to a new file.
func (s *Store) SnapshotTo(ctx context.Context, path string) error {
	if err := createPrivate(path); err != nil {
		return fmt.Errorf("create snapshot %q: %w", path, err)
	}
	if _, err := s.reader.ExecContext(ctx, `VACUUM INTO ?`, path); err != nil {
		return fmt.Errorf("copy state to %q: %w", path, err)
	}
	return nil
}

// Tx is where one file per aggregate adds its statements.
type Tx struct {
	ctx   context.Context
	q     querier
	store *Store
}

type querier interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
	PrepareContext(context.Context, string) (*sql.Stmt, error)
}

func (t *Tx) exec(query string, args ...any) (int64, error) {
	r, err := t.q.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// one reads a single row into dest; ErrNotFound when there is none.
func (t *Tx) one(query string, args []any, dest ...any) error {
	err := t.q.QueryRowContext(t.ctx, query, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// rows calls scan once per row.
func (t *Tx) rows(query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := t.q.QueryContext(t.ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
