package mysql_test

import (
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
)

// A simulated server tells who came and how, and whom it sent away.
func TestSimulatorNotesWhoCame(t *testing.T) {
	t.Parallel()
	for name, product := range products() {
		on := parameter(t, product.engine.Spec, product.version, "require_secure_transport").Allowed[1]
		open := play(t, product.engine, product.version, nil)
		forced := play(t, product.engine, product.version, map[string]string{"require_secure_transport": on})
		open.client(t, "--skip-ssl", "orders")
		open.client(t, "--ssl", "--ssl-ca="+open.ca, "--ssl-verify-server-cert")
		open.client(t, "--ssl", "--ssl-ca="+open.other, "--ssl-verify-server-cert")
		forced.client(t, "--skip-ssl")
		for range 3 {
			<-open.ended
		}
		<-forced.ended
		seen, _, _ := open.Sessions.Journal.From(0, 9)
		refused, _, _ := forced.Sessions.Journal.From(0, 9)
		if seen = append(seen, refused...); len(seen) != 4 {
			t.Fatalf("%s: %+v", name, seen)
		}
		for n, want := range []engine.Sighting{
			{Kind: engine.SightLogin, User: "me", Database: "orders", TLS: engine.TLSPlain},
			{Kind: engine.SightLogin, User: "me", TLS: engine.TLSEncrypted},
			{Kind: engine.SightHandshakeFailed, TLS: engine.TLSUnknown},
			{Kind: engine.SightPlainRefused, User: "me", TLS: engine.TLSPlain},
		} {
			got := seen[n]
			if got.Kind != want.Kind || got.User != want.User || got.Database != want.Database || got.TLS != want.TLS || got.Source != "127.0.0.1" ||
				(got.User != "" && got.Application != "mysql") || (got.TLS == engine.TLSEncrypted) != (got.Version != "" && got.Cipher != "") || got.Why == "" {
				t.Errorf("%s: %+v, want %+v", name, got, want)
			}
		}
	}
}

// What is said of forcing TLS is of a parameter that there is.
func TestForcedTLSIsAParameterOfTheVersion(t *testing.T) {
	t.Parallel()
	for name, product := range products() {
		f := product.engine.Spec.Force(product.version)
		if f == nil {
			t.Errorf("%s cannot be forced", name)
			continue
		}
		p := parameter(t, product.engine.Spec, product.version, f.Parameter)
		if p.Default != f.Off || len(p.Allowed) != 2 || p.Allowed[0] != f.Off || p.Allowed[1] != f.On || f.Upgrades || f.Refusal == "" || f.Means == "" {
			t.Errorf("%s: %+v of %+v", name, f, p)
		}
	}
	for _, c := range []struct{ name, version string }{{"mariadb", "10.3.39"}, {"mariadb", "10.5.1"}, {"mysql", "5.7.7"}} {
		for _, product := range products() {
			if product.engine.Name() == c.name && product.engine.Spec.Force(c.version) != nil {
				t.Errorf("%s %s has no such parameter", c.name, c.version)
			}
		}
	}
}
