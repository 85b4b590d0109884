package rds

import "github.com/dbtls/dbtls/internal/fault"

// modifyCertificates sets or removes the region's default CA for new
// instances. Instances that exist keep theirs.
func modifyCertificates(a *API, c *call) ([]byte, error) {
	id, _ := c.p.String("CertificateIdentifier")
	remove, _, err := c.p.Bool("RemoveCustomerOverride")
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	if (id != "") == remove {
		return nil, fault.New(fault.InvalidCombination, "Give either CertificateIdentifier or RemoveCustomerOverride=true")
	}
	ca, err := a.Fleet.SetDefaultCA(c.ctx, c.by(), c.caller.Region, id)
	if err != nil {
		return nil, err
	}
	x := c.reply("ModifyCertificates")
	x.Open("Certificate")
	writeCertificate(x, ca, !remove)
	x.Close("Certificate")
	return x.Finish(), nil
}
