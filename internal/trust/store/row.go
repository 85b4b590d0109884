package store

import (
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
)

// Row is an entry as it is shown. Fingerprints are in the form keytool and
// openssl print: upper-case hexadecimal with colons.
type Row struct {
	Alias     string    `json:"alias"`
	Subject   string    `json:"subject"` // RFC 2253
	Issuer    string    `json:"issuer"`
	Serial    string    `json:"serial"`
	SHA1      string    `json:"sha1"`
	SHA256    string    `json:"sha256"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	Days      int       `json:"days"` // whole days left, negative when expired
	CA        bool      `json:"ca"`
	Algorithm string    `json:"algorithm"`
	Warning   string    `json:"warning,omitempty"`
}

// Rows lists the entries as they are shown at a time.
func (s Store) Rows(now time.Time) []Row {
	rows := make([]Row, len(s.Entries))
	for i, e := range s.Entries {
		rows[i] = e.Row(now)
	}
	return rows
}

// Row is the entry as it is shown at a time.
func (e Entry) Row(now time.Time) Row {
	c := e.Cert
	return Row{Alias: e.Alias, Subject: c.Subject.String(), Issuer: c.Issuer.String(), Serial: pki.SerialHex(c),
		SHA1: colons(pki.Thumbprint(c)), SHA256: colons(pki.Fingerprint(c)),
		NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(), Days: int(c.NotAfter.Sub(now).Hours() / 24),
		CA: c.IsCA, Algorithm: c.PublicKeyAlgorithm.String(), Warning: e.warning(now)}
}

func colons(print string) string {
	var pairs []string
	for i := 0; i+1 < len(print); i += 2 {
		pairs = append(pairs, strings.ToUpper(print[i:i+2]))
	}
	return strings.Join(pairs, ":")
}
