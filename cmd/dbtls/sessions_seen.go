package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/evidence"
)

// seen is what looks at one server have shown.
type seen struct {
	target   string
	at       time.Time // of the last look
	looks    int
	failed   int
	lastFail string
	rows     map[evidence.Key]*seenRow
	sessions map[string]bool // all that were counted, by the server's names for them
	last     engine.Look
}

// seenRow is a row of evidence, and when the first of its sessions began.
type seenRow struct {
	evidence.Client
	since time.Time // zero when the server does not say
}

// maxSeen bounds what a long watch keeps of each: rows, and sessions told apart.
const maxSeen = 200_000

func newSeen(target string) *seen {
	return &seen{target: target, rows: map[evidence.Key]*seenRow{}, sessions: map[string]bool{}}
}

// missed notes a look that failed among others.
func (s *seen) missed(err error) {
	s.failed++
	s.lastFail = message(err)
}

// add merges a look. A session that several looks show counts once.
func (s *seen) add(look engine.Look) {
	s.looks++
	s.at, s.last = look.At, look
	s.last.Sessions = nil
	for _, v := range look.Sessions {
		key := rowKey(v)
		row := s.rows[key]
		if row == nil {
			if len(s.rows) >= maxSeen {
				continue
			}
			row = &seenRow{Client: evidence.Client{Key: key, First: look.At}, since: v.At}
			s.rows[key] = row
		}
		row.Last = look.At
		if !v.At.IsZero() && (row.since.IsZero() || v.At.Before(row.since)) {
			row.since = v.At
		}
		if id := v.Session; !s.sessions[id] && len(s.sessions) < maxSeen {
			s.sessions[id] = true
			row.Count++
		}
	}
}

func rowKey(v engine.Sighting) evidence.Key {
	return evidence.Key{
		Kind: evidence.Login, How: evidence.FromView, User: v.User, Source: v.Source, Application: v.Application,
		Name: v.Database, TLS: evidence.TLS(v.TLS), Version: v.Version, Cipher: v.Cipher, Why: v.Why,
		Own: v.Own, Internal: v.Internal,
	}
}

// sorted puts what needs attention first: plain, unknown, encrypted; and the
// server's own and dbtls's last.
func (s *seen) sorted() []*seenRow {
	all := make([]*seenRow, 0, len(s.rows))
	for _, r := range s.rows {
		all = append(all, r)
	}
	rank := func(r *seenRow) int {
		switch {
		case r.Own, r.Internal:
			return 3
		case r.TLS == evidence.Plain:
			return 0
		case r.TLS == evidence.Unknown:
			return 1
		}
		return 2
	}
	slices.SortFunc(all, func(a, b *seenRow) int {
		return cmp.Or(rank(a)-rank(b), cmp.Compare(a.User, b.User), cmp.Compare(a.Source, b.Source),
			cmp.Compare(a.Application, b.Application), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Cipher, b.Cipher))
	})
	return all
}

// seenReport is the JSON form.
type seenReport struct {
	Target      string            `json:"target"`
	At          time.Time         `json:"at"`
	Looks       int               `json:"looks"`
	Failed      int               `json:"failed_looks,omitempty"`
	LastFailure string            `json:"last_failure,omitempty"`
	Clients     []evidence.Client `json:"clients"`
	Logins      []seenLogins      `json:"logins_since_start,omitempty"`
	ServerSince *time.Time        `json:"server_since,omitempty"`
	Unknown     string            `json:"unknown,omitempty"`
	Fix         string            `json:"fix,omitempty"`
	Limits      string            `json:"limits"`
}

// seenLogins is a counter of the server's.
type seenLogins struct {
	User   string `json:"user"`
	Source string `json:"source"`
	Logins int64  `json:"logins"`
}

