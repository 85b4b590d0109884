package watch

import (
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/evidence"
)

// keyOf is the row that a sighting belongs to. Engines have made what a client
// chose fit to print; here it is cut once more, whoever they are.
func keyOf(s engine.Sighting, how evidence.How) evidence.Key {
	k := evidence.Key{
		Kind: evidence.Login, How: how,
		User: engine.Printable(s.User), Source: engine.Printable(s.Source), Application: engine.Printable(s.Application), Name: engine.Printable(s.Database),
		TLS: evidence.Unknown, Version: engine.Printable(s.Version), Cipher: engine.Printable(s.Cipher),
		Own: s.Own, Internal: s.Internal,
	}
	switch s.TLS {
	case engine.TLSPlain:
		k.TLS = evidence.Plain
	case engine.TLSEncrypted:
		k.TLS = evidence.Encrypted
	}
	switch s.Kind {
	case engine.SightPlainRefused:
		k.Kind, k.TLS = evidence.PlainRefused, evidence.Plain
	case engine.SightHandshakeFailed:
		k.Kind = evidence.HandshakeFailed
	}
	if k.Kind != evidence.Login || k.TLS == evidence.Unknown && !k.Internal {
		k.Why = engine.Printable(s.Why)
	}
	return k
}

// fromLog counts what a log tells. Of a log that is blind, logins of which it does
// not prove how they were are left out: looks at the sessions tell of them.
func fromLog(seen []engine.Sighting, blind bool, now time.Time) []evidence.Client {
	var t evidence.Tally
	for _, s := range seen {
		k := keyOf(s, evidence.FromLog)
		if blind && k.Kind == evidence.Login && k.TLS == evidence.Unknown {
			continue
		}
		at := s.At
		if at.IsZero() {
			at = now
		}
		t.Add(k, at, max(s.Count, 1))
	}
	return t.Rows()
}
