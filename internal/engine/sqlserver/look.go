package sqlserver

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
)

// manualQuery is that of AWS's manual ("Determining whether any applications
// are connecting to your Microsoft SQL Server DB instance using SSL").
const manualQuery = `select SESSION_ID,
ENCRYPT_OPTION,
NET_TRANSPORT,
AUTH_SCHEME
from SYS.DM_EXEC_CONNECTIONS`

// What completes it: where a session comes from, in the view that a simulated
// instance has too, and who it is, in one that it has not.
const (
	whence  = `select session_id, connect_time, client_net_address from sys.dm_exec_connections`
	who     = `select session_id, login_name, program_name, DB_NAME(database_id) from sys.dm_exec_sessions where is_user_process = 1`
	ownSPID = `select @@SPID`
	began   = `select DATEDIFF(second, sqlserver_start_time, SYSDATETIME()), DATEDIFF(minute, SYSDATETIME(), SYSUTCDATETIME()) from sys.dm_os_sys_info`
)

// maxSessions bounds what one look reads of each view.
const maxSessions = 20_000

// messageDenied: a permission on the server is missing.
const (
	messageDenied  = 300
	messageForbids = 297
)

// looker asks as an account that readerRole makes. A server does not tell the
// version of TLS and the cipher of its sessions.
func looker(ctx context.Context, a engine.Account) (look engine.Look, err error) {
	var denied error
	_, err = signInFor(ctx, a, func(ctx context.Context, c *mssql.Conn) (engine.Logged, error) {
		look, err = lookBy(func(columns int, query string) ([][]driver.Value, error) { return rows(ctx, c, columns, query) })
		if numbered(err, messageDenied, messageForbids) {
			denied = fault.New(fault.AccessDenied,
				"user %q may not read the sessions of others; as an administrator run in master: GRANT VIEW SERVER STATE TO %s (since SQL Server 2022 VIEW SERVER SECURITY STATE and VIEW SERVER PERFORMANCE STATE are enough)",
				a.User, bracketed(a.User))
			return engine.Logged{}, nil
		}
		return engine.Logged{}, err
	})
	if err == nil {
		err = denied
	}
	return look, err
}

// readerRole makes an account that reads the server's views about itself.
func readerRole(user string) string {
	return "USE master;\nCREATE LOGIN " + bracketed(user) + " WITH PASSWORD = '<password>';\n" +
		"GRANT VIEW SERVER STATE TO " + bracketed(user) + ";\n" +
		"-- SQL Server 2022 and later have smaller rights that are enough, instead of the last line:\n" +
		"-- GRANT VIEW SERVER SECURITY STATE, VIEW SERVER PERFORMANCE STATE TO " + bracketed(user) + ";\n"
}

func bracketed(name string) string { return "[" + strings.ReplaceAll(name, "]", "]]") + "]" }

// asking sends a query and returns its rows, which have so many columns.
type asking func(columns int, query string) ([][]driver.Value, error)

// lookBy needs the view of connections. What a server does not answer beyond
// it, a simulated one for instance, is left out.
func lookBy(ask asking) (engine.Look, error) {
	connections, err := ask(4, manualQuery)
	if err != nil {
		return engine.Look{}, err
	}
	look := engine.Look{At: time.Now(), Handshakes: -1, Connections: -1}
	self, err := ask(1, ownSPID)
	if err != nil || len(self) != 1 {
		return engine.Look{}, fmt.Errorf("ask who we are: %d rows: %w", len(self), err)
	}
	byID := map[string]*engine.Sighting{}
	var order []*engine.Sighting
	for _, row := range connections {
		s := connected(row)
		switch known := byID[s.Session]; {
		case s.Session == "": // not a session: an endpoint of mirroring
		case known == nil:
			s.Own = s.Session == plain(self[0][0])
			byID[s.Session], order = &s, append(order, &s)
		case s.TLS == engine.TLSPlain: // several requests at once over one connection are a row each
			known.TLS = s.TLS
		}
	}
	if err := complete(ask, &look, byID); err != nil {
		return engine.Look{}, err
	}
	if len(order) >= maxSessions {
		look.Unknown = fmt.Sprintf("%d sessions or more are open, and not more were read", maxSessions)
	}
	for _, s := range order {
		look.Sessions = append(look.Sessions, *s)
	}
	return look, nil
}

