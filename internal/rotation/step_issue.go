package rotation

import (
	"context"
	"crypto/x509"

	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/store"
)

// makeKey has the key made where the database lives; only the request for its
// certificate comes back.
func (r *Runner) makeKey(ctx context.Context, t *turn) (result, error) {
	b, err := r.brakes(ctx)
	if err != nil {
		return result{}, err
	}
	if !t.rot.IsStuck() && Held(b, t.inst.Want, t.rot.Reason) != "" {
		return result{wait: heldWait}, nil // a brake was put on after this was planned
	}
	p, ok := pki.ProfileByID(t.rot.ToCA)
	if !ok {
		return stuck(inventory.StuckKey, "there is no CA "+t.rot.ToCA), nil
	}
	if t.rot.Attempts > 0 {
		// What failed tries left is of no more use; the pair in use stays.
		if err := r.Provider(t.inst).Collect(ctx, Place(t.inst), []string{t.rot.Good, t.rot.Generation}); err != nil {
			r.Log.Warn("remove key pairs of failed tries", "instance", t.inst.Name, "error", err)
		}
	}
	csr, err := r.Provider(t.inst).CSR(ctx, Place(t.inst), t.rot.Generation, p.LeafKey)
	if err != nil {
		return stuck(inventory.StuckKey, err.Error()), nil
	}
	t.rot.CSR = csr
	return result{next: inventory.StepIssue}, nil
}

// issue signs the request. The chain is kept before anything uses it: a crash
// later finds this certificate, not another one.
func (r *Runner) issue(ctx context.Context, t *turn) (result, error) {
	csr, err := x509.ParseCertificateRequest(t.rot.CSR)
	if err != nil {
		return stuck(inventory.StuckIssue, "the certificate request does not parse: "+err.Error()), nil
	}
	names := t.inst.Names()
	dns, ips := pki.SplitNames(names...)
	hot := r.hotReload(t.inst)
	chain, err := r.Authority.Issue(ctx, t.inst.Region, t.rot.ToCA, t.bridgeNow(), csr,
		pki.LeafRequest{CN: names[0], DNSNames: dns, IPs: ips, Life: LeafLife(hot, t.now)}, t.now)
	switch {
	case unavailable(err):
		return result{wait: heldWait}, nil
	case err != nil:
		return stuck(inventory.StuckIssue, err.Error()), nil
	}
	leaf := chain[0]
	t.rot.Chain = nil
	for _, c := range chain {
		t.rot.Chain = append(t.rot.Chain, c.Raw)
	}
	t.rot.Leaf = inventory.Leaf{CA: t.rot.ToCA, Generation: t.rot.Generation, Serial: pki.SerialHex(leaf),
		Names: names, NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter}
	return result{
		next:  inventory.StepStage,
		audit: "serial " + t.rot.Leaf.Serial + " by " + t.rot.ToCA + ", SHA-256 " + pki.Fingerprint(leaf),
		also: func(tx *store.Tx, t *turn) error {
			return tx.InsertLeaf(t.rot.Leaf.Serial, t.inst.ResourceID, t.inst.Region, t.rot.ToCA, leaf.Raw, t.now)
		},
	}, nil
}

// bridgeNow is the CA whose cross-certificate goes into the chain; a bridge
// that ended while the rotation was stuck is left out.
func (t *turn) bridgeNow() string {
	if !t.rot.Bridge.Covers(t.now) {
		t.rot.Bridge = inventory.Bridge{}
	}
	return t.rot.Bridge.CA
}

func (r *Runner) hotReload(i inventory.Instance) bool {
	e, ok := r.Engine(i.Engine)
	return ok && e.Spec.HotReload(i.Version)
}
