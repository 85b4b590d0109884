package migration

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// ImportInput is a certificate to import. Exactly one of PEM and Wallet is
// given.
type ImportInput struct {
	Region, Name string
	PEM          string
	Wallet       []byte
	Tags         []inventory.Tag
}

// Certificate is an imported certificate with the bytes of its wallet.
type Certificate struct {
	inventory.ImportedCertificate
	Wallet []byte
}

// ImportCertificate keeps a PEM file or a wallet as it is.
func (s *Service) ImportCertificate(ctx context.Context, by inventory.Caller, in ImportInput) (Certificate, error) {
	now := time.Now()
	c, err := s.imported(in, now)
	if err != nil {
		return Certificate{}, err
	}
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		all, err := tx.ImportedCertificates(c.Region)
		if err != nil {
			return err
		}
		for _, other := range all {
			if strings.EqualFold(other.Name, c.Name) {
				return exists("Certificate", other.Name, other.ARN)
			}
		}
		if len(all) >= maxCertificates {
			return fault.New(QuotaExceeded, "There are %d certificates in %s, the most there can be; delete those that no endpoint uses", len(all), c.Region)
		}
		if err := tx.InsertImportedCertificate(c); err != nil {
			return err
		}
		events := []store.Event{event(c.Region, SourceCertificate, c.Name, c.ARN, now, Creation, "Certificate imported")}
		for _, w := range c.Warnings {
			events = append(events, event(c.Region, SourceCertificate, c.Name, c.ARN, now, Notification, "Warning: "+w))
		}
		return tell(tx, now, record(by, "ImportCertificate", c.ARN, now, "%d trusted certificates", c.Trusted), events...)
	})
	return Certificate{c, in.Wallet}, err
}

// imported checks an import and describes it.
func (s *Service) imported(in ImportInput, now time.Time) (inventory.ImportedCertificate, error) {
	var none inventory.ImportedCertificate
	if err := checkIdentifier("CertificateIdentifier", in.Name, maxIdentifier); err != nil {
		return none, err
	}
	if err := checkTags(in.Tags); err != nil {
		return none, err
	}
	var held content
	var err error
	switch {
	case in.PEM == "" && len(in.Wallet) == 0:
		return none, fault.New(fault.InvalidParameter, "Please provide a value for either for CertificatePem or for CertificateWallet.")
	case in.PEM != "" && len(in.Wallet) > 0:
		return none, fault.New(fault.InvalidCombination, "CertificatePem and CertificateWallet are both given; import two certificates, one from each")
	case in.PEM != "":
		held, err = parsePEM(in.PEM)
	default:
		held, err = parseWallet(in.Wallet)
	}
	if err != nil {
		return none, err
	}
	arn, err := s.newARN(inventory.KindCertificate, in.Region, "")
	if err != nil {
		return none, err
	}
	first := held.certs[0]
	c := inventory.ImportedCertificate{
		ARN: arn, Region: in.Region, Name: in.Name, PEM: in.PEM, Size: len(in.PEM) + len(in.Wallet),
		KeyLength: keyLength(first), SigningAlgorithm: signingAlgorithm(first), NotBefore: first.NotBefore.UTC(), NotAfter: first.NotAfter.UTC(),
		Trusted: len(held.certs), Warnings: held.doubts(now), Tags: in.Tags, CreatedAt: now.UTC(),
	}
	if c.IsWallet() {
		c.Sealed = s.Box.Seal(walletLabel(arn), in.Wallet)
	}
	return c, nil
}

func walletLabel(arn string) string { return "wallet " + arn }

// open gives a certificate the bytes of its wallet.
func (s *Service) open(c inventory.ImportedCertificate) (Certificate, error) {
	if !c.IsWallet() {
		return Certificate{ImportedCertificate: c}, nil
	}
	w, err := s.Box.Open(walletLabel(c.ARN), c.Sealed)
	return Certificate{c, w}, err
}

// Certificates lists a region's imports by name.
func (s *Service) Certificates(ctx context.Context, region string) ([]Certificate, error) {
	rows, err := s.Store.Read(ctx).ImportedCertificates(region)
	if err != nil {
		return nil, err
	}
	all := make([]Certificate, 0, len(rows))
	for _, row := range rows {
		c, err := s.open(row)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// DeleteCertificate forgets an import that no endpoint uses.
func (s *Service) DeleteCertificate(ctx context.Context, by inventory.Caller, region, arn string) (Certificate, error) {
	var gone Certificate
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		c, err := s.certificate(tx, region, arn)
		if err != nil {
			return err
		}
		users, err := tx.EndpointsWith(arn)
		if err != nil {
			return err
		}
		if len(users) > 0 {
			var names []string
			for _, e := range users[:min(len(users), 5)] {
				names = append(names, e.Name)
			}
			return fault.New(InvalidState, "Certificate %q is in use by %d endpoints (%s); give them another, or delete them first", c.Name, len(users), strings.Join(names, ", "))
		}
		if gone, err = s.open(c); err != nil {
			return err
		}
		if err := tx.DeleteImportedCertificate(arn); err != nil {
			return err
		}
		now := time.Now()
		return tell(tx, now, record(by, "DeleteCertificate", arn, now, ""), event(region, SourceCertificate, c.Name, arn, now, Deletion, "Certificate deleted"))
	})
	return gone, err
}

// certificate finds an import by ARN.
func (s *Service) certificate(tx *store.Tx, region, arn string) (inventory.ImportedCertificate, error) {
	if err := s.checkARN(inventory.KindCertificate, region, arn); err != nil {
		return inventory.ImportedCertificate{}, err
	}
	c, err := tx.ImportedCertificate(arn)
	if errors.Is(err, store.ErrNotFound) {
		return c, notFound("Certificate", arn)
	}
	return c, err
}
