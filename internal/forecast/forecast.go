// Package forecast says what a planned change of a CA does to each client of a
// database: a verdict, with the evidence for it. It is pure. A client of which
// nothing but its logins is known is UNKNOWN: a server cannot see whether a
// client verified.
package forecast

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/evidence"
)

// Back is how far back clients are looked for.
const Back = 30 * 24 * time.Hour

// Input is all that a forecast depends on.
type Input struct {
	// Endpoints are the database's, host:port: the names that clients are told,
	// its cluster's too, and the address behind them.
	Endpoints []string
	Clients   []evidence.Client
	Spans     []evidence.Span
	Reports   []evidence.Report
	Change    clientconfig.Change
	// FromRoot and ToRoot are the SHA-256 fingerprints of the CAs' roots, hex.
	FromRoot, ToRoot string
	// NewKeyRSA: the new leaf's key, and its chain's, are RSA.
	NewKeyRSA bool
	Created   time.Time // of the database, which nobody used before
	Now       time.Time
}

// birth is within how long of its creation a database is first watched, while
// nobody but who made it knows a way in.
const birth = 2 * time.Minute

// since is the time from which on every client should have been seen.
func (in Input) since() time.Time {
	since := in.Now.Add(-Back)
	if begun := in.Created.Add(birth); begun.After(since) {
		since = begun
	}
	if since.After(in.Now) {
		return in.Now
	}
	return since
}

// Row is one client and what happens to it.
type Row struct {
	User        string       `json:"user"`
	Source      string       `json:"source"`
	Application string       `json:"application"`
	TLS         evidence.TLS `json:"tls"`
	First       time.Time    `json:"first_seen,omitzero"`
	Last        time.Time    `json:"last_seen,omitzero"`
	Count       int64        `json:"count"` // 0: reported by its host, and not seen
	clientconfig.Judgement
	Evidence []string `json:"evidence"` // one sentence each
}

// Forecast is the answer for one database.
type Forecast struct {
	Rows   []Row                        `json:"clients"` // the worst first
	Counts map[clientconfig.Verdict]int `json:"verdicts"`
	// Unseen says why there may be clients that nobody saw, "" when every login
	// of the last 30 days, or since the database was made, was watched.
	Unseen string `json:"unseen,omitempty"`
	// Worst is the verdict for the whole: UNKNOWN also when clients may be
	// unseen.
	Worst clientconfig.Verdict `json:"worst"`
}

// rank orders verdicts, the worst first.
func rank(v clientconfig.Verdict) int {
	return slices.Index([]clientconfig.Verdict{clientconfig.Breaks, clientconfig.Unknown, clientconfig.DoesNotVerify, clientconfig.Safe}, v)
}

// Make forecasts.
func Make(in Input) Forecast {
	f := Forecast{Rows: []Row{}, Counts: map[clientconfig.Verdict]int{}, Worst: clientconfig.Safe,
		Unseen: evidence.Gap(in.Spans, in.since(), in.Now)}
	seen := map[string]bool{} // configurations that a client was found for
	for _, row := range in.clients() {
		in.judge(&row, seen)
		f.Rows = append(f.Rows, row)
	}
	f.Rows = append(f.Rows, in.unseen(seen)...)
	slices.SortStableFunc(f.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(rank(a.Verdict), rank(b.Verdict)), cmp.Compare(a.User, b.User), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Application, b.Application))
	})
	for _, row := range f.Rows {
		f.Counts[row.Verdict]++
	}
	switch {
	case len(f.Rows) > 0 && f.Rows[0].Verdict == clientconfig.Breaks:
		f.Worst = clientconfig.Breaks
	case f.Unseen != "":
		f.Worst = clientconfig.Unknown
	case len(f.Rows) > 0:
		f.Worst = f.Rows[0].Verdict
	}
	return f
}

type who struct {
	user, source, application string
	tls                       evidence.TLS
}

// clients are those that logged in, each once for each way it came.
func (in Input) clients() []Row {
	rows := map[who]*Row{}
	for _, c := range in.Clients {
		if c.Kind != evidence.Login || c.Own || c.Internal || c.Last.Before(in.Now.Add(-Back)) {
			continue
		}
		key := who{c.User, c.Source, c.Application, c.TLS}
		row := rows[key]
		if row == nil {
			row = &Row{User: c.User, Source: c.Source, Application: c.Application, TLS: c.TLS, First: c.First, Last: c.Last}
			rows[key] = row
		}
		if c.First.Before(row.First) {
			row.First = c.First
		}
		if c.Last.After(row.Last) {
			row.Last = c.Last
		}
		row.Count += c.Count
		row.Evidence = append(row.Evidence, sighted(c))
	}
	all := make([]Row, 0, len(rows))
	for _, row := range rows {
		slices.Sort(row.Evidence)
		all = append(all, *row)
	}
	return all
}

func sighted(c evidence.Client) string {
	s := fmt.Sprintf("%s: %d logins, %s", c.How, c.Count, c.TLS)
	if c.Version != "" {
		s += " by " + c.Version
	}
	if c.Cipher != "" {
		s += " " + c.Cipher
	}
	return s + ", last at " + c.Last.UTC().Format(time.RFC3339)
}
