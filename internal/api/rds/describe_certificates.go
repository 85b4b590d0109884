package rds

import (
	"time"

	"github.com/dbtls/dbtls/internal/authority"
	"github.com/dbtls/dbtls/internal/awswire/query"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
)

// describeCertificates lists a region's CAs; one that has expired is gone, as
// on AWS.
func describeCertificates(a *API, c *call) ([]byte, error) {
	id, _ := c.p.String("CertificateIdentifier")
	if _, err := query.Filters(c.p); err != nil {
		return nil, err
	}
	page, err := query.ParsePage(c.p)
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	if err := a.Authority.Await(c.ctx, c.caller.Region); err != nil {
		return nil, err
	}
	now := time.Now()
	cas := a.Authority.List(c.caller.Region, now)
	if id != "" {
		ca, err := a.Authority.Usable(c.caller.Region, id, now)
		if err != nil {
			return nil, err
		}
		cas = []authority.CA{ca}
	}
	current, override, err := a.Authority.Default(c.ctx, c.caller.Region, now)
	if err != nil {
		return nil, err
	}
	// Four CAs are one page, whatever the page size; a marker leads nowhere.
	if page.Marker != "" {
		cas = nil
	}
	x := c.reply("DescribeCertificates")
	x.Text("DefaultCertificateForNewLaunches", current)
	x.List("Certificates", "Certificate", len(cas), func(n int) {
		writeCertificate(x, cas[n], override && cas[n].ID == current)
	})
	return x.Finish(), nil
}

// writeCertificate writes a CA's fields. Thumbprint and validity are the
// root's.
func writeCertificate(x *query.XML, ca authority.CA, override bool) {
	x.Text("CertificateIdentifier", ca.ID)
	x.Text("CertificateType", "CA")
	x.Text("Thumbprint", pki.Thumbprint(ca.Root))
	x.Time("ValidFrom", ca.Root.NotBefore)
	x.Time("ValidTill", ca.Root.NotAfter)
	x.Text("CertificateArn", inventory.CertificateARN(ca.Region, ca.ID))
	x.Bool("CustomerOverride", override)
	if override {
		x.Time("CustomerOverrideValidTill", ca.Root.NotAfter)
	}
}
