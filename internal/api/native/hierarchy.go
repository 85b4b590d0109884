package native

import (
	"cmp"
	"crypto/x509"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
)

// Hierarchy is a region's CAs and how they vouch for each other.
type Hierarchy struct {
	Region   string `json:"region"`
	Default  string `json:"default"`
	Override bool   `json:"override"` // somebody chose the default
	CAs      []CA   `json:"cas"`
}

// CA is one of them.
type CA struct {
	ID          string        `json:"id"`
	Root        CACertificate `json:"root"`
	Issuing     CACertificate `json:"issuing"`
	AutoRotates bool          `json:"auto_rotates"`
	Databases   int           `json:"databases"`
	Crosses     []Cross       `json:"crosses"` // of its root, by others'
}

// Cross is a root signed by another CA's root: the bridge of a change.
type Cross struct {
	Subject  string    `json:"subject"` // identifiers of CAs
	Issuer   string    `json:"issuer"`
	NotAfter time.Time `json:"not_after"`
}

// CACertificate is a CA's certificate for people.
type CACertificate struct {
	Subject   string    `json:"subject"` // RFC 2253
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	Key       string    `json:"key"`
	KeyBits   int       `json:"key_bits"`
	SHA1      string    `json:"sha1"`
	SHA256    string    `json:"sha256"`
	PEM       string    `json:"pem"`
}

// getHierarchy shows a region's CAs.
func getHierarchy(a *API, c *call) (any, error) {
	ctx, region, now := c.r.Context(), c.caller.Region, time.Now()
	cas := a.Fleet.Authority
	if err := cas.Await(ctx, region); err != nil {
		return nil, err
	}
	out := Hierarchy{Region: region, CAs: []CA{}}
	var err error
	if out.Default, out.Override, err = cas.Default(ctx, region, now); err != nil {
		return nil, err
	}
	all, err := a.Store.Read(ctx).Instances(region, "", 0)
	if err != nil {
		return nil, err
	}
	using := map[string]int{}
	for _, i := range all {
		using[i.Leaf.CA]++
	}
	list := cas.List(region, now)
	for _, ca := range list {
		row := CA{ID: ca.ID, Root: shownCA(ca.Root), Issuing: shownCA(ca.Issuing), AutoRotates: ca.AutoRotates, Databases: using[ca.ID], Crosses: []Cross{}}
		for _, other := range list {
			if cross, err := cas.Cross(region, ca.ID, other.ID); err == nil && cross != nil {
				row.Crosses = append(row.Crosses, Cross{ca.ID, other.ID, cross.NotAfter})
			}
		}
		out.CAs = append(out.CAs, row)
	}
	slices.SortFunc(out.CAs, func(x, y CA) int { return cmp.Compare(x.ID, y.ID) })
	return out, nil
}

func shownCA(cert *x509.Certificate) CACertificate {
	kind, bits := pki.KeyOf(cert)
	return CACertificate{Subject: cert.Subject.String(), NotBefore: cert.NotBefore, NotAfter: cert.NotAfter, Key: kind, KeyBits: bits,
		SHA1: pki.Thumbprint(cert), SHA256: pki.Fingerprint(cert), PEM: string(pki.EncodeCertsPEM(cert))}
}
