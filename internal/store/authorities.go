package store

import (
	"database/sql"
)

// CARow is one signing certificate with its sealed key. Scope is a region, or
// a partition for a root that all its regions share.
type CARow struct {
	Kind, CA, Scope string // Kind: "root" or "issuing"
	Cert, Sealed    []byte
	ExpiryTold      bool // its end was announced in an event
}

// CrossRow is a cross-certificate: subject's root signed by issuer's root.
type CrossRow struct {
	Region, Subject, Issuer string
	Cert                    []byte
}

// CAs lists every signing certificate.
func (t *Tx) CAs() ([]CARow, error) {
	var all []CARow
	err := t.rows(`SELECT kind, ca, scope, cert, sealed, expiry_told FROM cas`, nil, func(r *sql.Rows) error {
		var c CARow
		err := r.Scan(&c.Kind, &c.CA, &c.Scope, &c.Cert, &c.Sealed, &c.ExpiryTold)
		all = append(all, c)
		return err
	})
	return all, err
}

// InsertCA adds a signing certificate; one that is there stays (false).
func (t *Tx) InsertCA(c CARow) (bool, error) {
	n, err := t.exec(`INSERT INTO cas (kind, ca, scope, cert, sealed) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING`,
		c.Kind, c.CA, c.Scope, c.Cert, c.Sealed)
	return n > 0, err
}

// MarkExpiryTold remembers that a CA's end was announced; false when it was
// before.
func (t *Tx) MarkExpiryTold(kind, ca, scope string) (bool, error) {
	n, err := t.exec(`UPDATE cas SET expiry_told=1 WHERE kind=? AND ca=? AND scope=? AND expiry_told=0`, kind, ca, scope)
	return n > 0, err
}

// Crosses lists every cross-certificate.
func (t *Tx) Crosses() ([]CrossRow, error) {
	var all []CrossRow
	err := t.rows(`SELECT region, subject, issuer, cert FROM crosses`, nil, func(r *sql.Rows) error {
		var c CrossRow
		err := r.Scan(&c.Region, &c.Subject, &c.Issuer, &c.Cert)
		all = append(all, c)
		return err
	})
	return all, err
}

// InsertCross adds a cross-certificate; one that is there stays.
func (t *Tx) InsertCross(c CrossRow) error {
	_, err := t.exec(`INSERT INTO crosses (region, subject, issuer, cert) VALUES (?,?,?,?) ON CONFLICT DO NOTHING`,
		c.Region, c.Subject, c.Issuer, c.Cert)
	return err
}

// Override is a region's default CA set by ModifyCertificates, "" for none.
func (t *Tx) Override(region string) (string, error) {
	var ca string
	err := t.one(`SELECT ca FROM overrides WHERE region=?`, []any{region}, &ca)
	if err == ErrNotFound {
		return "", nil
	}
	return ca, err
}

// SetOverride sets a region's default CA; "" removes it.
func (t *Tx) SetOverride(region, ca string) error {
	if ca == "" {
		_, err := t.exec(`DELETE FROM overrides WHERE region=?`, region)
		return err
	}
	_, err := t.exec(`INSERT INTO overrides (region, ca) VALUES (?,?) ON CONFLICT (region) DO UPDATE SET ca=excluded.ca`, region, ca)
	return err
}
