package evidence

import (
	"fmt"
	"time"
)

// Claim is an answer that may not be known.
type Claim struct {
	Known bool   `json:"known"`
	Holds bool   `json:"holds"` // of no meaning when it is not known
	Why   string `json:"why"`
}

// grace is how far the end of a span may lie back and still count as now: the
// watcher writes in steps.
const grace = 2 * time.Minute

// NeverPlain says whether no client was in without TLS since a time. One plain
// login over a network refutes it, whatever was not watched; without one it
// holds only if a source that tells of every login was watched without a gap.
func NeverPlain(clients []Client, spans []Span, since, now time.Time) Claim {
	unknown := ""
	for _, c := range clients {
		if c.Kind != Login || c.Own || c.Internal || c.Source == Local || c.Last.Before(since) {
			continue
		}
		switch c.TLS {
		case Plain:
			return Claim{Known: true, Why: fmt.Sprintf("%s was in without TLS at %s", c.Who(), c.Last.UTC().Format(time.RFC3339))}
		case Unknown:
			if unknown != "" {
				continue
			}
			unknown = fmt.Sprintf("how %s was in is not known (%s)", c.Who(), c.Why)
		}
	}
	if unknown != "" {
		return Claim{Why: unknown}
	}
	if gap := Gap(spans, since, now); gap != "" {
		return Claim{Why: gap}
	}
	return Claim{Known: true, Holds: true, Why: "every login since was watched, and all used TLS"}
}

// Gap says what of the time since was not watched by a source that tells of
// every login, "" when all was.
func Gap(spans []Span, since, now time.Time) string {
	var log []Span
	for _, s := range spans {
		if s.How.All() {
			log = append(log, s)
		}
	}
	if len(log) == 0 {
		return "nothing tells of every login to this database: looks at its open sessions miss what comes and goes between two of them"
	}
	covered, watched := since, false // watched: at since, and not only later
	for _, s := range sorted(log) {
		if s.From.After(covered) {
			break
		}
		watched = watched || !s.To.Add(grace).Before(since)
		if s.To.After(covered) {
			covered = s.To
		}
	}
	switch {
	case watched && now.Sub(covered) <= grace:
		return ""
	case covered.Equal(since):
		return fmt.Sprintf("logins are watched since %s only", sorted(log)[0].From.UTC().Format(time.RFC3339))
	}
	why := "it was not watched"
	for _, s := range log {
		if s.To.Equal(covered) && s.Ended != "" {
			why = s.Ended
		}
	}
	return fmt.Sprintf("there is a gap after %s: %s", covered.UTC().Format(time.RFC3339), why)
}
