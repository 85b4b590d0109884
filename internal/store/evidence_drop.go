package store

import (
	"context"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
)

// Drop forgets what was before a time, of so many rows of clients (id by id,
// after the given one) in one transaction. It returns where to go on, 0 at the
// end.
func (e *Evidence) Drop(ctx context.Context, before time.Time, after int64, most int) (next int64, err error) {
	err = e.write(ctx, func(tx *evidenceTx) error {
		var last int64
		if err := tx.one(`SELECT coalesce(max(id), 0) FROM (SELECT id FROM clients WHERE id>? ORDER BY id LIMIT ?)`, []any{after, most}, &last); err != nil {
			return err
		}
		if last == 0 {
			return tx.dropRest(before)
		}
		next = last
		return tx.dropClients(before, after, last)
	})
	if err != nil {
		return 0, fmt.Errorf("drop old evidence: %w", full(err))
	}
	return next, nil
}

// dropClients forgets old days, and clients that have none left.
func (t *evidenceTx) dropClients(before time.Time, after, last int64) error {
	if _, err := t.exec(`DELETE FROM client_days WHERE client>? AND client<=? AND day<?`, after, last, evidence.Day(before)); err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE clients SET first=d.first, count=d.count
		FROM (SELECT client, min(first) AS first, sum(count) AS count FROM client_days WHERE client>?1 AND client<=?2 GROUP BY client) AS d
		WHERE clients.id=d.client AND clients.first<>d.first`, after, last); err != nil {
		return err
	}
	const gone = `id>?1 AND id<=?2 AND NOT EXISTS (SELECT 1 FROM client_days d WHERE d.client=clients.id)`
	if _, err := t.exec(`UPDATE databases SET clients=clients-g.n FROM
		(SELECT database, count(*) AS n FROM clients WHERE `+gone+` GROUP BY database) AS g WHERE databases.id=g.database`, after, last); err != nil {
		return err
	}
	_, err := t.exec(`DELETE FROM clients WHERE `+gone, after, last)
	return err
}

// dropRest forgets spans that are over, what was told, and databases of which
// nothing is left: a deleted instance's evidence goes with its last day.
func (t *evidenceTx) dropRest(before time.Time) error {
	ms := before.UnixMilli()
	for _, query := range []string{
		`DELETE FROM spans WHERE upto<?`,
		`DELETE FROM told WHERE at<?`,
		`DELETE FROM reports WHERE at<?`,
		`UPDATE databases SET folded=NULL WHERE folded<?`,
	} {
		if _, err := t.exec(query, ms); err != nil {
			return err
		}
	}
	const empty = `followed=0 AND clients=0 AND NOT EXISTS (SELECT 1 FROM spans s WHERE s.database=databases.id)`
	if _, err := t.exec(`DELETE FROM marks WHERE database IN (SELECT id FROM databases WHERE ` + empty + `)`); err != nil {
		return err
	}
	if _, err := t.exec(`DELETE FROM told WHERE database IN (SELECT id FROM databases WHERE ` + empty + `)`); err != nil {
		return err
	}
	_, err := t.exec(`DELETE FROM databases WHERE ` + empty)
	return err
}
