package evidence

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Proof is how far back a login counts as proof that a source is a client.
const Proof = 30 * 24 * time.Hour

// Refusal is a source whose clients end the handshake over the server's
// certificate.
type Refusal struct {
	Source string    `json:"source"`
	Last   time.Time `json:"last"`
	Why    string    `json:"why"` // the alert, as the server wrote it
	// Known is who logged in from there before, the latest first; none: nobody
	// did in the last 30 days, so that it may be anybody.
	Known []string `json:"known,omitempty"`
}

// AboutCertificate reports whether what a server wrote of a handshake that
// failed is an alert about its certificate (RFC 8446, 6.2). Anybody can send
// one.
func AboutCertificate(why string) bool {
	why = strings.ToLower(why)
	return slices.ContainsFunc([]string{"unknown ca", "bad certificate", "certificate unknown", "certificate expired", "certificate revoked", "unsupported certificate"},
		func(alert string) bool { return strings.Contains(why, alert) })
}

// Refusals lists the sources that refuse the certificate since a time, by
// source, with who is known to log in from there.
func Refusals(clients []Client, since, now time.Time) []Refusal {
	bySource := map[string]*Refusal{}
	for _, c := range clients {
		if c.Kind != HandshakeFailed || c.Source == "" || c.Last.Before(since) || !AboutCertificate(c.Why) {
			continue
		}
		r := bySource[c.Source]
		if r == nil {
			r = &Refusal{Source: c.Source}
			bySource[c.Source] = r
		}
		if !c.Last.Before(r.Last) {
			r.Last, r.Why = c.Last, c.Why
		}
	}
	for _, r := range bySource {
		r.Known = known(clients, r.Source, since, now)
	}
	var all []Refusal
	for _, r := range bySource {
		all = append(all, *r)
	}
	slices.SortFunc(all, func(a, b Refusal) int { return cmp.Compare(a.Source, b.Source) })
	return all
}

// known names who logged in from a source before a time and in the last 30
// days, the latest first. A source that only ever sent alerts is nobody.
func known(clients []Client, source string, before, now time.Time) []string {
	var logins []Client
	for _, c := range clients {
		if c.Kind == Login && c.Source == source && !c.Own && !c.Internal && c.First.Before(before) && c.Last.After(now.Add(-Proof)) {
			logins = append(logins, c)
		}
	}
	slices.SortFunc(logins, func(a, b Client) int { return b.Last.Compare(a.Last) })
	var names []string
	for _, c := range logins {
		if name := c.Who(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
