package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
)

// databaseRow is what is kept of a database itself.
type databaseRow struct {
	id      int64
	clients int // rows
	grown   bool
	folded  time.Time // when a client was counted in a row of others
}

// database finds a database by its name; id is 0 when it is not there and was
// not to be made.
func (t *evidenceTx) database(name string, create bool) (d databaseRow, err error) {
	err = t.one(`SELECT id, clients FROM databases WHERE name=?`, []any{name}, &d.id, &d.clients)
	if !errors.Is(err, ErrNotFound) {
		return d, err
	}
	if !create {
		return d, nil
	}
	return d, t.one(`INSERT INTO databases (name) VALUES (?) RETURNING id`, []any{name}, &d.id)
}

// count adds rows to those that are there, folded where there are too many.
func (t *evidenceTx) count(d *databaseRow, rows []evidence.Client) error {
	for _, c := range rows {
		id, err := t.client(d, c)
		if err != nil {
			return fmt.Errorf("count a client: %w", err)
		}
		if _, err := t.day.ExecContext(t.ctx, id, evidence.Day(c.First), c.First.UnixMilli(), c.Last.UnixMilli(), c.Count); err != nil {
			return fmt.Errorf("count a client: %w", err)
		}
	}
	if !d.grown && d.folded.IsZero() {
		return nil
	}
	_, err := t.exec(`UPDATE databases SET clients=?, folded=coalesce(max(coalesce(folded, 0), ?), folded) WHERE id=?`, d.clients, millis(d.folded), d.id)
	return err
}

// client adds to the row of a client, or of what it is folded to, or makes one.
func (t *evidenceTx) client(d *databaseRow, c evidence.Client) (id int64, err error) {
	if id, err = t.addTo(d, c); !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	if into := c.Key.Fold(d.clients); into != c.Key {
		d.folded, c.Key = c.Last, into
		if id, err = t.addTo(d, c); !errors.Is(err, sql.ErrNoRows) {
			return id, err
		}
	}
	k := c.Key
	err = t.insert.QueryRowContext(t.ctx, d.id, clientDigest(k), k.Kind, k.How, k.User, k.Source, k.Application, k.Name,
		k.TLS, k.Version, k.Cipher, k.Why, k.Own, k.Internal, c.First.UnixMilli(), c.Last.UnixMilli(), c.Count).Scan(&id)
	d.clients, d.grown = d.clients+1, true
	return id, err
}

// addTo fails with sql.ErrNoRows when a client has no row of its own.
func (t *evidenceTx) addTo(d *databaseRow, c evidence.Client) (id int64, err error) {
	if err := t.find.QueryRowContext(t.ctx, d.id, clientDigest(c.Key)).Scan(&id); err != nil {
		return 0, err
	}
	_, err = t.add.ExecContext(t.ctx, c.First.UnixMilli(), c.Last.UnixMilli(), c.Count, id)
	return id, err
}

// clientDigest tells keys of one database apart. Each part is preceded by its
// length, so that nothing in one can pass as the next.
func clientDigest(k evidence.Key) []byte {
	var b []byte
	for _, part := range []string{string(k.Kind), string(k.How), k.User, k.Source, k.Application, k.Name, string(k.TLS), k.Version, k.Cipher, k.Why} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	for _, flag := range []bool{k.Own, k.Internal} {
		if flag {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	digest := sha256.Sum256(b)
	return digest[:]
}

// keep writes what a batch has besides rows.
func (t *evidenceTx) keep(database int64, b EvidenceBatch) error {
	for _, s := range b.Spans {
		if _, err := t.exec(`INSERT INTO spans (database, how, begun, upto, ended) VALUES (?,?,?,?,?)
			ON CONFLICT DO UPDATE SET upto=excluded.upto, ended=excluded.ended`,
			database, s.How, s.From.UnixMilli(), s.To.UnixMilli(), s.Ended); err != nil {
			return fmt.Errorf("keep a span: %w", err)
		}
	}
	for name, value := range b.Marks {
		if err := t.mark(database, name, value); err != nil {
			return fmt.Errorf("keep mark %q: %w", name, err)
		}
	}
	for what, at := range b.Told {
		if _, err := t.exec(`INSERT INTO told (database, what, at) VALUES (?,?,?) ON CONFLICT DO NOTHING`, database, what, at.UnixMilli()); err != nil {
			return fmt.Errorf("keep what was told: %w", err)
		}
	}
	return nil
}

func (t *evidenceTx) mark(database int64, name string, value []byte) error {
	if value == nil {
		_, err := t.exec(`DELETE FROM marks WHERE database=? AND name=?`, database, name)
		return err
	}
	_, err := t.exec(`INSERT INTO marks (database, name, value) VALUES (?,?,?) ON CONFLICT DO UPDATE SET value=excluded.value`, database, name, value)
	return err
}

// fromMillis is a time as it is kept.
func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
