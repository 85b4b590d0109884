package evidence_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
)

var noon = time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)

func hour(n int) time.Time { return noon.Add(time.Duration(n) * time.Hour) }

func span(how evidence.How, from, to int, ended string) evidence.Span {
	return evidence.Span{How: how, From: hour(from), To: hour(to), Ended: ended}
}

func row(tls evidence.TLS, at int, change func(*evidence.Client)) evidence.Client {
	c := evidence.Client{Key: evidence.Key{Kind: evidence.Login, How: evidence.FromLog, User: "u", Source: "10.0.0.1", TLS: tls}, First: hour(at), Last: hour(at), Count: 1}
	if change != nil {
		change(&c)
	}
	return c
}

// TestNeverPlain judges the time from 0:00 to 10:00.
func TestNeverPlain(t *testing.T) {
	t.Parallel()
	whole := []evidence.Span{span(evidence.FromLog, -5, 10, "")}
	for sentence, c := range map[string]struct {
		clients      []evidence.Client
		spans        []evidence.Span
		known, holds bool
		why          string
	}{
		"nobody came, and all was watched":                 {nil, whole, true, true, "every login"},
		"all used TLS, and all was watched":                {[]evidence.Client{row(evidence.Encrypted, 3, nil)}, whole, true, true, ""},
		"one plain login refutes it":                       {[]evidence.Client{row(evidence.Encrypted, 3, nil), row(evidence.Plain, 4, nil)}, whole, true, false, "user u from 10.0.0.1 was in without TLS at 2026-06-10T16:00:00Z"},
		"also when nothing was watched":                    {[]evidence.Client{row(evidence.Plain, 4, nil)}, nil, true, false, "without TLS"},
		"also when others are not known":                   {[]evidence.Client{row(evidence.Unknown, 3, nil), row(evidence.Plain, 4, nil)}, whole, true, false, ""},
		"one before the time does not":                     {[]evidence.Client{row(evidence.Plain, -1, nil)}, whole, true, true, ""},
		"a refused one does not":                           {[]evidence.Client{row(evidence.Plain, 1, func(c *evidence.Client) { c.Kind = evidence.PlainRefused })}, whole, true, true, ""},
		"dbtls's own does not":                             {[]evidence.Client{row(evidence.Plain, 1, func(c *evidence.Client) { c.Own = true })}, whole, true, true, ""},
		"the server's own thread does not":                 {[]evidence.Client{row(evidence.Unknown, 1, func(c *evidence.Client) { c.Internal = true })}, whole, true, true, ""},
		"one of which it is not known makes it unknown":    {[]evidence.Client{row(evidence.Unknown, 1, func(c *evidence.Client) { c.Why = "so" })}, whole, false, false, "(so)"},
		"nothing was watched":                              {nil, nil, false, false, "nothing tells of every login"},
		"looks at sessions miss logins":                    {nil, []evidence.Span{span(evidence.FromView, -5, 10, "")}, false, false, "nothing tells of every login"},
		"counters tell of every login":                     {nil, []evidence.Span{span(evidence.FromCounter, -5, 10, "")}, true, true, ""},
		"it was watched later only":                        {nil, []evidence.Span{span(evidence.FromLog, 2, 10, "")}, false, false, "since 2026-06-10T14:00:00Z only"},
		"there is a gap":                                   {nil, []evidence.Span{span(evidence.FromLog, -5, 4, "a file is gone"), span(evidence.FromLog, 5, 10, "")}, false, false, "gap after 2026-06-10T16:00:00Z: a file is gone"},
		"spans of two sources close each other's gap":      {nil, []evidence.Span{span(evidence.FromLog, -5, 4, "x"), span(evidence.FromCounter, 3, 10, "")}, true, true, ""},
		"the last step was a minute ago":                   {nil, []evidence.Span{{How: evidence.FromLog, From: hour(-5), To: hour(10).Add(-time.Minute)}}, true, true, ""},
		"it is not watched any more":                       {nil, []evidence.Span{span(evidence.FromLog, -5, 9, "")}, false, false, "it was not watched"},
		"spans in another order":                           {nil, []evidence.Span{span(evidence.FromLog, 4, 10, ""), span(evidence.FromLog, -5, 4, "x")}, true, true, ""},
		"a span within another does not shorten the other": {nil, []evidence.Span{span(evidence.FromLog, -5, 10, ""), span(evidence.FromLog, 1, 2, "x")}, true, true, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			got := evidence.NeverPlain(c.clients, c.spans, hour(0), hour(10))
			if got.Known != c.known || got.Holds != c.holds || !strings.Contains(got.Why, c.why) || got.Why == "" {
				t.Errorf("%+v", got)
			}
		})
	}
}

// FuzzNeverPlain: silence is never safe. It holds only if no row speaks against
// it, and every minute was in some span.
func FuzzNeverPlain(f *testing.F) {
	f.Add([]byte{0, 10, 0, 3, 0, 0}, []byte{0, 3})
	f.Add([]byte{0, 4, 0, 5, 10, 0}, []byte{})
	f.Add([]byte{0, 10, 1}, []byte{2, 3})
	f.Fuzz(func(t *testing.T, spans, rows []byte) {
		var all []evidence.Span
		covered := [11]bool{}
		for n := 0; n+2 < len(spans) && n < 60; n += 3 {
			from, to := int(spans[n]%12)-1, int(spans[n+1]%12)-1
			how := []evidence.How{evidence.FromLog, evidence.FromView, evidence.FromCounter, evidence.FromReport}[spans[n+2]%4]
			all = append(all, span(how, from, to, ""))
			for h := max(from, 0); h < to && how.All(); h++ {
				covered[h] = true
			}
		}
		var clients []evidence.Client
		bad := false
		for n := 0; n+1 < len(rows) && n < 60; n += 2 {
			tls := []evidence.TLS{evidence.Encrypted, evidence.Plain, evidence.Unknown}[rows[n]%3]
			at := int(rows[n+1]%20) - 5
			clients = append(clients, row(tls, at, nil))
			bad = bad || tls != evidence.Encrypted && at >= 0
		}
		got := evidence.NeverPlain(clients, all, hour(0), hour(10))
		for h := range 10 {
			if got.Known && got.Holds && (bad || !covered[h]) {
				t.Fatalf("it is said to hold: %+v with %+v and %+v", got, all, clients)
			}
		}
	})
}
