package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
)

const clientColumns = `SELECT c.kind, c.how, c.user, c.source, c.application, c.name, c.tls, c.version, c.cipher, c.why, c.own, c.internal, `

const fromClients = ` FROM clients c WHERE c.database=(SELECT id FROM databases WHERE name=?1) AND c.last>=?2`

// wholeClients are those that were seen first after a time; what is said of them
// is in one row. Of laterClients the days are summed up, from the one on in which
// the time falls. That day counts whole for whoever was seen in it after the
// time: logins of the same client earlier that day are not told apart.
const (
	wholeClients = clientColumns + `c.first, c.last, c.count` + fromClients + ` AND c.first>=?2`
	laterClients = clientColumns + `
		(SELECT d.first FROM client_days d WHERE d.client=c.id AND d.day>=?3 AND d.last>=?2 ORDER BY d.day LIMIT 1), c.last,
		(SELECT sum(d.count) FROM client_days d WHERE d.client=c.id AND d.day>=?3 AND d.last>=?2)` + fromClients + ` AND c.first<?2`
)

// Clients lists what is known of a database's clients since a time, and all
// spans in which it was watched.
func (e *Evidence) Clients(ctx context.Context, database string, since time.Time) ([]evidence.Client, []evidence.Span, error) {
	clients, err := e.clients(ctx, database, wholeClients+" UNION ALL "+laterClients, database, since.UnixMilli(), evidence.Day(since))
	if err != nil {
		return nil, nil, err
	}
	spans, err := e.Spans(ctx, database)
	return clients, spans, err
}

// From lists the clients of one source that have logged in since a time, the most
// recent first, at most so many.
func (e *Evidence) From(ctx context.Context, database, source string, since time.Time, most int) ([]evidence.Client, error) {
	return e.clients(ctx, database, clientColumns+`c.first, c.last, c.count`+fromClients+` AND c.source=?3 AND c.kind=?4 ORDER BY c.last DESC LIMIT ?5`,
		database, since.UnixMilli(), source, evidence.Login, most)
}

func (e *Evidence) clients(ctx context.Context, database, query string, args ...any) ([]evidence.Client, error) {
	var all []evidence.Client
	words := map[string]string{} // most values are those of many rows
	err := e.read(ctx).rows(query, args, func(r *sql.Rows) error {
		var text [10]sql.RawBytes
		var own, internal, first, last, count int64
		if err := r.Scan(&text[0], &text[1], &text[2], &text[3], &text[4], &text[5], &text[6], &text[7], &text[8], &text[9],
			&own, &internal, &first, &last, &count); err != nil {
			return err
		}
		var s [10]string
		for n, b := range text {
			word, ok := words[string(b)]
			if !ok {
				word = string(b)
				words[word] = word
			}
			s[n] = word
		}
		all = append(all, evidence.Client{First: fromMillis(first), Last: fromMillis(last), Count: count, Key: evidence.Key{
			Database: database, Kind: evidence.Kind(s[0]), How: evidence.How(s[1]), User: s[2], Source: s[3], Application: s[4], Name: s[5],
			TLS: evidence.TLS(s[6]), Version: s[7], Cipher: s[8], Why: s[9], Own: own != 0, Internal: internal != 0}})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read clients of %q: %w", database, err)
	}
	return all, nil
}

// Spans lists when a database was watched, in the order in which it began.
func (e *Evidence) Spans(ctx context.Context, database string) ([]evidence.Span, error) {
	var all []evidence.Span
	err := e.read(ctx).rows(`SELECT how, begun, upto, ended FROM spans WHERE database=(SELECT id FROM databases WHERE name=?) ORDER BY begun`,
		[]any{database}, func(r *sql.Rows) error {
			s := evidence.Span{Database: database}
			var begun, upto int64
			err := r.Scan(&s.How, &begun, &upto, &s.Ended)
			s.From, s.To = fromMillis(begun), fromMillis(upto)
			all = append(all, s)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read coverage of %q: %w", database, err)
	}
	return all, nil
}

// Mark reads one mark of a database, nil when it has none.
func (e *Evidence) Mark(ctx context.Context, database, name string) ([]byte, error) {
	var v []byte
	err := e.read(ctx).one(`SELECT value FROM marks WHERE database=(SELECT id FROM databases WHERE name=?) AND name=?`, []any{database, name}, &v)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return v, err
}

// Told reports whether something was told of a database, and how many things
// were whose names begin with a prefix.
func (e *Evidence) Told(ctx context.Context, database, what, prefix string) (told bool, others int, err error) {
	err = e.read(ctx).one(`SELECT count(*) FILTER (WHERE what=?1), count(*) FILTER (WHERE substr(what, 1, length(?2))=?2)
		FROM told WHERE database=(SELECT id FROM databases WHERE name=?3)`, []any{what, prefix, database}, &told, &others)
	return told, others, err
}

// FoldedAt is when a client of a database was counted in a row of others for the
// last time, zero when none was.
func (e *Evidence) FoldedAt(ctx context.Context, database string) (time.Time, error) {
	var ms sql.NullInt64
	err := e.read(ctx).one(`SELECT folded FROM databases WHERE name=?`, []any{database}, &ms)
	if errors.Is(err, ErrNotFound) || err == nil && !ms.Valid {
		return time.Time{}, nil
	}
	return fromMillis(ms.Int64), err
}

// Follow says whether a database that is no instance of dbtls's is watched.
func (e *Evidence) Follow(ctx context.Context, database string, on bool) error {
	return e.write(ctx, func(tx *evidenceTx) error {
		d, err := tx.database(database, on)
		if err != nil {
			return err
		}
		_, err = tx.exec(`UPDATE databases SET followed=? WHERE id=?`, on, d.id)
		return err
	})
}

// Followed lists the databases that Follow has turned on.
func (e *Evidence) Followed(ctx context.Context) ([]string, error) {
	return e.read(ctx).names(`SELECT name FROM databases WHERE followed=1 ORDER BY name`)
}