// connected reads a row of the manual's query.
func connected(row []driver.Value) engine.Sighting {
	s := engine.Sighting{Kind: engine.SightSession, Session: asText(row[0]), TLS: engine.TLSUnknown, Why: "the server does not say whether the session is encrypted"}
	switch strings.ToUpper(strings.TrimSpace(asText(row[1]))) {
	case "TRUE":
		s.TLS, s.Why = engine.TLSEncrypted, ""
	case "FALSE":
		s.TLS, s.Why = engine.TLSPlain, ""
	}
	if strings.EqualFold(strings.TrimSpace(asText(row[2])), "Shared memory") {
		s.Source = engine.LocalSource
	}
	return s
}

// complete adds who and whence. Times are of the server's own zone, which it
// tells by its distance from UTC; a simulated instance has UTC.
func complete(ask asking, look *engine.Look, byID map[string]*engine.Sighting) error {
	up, err := optional(ask, 2, began)
	if err != nil {
		return err
	}
	var zone time.Duration
	if len(up) == 1 {
		seconds, err1 := strconv.ParseInt(asText(up[0][0]), 10, 64)
		minutes, err2 := strconv.ParseInt(asText(up[0][1]), 10, 64)
		if err1 == nil && err2 == nil {
			look.Since, zone = look.At.Add(-time.Duration(seconds)*time.Second), time.Duration(minutes)*time.Minute
		}
	}
	places, err := optional(ask, 3, whence)
	if err != nil {
		return err
	}
	for _, row := range places {
		if s := byID[asText(row[0])]; s != nil {
			from(s, row, zone)
		}
	}
	names, err := optional(ask, 4, who)
	if err != nil {
		return err
	}
	for _, row := range names {
		if s := byID[asText(row[0])]; s != nil {
			s.User, s.Database = engine.Printable(asText(row[1])), engine.Printable(asText(row[3]))
			s.Application = engine.Printable(strings.TrimSpace(asText(row[2])))
		}
	}
	return nil
}

// optional is no error where the server answers with one: the session goes on.
func optional(ask asking, columns int, query string) ([][]driver.Value, error) {
	found, err := ask(columns, query)
	if _, answered := errors.AsType[mssql.Error](err); answered {
		return nil, nil
	}
	return found, err
}

func from(s *engine.Sighting, row []driver.Value, zone time.Duration) {
	if began, ok := row[1].(time.Time); ok { // the number is used again after the session
		s.At = began.Add(zone)
		s.Session += began.UTC().Format("/2006-01-02T15:04:05.000")
	}
	switch address := strings.TrimSpace(asText(row[2])); {
	case s.Source != "":
	case address == "<local machine>":
		s.Source = engine.LocalSource
	default:
		s.Source = engine.Printable(address)
	}
}

// asText is a value as a text; NULL is "".
func asText(v driver.Value) string {
	if v == nil {
		return ""
	}
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return fmt.Sprint(v)
}

func numbered(err error, numbers ...int32) bool {
	said, ok := errors.AsType[mssql.Error](err)
	if !ok {
		return false
	}
	for _, e := range append([]mssql.Error{said}, said.All...) {
		for _, n := range numbers {
			if e.Number == n {
				return true
			}
		}
	}
	return false
}

// rows reads the rows of one query, at most maxSessions.
func rows(ctx context.Context, c *mssql.Conn, columns int, query string) ([][]driver.Value, error) {
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	q, ok := s.(driver.StmtQueryContext)
	if !ok {
		return nil, errors.New("the driver has no queries")
	}
	found, err := q.QueryContext(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	if n := len(found.Columns()); n != columns {
		return nil, fmt.Errorf("server answers with %d columns instead of %d", n, columns)
	}
	var all [][]driver.Value
	for len(all) < maxSessions {
		row := make([]driver.Value, columns)
		if err := found.Next(row); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, nil
}
