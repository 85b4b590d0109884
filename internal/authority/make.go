package authority

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/store"
)

// retryAfter is the pause before CAs are tried again: a full disk or a clock
// that is wrong is not for ever.
const retryAfter = 5 * time.Second

// Run makes what is missing: the CAs of every enabled region, quick keys
// first, then their cross-certificates, so that root keys can later go
// offline. It returns when all are complete or ctx ends. Call it once.
func (a *Service) Run(ctx context.Context) {
	for _, region := range a.opts.Regions {
		for ctx.Err() == nil {
			err := a.completeRegion(ctx, region)
			a.failMu.Lock()
			a.failed = err
			a.failMu.Unlock()
			if err == nil {
				break
			}
			a.log.Error("make CAs", "region", region, "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(retryAfter):
			}
		}
	}
	if ctx.Err() == nil {
		close(a.made)
	}
}

func (a *Service) completeRegion(ctx context.Context, region string) error {
	for _, p := range quickFirst() {
		if err := a.makeCA(ctx, p, region); err != nil {
			return fmt.Errorf("make CA %q: %w", p.ID, err)
		}
	}
	if err := a.makeCrosses(ctx, region); err != nil {
		return fmt.Errorf("make cross-certificates: %w", err)
	}
	a.announce()
	return nil
}

// quickFirst orders profiles by what their keys cost to make.
func quickFirst() []pki.Profile {
	cost := map[pki.KeySpec]int{pki.ECC256: 0, pki.ECC384: 1, pki.RSA2048: 2, pki.RSA4096: 3}
	ps := pki.Profiles()
	slices.SortStableFunc(ps, func(x, y pki.Profile) int { return cost[x.Key] - cost[y.Key] })
	return ps
}

// makeCA makes a CA's root and issuing CA where they are missing. A root is
// stored before anything is signed with it.
func (a *Service) makeCA(ctx context.Context, p pki.Profile, region string) error {
	v := a.view.Load()
	rootKey := caKey{rootKind, p.ID, p.RootScope(region)}
	issuingKey := caKey{issuingKind, p.ID, region}
	if _, ok := v.cas[rootKey]; !ok {
		if err := a.makeRoot(ctx, p, region, rootKey); err != nil {
			return err
		}
	}
	if _, ok := v.cas[issuingKey]; ok {
		return nil
	}
	root, err := a.rootCA(ctx, p, region)
	if err != nil {
		return err
	}
	now := time.Now()
	if !now.Before(root.Cert.NotAfter) {
		return nil // a region enabled after the root's end goes without this CA
	}
	if err := a.guard.Check(ctx); err != nil {
		return err
	}
	key, err := pki.GenerateKey(p.Key)
	if err != nil {
		return err
	}
	issuing, err := pki.NewIssuing(root, p, region, key, now)
	if err != nil {
		return err
	}
	return a.keep(ctx, issuingKey, issuing, now)
}

func (a *Service) makeRoot(ctx context.Context, p pki.Profile, region string, k caKey) error {
	if err := a.guard.Check(ctx); err != nil {
		return err
	}
	key, err := pki.GenerateKey(p.Key)
	if err != nil {
		return err
	}
	now := time.Now()
	from, to := validity(p, a.opts.Life2019, now)
	root, err := pki.NewRoot(p, region, key, from, to)
	if err != nil {
		return err
	}
	return a.keep(ctx, k, root, now)
}

// validity of a new root. rds-ca-2019 can be made so that little of its life
// remains: it then began years ago, as the real one would have.
func validity(p pki.Profile, life2019 time.Duration, now time.Time) (from, to time.Time) {
	if p.Shared && life2019 > 0 {
		to = now.Add(life2019)
		return to.AddDate(-p.Years, 0, 0), to
	}
	from = now.Add(-pki.Backdate)
	return from, p.NotAfter(from)
}

