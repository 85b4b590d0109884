package store

import (
	"crypto/x509"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/pki"
)

// Change is what became of one certificate.
type Change struct {
	Entry Entry
	Done  bool // false: it was there already, under this alias
}

// Holds tells whether the very certificate is in the store.
func (s Store) Holds(c *x509.Certificate) bool { return s.index(c) >= 0 }

func (s Store) index(c *x509.Certificate) int {
	return slices.IndexFunc(s.Entries, func(e Entry) bool { return e.Cert.Equal(c) })
}

// Add puts certificates in behind those that are there and takes nothing away.
// A certificate that is there already stays as it is. alias names the one
// certificate that is added; of several, each gets it with its own ending; ""
// is MakeAlias. An alias that another certificate has is refused.
func (s Store) Add(certs []*x509.Certificate, alias string) (Store, []Change, error) {
	if alias != "" {
		if !s.Format.HasAliases() {
			return s, nil, bad("format %q keeps no aliases; leave the alias out, or use pkcs12 or jks", s.Format)
		}
		var err error
		if alias, err = cleanAlias(alias); err != nil {
			return s, nil, err
		}
	}
	s.Entries = slices.Clone(s.Entries)
	var changes []Change
	for _, c := range certs {
		if i := s.index(c); i >= 0 {
			changes = append(changes, Change{Entry: s.Entries[i], Done: s.Entries[i].Ignored})
			s.Entries[i].Ignored = false
			continue
		}
		e := Entry{Alias: s.freeAlias(c), Cert: c}
		if alias != "" {
			if e.Alias = alias; len(certs) > 1 {
				e.Alias = alias + "-" + pki.Fingerprint(c)[:8]
			}
			if i := s.find(e.Alias); i >= 0 {
				return s, nil, bad("the alias %q already names %q (SHA-256 %s); nothing is replaced: choose another alias, or remove that entry first", e.Alias, s.Entries[i].Cert.Subject, pki.Fingerprint(s.Entries[i].Cert))
			}
		}
		s.Entries = append(s.Entries, e)
		changes = append(changes, Change{Entry: e, Done: true})
	}
	return s, changes, nil
}

// Remove takes out the entries that the selectors name: an alias, or a SHA-1
// or SHA-256 fingerprint in hexadecimal with or without colons. A selector
// that fits nothing is refused, and so is taking out the last certificate.
func (s Store) Remove(selectors ...string) (Store, []Entry, error) {
	var removed []Entry
	for _, sel := range selectors {
		found := s.Select(sel)
		if len(found) == 0 {
			return s, nil, bad("no entry of the trust store has the alias or fingerprint %q; dbtls truststore list shows them", sel)
		}
		removed = append(removed, found...)
		s.Entries = slices.DeleteFunc(slices.Clone(s.Entries), func(e Entry) bool { return e.matches(sel) })
	}
	if len(s.Entries) == 0 {
		return s, nil, bad("that would leave the trust store empty, which Java refuses to load; delete the file instead if that is what you want")
	}
	return s, removed, nil
}

// Select lists the entries that a selector of Remove names.
func (s Store) Select(selector string) []Entry {
	return slices.DeleteFunc(slices.Clone(s.Entries), func(e Entry) bool { return !e.matches(selector) })
}

func (e Entry) matches(selector string) bool {
	print := strings.ToLower(strings.ReplaceAll(selector, ":", ""))
	return sameAlias(e.Alias, selector) || print == pki.Fingerprint(e.Cert) || print == pki.Thumbprint(e.Cert)
}

// Diff lists the entries that only one of two stores has, by certificate:
// aliases, dates and order do not matter.
func Diff(a, b Store) (onlyA, onlyB []Entry) {
	return without(a, b), without(b, a)
}

func without(a, b Store) []Entry {
	var out []Entry
	for _, e := range a.Entries {
		if !b.Holds(e.Cert) {
			out = append(out, e)
		}
	}
	return out
}
