package evidence

import (
	"cmp"
	"slices"
	"time"
)

// Only selects clients of a summary.
type Only string

// The selections; "" is everybody.
const (
	OnlyPlain   Only = "plain"   // logins without TLS
	OnlyRefused Only = "refused" // who was not let in
)

// Totals count logins and refusals; dbtls's own and the server's are left out.
type Totals struct {
	Encrypted        int64 `json:"encrypted"`
	Plain            int64 `json:"plain"`
	Unknown          int64 `json:"unknown"`
	Refused          int64 `json:"refused"`           // for not encrypting
	FailedHandshakes int64 `json:"failed_handshakes"` // ended by the client, or by what it offered
}

// Summary is what is known of a database's clients since a time.
type Summary struct {
	Since      time.Time `json:"since"`
	Clients    []Client  `json:"clients"` // most recent first
	More       int       `json:"more"`    // clients that are not listed
	Coverage   []Span    `json:"coverage"`
	NeverPlain Claim     `json:"never_plain"`
	Totals
	// UnknownReason says why the server cannot tell who is encrypted, "" when it
	// can, and Fix how it could.
	UnknownReason string `json:"unknown_reason,omitempty"`
	Fix           string `json:"fix,omitempty"`
	// Note says what the rows do not show.
	Note string `json:"note,omitempty"`
}

// Sum makes a summary; it lists at most so many of the clients that are asked
// for. Totals and claim are over all. It reorders clients.
func Sum(clients []Client, spans []Span, since, now time.Time, only Only, most int) Summary {
	s := Summary{Since: since.UTC(), NeverPlain: NeverPlain(clients, spans, since, now), Coverage: []Span{}, Clients: []Client{}}
	for _, span := range sorted(spans) {
		if !span.To.Before(since) {
			s.Coverage = append(s.Coverage, span)
		}
	}
	chosen := clients[:0]
	for _, c := range clients {
		s.count(c)
		if c.is(only) {
			chosen = append(chosen, c)
		}
	}
	slices.SortFunc(chosen, func(a, b Client) int {
		return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.User, b.User), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Application, b.Application))
	})
	s.More = max(len(chosen)-most, 0)
	s.Clients = append(s.Clients, chosen[:len(chosen)-s.More]...)
	return s
}

func (c Client) is(only Only) bool {
	switch only {
	case OnlyPlain:
		return c.Kind == Login && c.TLS == Plain && !c.Own && !c.Internal
	case OnlyRefused:
		return c.Kind != Login
	}
	return true
}

func (t *Totals) count(c Client) {
	switch {
	case c.Own || c.Internal:
	case c.Kind == PlainRefused:
		t.Refused += c.Count
	case c.Kind == HandshakeFailed:
		t.FailedHandshakes += c.Count
	case c.TLS == Encrypted:
		t.Encrypted += c.Count
	case c.TLS == Plain:
		t.Plain += c.Count
	default:
		t.Unknown += c.Count
	}
}
