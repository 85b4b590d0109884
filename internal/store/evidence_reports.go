package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
)

// AddReport keeps what a client's host told of itself, in place of what the same
// user told of it and the same application before: nobody takes back what
// another has said.
func (e *Evidence) AddReport(ctx context.Context, r evidence.Report) (evidence.Report, error) {
	doc, err := json.Marshal(r)
	if err != nil {
		return r, fmt.Errorf("encode report: %w", err)
	}
	err = e.write(ctx, func(tx *evidenceTx) error {
		return tx.one(`INSERT INTO reports (host, application, reporter, at, doc) VALUES (?,?,?,?,?)
			ON CONFLICT DO UPDATE SET at=excluded.at, doc=excluded.doc RETURNING id`,
			[]any{r.Host, r.Application, r.By, r.At.UnixMilli(), doc}, &r.ID)
	})
	if err != nil {
		return r, fmt.Errorf("keep report of %q: %w", r.Host, full(err))
	}
	return r, nil
}

// Reports lists what hosts told since a time, the latest first.
func (e *Evidence) Reports(ctx context.Context, since time.Time) ([]evidence.Report, error) {
	var all []evidence.Report
	err := e.read(ctx).rows(`SELECT id, doc FROM reports WHERE at>=? ORDER BY at DESC, id DESC`, []any{since.UnixMilli()}, func(rows *sql.Rows) error {
		var r evidence.Report
		var id int64
		var doc []byte
		if err := rows.Scan(&id, &doc); err != nil {
			return err
		}
		if err := json.Unmarshal(doc, &r); err != nil {
			return err
		}
		r.ID = id
		all = append(all, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read reports: %w", err)
	}
	return all, nil
}

// CountReports says how many reports there are, and whether a user's of a host
// and an application is among them.
func (e *Evidence) CountReports(ctx context.Context, host, application, by string) (all int, known bool, err error) {
	err = e.read(ctx).one(`SELECT count(*), coalesce(max(host=?1 AND application=?2 AND reporter=?3), 0) FROM reports`, []any{host, application, by}, &all, &known)
	return all, known, err
}
