package rotation

import (
	"bytes"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/authority"
	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/store"
)

// Found is a certificate that an engine is told to serve and the state does
// not know, recognised as one of this server's CAs: it was issued after the
// backup that the state was restored from.
type Found struct {
	Leaf   inventory.Leaf
	Bridge inventory.Bridge
	Cert   *x509.Certificate
}

// Recognise finds the CA that chain's leaf came from, and the CA whose clients
// its cross-certificate covers. The overlap is taken to have begun when the
// leaf did. False for a chain of anybody else's, or for another endpoint: that
// one is replaced.
func Recognise(i inventory.Instance, generation string, chain []*x509.Certificate, cas []authority.CA, overlap time.Duration) (Found, bool) {
	if len(chain) < 2 {
		return Found{}, false
	}
	leaf := chain[0]
	n := slices.IndexFunc(cas, func(ca authority.CA) bool { return leaf.CheckSignatureFrom(ca.Issuing) == nil })
	if n < 0 || leaf.VerifyHostname(i.Host) != nil {
		return Found{}, false
	}
	f := Found{Cert: leaf, Leaf: inventory.Leaf{CA: cas[n].ID, Generation: generation, Serial: pki.SerialHex(leaf),
		Names: slices.Clone(leaf.DNSNames), NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter}}
	for _, ip := range leaf.IPAddresses {
		f.Leaf.Names = append(f.Leaf.Names, ip.String())
	}
	for _, cross := range chain[2:] {
		for _, old := range cas {
			if bytes.Equal(cross.RawSubject, cas[n].Root.RawSubject) && cross.CheckSignatureFrom(old.Root) == nil {
				f.Bridge = inventory.Bridge{CA: old.ID, Until: earliest(leaf.NotBefore.Add(pki.Backdate+overlap), old.Root.NotAfter)}
			}
		}
	}
	return f, true
}

// found looks at what the engine is told to serve.
func (r *Runner) found(i inventory.Instance, generation string, raw [][]byte) *Found {
	var chain []*x509.Certificate
	for _, der := range raw {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil
		}
		chain = append(chain, c)
	}
	var cas []authority.CA
	for _, p := range pki.Profiles() {
		if ca, ok := r.Authority.Get(i.Region, p.ID); ok {
			cas = append(cas, ca)
		}
	}
	f, ok := Recognise(i, generation, chain, cas, r.Overlap)
	if !ok {
		return nil
	}
	return &f
}

// takeOver puts a recognised certificate on record: replacing it by one of the
// CA on record would cut off clients that know only the newer one.
func (r *Runner) takeOver(tx *store.Tx, i inventory.Instance, f Found, now time.Time) error {
	old := i.Leaf
	i.Leaf, i.Bridge, i.CheckAt = f.Leaf, f.Bridge, now
	if i.Want.CA == i.Leaf.CA {
		i.Want.CA = ""
	}
	return errors.Join(
		tx.UpdateInstance(i),
		tx.InsertLeaf(f.Leaf.Serial, i.ResourceID, i.Region, f.Leaf.CA, f.Cert.Raw, f.Leaf.NotBefore),
		tx.Audit(store.AuditRecord{At: now, Actor: "dbtls", Action: "take over certificate", Target: i.Name,
			Detail: "serial " + f.Leaf.Serial + " of " + f.Leaf.CA + " is in service; on record was serial " + old.Serial + " of " + old.CA}),
		tx.InsertEvent(events.Instance(r.Account, i, now, events.Recovery,
			"The certificate in service (%s, serial %s) was issued after this state was saved; it is on record now", f.Leaf.CA, f.Leaf.Serial)),
	)
}
