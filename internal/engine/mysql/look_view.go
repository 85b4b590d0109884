package mysql

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

// asking sends a query and returns its rows, which have so many columns; NULL
// is "".
type asking func(columns int, query string) ([][]string, error)

// maxRows bounds what one look reads of each table, in rows.
const maxRows = 20_000

// errNoSchema: the account may not read performance_schema.
var errNoSchema = errors.New("performance_schema may not be read")

// unknown is why it cannot be told which sessions are encrypted, and how it
// could.
type unknown struct{ why, fix string }

// Sessions of version 5.6 and of MariaDB before 10.5 are told from each other
// by the client alone.
func tooOld(version string) unknown {
	return unknown{
		why: fmt.Sprintf("version %s does not keep how a session is connected: MySQL does since 5.7, MariaDB since 10.5", version),
		fix: "upgrade the server, or look at the settings of its clients",
	}
}

func schemaOff() unknown {
	return unknown{
		why: "performance_schema is off, and nothing else says which sessions are encrypted",
		fix: "set performance_schema to 1 in the instance's parameter group, or in the server's option file, and restart the server",
	}
}

// facts are about the server, not about a session.
type facts struct {
	version  string
	schema   bool // performance_schema is on
	numbers  bool // it looks no name up: localhost is the socket
	self     string
	since    time.Time
	complete bool // the counts by account miss none

	handshakes, connections int64
}

// lookBy tells of all sessions by performance_schema, or names them and says
// why it cannot tell more. own says which are dbtls's besides the one that asks.
func lookBy(ask asking, own func(user, source string) bool) (engine.Look, error) {
	f, err := about(ask, time.Now())
	if err != nil {
		return engine.Look{}, err
	}
	if !f.schema {
		return listOnly(ask, own, f, schemaOff())
	}
	const sessions = `SELECT PROCESSLIST_ID, THREAD_ID, NAME, PROCESSLIST_USER, PROCESSLIST_HOST, PROCESSLIST_DB, CONNECTION_TYPE
	FROM performance_schema.threads WHERE TYPE = 'FOREGROUND' AND PROCESSLIST_ID IS NOT NULL ORDER BY PROCESSLIST_ID LIMIT `
	threads, err := ask(7, sessions+strconv.Itoa(maxRows+1))
	switch {
	case isCode(err, codeNoColumn, codeNoTable):
		return listOnly(ask, own, f, tooOld(f.version))
	case isDenied(err):
		return engine.Look{}, fmt.Errorf("%w: %w", errNoSchema, err)
	case err != nil:
		return engine.Look{}, fmt.Errorf("list sessions: %w", err)
	}
	details, err := detailsOf(ask)
	if err != nil {
		return engine.Look{}, err
	}
	look := f.look(threads)
	for _, t := range threads[:min(len(threads), maxRows)] {
		if s, ok := f.session(t, details, own); ok {
			look.Sessions = append(look.Sessions, s)
		}
	}
	look.Counts, err = f.counts(ask, own)
	return look, err
}

// look has what is said of all sessions together.
func (f facts) look(listed [][]string) engine.Look {
	look := engine.Look{At: time.Now(), Since: f.since, Handshakes: f.handshakes, Connections: f.connections}
	if len(listed) > maxRows {
		look.Unknown = fmt.Sprintf("more than %d sessions are open, and the rest of them was not read", maxRows)
	}
	return look
}

