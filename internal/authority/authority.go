// Package authority keeps the certificate authorities of the enabled regions:
// it makes them once, keeps their keys sealed, signs leaves with them and says
// what is trusted. The rules of certificates are internal/pki's; when to issue
// is internal/rotation's.
package authority

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dbtls/dbtls/internal/clock"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/store"
)

// Options are what the CAs of a server depend on.
type Options struct {
	Regions []string // enabled, the server's own first
	// Life2019 is how long rds-ca-2019 lives from the moment it is made; 0 is
	// its full five years. It has no effect on one that exists.
	Life2019 time.Duration
}

// Service holds the CAs. It is safe for concurrent use.
type Service struct {
	store *store.Store
	box   *secrets.Box
	guard *clock.Guard
	log   *slog.Logger
	opts  Options

	view  atomic.Pointer[view]
	ready map[string]chan struct{} // per region, closed when its CAs are complete
	made  chan struct{}            // closed when those of all regions are

	failMu sync.Mutex
	failed error // why making CAs does not get on
}

// CA is one named CA of a region as the API shows it.
type CA struct {
	pki.Profile
	Region  string
	Root    *x509.Certificate
	Issuing *x509.Certificate
}

// ExpiredAt reports whether the CA can no longer sign at t. Root and issuing
// CA end together.
func (c CA) ExpiredAt(t time.Time) bool { return !t.Before(c.Root.NotAfter) }

// New loads the CAs there are. Run makes the missing ones.
func New(ctx context.Context, s *store.Store, box *secrets.Box, guard *clock.Guard, opts Options, log *slog.Logger) (*Service, error) {
	a := &Service{store: s, box: box, guard: guard, log: log, opts: opts, ready: map[string]chan struct{}{}, made: make(chan struct{})}
	for _, r := range opts.Regions {
		a.ready[r] = make(chan struct{})
	}
	if err := a.reload(ctx); err != nil {
		return nil, err
	}
	a.announce()
	return a, nil
}

// Enabled reports whether a region is served.
func (a *Service) Enabled(region string) bool { return a.ready[region] != nil }

// Made is closed when Run has made the CAs of all regions.
func (a *Service) Made() <-chan struct{} { return a.made }

// Regions lists the enabled regions, the server's own first.
func (a *Service) Regions() []string { return a.opts.Regions }

// Await returns when the CAs of a region are complete: a call that needs one
// waits for it, and no bundle is ever served with one missing.
func (a *Service) Await(ctx context.Context, region string) error {
	ready := a.ready[region]
	if ready == nil {
		return fault.New(fault.InvalidParameter, "region %q is not enabled on this server; it serves %s (dbtls serve --regions)",
			region, strings.Join(a.opts.Regions, ", "))
	}
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		a.failMu.Lock()
		defer a.failMu.Unlock()
		return fault.Wrap(a.failed, fault.Unavailable, "the CAs of %s are still being made; try again in a moment", region)
	}
}

// List returns a region's CAs that have not expired at now, in the order of
// the guide. Call Await first.
func (a *Service) List(region string, now time.Time) []CA {
	var all []CA
	for _, p := range pki.Profiles() {
		if ca, ok := a.Get(region, p.ID); ok && !ca.ExpiredAt(now) {
			all = append(all, ca)
		}
	}
	return all
}

// Get returns one CA, expired or not; false when it is unknown.
func (a *Service) Get(region, id string) (CA, bool) {
	p, ok := pki.ProfileByID(id)
	if !ok {
		return CA{}, false
	}
	v := a.view.Load()
	root, ok1 := v.cas[caKey{rootKind, p.ID, p.RootScope(region)}]
	issuing, ok2 := v.cas[caKey{issuingKind, p.ID, region}]
	if !ok1 || !ok2 {
		return CA{}, false
	}
	return CA{Profile: p, Region: region, Root: root.Cert, Issuing: issuing.Cert}, true
}

// Usable is Get for a CA that new leaves may come from: CertificateNotFound
// when it is unknown or has expired.
func (a *Service) Usable(region, id string, now time.Time) (CA, error) {
	ca, ok := a.Get(region, id)
	if !ok {
		return CA{}, fault.New(fault.CertificateNotFound, "Certificate %s not found; describe-certificates lists the CAs of %s", id, region)
	}
	if ca.ExpiredAt(now) {
		return CA{}, fault.New(fault.CertificateNotFound, "Certificate %s not found: it expired %s; describe-certificates lists the CAs of %s",
			ca.ID, ca.Root.NotAfter.UTC().Format(time.RFC3339), region)
	}
	return ca, nil
}

// Default is the CA of new instances in a region: the override, else the
// built-in default. An expired override falls back to the built-in one.
func (a *Service) Default(ctx context.Context, region string, now time.Time) (id string, override bool, err error) {
	id, err = a.store.Read(ctx).Override(region)
	if err != nil {
		return "", false, fmt.Errorf("read default CA of %q: %w", region, err)
	}
	if ca, ok := a.Get(region, id); ok && !ca.ExpiredAt(now) {
		return id, true, nil
	}
	return pki.DefaultCA, false, nil
}

// Cross returns the cross-certificate by which clients that trust only
// issuer's root accept subject's.
func (a *Service) Cross(region, subject, issuer string) (*x509.Certificate, error) {
	c := a.view.Load().crosses[crossKey{region, subject, issuer}]
	if c == nil {
		return nil, fmt.Errorf("no cross-certificate of %q by %q in %q", subject, issuer, region)
	}
	return c, nil
}

// Issue signs a leaf of a region's CA and returns the chain to serve: leaf,
// issuing CA and, with bridge set, the root crossed by bridge's root.
func (a *Service) Issue(ctx context.Context, region, id, bridge string, csr *x509.CertificateRequest, req pki.LeafRequest, now time.Time) ([]*x509.Certificate, error) {
	if err := a.Await(ctx, region); err != nil {
		return nil, err
	}
	if err := a.guard.Check(ctx); err != nil {
		return nil, err
	}
	ca, err := a.Usable(region, id, now)
	if err != nil {
		return nil, err
	}
	signer := a.view.Load().cas[caKey{issuingKind, ca.ID, region}]
	leaf, err := pki.Issue(signer, csr, req, now)
	if err != nil {
		return nil, err
	}
	chain := []*x509.Certificate{leaf, ca.Issuing}
	if bridge != "" {
		cross, err := a.Cross(region, ca.ID, bridge)
		if err != nil {
			return nil, err
		}
		chain = append(chain, cross)
	}
	return chain, nil
}

// Roots returns the roots of CAs of a region, for verification.
func (a *Service) Roots(region string, ids ...string) ([]*x509.Certificate, error) {
	var roots []*x509.Certificate
	for _, id := range ids {
		ca, ok := a.Get(region, id)
		if !ok {
			return nil, fmt.Errorf("no CA %q in %q", id, region)
		}
		roots = append(roots, ca.Root)
	}
	return roots, nil
}

// regionsOf lists the enabled regions of a partition, sorted.
func (a *Service) regionsOf(partition string) []string {
	var rs []string
	for _, r := range a.opts.Regions {
		if pki.Partition(r) == partition {
			rs = append(rs, r)
		}
	}
	slices.Sort(rs)
	return rs
}
