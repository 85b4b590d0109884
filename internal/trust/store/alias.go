package store

import (
	"crypto/x509"
	"slices"
	"strings"
	"unicode"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
)

// MakeAlias is the alias that a certificate gets everywhere and always: its
// common name (or organization) and the first eight hexadecimal digits of its
// SHA-256. Two CAs of one name thus never meet, in whatever order they come.
func MakeAlias(c *x509.Certificate) string { return aliasBase(c) + "-" + pki.Fingerprint(c)[:8] }

func aliasBase(c *x509.Certificate) string {
	name := c.Subject.CommonName
	if name == "" {
		name = strings.Join(append(slices.Clone(c.Subject.OrganizationalUnit), c.Subject.Organization...), " ")
	}
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case b.Len() >= 64:
		case r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	if base := strings.Trim(b.String(), "-"); base != "" {
		return base
	}
	return "ca"
}

// freeAlias is MakeAlias, longer if another entry has taken that.
func (s Store) freeAlias(c *x509.Certificate) string {
	print := pki.Fingerprint(c)
	for n := 8; n < len(print); n += 8 {
		if a := aliasBase(c) + "-" + print[:n]; s.find(a) < 0 {
			return a
		}
	}
	return aliasBase(c) + "-" + print
}

// find returns the index of the entry of that alias, -1 for none. Java does
// not tell capitals from small letters.
func (s Store) find(alias string) int {
	return slices.IndexFunc(s.Entries, func(e Entry) bool { return sameAlias(e.Alias, alias) })
}

// sameAlias compares as Java does, which is not Unicode's folding.
func sameAlias(a, b string) bool {
	//lint:ignore SA6005 folding would take more aliases for one than Java does
	return strings.ToLower(a) == strings.ToLower(b)
}

// checkAliases refuses what Java would lose: of two entries of one alias it
// keeps the last.
func (s Store) checkAliases() error {
	seen := make(map[string]bool, len(s.Entries))
	for _, e := range s.Entries {
		key := strings.ToLower(e.Alias)
		if seen[key] {
			return bad("the alias %q is there twice, and Java would keep only the last of them; rename one with keytool -changealias", e.Alias)
		}
		seen[key] = true
	}
	return nil
}

// cleanAlias checks an alias that a person chose and puts it into the form
// that Java shows.
func cleanAlias(alias string) (string, error) {
	a := strings.ToLower(strings.TrimSpace(alias))
	if a == "" || len(a) > 200 || strings.ContainsFunc(a, unicode.IsControl) {
		return "", fault.New(fault.InvalidParameter, "the alias %q is refused: use 1 to 200 printable characters", alias)
	}
	return a, nil
}
