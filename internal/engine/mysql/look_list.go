package mysql

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

// Error numbers of what a look may not read or does not find.
const (
	codeNoColumn      = 1054
	codeTableDenied   = 1142
	codeColumnDenied  = 1143
	codeNoTable       = 1146
	codeSchemaInvalid = 1682 // its tables are of another version
)

func isDenied(err error) bool {
	return isCode(err, codeTableDenied, codeColumnDenied, codePrivilegeNeeded, codeDatabaseAccessDenied, codeSchemaInvalid)
}

// manualQuery is that of AWS's manual ("Determining whether any applications
// are connecting to your Aurora MySQL DB cluster using SSL"). It needs SELECT on
// the one table, and PROCESS to see the sessions of others.
const manualQuery = `SELECT id, user, host, connection_type FROM performance_schema.threads pst INNER JOIN information_schema.processlist isp ON pst.processlist_id = isp.id;`

// needsProcess is refused without the privilege PROCESS, and is of one row.
const needsProcess = `SELECT 1 FROM information_schema.INNODB_CMP LIMIT 1`

// lookByManual has no version and no cipher.
func lookByManual(ask asking) (engine.Look, error) {
	f, err := about(ask, time.Now())
	if err != nil {
		return engine.Look{}, err
	}
	if _, err := ask(1, needsProcess); err != nil {
		return engine.Look{}, fmt.Errorf("%w, and it lacks PROCESS: %w", errNoSchema, err)
	}
	all, err := ask(4, manualQuery)
	if isDenied(err) {
		return engine.Look{}, fmt.Errorf("%w: %w", errNoSchema, err)
	}
	if err != nil {
		return engine.Look{}, fmt.Errorf("list sessions: %w", err)
	}
	look := f.look(all)
	for _, row := range all[:min(len(all), maxRows)] {
		s := listed(row[0], row[1], row[2])
		s.TLS, s.Why = state(row[3])
		if row[3] == "" {
			s.Internal, s.Source, s.Why = true, "", ""
		}
		s.Own = row[0] == f.self
		look.Sessions = append(look.Sessions, s)
	}
	return look, nil
}

// listOnly names the sessions, of none of which it is known how it is
// connected. Without PROCESS an account sees its own only.
func listOnly(ask asking, own func(user, source string) bool, f facts, why unknown) (engine.Look, error) {
	if f.self == "" {
		var err error
		if f, err = about(ask, time.Now()); err != nil {
			return engine.Look{}, err
		}
	}
	if _, err := ask(1, needsProcess); isDenied(err) {
		why.why += "; and without the privilege PROCESS this account sees no sessions but its own"
	} else if err != nil {
		return engine.Look{}, fmt.Errorf("ask for the privilege PROCESS: %w", err)
	}
	all, err := ask(5, "SELECT ID, USER, HOST, DB, COMMAND FROM information_schema.PROCESSLIST ORDER BY ID LIMIT "+strconv.Itoa(maxRows+1))
	if err != nil {
		return engine.Look{}, fmt.Errorf("list sessions: %w", err)
	}
	look := f.look(all)
	look.Unknown, look.Fix = why.why, why.fix
	for _, row := range all[:min(len(all), maxRows)] {
		if row[1] == "unauthenticated user" {
			continue
		}
		s := listed(row[0], row[1], row[2])
		s.Database, s.TLS, s.Why = engine.Printable(row[3]), engine.TLSUnknown, why.why
		// The server's own threads have no port, and a state that sessions have not.
		if row[4] == "Daemon" || row[2] == "" {
			s.Internal, s.Source, s.Why = true, "", ""
		}
		s.Own = row[0] == f.self || own(row[1], s.Source)
		look.Sessions = append(look.Sessions, s)
	}
	return look, nil
}

// listed is a row of PROCESSLIST, in which a session over the network has a
// port behind its host.
func listed(id, user, host string) engine.Sighting {
	source := engine.LocalSource
	if name, _, err := net.SplitHostPort(host); err == nil {
		source = engine.Printable(name)
	} else if host != "localhost" {
		source = engine.Printable(strings.TrimSpace(host))
	}
	return engine.Sighting{Kind: engine.SightSession, User: engine.Printable(user), Source: source, Session: id}
}