// about reads the facts, which every account may.
func about(ask asking, now time.Time) (facts, error) {
	f := facts{handshakes: -1, connections: -1}
	self, err := ask(1, "SELECT CONNECTION_ID()")
	if err != nil || len(self) != 1 {
		return f, fmt.Errorf("ask who we are: %d rows: %w", len(self), err)
	}
	f.self = self[0][0]
	set, err := named(ask, "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'performance_schema', 'skip_name_resolve')")
	if err != nil {
		return f, fmt.Errorf("read variables: %w", err)
	}
	f.version, f.schema, f.numbers = set["version"], isOn(set["performance_schema"]), isOn(set["skip_name_resolve"])
	said, err := named(ask, "SHOW GLOBAL STATUS WHERE Variable_name IN"+
		" ('Uptime', 'Connections', 'Ssl_finished_accepts', 'Performance_schema_accounts_lost')")
	if err != nil {
		return f, fmt.Errorf("read status: %w", err)
	}
	if seconds, err := strconv.ParseInt(said["uptime"], 10, 64); err == nil {
		f.since = now.Add(-time.Duration(seconds) * time.Second)
	}
	// The number of handshakes starts over with each reload of the certificate.
	f.handshakes, f.connections = number(said["ssl_finished_accepts"]), number(said["connections"])
	f.complete = said["performance_schema_accounts_lost"] == "0"
	return f, nil
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// named reads rows of a name, in any case, and a value.
func named(ask asking, query string) (map[string]string, error) {
	all, err := ask(2, query)
	if err != nil {
		return nil, err
	}
	m := map[string]string{}
	for _, row := range all {
		m[strings.ToLower(row[0])] = row[1]
	}
	return m, nil
}

// details are what other tables have of sessions.
type details struct {
	versions, ciphers map[string]string // by THREAD_ID
	programs          map[string]string // by PROCESSLIST_ID
}

// detailsOf reads whole tables: MariaDB finds no row of them faster, so that a
// join takes time with the square of the sessions. Identifiers are not used
// again, so that nothing is put together that does not belong. What may not be
// read is left out.
func detailsOf(ask asking) (details, error) {
	d := details{map[string]string{}, map[string]string{}, map[string]string{}}
	for _, part := range []struct {
		into  func(name string) map[string]string
		query string
	}{
		{func(name string) map[string]string {
			if strings.EqualFold(name, "Ssl_cipher") {
				return d.ciphers
			}
			return d.versions
		}, "SELECT THREAD_ID, VARIABLE_NAME, VARIABLE_VALUE FROM performance_schema.status_by_thread WHERE VARIABLE_NAME IN ('Ssl_version', 'Ssl_cipher')"},
		{func(string) map[string]string { return d.programs },
			"SELECT PROCESSLIST_ID, ATTR_NAME, ATTR_VALUE FROM performance_schema.session_connect_attrs WHERE ATTR_NAME = 'program_name'"},
	} {
		all, err := ask(3, part.query+" LIMIT "+strconv.Itoa(2*maxRows))
		if isDenied(err) || isCode(err, codeNoColumn, codeNoTable) {
			continue
		}
		if err != nil {
			return d, fmt.Errorf("read sessions' details: %w", err)
		}
		for _, row := range all {
			part.into(row[1])[row[0]] = row[2]
		}
	}
	return d, nil
}

// session reads a row of threads; false for one on which nobody has logged in.
func (f facts) session(row []string, d details, own func(user, source string) bool) (engine.Sighting, bool) {
	id, thread, name, user, host, database, kind := row[0], row[1], row[2], row[3], row[4], row[5], row[6]
	s := engine.Sighting{
		Kind: engine.SightSession, User: engine.Printable(user), Database: engine.Printable(database), Session: id,
		Source: f.source(host, kind), Application: engine.Printable(d.programs[id]),
	}
	client := strings.HasSuffix(name, "one_connection")
	if kind == "" && client && user == "" {
		return s, false
	}
	s.TLS, s.Why = state(kind)
	if s.TLS == engine.TLSEncrypted {
		s.Version, s.Cipher = engine.Printable(d.versions[thread]), engine.Printable(d.ciphers[thread])
	}
	if kind == "" && !client { // the server's own: event_scheduler, a replica's appliers
		s.Internal, s.Source, s.Why, s.User = true, "", "", cmp.Or(s.User, "system user")
	}
	s.Own = id == f.self || own(user, s.Source)
	return s, true
}

// state is what CONNECTION_TYPE says of a session.
func state(kind string) (engine.TLSState, string) {
	switch kind {
	case "SSL/TLS":
		return engine.TLSEncrypted, ""
	case "TCP/IP", "Socket", "Named Pipe", "Shared Memory":
		return engine.TLSPlain, ""
	}
	return engine.TLSUnknown, "the server does not say how the session is connected"
}

// source is where a session comes from. A name instead of an address is what
// the server has looked up.
func (f facts) source(host, kind string) string {
	switch {
	case kind == "Socket", kind == "Named Pipe", kind == "Shared Memory", f.numbers && host == "localhost":
		return engine.LocalSource
	}
	return engine.Printable(host)
}

// counts are the logins by account. MySQL counts those that it refused as well.
// None are better than some: accounts for which there was no room are missing
// without a trace.
func (f facts) counts(ask asking, own func(user, source string) bool) ([]engine.LoginCount, error) {
	const accounts = `SELECT USER, HOST, TOTAL_CONNECTIONS FROM performance_schema.accounts
	WHERE USER IS NOT NULL AND HOST IS NOT NULL AND NOT (USER = 'event_scheduler' AND HOST = 'localhost') LIMIT `
	if !f.complete {
		return nil, nil
	}
	all, err := ask(3, accounts+strconv.Itoa(maxRows+1))
	if isDenied(err) || isCode(err, codeNoColumn, codeNoTable) || len(all) > maxRows {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("count logins: %w", err)
	}
	var counts []engine.LoginCount
	for _, row := range all {
		source := f.source(row[1], "")
		counts = append(counts, engine.LoginCount{User: engine.Printable(row[0]), Source: source, Logins: max(0, number(row[2])), Own: own(row[0], source)})
	}
	return counts, nil
}
