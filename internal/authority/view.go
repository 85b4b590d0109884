package authority

import (
	"context"
	"crypto/x509"
	"fmt"

	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/store"
)

const (
	rootKind    = "root"
	issuingKind = "issuing"
)

type caKey struct{ kind, ca, scope string }

func (k caKey) keyLabel() string { return k.kind + " key of " + k.ca + " in " + k.scope }

type crossKey struct{ region, subject, issuer string }

// view is everything about CAs in memory; it is replaced, never changed. Keys
// of roots are not in it: they are opened for the moment of signing.
type view struct {
	cas     map[caKey]pki.CA
	crosses map[crossKey]*x509.Certificate
}

func (a *Service) reload(ctx context.Context) error {
	v := &view{cas: map[caKey]pki.CA{}, crosses: map[crossKey]*x509.Certificate{}}
	rows, err := a.store.Read(ctx).CAs()
	if err != nil {
		return fmt.Errorf("read CAs: %w", err)
	}
	for _, row := range rows {
		if err := a.load(v, row); err != nil {
			return fmt.Errorf("read %s CA %q of %q: %w", row.Kind, row.CA, row.Scope, err)
		}
	}
	crosses, err := a.store.Read(ctx).Crosses()
	if err != nil {
		return fmt.Errorf("read cross-certificates: %w", err)
	}
	for _, row := range crosses {
		cert, err := x509.ParseCertificate(row.Cert)
		if err != nil {
			return fmt.Errorf("read cross-certificate of %q by %q: %w", row.Subject, row.Issuer, err)
		}
		v.crosses[crossKey{row.Region, row.Subject, row.Issuer}] = cert
	}
	a.view.Store(v)
	return nil
}

func (a *Service) load(v *view, row store.CARow) error {
	cert, err := x509.ParseCertificate(row.Cert)
	if err != nil {
		return err
	}
	key := caKey{row.Kind, row.CA, row.Scope}
	ca := pki.CA{Cert: cert}
	if row.Kind == issuingKind {
		if ca, err = a.openKey(key, cert, row.Sealed); err != nil {
			return err
		}
	}
	v.cas[key] = ca
	return nil
}

// openKey unseals a CA's key and checks that it belongs to the certificate.
func (a *Service) openKey(k caKey, cert *x509.Certificate, sealed []byte) (pki.CA, error) {
	raw, err := a.box.Open(k.keyLabel(), sealed)
	if err != nil {
		return pki.CA{}, err
	}
	key, err := pki.ParseKey(raw)
	if err != nil {
		return pki.CA{}, err
	}
	return pki.CA{Cert: cert, Key: key}, pki.CheckPair(cert, key.Public())
}

// rootCA reads a root with its key from the store.
func (a *Service) rootCA(ctx context.Context, p pki.Profile, region string) (pki.CA, error) {
	k := caKey{rootKind, p.ID, p.RootScope(region)}
	rows, err := a.store.Read(ctx).CAs()
	if err != nil {
		return pki.CA{}, err
	}
	for _, row := range rows {
		if (caKey{row.Kind, row.CA, row.Scope}) == k {
			cert, err := x509.ParseCertificate(row.Cert)
			if err != nil {
				return pki.CA{}, err
			}
			return a.openKey(k, cert, row.Sealed)
		}
	}
	return pki.CA{}, fmt.Errorf("no root %q for %q", p.ID, region)
}
