package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/discover"
	"github.com/dbtls/dbtls/internal/fault"
)

// maxSessions bounds what one look reads.
const maxSessions = 20_000

// openSessions are those of clients, the replication clients among them. A
// process may get the number of one that has ended, so its beginning is part of
// what a session is known by. Someone who is still logging in has state
// "starting" since version 18.
const openSessions = `SELECT a.pid, extract(epoch FROM a.backend_start), a.usename, a.datname, a.client_addr IS NULL, host(a.client_addr),
	a.application_name, s.ssl, s.version, s.cipher, a.pid = pg_backend_pid()
	FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_stat_ssl s ON s.pid = a.pid
	WHERE coalesce(a.state, '') <> 'starting'`

// Version 10 brought the processes that are no client's to this view, and the
// role that may read of all of them.
const (
	ofClients = ` AND a.backend_type IN ('client backend', 'walsender')`
	mayLook   = `SELECT pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')`
	mayLook9  = `SELECT current_setting('is_superuser') = 'on'`
	startTime = `SELECT extract(epoch FROM pg_catalog.pg_postmaster_start_time())`
)

// Look lists the open sessions. dbtls's own come over the socket; the names
// alone would prove nothing.
func (a *admin) Look(ctx context.Context) (engine.Look, error) {
	return openIn(ctx, a.conn.PgConn(), func(user, source string) bool {
		return source == engine.LocalSource && (user == agentRole || user == superRole)
	})
}

// Looker asks any server of a product of this protocol in which TLS starts by w.
func Looker(w engine.Wire) engine.Looker {
	return func(ctx context.Context, a engine.Account) (look engine.Look, err error) {
		var denied error
		_, err = a.Try(ctx, 1, func(ctx context.Context, t *engine.Attempt) (engine.Logged, error) {
			conn, err := logIn(ctx, a, t, w)
			if err != nil {
				return engine.Logged{}, err
			}
			defer conn.Close(ctx)
			may := mayLook
			if !discover.AtLeast(conn.ParameterStatus("server_version"), "10") {
				may = mayLook9
			}
			answer, err := ask(ctx, conn, 1, may)
			if err != nil {
				return engine.Logged{}, fmt.Errorf("ask for the right to look: %w", err)
			}
			if len(answer) != 1 || answer[0][0] != "t" {
				denied = fault.New(fault.AccessDenied,
					"user %q sees no sessions but its own; as an administrator run: GRANT pg_read_all_stats TO %s (before version 10 it takes a superuser)",
					a.User, pgx.Identifier{a.User}.Sanitize())
				return engine.Logged{}, nil
			}
			look, err = openIn(ctx, conn, func(string, string) bool { return false })
			return engine.Logged{}, err
		})
		if err == nil {
			err = denied
		}
		return look, err
	}
}

// LookerBy is a Looker of a product of this protocol that has other views. look
// sends queries and gets their rows as text, NULL as "", of so many columns.
func LookerBy(w engine.Wire, look func(ask func(columns int, query string) ([][]string, error)) (engine.Look, error)) engine.Looker {
	return func(ctx context.Context, a engine.Account) (seen engine.Look, err error) {
		_, err = a.Try(ctx, 1, func(ctx context.Context, t *engine.Attempt) (engine.Logged, error) {
			conn, err := logIn(ctx, a, t, w)
			if err != nil {
				return engine.Logged{}, err
			}
			defer conn.Close(ctx)
			seen, err = look(func(columns int, query string) ([][]string, error) { return ask(ctx, conn, columns, query) })
			return engine.Logged{}, err
		})
		return seen, err
	}
}

// Reader makes an account that reads statistics. They have the text of the
// statements of others, which no smaller right leaves out.
func Reader(user string) string {
	name := pgx.Identifier{user}.Sanitize()
	return "CREATE ROLE " + name + " LOGIN PASSWORD '<password>';\nGRANT pg_read_all_stats TO " + name + ";\n"
}

// openIn reads the sessions; own says which are dbtls's beside the one it asks
// in.
func openIn(ctx context.Context, conn *pgconn.PgConn, own func(user, source string) bool) (engine.Look, error) {
	query := openSessions
	if discover.AtLeast(conn.ParameterStatus("server_version"), "10") {
		query += ofClients
	}
	rows, err := ask(ctx, conn, 11, query+" ORDER BY 2, 1 LIMIT "+strconv.Itoa(maxSessions+1))
	if err != nil {
		return engine.Look{}, fmt.Errorf("list sessions: %w", err)
	}
	look := engine.Look{At: time.Now(), Handshakes: -1, Connections: -1}
	started, err := ask(ctx, conn, 1, startTime)
	if err != nil {
		return engine.Look{}, fmt.Errorf("ask for the start of the server: %w", err)
	}
	if len(started) == 1 {
		look.Since = FromEpoch(started[0][0])
	}
	if len(rows) > maxSessions {
		look.Unknown = fmt.Sprintf("more than %d sessions are open, and the rest of them was not read", maxSessions)
	}
	for _, row := range rows[:min(len(rows), maxSessions)] {
		s := sighted(row)
		s.Own = row[10] == "t" || own(row[2], s.Source)
		look.Sessions = append(look.Sessions, s)
	}
	return look, nil
}

// sighted reads a row of openSessions.
func sighted(row []string) engine.Sighting {
	s := engine.Sighting{
		Kind: engine.SightSession, Session: row[0] + "/" + row[1], At: FromEpoch(row[1]),
		User: engine.Printable(row[2]), Database: engine.Printable(row[3]), Source: row[5], Application: engine.Printable(row[6]),
	}
	if row[4] == "t" {
		s.Source = engine.LocalSource
	}
	switch row[7] {
	case "t":
		s.TLS, s.Version, s.Cipher = engine.TLSEncrypted, engine.Printable(row[8]), engine.Printable(row[9])
	case "f":
		s.TLS = engine.TLSPlain
	default:
		s.TLS, s.Why = engine.TLSUnknown, "the session began or ended while it was looked at"
	}
	return s
}

// FromEpoch reads seconds since 1970 with a fraction, as servers of this
// protocol write them; the zero time for anything else.
func FromEpoch(text string) time.Time {
	whole, part, _ := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}
	}
	micros, err := strconv.ParseInt((part + "000000")[:6], 10, 64)
	if err != nil {
		micros = 0
	}
	return time.Unix(seconds, micros*1000)
}

// ask reads the rows of one query, which have so many columns, as text; NULL
// is "".
func ask(ctx context.Context, conn *pgconn.PgConn, columns int, query string) ([][]string, error) {
	results, err := conn.Exec(ctx, query).ReadAll()
	if err != nil {
		return nil, err
	}
	var all [][]string
	for _, r := range results {
		for _, row := range r.Rows {
			if len(row) != columns {
				return nil, fmt.Errorf("server answers with %d columns instead of %d", len(row), columns)
			}
			texts := make([]string, columns)
			for n, value := range row {
				texts[n] = string(value)
			}
			all = append(all, texts)
		}
	}
	return all, nil
}
