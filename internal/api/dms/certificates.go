package dms

import (
	"strings"

	"github.com/dbtls/dbtls/internal/awswire/jsonrpc"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/migration"
)

// certificate is the shape Certificate.
type certificate struct {
	CertificateIdentifier   string
	CertificateCreationDate jsonrpc.Time
	CertificatePem          string `json:",omitempty"`
	CertificateWallet       []byte `json:",omitempty"`
	CertificateArn          string
	CertificateOwner        string
	ValidFromDate           jsonrpc.Time
	ValidToDate             jsonrpc.Time
	SigningAlgorithm        string
	KeyLength               int
}

type certificateReply struct{ Certificate certificate }

func (a *API) certificate(c migration.Certificate) certificate {
	return certificate{
		CertificateIdentifier: c.Name, CertificateCreationDate: jsonrpc.Time{Time: c.CreatedAt},
		CertificatePem: c.PEM, CertificateWallet: c.Wallet, CertificateArn: c.ARN, CertificateOwner: a.Account,
		ValidFromDate: jsonrpc.Time{Time: c.NotBefore}, ValidToDate: jsonrpc.Time{Time: c.NotAfter},
		SigningAlgorithm: c.SigningAlgorithm, KeyLength: c.KeyLength,
	}
}

func importCertificate(a *API, c *call) (any, error) {
	in := migration.ImportInput{Region: c.region()}
	var err error
	if in.Name, err = c.p.Required("CertificateIdentifier"); err != nil {
		return nil, err
	}
	if in.PEM, _, err = c.p.String("CertificatePem"); err != nil {
		return nil, err
	}
	if in.Wallet, _, err = c.p.Blob("CertificateWallet"); err != nil {
		return nil, err
	}
	if in.Tags, err = decodeTags(c); err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	made, err := a.Migration.ImportCertificate(c.ctx, c.by(), in)
	return certificateReply{a.certificate(made)}, err
}

// describeCertificates lists imports, ten in a page unless asked otherwise.
func describeCertificates(a *API, c *call) (any, error) {
	l, err := list(c, "certificate", certificatePage, filters[migration.Certificate]{
		"certificate-arn": func(c migration.Certificate) string { return c.ARN },
		"certificate-id":  func(c migration.Certificate) string { return c.Name },
	}, func(c migration.Certificate) string { return strings.ToLower(c.Name) }, func() ([]migration.Certificate, error) {
		return a.Migration.Certificates(c.ctx, c.region())
	})
	out := struct {
		Certificates []certificate
		Marker       string `json:",omitempty"`
	}{[]certificate{}, l.marker}
	for _, item := range l.part {
		out.Certificates = append(out.Certificates, a.certificate(item))
	}
	return out, err
}

func deleteCertificate(a *API, c *call) (any, error) {
	arn, err := c.p.Required("CertificateArn")
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	gone, err := a.Migration.DeleteCertificate(c.ctx, c.by(), c.region(), arn)
	return certificateReply{a.certificate(gone)}, err
}

// decodeTags reads Tags.
func decodeTags(c *call) ([]inventory.Tag, error) {
	list, _, err := c.p.Objects("Tags")
	if err != nil {
		return nil, err
	}
	var tags []inventory.Tag
	for _, o := range list {
		key, err := o.Required("Key")
		if err != nil {
			return nil, err
		}
		value, _, err := o.String("Value")
		if err != nil {
			return nil, err
		}
		tags = append(tags, inventory.Tag{Key: key, Value: value})
	}
	return tags, nil
}
