package postgres

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

// The columns of a row that are used, in all versions the same (PostgreSQL
// manual, "Using CSV-Format Log Output"). Newer ones were added at the end.
const (
	colTime     = 0
	colUser     = 1
	colDatabase = 2
	colFrom     = 4
	colSession  = 5
	colLine     = 6
	colTag      = 7
	colSeverity = 11
	colState    = 12
	colMessage  = 13
	colContext  = 18
	colBackend  = 23

	columns9  = 23 // up to version 12
	columns13 = 24 // and the backend's type
	columns14 = 26 // and the leader's process and the query's id
)

// noRule says why a login before version 14 proves nothing.
const noRule = "PostgreSQL before version 14 does not write by which rule of pg_hba.conf a client came in, and what else it writes of TLS a client can write into its application's name"

// What the server writes of clients (src/backend/postmaster, libpq/auth.c,
// utils/init/postinit.c). lc_messages is C: these are not translated.
const (
	msgAuthenticated = "connection authenticated: "
	msgAuthorized    = "connection authorized: user="
	msgReplication   = "replication connection authorized: user="
	msgNoHandshake   = "could not accept SSL connection: "
	msgNoEntry       = "no pg_hba.conf entry for host "
	msgReloading     = "received SIGHUP, reloading configuration files"
	msgStarting      = "starting PostgreSQL "
)

// read takes one row. Rows of a client that is in already can hold any text
// (RAISE LOG), and are told by what it cannot choose: while it is being let in,
// the server's tag is "authentication"; before, there is no user.
func (l *loginReader) read(row csvRow) (s engine.Sighting, ok bool, gap string) {
	l.fields = row
	if n := len(row); n != columns9 && n != columns13 && n != columns14 {
		return s, false, l.lose(fmt.Sprintf("its rows have %d columns, which no version that dbtls knows writes", n))
	}
	at, err := time.Parse("2006-01-02 15:04:05.000 UTC", string(row[colTime]))
	if err != nil {
		return s, false, l.lose("its entries have no time in UTC (log_timezone)")
	}
	l.Newest, l.Columns = at, len(row)
	s = engine.Sighting{At: at, Source: source(row.text(colFrom))}
	switch {
	case row.null(colFrom):
		l.ofServer(row)
	case row.is(colTag, "authentication") && row.null(colContext):
		return l.authentication(s, row)
	case row.null(colUser):
		s, ok = handshake(s, row)
	}
	return s, ok, ""
}

// source is an address without its port. Unlike the columns of user and
// database, the client chose nothing in it.
func source(from string) string {
	if from == "[local]" {
		return engine.LocalSource
	}
	if n := strings.LastIndexByte(from, ':'); n >= 0 {
		return from[:n]
	}
	return from
}

// ofServer: only the main process reads pg_hba.conf.
func (l *loginReader) ofServer(row csvRow) {
	if !l.heals || len(row) <= colBackend || !row.is(colBackend, "postmaster") {
		return
	}
	if m := row.text(colMessage); m == msgReloading || strings.HasPrefix(m, msgStarting) {
		l.Untrusted, l.Righted, l.heals = "", false, false
	}
}

// handshake: that the connection ended, or that nothing was said in TLS at all,
// has another SQLSTATE or is the end of the stream. Both are what a port scan
// leaves, and a client that dislikes the certificate says so.
func handshake(s engine.Sighting, row csvRow) (engine.Sighting, bool) {
	why, ok := strings.CutPrefix(row.text(colMessage), msgNoHandshake)
	if !ok || !row.is(colState, stateProtocol) || strings.HasPrefix(why, "EOF detected") {
		return s, false
	}
	s.Kind, s.TLS, s.Why = engine.SightHandshakeFailed, engine.TLSUnknown, engine.Printable(why)
	return s, true
}

// authentication takes what is written while a client is let in, or not.
func (l *loginReader) authentication(s engine.Sighting, row csvRow) (engine.Sighting, bool, string) {
	message := row.text(colMessage)
	s.User, s.Database = engine.Printable(row.text(colUser)), engine.Printable(row.text(colDatabase))
	switch {
	case row.is(colSeverity, "FATAL"):
		l.takePending(row)
		// Replication has a refusal of its own, which says nothing of TLS: who
		// is not let in for it is not let in with TLS either.
		plain := strings.HasSuffix(message, ", no encryption") || strings.HasSuffix(message, ", SSL off")
		if !row.is(colState, stateNotAuthorized) || !strings.HasPrefix(message, msgNoEntry) || !plain {
			return s, false, ""
		}
		s.Kind, s.TLS, s.Why = engine.SightPlainRefused, engine.TLSPlain, engine.Printable(message)
		return s, true, ""
	case !row.is(colState, "00000"):
		return s, false, ""
	case row.is(colSeverity, "LOG") && strings.HasPrefix(message, msgAuthenticated):
		return s, false, l.authenticated(s, row, message)
	case row.is(colSeverity, "LOG"):
		if rest, ok := authorized(message, row.text(colUser), row.text(colDatabase)); ok {
			return l.login(s, row, rest), true, ""
		}
	}
	if s.Source == engine.LocalSource {
		return s, false, "" // what it says of who may be which role
	}
	return s, false, "an entry about a login is not in the words of this server's version in English (lc_messages)"
}

// authenticated remembers by which line of pg_hba.conf a client came in. The
// name before may hold anything; the end is the server's.
func (l *loginReader) authenticated(s engine.Sighting, row csvRow, message string) (gap string) {
	if s.Source == engine.LocalSource {
		return ""
	}
	p := pending{Session: row.text(colSession), Line: number(row, colLine), At: s.At}
	p.TLS, p.Why = l.byLine(message)
	if len(l.Pending) == maxPending {
		l.Pending = slices.Delete(l.Pending, 0, 1)
		gap = "more clients were being let in at once than are kept in mind"
	}
	l.Pending = append(l.Pending, p)
	return gap
}

// byLine is what the line at the end of message proves.
func (l *loginReader) byLine(message string) (engine.TLSState, string) {
	head, tail, ok := cutLast(message, ":")
	digits, closed := strings.CutSuffix(tail, ")")
	line, err := strconv.ParseUint(digits, 10, 31)
	if !ok || !closed || err != nil || !strings.HasSuffix(head, " ("+l.hba) {
		return engine.TLSUnknown, "the log names no line of the pg_hba.conf that dbtls wrote"
	}
	if line%2 == 0 {
		return engine.TLSEncrypted, ""
	}
	return engine.TLSPlain, ""
}

// takePending is what is kept of the row's session, and forgotten then.
func (l *loginReader) takePending(row csvRow) (pending, bool) {
	line := number(row, colLine)
	for n, p := range slices.Backward(l.Pending) { // most are the last
		if p.Line < line && row.is(colSession, p.Session) {
			l.Pending = slices.Delete(l.Pending, n, n+1)
			return p, true
		}
	}
	return pending{}, false
}

func number(row csvRow, n int) int {
	v, err := strconv.Atoi(string(row[n]))
	if err != nil {
		return 0 // joins with nothing
	}
	return v
}

func cutLast(s, sep string) (before, after string, found bool) {
	n := strings.LastIndex(s, sep)
	if n < 0 {
		return s, "", false
	}
	return s[:n], s[n+len(sep):], true
}