// limits is what no look can see.
func (s *seen) limits() string {
	if s.looks == 1 {
		return "One look shows the sessions that are open at that moment. A client that connects for a moment now and then is not in it: look longer with --watch."
	}
	return fmt.Sprintf("%d looks, one a second, show the sessions that were open at those moments. A client that came and went between two of them is not in it.", s.looks)
}

func (s *seen) report() seenReport {
	r := seenReport{
		Target: s.target, At: s.at.UTC(), Looks: s.looks, Failed: s.failed, LastFailure: s.lastFail, Clients: []evidence.Client{},
		Unknown: s.last.Unknown, Fix: s.last.Fix, Limits: s.limits(),
	}
	for _, row := range s.sorted() {
		client := row.Client
		client.First, client.Last = client.First.UTC(), client.Last.UTC()
		r.Clients = append(r.Clients, client)
	}
	for _, n := range s.last.Counts {
		if !n.Own {
			r.Logins = append(r.Logins, seenLogins{n.User, n.Source, n.Logins})
		}
	}
	if since := s.last.Since.UTC().Truncate(time.Second); !s.last.Since.IsZero() {
		r.ServerSince = &since
	}
	return r
}

// write is the form for people.
func (s *seen) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "USER\tSOURCE\tAPPLICATION\tDATABASE\tTLS\tVERSION\tCIPHER\tSINCE\tSESSIONS")
	tally := map[evidence.TLS]int64{}
	for _, r := range s.sorted() {
		user := cmp.Or(r.User, "-")
		switch {
		case r.Own:
			user += " (dbtls)"
		case r.Internal:
			user += " (server)"
		default:
			tally[r.TLS] += r.Count
		}
		since := "-"
		if !r.since.IsZero() {
			since = r.since.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\n", user, orDash(r.Source), orDash(r.Application), orDash(r.Name),
			tlsWord(r.Client), orDash(r.Version), orDash(r.Cipher), since, r.Count)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print sessions: %w", err)
	}
	_, err := io.WriteString(w, s.words(tally))
	return err
}

func tlsWord(r evidence.Client) string {
	if r.Internal {
		return "-"
	}
	return string(r.TLS)
}

// words are the sentences under the table.
func (s *seen) words(tally map[evidence.TLS]int64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s, %s: clients' sessions without TLS %d, with TLS %d", s.target, s.at.UTC().Format(time.RFC3339), tally[evidence.Plain], tally[evidence.Encrypted])
	if n := tally[evidence.Unknown]; n > 0 {
		fmt.Fprintf(&b, ", of which the server does not say %d", n)
	}
	b.WriteString(".\n")
	if s.last.Unknown != "" {
		fmt.Fprintf(&b, "\nNot known: %s.\n", s.last.Unknown)
	}
	if s.last.Fix != "" {
		fmt.Fprintf(&b, "To know it: %s.\n", s.last.Fix)
	}
	if counted := s.onlyCounted(); counted != "" {
		fmt.Fprintf(&b, "\nAlso logged in since %s by the server's counters, which do not say how: %s.\n", s.last.Since.UTC().Format(time.RFC3339), counted)
	}
	if s.failed > 0 {
		fmt.Fprintf(&b, "\nLooks that failed: %d, the last with: %s\n", s.failed, s.lastFail)
	}
	fmt.Fprintf(&b, "\n%s\n", s.limits())
	return b.String()
}

// onlyCounted names those who logged in and have no session that was seen.
func (s *seen) onlyCounted() string {
	const most = 20
	type account struct{ user, source string }
	shown := map[account]bool{}
	for key := range s.rows {
		shown[account{key.User, key.Source}] = true
	}
	var names []string
	for _, n := range s.last.Counts {
		if !n.Own && !shown[account{n.User, n.Source}] {
			names = append(names, fmt.Sprintf("%s from %s %d times", n.User, orDash(n.Source), n.Logins))
		}
	}
	slices.Sort(names)
	if more := len(names) - most; more > 0 {
		names = append(names[:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