// keep stores a new CA with its key sealed. If a crash or another call stored
// one first, that one stands.
func (a *Service) keep(ctx context.Context, k caKey, ca pki.CA, now time.Time) error {
	raw, err := pki.MarshalKey(ca.Key)
	if err != nil {
		return err
	}
	row := store.CARow{Kind: k.kind, CA: k.ca, Scope: k.scope, Cert: ca.Cert.Raw, Sealed: a.box.Seal(k.keyLabel(), raw)}
	err = a.store.Write(ctx, func(tx *store.Tx) error {
		added, err := tx.InsertCA(row)
		if err != nil || !added {
			return err
		}
		return tx.Audit(store.AuditRecord{At: now, Actor: "dbtls", Action: "make " + k.kind + " CA", Target: k.ca,
			Detail: fmt.Sprintf("%s, SHA-256 %s, until %s", ca.Cert.Subject, pki.Fingerprint(ca.Cert), ca.Cert.NotAfter.UTC().Format(time.RFC3339))})
	})
	if err != nil {
		return fmt.Errorf("store CA: %w", err)
	}
	return a.reload(ctx)
}

// makeCrosses signs every root of a region with every other.
func (a *Service) makeCrosses(ctx context.Context, region string) error {
	roots := map[string]pki.CA{}
	for _, p := range pki.Profiles() {
		ca, ok := a.Get(region, p.ID)
		if !ok || ca.ExpiredAt(time.Now()) {
			continue // nothing bridges to or from a CA that has ended
		}
		root := pki.CA{Cert: ca.Root}
		if a.crossesMissing(region, p.ID) {
			var err error
			if root, err = a.rootCA(ctx, p, region); err != nil {
				return err
			}
		}
		roots[p.ID] = root
	}
	for issuer, ca := range roots {
		for subject, other := range roots {
			if err := a.makeCross(ctx, crossKey{region, subject, issuer}, other, ca); err != nil {
				return err
			}
		}
	}
	return a.reload(ctx)
}

// crossesMissing reports whether the CA still has to sign another root.
func (a *Service) crossesMissing(region, issuer string) bool {
	for _, p := range pki.Profiles() {
		if _, err := a.Cross(region, p.ID, issuer); err != nil && p.ID != issuer {
			return true
		}
	}
	return false
}

func (a *Service) makeCross(ctx context.Context, k crossKey, subject, issuer pki.CA) error {
	if k.subject == k.issuer || a.view.Load().crosses[k] != nil {
		return nil
	}
	if err := a.guard.Check(ctx); err != nil {
		return err
	}
	now := time.Now()
	cert, err := pki.Cross(subject.Cert, issuer, now)
	if fault.CodeOf(err) == fault.Unavailable {
		return nil // one of the two ended this moment
	}
	if err != nil {
		return err
	}
	return a.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.InsertCross(store.CrossRow{Region: k.region, Subject: k.subject, Issuer: k.issuer, Cert: cert.Raw}); err != nil {
			return err
		}
		return tx.Audit(store.AuditRecord{At: now, Actor: "dbtls", Action: "sign cross-certificate", Target: k.subject,
			Detail: fmt.Sprintf("by %s in %s, serial %s", k.issuer, k.region, pki.SerialHex(cert))})
	})
}

// announce opens the gate of every region that is complete.
func (a *Service) announce() {
	for region, ready := range a.ready {
		if !a.complete(region) {
			continue
		}
		select {
		case <-ready:
		default:
			close(ready)
		}
	}
}

func (a *Service) complete(region string) bool {
	now := time.Now()
	var live []string
	for _, p := range pki.Profiles() {
		ca, ok := a.Get(region, p.ID)
		switch {
		case ok && !ca.ExpiredAt(now):
			live = append(live, p.ID)
		case !ok && !a.rootExpired(p, region, now):
			return false
		}
	}
	for _, x := range live {
		for _, y := range live {
			if _, err := a.Cross(region, x, y); x != y && err != nil {
				return false
			}
		}
	}
	return true
}

func (a *Service) rootExpired(p pki.Profile, region string, now time.Time) bool {
	root, ok := a.view.Load().cas[caKey{rootKind, p.ID, p.RootScope(region)}]
	return ok && !now.Before(root.Cert.NotAfter)
}
