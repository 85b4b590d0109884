package oracle

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	goora "github.com/sijms/go-ora/v2"
	"github.com/sijms/go-ora/v2/network"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
)

// maxSessions bounds what one look reads.
const maxSessions = 20_000

// ownProtocol is the query of AWS's manual ("Using SSL With AWS Database
// Migration Service"): of its own session a server tells the protocol, and of no
// other.
const ownProtocol = `SELECT SYS_CONTEXT('USERENV', 'network_protocol') FROM DUAL`

const (
	ownSession = `SELECT SYS_CONTEXT('USERENV', 'SID'), SYS_CONTEXT('USERENV', 'IP_ADDRESS'),
	TO_CHAR(ROUND((CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS DATE) - SYSDATE) * 1440)) FROM DUAL`
	allSessions = `SELECT TO_CHAR(sid), TO_CHAR(serial#), username, program, machine, type, service_name,
	TO_CHAR(logon_time, 'YYYY-MM-DD HH24:MI:SS') FROM v$session WHERE ROWNUM <= 20000`
)

const (
	oraNoTable     = 942
	oraNoRight     = 1031
	notToldHere    = "Oracle Database keeps of no session but the asking one whether it came over TCPS"
	listenersKnow  = "look at the listener's log, which names the protocol of each connection, or at which port clients are configured for: TCPS has a port of its own"
	logonTimestamp = "2006-01-02 15:04:05"
)

// looker names the sessions, and tells of its own how it is connected.
func looker(ctx context.Context, a engine.Account) (look engine.Look, err error) {
	var denied error
	_, err = signInFor(ctx, a, func(c driver.Conn) (err error) {
		look, err = lookBy(func(columns int, query string) ([][]string, error) { return rows(ctx, c, columns, query) }, time.Now())
		if said, ok := errors.AsType[*network.OracleError](err); ok && (said.ErrCode == oraNoTable || said.ErrCode == oraNoRight) {
			denied = fault.New(fault.AccessDenied,
				"user %q may not read V$SESSION; as an administrator run: GRANT SELECT ON SYS.V_$SESSION TO %s (on Amazon RDS: EXEC rdsadmin.rdsadmin_util.grant_sys_object('V_$SESSION', '%s', 'SELECT'))",
				a.User, identifier(a.User), strings.ToUpper(a.User))
			return nil
		}
		return err
	})
	if err == nil {
		err = denied
	}
	return look, err
}

// reader makes an account that sees who is connected.
func reader(user string) string {
	name := identifier(user)
	return "CREATE USER " + name + " IDENTIFIED BY \"<password>\";\nGRANT CREATE SESSION TO " + name + ";\n" +
		"GRANT SELECT ON SYS.V_$SESSION TO " + name + ";\n" +
		"-- on Amazon RDS, instead of the last line:\n-- EXEC rdsadmin.rdsadmin_util.grant_sys_object('V_$SESSION', '" + strings.ToUpper(strings.ReplaceAll(user, "'", "''")) + "', 'SELECT');\n"
}

// identifier writes a name as servers keep it, in quotes where it needs them.
func identifier(name string) string {
	for n, r := range name {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (n == 0 || !strings.ContainsRune("0123456789_$#", r)) {
			return `"` + strings.ReplaceAll(name, `"`, ``) + `"`
		}
	}
	return strings.ToUpper(name)
}

// asking sends a query and returns its rows, which have so many columns; NULL
// is "".
type asking func(columns int, query string) ([][]string, error)

func lookBy(ask asking, now time.Time) (engine.Look, error) {
	all, err := ask(8, allSessions)
	if err != nil {
		return engine.Look{}, err
	}
	protocol, err := ask(1, ownProtocol)
	if err != nil || len(protocol) != 1 {
		return engine.Look{}, fmt.Errorf("ask for the protocol: %d rows: %w", len(protocol), err)
	}
	self, err := ask(3, ownSession)
	if err != nil || len(self) != 1 {
		return engine.Look{}, fmt.Errorf("ask who we are: %d rows: %w", len(self), err)
	}
	look := engine.Look{At: now, Handshakes: -1, Connections: -1, Unknown: notToldHere, Fix: listenersKnow}
	minutes, err := strconv.ParseInt(self[0][2], 10, 64)
	zone := time.Duration(minutes) * time.Minute
	for _, row := range all[:min(len(all), maxSessions)] {
		s := sighted(row)
		if began, err2 := time.Parse(logonTimestamp, row[7]); err == nil && err2 == nil {
			s.At = began.Add(zone)
		}
		if row[0] == self[0][0] {
			s.Own, s.Source = true, engine.Printable(self[0][1])
			s.TLS, s.Why = state(protocol[0][0])
		}
		look.Sessions = append(look.Sessions, s)
	}
	return look, nil
}

// sighted reads a row of allSessions. MACHINE is what the client says its host
// is called, so it is no source.
func sighted(row []string) engine.Sighting {
	s := engine.Sighting{
		Kind: engine.SightSession, Session: row[0] + "," + row[1], User: engine.Printable(row[2]), Database: engine.Printable(row[6]),
		Application: engine.Printable(strings.TrimSpace(row[3])), TLS: engine.TLSUnknown, Why: notToldHere,
	}
	if row[4] != "" && row[5] == "USER" {
		s.Application = engine.Printable(strings.TrimSpace(row[3] + " on " + row[4]))
	}
	if row[5] != "USER" { // BACKGROUND, RECURSIVE
		s.Internal, s.Why = true, ""
	}
	return s
}

func state(protocol string) (engine.TLSState, string) {
	switch strings.ToLower(protocol) {
	case "tcps":
		return engine.TLSEncrypted, ""
	case "tcp":
		return engine.TLSPlain, ""
	}
	return engine.TLSUnknown, notToldHere
}

// rows reads the rows of one query.
func rows(ctx context.Context, c driver.Conn, columns int, query string) ([][]string, error) {
	q, ok := c.(*goora.Connection)
	if !ok {
		return nil, errors.New("the driver's connection has another type")
	}
	// As for the login: the attempt closes the connection when ctx ends.
	found, err := q.QueryContext(context.WithoutCancel(ctx), query, nil)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	if n := len(found.Columns()); n != columns {
		return nil, fmt.Errorf("server answers with %d columns instead of %d", n, columns)
	}
	var all [][]string
	for len(all) < maxSessions {
		row := make([]driver.Value, columns)
		if err := found.Next(row); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		texts := make([]string, columns)
		for n, v := range row {
			if v != nil {
				texts[n] = fmt.Sprint(v)
			}
		}
		all = append(all, texts)
	}
	return all, nil
}
