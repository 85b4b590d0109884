package postgres_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/postgres"
)

// A simulated server tells who came and how, and whom it sent away.
func TestASimulatedInstanceNotesWhoCame(t *testing.T) {
	t.Parallel()
	v := simulate(t, postgres.New(), "15.18", nil) // TLS is forced
	v.host.Sessions = &engine.Sessions{Journal: &engine.Journal{}}
	v.psql("sslmode=disable application_name='SSL enabled'")
	v.psql("sslmode=verify-full application_name=orders")
	v.psql("sslmode=verify-full hostaddr=127.0.0.1 host=other.example") // a name that libpq finds out about after the handshake
	other := simulate(t, postgres.New(), "15.18", nil)
	v.psql("sslmode=verify-ca sslrootcert=" + other.roots)
	if _, err := postgres.New().Looker(t.Context(), engine.Account{Dial: dialer(v.at), Host: "127.0.0.1", Port: v.host.Port, User: "reader", TLS: nil}); !errors.Is(err, engine.ErrTLSRequired) {
		t.Errorf("a plain look: %v", err)
	}
	seen, _, _ := v.host.Sessions.Journal.From(0, 9)
	if len(seen) != 4 {
		t.Fatalf("%+v", seen)
	}
	for n, want := range []engine.Sighting{
		{Kind: engine.SightPlainRefused, User: "app", Database: "orders", Application: "SSL enabled", TLS: engine.TLSPlain, Why: "no encryption"},
		{Kind: engine.SightLogin, User: "app", Database: "orders", Application: "orders", TLS: engine.TLSEncrypted, Version: "TLSv1.3", Why: "asks for no password"},
		{Kind: engine.SightHandshakeFailed, TLS: engine.TLSUnknown, Why: "alert of the client: unknown certificate authority"},
		{Kind: engine.SightPlainRefused, User: "reader", Database: "reader", Application: "dbtls", TLS: engine.TLSPlain, Why: "no encryption"},
	} {
		got := seen[n]
		if !strings.Contains(got.Why, want.Why) {
			t.Errorf("%s: why %q, want %q", strconv.Itoa(n), got.Why, want.Why)
		}
		got.Why, got.At, got.Cipher, got.Source = want.Why, want.At, "", ""
		if got != want {
			t.Errorf("%d: %+v, want %+v", n, seen[n], want)
		}
	}
}
