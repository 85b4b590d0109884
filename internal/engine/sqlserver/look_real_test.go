package sqlserver

import (
	"database/sql/driver"
	"errors"
	"slices"
	"testing"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/dbtls/dbtls/internal/engine"
)

// The answers of a whole server to all queries: there is none to ask.
func TestTheViewsOfAServerArePutTogether(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	answers := map[string][][]driver.Value{
		manualQuery: {
			{int64(51), "TRUE", "TCP", "SQL"}, {int64(52), "FALSE", "Shared memory", "NTLM"}, {int64(53), "TRUE", "TCP", "SQL"},
			{int64(53), "FALSE", "Session", "SQL"}, {nil, "TRUE", "TCP", nil}, {int64(54), "maybe", "TCP", "SQL"},
		},
		ownSPID: {{int64(51)}},
		began:   {{int64(3600), int64(-60)}},
		whence:  {{int64(51), start, "192.0.2.7"}, {int64(52), start, "<local machine>"}, {int64(53), start, "192.0.2.8  "}, {int64(99), start, "192.0.2.9"}},
		who:     {{int64(51), "reader", "dbtls", "master"}, {int64(53), "app\x1b[2J", "pad  ", nil}},
	}
	ask := func(columns int, query string) ([][]driver.Value, error) {
		rows, ok := answers[query]
		if !ok || len(rows[0]) != columns {
			t.Errorf("a query of %d columns: %s", columns, query)
		}
		return rows, nil
	}
	look, err := lookBy(ask)
	if err != nil {
		t.Fatal(err)
	}
	at, id := start.Add(-time.Hour), "/2026-11-22T10:00:00.000"
	want := []engine.Sighting{
		{Session: "51" + id, User: "reader", Application: "dbtls", Database: "master", Source: "192.0.2.7", TLS: engine.TLSEncrypted, At: at, Own: true},
		{Session: "52" + id, Source: engine.LocalSource, TLS: engine.TLSPlain, At: at},
		{Session: "53" + id, User: "app?[2J", Application: "pad", Source: "192.0.2.8", TLS: engine.TLSPlain, At: at},
		{Session: "54", TLS: engine.TLSUnknown, Why: "the server does not say whether the session is encrypted"},
	}
	for n := range want {
		want[n].Kind = engine.SightSession
	}
	if !slices.Equal(look.Sessions, want) {
		t.Errorf("got  %+v\nwant %+v", look.Sessions, want)
	}
	if up := time.Since(look.Since); up < time.Hour || up > time.Hour+time.Minute {
		t.Errorf("up for %v", up)
	}
	broken := errors.New("connection is gone")
	for query := range answers {
		_, err := lookBy(func(columns int, q string) ([][]driver.Value, error) {
			if q == query {
				return nil, broken
			}
			return ask(columns, q)
		})
		if !errors.Is(err, broken) {
			t.Errorf("%s: %v", query, err)
		}
	}
	denied := mssql.Error{Number: 3, All: []mssql.Error{{Number: messageDenied}}}
	if !numbered(denied, messageDenied) || numbered(denied, messageForbids) || numbered(broken, 0) {
		t.Error("a permission that is missing is not known by its number")
	}
}
