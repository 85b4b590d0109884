package evidence_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
)

func TestRest(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		b    evidence.Between
		want evidence.TLS
	}{
		"as many handshakes as connections":      {evidence.Between{Handshakes: 50, Connections: 50, Logins: 50}, evidence.Encrypted},
		"no handshake":                           {evidence.Between{Connections: 50, Logins: 50}, evidence.Plain},
		"some of each":                           {evidence.Between{Handshakes: 20, Connections: 50, Logins: 50}, evidence.Unknown},
		"the plain ones were seen":               {evidence.Between{Handshakes: 48, Connections: 50, Logins: 50, SeenPlain: 2}, evidence.Encrypted},
		"the encrypted ones were seen":           {evidence.Between{Handshakes: 2, Connections: 50, Logins: 50, SeenEncrypted: 2}, evidence.Plain},
		"handshakes that ended before the login": {evidence.Between{Handshakes: 60, Connections: 60, Logins: 50}, evidence.Encrypted},
		"a connection was in the middle of one":  {evidence.Between{Handshakes: 50, Connections: 50, Logins: 50, Risen: true}, evidence.Unknown},
		"more logins than connections":           {evidence.Between{Handshakes: 50, Connections: 50, Logins: 51}, evidence.Unknown},
		"counters that went back":                {evidence.Between{Handshakes: -3, Connections: 50, Logins: 50}, evidence.Unknown},
		"counters that cannot be compared":       {evidence.Between{Handshakes: 50, Connections: 50, Logins: 50, Unsure: "so"}, evidence.Unknown},
	} {
		got, why := c.b.Rest()
		if got != c.want || (why == "") != (got != evidence.Unknown) {
			t.Errorf("%s: %s, %q", sentence, got, why)
		}
	}
}

func TestFoldingKeepsWhatMatters(t *testing.T) {
	t.Parallel()
	k := evidence.Key{Kind: evidence.Login, How: evidence.FromLog, User: "u", Source: "10.1.2.3", Application: "a", Name: "n", TLS: evidence.Plain, Cipher: "c"}
	for rows, want := range map[int][3]string{
		0: {"u", "10.1.2.3", "a"}, 79_999: {"u", "10.1.2.3", "a"}, 80_000: {"u", "10.1.2.3", "…"}, 90_000: {"u", "10.1.2.0/24", "…"}, 99_000: {"…", "…", "…"}, 1 << 30: {"…", "…", "…"},
	} {
		got := k.Fold(rows)
		if [3]string{got.User, got.Source, got.Application} != want || got.TLS != evidence.Plain || got.Kind != evidence.Login || got.How != k.How {
			t.Errorf("at %d rows: %+v", rows, got)
		}
	}
	for source, want := range map[string]string{"::ffff:10.1.2.3": "10.1.2.0/24", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "local": "local", "": "", "host.example": "host.example"} {
		k.Source = source
		if got := k.Fold(95_000).Source; got != want {
			t.Errorf("source %q becomes %q", source, got)
		}
	}
}

// FuzzFold: however many clients there are under whatever names, they end in few
// rows, and each keeps what is said of TLS.
func FuzzFold(f *testing.F) {
	f.Add("u", "10.0.0.1", "a", "plain", 99_500)
	f.Add("…", "fe80::1%eth0", "\x00", "encrypted", 90_001)
	f.Fuzz(func(t *testing.T, user, source, application, tls string, rows int) {
		k := evidence.Key{Kind: evidence.Login, User: user, Source: source, Application: application, TLS: evidence.TLS(tls), Why: user}
		got := k.Fold(rows)
		if got.TLS != k.TLS || got.Kind != k.Kind || rows < 80_000 && got != k || got.Fold(rows) != got {
			t.Fatalf("%+v becomes %+v at %d", k, got, rows)
		}
		if rows >= 99_000 && (got.User != evidence.Folded || got.Source != evidence.Folded || got.Application != evidence.Folded) {
			t.Fatalf("%+v at %d", got, rows)
		}
	})
}

func TestATallyIsByDay(t *testing.T) {
	t.Parallel()
	var tally evidence.Tally
	k := row(evidence.Plain, 0, nil).Key
	tally.Add(k, hour(3), 2)
	tally.Add(k, hour(1), 0)
	tally.Add(k, hour(13), 5) // past midnight
	rows := tally.Rows()
	if len(rows) != 2 || tally.Len() != 2 || rows[0].Count != 2 || !rows[0].First.Equal(hour(1)) || !rows[0].Last.Equal(hour(3)) || rows[1].Count != 5 {
		t.Errorf("%+v", rows)
	}
	for at, want := range map[string]int64{"1970-01-01T00:00:00Z": 0, "1970-01-01T23:59:59Z": 0, "1969-12-31T23:59:59Z": -1, "2026-06-10T00:00:00Z": 20614} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil || evidence.Day(when) != want {
			t.Errorf("day of %s is %d, %v", at, evidence.Day(when), err)
		}
	}
}

