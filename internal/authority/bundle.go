package authority

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/trust"
)

// Published is a bundle and when its content last changed.
type Published struct {
	trust.Bundle
	Changed time.Time
}

// RegionBundle is what a client of one region's databases should trust: roots
// and issuing CAs. Cross-certificates are served by the databases, not
// trusted by clients.
func (a *Service) RegionBundle(ctx context.Context, region string, now time.Time) (Published, error) {
	return a.bundle(ctx, []string{region}, now)
}

// GlobalBundle is the union of the enabled regions of a partition. It is
// refused while the CAs of one of them are being made.
func (a *Service) GlobalBundle(ctx context.Context, partition string, now time.Time) (Published, error) {
	return a.bundle(ctx, a.regionsOf(partition), now)
}

// HasPartition reports whether a region of the partition is enabled.
func (a *Service) HasPartition(partition string) bool { return len(a.regionsOf(partition)) > 0 }

func (a *Service) bundle(ctx context.Context, regions []string, now time.Time) (Published, error) {
	var certs []*x509.Certificate
	var changed time.Time
	at := func(t time.Time) {
		if t.After(changed) {
			changed = t
		}
	}
	for _, region := range regions {
		if err := a.Await(ctx, region); err != nil {
			return Published{}, err
		}
		for _, p := range pki.Profiles() {
			ca, ok := a.Get(region, p.ID)
			switch {
			case ok && ca.ExpiredAt(now):
				at(ca.Root.NotAfter) // it left the bundle then
			case ok:
				certs = append(certs, ca.Root, ca.Issuing)
				at(ca.Issuing.NotBefore.Add(pki.Backdate)) // made right after its root
			}
		}
	}
	b, err := trust.NewBundle(certs...)
	return Published{Bundle: b, Changed: changed}, err
}
