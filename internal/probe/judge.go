package probe

import (
	"crypto/x509"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
)

// Verify decides what a client in that mode, trusting exactly roots and
// connecting to name, would decide about what was observed. The rules and the
// error are pki.Verify's.
func (o *Observation) Verify(roots []*x509.Certificate, mode pki.SSLMode, name string, now time.Time) error {
	return pki.Verify(o.Chain, roots, mode, name, now)
}