func TestASummaryCountsAllAndListsTheLatest(t *testing.T) {
	t.Parallel()
	var clients []evidence.Client
	for n := range 10 {
		clients = append(clients, row(evidence.Encrypted, n, func(c *evidence.Client) { c.User = fmt.Sprint(n) }))
	}
	clients = append(clients, row(evidence.Plain, 2, nil), row(evidence.Unknown, 1, nil), row(evidence.Plain, 1, func(c *evidence.Client) { c.Own = true }),
		row(evidence.Plain, 1, func(c *evidence.Client) { c.Kind, c.Count = evidence.PlainRefused, 4 }), row(evidence.Unknown, 1, func(c *evidence.Client) { c.Kind = evidence.HandshakeFailed }))
	for only, want := range map[evidence.Only]int{"": 15, evidence.OnlyPlain: 1, evidence.OnlyRefused: 2} {
		s := evidence.Sum(append([]evidence.Client(nil), clients...), []evidence.Span{span(evidence.FromLog, -9, -1, "x"), span(evidence.FromLog, 0, 9, "")}, hour(0), hour(9), only, 4)
		if s.Encrypted != 10 || s.Plain != 1 || s.Unknown != 1 || s.Refused != 4 || s.FailedHandshakes != 1 || s.NeverPlain.Holds {
			t.Errorf("%q: %+v", only, s.Totals)
		}
		if len(s.Clients)+s.More != want || len(s.Clients) != min(4, want) || len(s.Coverage) != 1 {
			t.Errorf("%q: %d listed, %d more, coverage %+v", only, len(s.Clients), s.More, s.Coverage)
		}
		if only == "" && s.Clients[0].User != "9" {
			t.Errorf("the first is %+v", s.Clients[0])
		}
	}
}

func TestASpanGoesOnUntilSomethingMayHaveBeenMissed(t *testing.T) {
	t.Parallel()
	open := span(evidence.FromLog, 0, 1, "")
	for sentence, c := range map[string]struct {
		w     evidence.Watch
		open  *evidence.Span
		to    int // of the span that was open
		ended string
		next  int // where the one begins that goes on, -1 for none
	}{
		"it goes on":                    {evidence.Watch{Upto: hour(2), Now: hour(2)}, &open, 2, "", 0},
		"the reading is behind":         {evidence.Watch{Upto: hour(2), Now: hour(9)}, &open, 2, "", 0},
		"an older entry":                {evidence.Watch{Upto: hour(-3), Now: hour(2)}, &open, 1, "", 0},
		"an entry from the future":      {evidence.Watch{Upto: hour(9), Now: hour(2)}, &open, 2, "", 0},
		"a gap":                         {evidence.Watch{Upto: hour(3), Now: hour(3), Gap: "lost"}, &open, 1, "lost", 3},
		"the clock went back":           {evidence.Watch{Upto: hour(-2), Now: hour(-2)}, &open, 1, "set back", -2},
		"nothing can be claimed":        {evidence.Watch{Upto: hour(3), Now: hour(3), Paused: "blind"}, &open, 1, "blind", -100},
		"it begins":                     {evidence.Watch{Upto: hour(3), Now: hour(3)}, nil, 0, "", 3},
		"it begins after a gap":         {evidence.Watch{Upto: hour(3), Now: hour(3), Gap: "x"}, nil, 0, "", 3},
		"it does not begin when paused": {evidence.Watch{Upto: hour(3), Now: hour(3), Paused: "x"}, nil, 0, "", -100},
	} {
		keep, next := c.w.Follow(c.open, "db", evidence.FromLog)
		if c.open != nil && (!keep[0].To.Equal(hour(c.to)) || (keep[0].Ended == "") != (c.ended == "") || !strings.Contains(keep[0].Ended, c.ended)) {
			t.Errorf("%s: %+v", sentence, keep)
		}
		if (next == nil) != (c.next == -100) || next != nil && (!next.From.Equal(hour(c.next)) || next.Ended != "" || keep[len(keep)-1] != *next) {
			t.Errorf("%s: next %+v", sentence, next)
		}
	}
	if open.To != hour(1) || open.Ended != "" {
		t.Errorf("the caller's span was changed: %+v", open)
	}
}
