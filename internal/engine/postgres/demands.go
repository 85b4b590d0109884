package postgres

import (
	"crypto/tls"
	"fmt"

	"github.com/dbtls/dbtls/internal/engine/discover"
)

// demands are those of a simulated server, from the terms that a real one is
// told. TLS 1.2 is the least there, as for real ones, also of versions before
// 12 that have no parameter for it.
func (p product) demands(version string, values map[string]string) (Demands, error) {
	t, _ := p.terms(version, values) // what was left out was refused when it was set
	suites, err := goCiphers(t.ciphers)
	if err != nil {
		return Demands{}, err
	}
	d := Demands{Force: t.force, Exceptions: t.exceptions, Min: tls.VersionTLS12, Suites: suites, Curves: curves(version)}
	if t.min == tls13 {
		d.Min = tls.VersionTLS13
	}
	if t.max == tls12 {
		d.Max = tls.VersionTLS12
	}
	if len(suites) == 0 && d.Min < tls.VersionTLS13 {
		// With TLS 1.3 alone it would be another server than the one asked for.
		return Demands{}, fmt.Errorf("a simulated instance has none of the suites of %s %q; add one with ECDHE and GCM, such as ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256", paramCiphers, t.ciphers)
	}
	return d, nil
}

// curves are the server's default ssl_ecdh_curve, since version 18 ssl_groups.
func curves(version string) []tls.CurveID {
	if discover.AtLeast(version, "18") {
		return []tls.CurveID{tls.X25519, tls.CurveP256}
	}
	return []tls.CurveID{tls.CurveP256}
}

// refusedPlain is the server's text for a session that no line of pg_hba.conf
// matches. Version 14 changed the words at its end.
func refusedPlain(version string, s Startup) string {
	end := "no encryption"
	if !discover.AtLeast(version, "14") {
		end = "SSL off"
	}
	return NoEntry(s, end)
}

// NoEntry is the server's text for a session that no line of pg_hba.conf
// matches; end is what it says of the encryption.
func NoEntry(s Startup, end string) string {
	if s.Replication {
		return fmt.Sprintf("no pg_hba.conf entry for replication connection from host %s, user %s, %s", quoted(s.Client), quoted(s.User), end)
	}
	return fmt.Sprintf("no pg_hba.conf entry for host %s, user %s, database %s, %s", quoted(s.Client), quoted(s.User), quoted(s.Database), end)
}

// quoted is the server's way to quote in messages: nothing is escaped.
func quoted(s string) string { return `"` + s + `"` }
