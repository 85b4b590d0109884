package sqlserver

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

// column is something that a SELECT can show. row is the session of the view
// that is being shown, the session's own where there is no view.
type column struct {
	name  string
	kind  kind
	value func(s *session, row engine.Session) any
}

// connections is the view sys.dm_exec_connections, as far as there is
// something to say; the names are Microsoft's.
func connections() []column {
	type row = engine.Session
	return []column{
		{"session_id", integer, func(_ *session, r row) any { return r.ID }},
		{"most_recent_session_id", integer, func(_ *session, r row) any { return r.ID }},
		{"connect_time", moment, func(_ *session, r row) any { return r.Since }},
		{"net_transport", text, func(*session, row) any { return "TCP" }},
		{"protocol_type", text, func(*session, row) any { return "TSQL" }},
		{"encrypt_option", text, func(_ *session, r row) any { return strings.ToUpper(strconv.FormatBool(r.Encrypted)) }},
		{"auth_scheme", text, func(*session, row) any { return "SQL" }},
		{"client_net_address", text, func(_ *session, r row) any { return r.Client }},
		{"local_net_address", text, func(s *session, _ row) any { return s.host.Address }},
		{"local_tcp_port", integer, func(s *session, _ row) any { return s.host.Port }},
	}
}

// variables are the system functions that look like variables.
func variables() []column {
	type row = engine.Session
	return []column{
		{"@@spid", integer, func(s *session, _ row) any { return s.own.ID }},
		{"@@version", text, func(s *session, _ row) any { return banner(s.host.Version) }},
		{"@@microsoftversion", integer, func(s *session, _ row) any {
			n := number(s.host.Version)
			return int(n.major)<<24 | int(n.minor)<<16 | int(n.build)
		}},
		{"@@language", text, func(*session, row) any { return language }},
		{"@@trancount", integer, func(*session, row) any { return 0 }},
		{"@@max_precision", integer, func(*session, row) any { return 38 }},
	}
}

// banner is @@VERSION: the product's own beginning, for clients that look at
// it, and what this is.
func banner(version string) string {
	years := map[byte]string{13: "2016", 14: "2017", 15: "2019", 16: "2022"}
	n := number(version)
	return fmt.Sprintf("Microsoft SQL Server %s - %d.%d.%d.%d (X64), simulated by dbtls: real TLS and login, no data",
		years[n.major], n.major, n.minor, n.build, n.sub)
}

// constant is a column that shows v, an int or a string.
func constant(v any) column {
	k := text
	if _, ok := v.(int); ok {
		k = integer
	}
	return column{"", k, func(*session, engine.Session) any { return v }}
}

// condition is the equality of two values.
type condition struct{ left, right column }

// holds compares as the product's default collation does: without case, and
// numbers with texts of digits.
func (c condition) holds(s *session, row engine.Session) bool {
	return strings.EqualFold(plain(c.left.value(s, row)), plain(c.right.value(s, row)))
}

func plain(v any) string {
	if t, ok := v.(time.Time); ok {
		return t.UTC().Format("2006-01-02 15:04:05.000")
	}
	return fmt.Sprint(v)
}
