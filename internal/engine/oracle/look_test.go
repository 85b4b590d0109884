package oracle

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

// The answers of a server: there is none to ask.
func TestOnlyTheOwnSessionIsKnownToBeEncrypted(t *testing.T) {
	t.Parallel()
	for protocol, want := range map[string]engine.TLSState{"tcps": engine.TLSEncrypted, "TCP": engine.TLSPlain, "ipc": engine.TLSUnknown} {
		answers := map[string][][]string{
			allSessions: {
				{"7", "100", "READER", "dbtls", "host1", "USER", "ORCL", "2026-11-22 10:00:00"},
				{"8", "101", "APP", "sqlplus@h\x1b[2J", "h", "USER", "ORCL", "2026-11-22 10:00:00"},
				{"1", "1", "", "oracle@db (PMON)", "db", "BACKGROUND", "SYS$BACKGROUND", ""},
			},
			ownProtocol: {{protocol}},
			ownSession:  {{"7", "192.0.2.1", "-60"}},
		}
		now := time.Now()
		look, err := lookBy(func(columns int, query string) ([][]string, error) {
			if rows := answers[query]; len(rows) == 0 || len(rows[0]) != columns {
				t.Errorf("a query of %d columns: %s", columns, query)
			}
			return answers[query], nil
		}, now)
		if err != nil {
			t.Fatal(err)
		}
		at, why := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), notToldHere
		own := engine.Sighting{Kind: engine.SightSession, Session: "7,100", At: at, User: "READER", Application: "dbtls on host1", Database: "ORCL", Source: "192.0.2.1", TLS: want, Own: true}
		if want == engine.TLSUnknown {
			own.Why = why
		}
		if !slices.Equal(look.Sessions, []engine.Sighting{
			own,
			{Kind: engine.SightSession, Session: "8,101", At: at, User: "APP", Application: "sqlplus@h?[2J on h", Database: "ORCL", TLS: engine.TLSUnknown, Why: why},
			{Kind: engine.SightSession, Session: "1,1", Application: "oracle@db (PMON)", Database: "SYS$BACKGROUND", TLS: engine.TLSUnknown, Internal: true},
		}) {
			t.Errorf("%s: %+v", protocol, look.Sessions)
		}
		if look.Unknown == "" || !strings.Contains(look.Fix, "listener's log") {
			t.Errorf("unknown %q, fix %q", look.Unknown, look.Fix)
		}
		broken := errors.New("connection is gone")
		for query := range answers {
			if _, err := lookBy(func(_ int, q string) ([][]string, error) {
				if q == query {
					return nil, broken
				}
				return answers[q], nil
			}, now); !errors.Is(err, broken) {
				t.Errorf("%s: %v", query, err)
			}
		}
	}
}

func TestNamesAreWrittenAsTheServerKeepsThem(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"app": "APP", "app_1$#": "APP_1$#", "my app": `"my app"`, `a"; DROP USER x --`: `"a; DROP USER x --"`, "1a": `"1a"`} {
		if got := identifier(name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

func FuzzPart(f *testing.F) {
	f.Add("(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=ORCL)(CID=(PROGRAM=sqlplus)(HOST=h)(USER=me))))", "PROGRAM")
	f.Add("(program = x", "PROGRAM")
	f.Add("((((", "")
	f.Fuzz(func(t *testing.T, descriptor, name string) {
		if got := part(descriptor, name); !strings.Contains(descriptor, got) {
			t.Errorf("part %q of %q is %q", name, descriptor, got)
		}
	})
}

func TestPartsOfADescriptorAreFound(t *testing.T) {
	t.Parallel()
	const descriptor = "(DESCRIPTION=(ADDRESS=(PORT=2484))(CONNECT_DATA=(SERVICE_NAME=ORCL)(CID=(Program = sqlplus )(HOST=h))))"
	for name, want := range map[string]string{"PROGRAM": "sqlplus", "SERVICE_NAME": "ORCL", "USER": ""} {
		if got := part(descriptor, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
