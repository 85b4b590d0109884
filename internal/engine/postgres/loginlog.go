package postgres

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

const (
	// loginLogFile names the files by when they were begun, in UTC, so that
	// their names sort by time. The server puts .csv in the place of .log; what
	// is printed past it, as by a library, goes to the .log beside.
	loginLogFile = "logins-%Y%m%d-%H%M%S.log"
	// maxPending bounds the logins that are half told; more are no clients of a
	// server whose max_connections is a few hundred.
	maxPending = 2000
	// pendingTime is how long a login may be half told, by the log's clock.
	pendingTime = 5 * time.Minute
)

func loginLogDir(s engine.Settings) string { return filepath.Join(filepath.Dir(s.LogFile), "pg") }

// loginLog is the server's csvlog; see the package comment for what it proves.
func loginLog() *engine.LoginLog {
	return &engine.LoginLog{
		Dir: loginLogDir,
		Match: func(name string) bool {
			return strings.HasPrefix(name, "logins-") && strings.HasSuffix(name, ".csv")
		},
		Reader: newLoginReader,
	}
}

// loginState is what a reader goes on from.
type loginState struct {
	At      csvState  `json:"at,omitempty"`
	Part    []byte    `json:"part,omitempty"` // at most maxRow
	Long    bool      `json:"long,omitempty"`
	Lost    string    `json:"lost,omitempty"`    // why the rest of the file cannot be read
	Newest  time.Time `json:"newest,omitzero"`   // the time of the newest entry
	Columns int       `json:"columns,omitempty"` // of the newest row
	Pending []pending `json:"pending,omitempty"` // at most maxPending, oldest first
	// Untrusted says why line numbers prove nothing. It stays until the server
	// has read a file again that was found right before (Righted).
	Untrusted string `json:"untrusted,omitempty"`
	Righted   bool   `json:"righted,omitempty"`
}

// pending is a client that was authenticated and is not let in yet.
type pending struct {
	Session string          `json:"session"`
	Line    int             `json:"line"` // of the session's entries
	At      time.Time       `json:"at"`
	TLS     engine.TLSState `json:"tls"`
	Why     string          `json:"why,omitempty"`
}

// loginReader reads a csvlog.
type loginReader struct {
	loginState
	hba    string // path of pg_hba.conf, as the server names it
	heals  bool   // the server's reading pg_hba.conf again ends Untrusted
	scan   csvScanner
	fields csvRow
}

func newLoginReader(s engine.Settings, conf func(name string) ([]byte, error), state []byte) (engine.LogReader, error) {
	l := &loginReader{hba: hbaFile(s)}
	if len(state) > 0 {
		if err := json.Unmarshal(state, &l.loginState); err != nil {
			return nil, fmt.Errorf("decode state of the login log: %w", err)
		}
	}
	if l.At > csvClosed || len(l.Part) > maxRow || len(l.Pending) > maxPending {
		return nil, fmt.Errorf("decode state of the login log: it is out of bounds")
	}
	l.scan = csvScanner{at: l.At, part: l.Part, long: l.Long}
	text, err := conf(filepath.Base(l.hba))
	if err == nil {
		err = hbaProves(text)
	}
	switch {
	case err != nil:
		l.Untrusted = fmt.Sprintf("%q is not as dbtls wrote it, so the line by which a client came in does not say whether it used TLS: %v; put it back and reload the server", l.hba, err)
		l.Righted = false
	case l.Untrusted != "":
		l.heals, l.Righted = l.Righted, true
	}
	return l, nil
}

// Feed takes the next bytes of the current file.
func (l *loginReader) Feed(data []byte) (seen []engine.Sighting, gap string) {
	for len(data) > 0 && l.Lost == "" {
		row, rest, found, err := l.scan.next(data)
		if err != nil {
			return seen, l.lose("an entry is not whole, as when the disk was full")
		}
		if !found {
			break
		}
		data = rest
		if row == nil { // too long for one about a login
			continue
		}
		s, ok, why := l.read(split(row, l.fields))
		if ok {
			seen = append(seen, s)
		}
		if gap == "" {
			gap = why
		}
	}
	return seen, gap
}

// lose gives up the rest of the file.
func (l *loginReader) lose(why string) (gap string) {
	l.Lost = "the rest of a log file cannot be read: " + why + "; the server begins the next within a day, or when pg_rotate_logfile() is called"
	l.scan = csvScanner{}
	return l.Lost
}

// NextFile ends the file. A login may be told of at the end of one file and at
// the beginning of the next.
func (l *loginReader) NextFile() (gap string) {
	if l.Lost == "" && l.scan.inRow() {
		gap = "the last entry of a log file is not whole"
	}
	l.scan, l.Lost = csvScanner{}, ""
	return gap
}

// State is bounded by maxRow and maxPending.
func (l *loginReader) State() []byte {
	keep := l.Pending[:0]
	for _, p := range l.Pending {
		if l.Newest.Sub(p.At) <= pendingTime { // a clock set back makes none old
			keep = append(keep, p)
		}
	}
	l.Pending = keep
	l.At, l.Part, l.Long = l.scan.at, l.scan.part, l.scan.long
	state, err := json.Marshal(l.loginState)
	if err != nil { // there is nothing in it that has no JSON
		return nil
	}
	return state
}

// Upto is the time of the newest entry.
func (l *loginReader) Upto() time.Time { return l.Newest }

// Blind says why logins, or their encryption, cannot be told.
func (l *loginReader) Blind() string {
	switch {
	case l.Lost != "":
		return l.Lost
	case l.Columns != 0 && l.Columns < columns14:
		return noRule
	}
	return l.Untrusted
}
