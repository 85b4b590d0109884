package redshift

import (
	"fmt"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/postgres"
)

// openSessions are those of STV_SESSIONS, which keeps neither a session's source
// nor its encryption; its names are padded with spaces
// (https://docs.aws.amazon.com/redshift/latest/dg/r_STV_SESSIONS.html).
const openSessions = `SELECT process, extract(epoch FROM starttime), user_name, db_name, process = pg_backend_pid()
	FROM stv_sessions ORDER BY starttime, process LIMIT 20000`

const (
	notKept = "Redshift's view of open sessions has no encryption, only its log of connections does"
	inLog   = "ask a superuser for SELECT recordtime, username, remotehost, sslversion, sslcipher, application_name FROM stl_connection_log WHERE event = 'authenticated'; sslversion is empty for those without TLS"
)

// look lists the sessions; a user without the right to see those of others gets
// its own only, and no error.
func look(ask func(columns int, query string) ([][]string, error)) (engine.Look, error) {
	rows, err := ask(5, openSessions)
	if err != nil {
		return engine.Look{}, fmt.Errorf("list sessions: %w", err)
	}
	seen := engine.Look{At: time.Now(), Handshakes: -1, Connections: -1, Unknown: notKept, Fix: inLog}
	for _, row := range rows {
		s := engine.Sighting{
			Kind: engine.SightSession, Session: row[0] + "/" + row[1], At: postgres.FromEpoch(row[1]),
			User: engine.Printable(strings.TrimSpace(row[2])), Database: engine.Printable(strings.TrimSpace(row[3])),
			TLS: engine.TLSUnknown, Why: notKept, Own: row[4] == "t",
		}
		s.Internal = s.User == "rdsdb" // AWS's own
		seen.Sessions = append(seen.Sessions, s)
	}
	return seen, nil
}

// reader makes an account that sees the sessions of others; the log of
// connections is for superusers.
func reader(user string) string {
	name := `"` + strings.ReplaceAll(user, `"`, `""`) + `"`
	return "CREATE USER " + name + " PASSWORD '<password>' SYSLOG ACCESS UNRESTRICTED;\n"
}
