package redshift

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

// The answer of a server: there is none to ask.
func TestSessionsAreListedAndNoneIsCalledEncrypted(t *testing.T) {
	t.Parallel()
	seen, err := look(func(columns int, query string) ([][]string, error) {
		if columns != 5 || !strings.Contains(query, "stv_sessions") {
			t.Errorf("a query of %d columns: %s", columns, query)
		}
		return [][]string{
			{"11", "1700000000.25", "app    ", "dev  ", "f"}, {"12", "1700000001", "reader", "dev", "t"}, {"13", "", "rdsdb", "dev", "f"},
		}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1700000000, 250_000_000)
	want := []engine.Sighting{
		{Session: "11/1700000000.25", At: at, User: "app"}, {Session: "12/1700000001", At: time.Unix(1700000001, 0), User: "reader", Own: true}, {Session: "13/", User: "rdsdb", Internal: true},
	}
	for n := range want {
		want[n].Kind, want[n].Database, want[n].TLS, want[n].Why = engine.SightSession, "dev", engine.TLSUnknown, notKept
	}
	if !slices.Equal(seen.Sessions, want) || seen.Unknown == "" || !strings.Contains(seen.Fix, "stl_connection_log") {
		t.Errorf("%+v", seen)
	}
	broken := errors.New("connection is gone")
	if _, err := look(func(int, string) ([][]string, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}
