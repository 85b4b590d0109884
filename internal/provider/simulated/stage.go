package simulated

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/provider"
)

// Stage puts the chain beside the generation's key. A chain that is there has
// passed the checks.
func (p *Provider) Stage(ctx context.Context, i provider.Instance, generation string, chain [][]byte, want provider.Expect) error {
	if err := checkGeneration(generation); err != nil {
		return err
	}
	certs, err := parseDER(chain)
	if err != nil {
		return fmt.Errorf("stage generation %q of %q: %w", generation, i.ID, err)
	}
	roots, err := parseDER(want.Roots)
	if err != nil {
		return fmt.Errorf("read roots for generation %q of %q: %w", generation, i.ID, err)
	}
	inst, done, err := p.take(ctx, i)
	if err != nil {
		return err
	}
	defer done()
	next := inst.look()
	g := next.Generations[generation]
	if len(g.Key) == 0 {
		return fault.New(fault.InvalidInstanceState, "generation %q of instance %q has no key; ask for its certificate request first", generation, i.ID)
	}
	staged := clone(certs)
	if next.inUse(generation) && !slices.EqualFunc(g.Chain, staged, slices.Equal) {
		return fault.New(fault.InvalidInstanceState, "generation %q of instance %q is in use, so its certificate is not replaced; stage a new generation", generation, i.ID)
	}
	g.Chain = staged
	next.put(generation, g)
	if _, err := next.pair(generation); err != nil {
		return err
	}
	if err := judge(i.ID, certs, roots, want); err != nil {
		return err
	}
	return inst.save(next)
}

// judge is the pre-flight: everything a client would refuse.
func judge(id string, chain, roots []*x509.Certificate, want provider.Expect) error {
	if len(want.Names) == 0 {
		return fault.New(fault.InvalidInstanceState, "the name check of instance %q was given no name; name the endpoint", id)
	}
	if err := pki.VerifyEach(chain, roots, pki.SSLVerifyCA, "", want.Now); err != nil {
		return fault.Wrap(err, fault.InvalidInstanceState, "the chain check of the certificate for instance %q failed (%v); issue it again", id, err)
	}
	for _, name := range want.Names {
		// Stricter than a client that falls back to the CN.
		if err := chain[0].VerifyHostname(name); err != nil {
			return fault.Wrap(err, fault.InvalidInstanceState, "the name check of the certificate for instance %q failed: %q is not in its SAN; issue it again with that name", id, name)
		}
	}
	return nil
}

// pair is a generation as TLS takes it, checked to be one.
func (r record) pair(generation string) (tls.Certificate, error) {
	g := r.Generations[generation]
	if len(g.Chain) == 0 || len(g.Key) == 0 {
		return tls.Certificate{}, fault.New(fault.InvalidInstanceState, "generation %q of instance %q is missing; stage the generation again", generation, r.ID)
	}
	leaf, err := x509.ParseCertificate(g.Chain[0])
	if err != nil {
		return tls.Certificate{}, fault.Wrap(err, fault.InvalidInstanceState, "the certificate of generation %q of instance %q is damaged; stage a new generation", generation, r.ID)
	}
	key, err := pki.ParseKey(g.Key)
	if err != nil {
		return tls.Certificate{}, fault.Wrap(err, fault.InvalidInstanceState, "the key of generation %q of instance %q is damaged; make a new generation", generation, r.ID)
	}
	if err := pki.CheckPair(leaf, key.Public()); err != nil {
		return tls.Certificate{}, fault.Wrap(err, fault.InvalidInstanceState, "the pair check failed: the certificate of generation %q of instance %q does not belong to its key; stage a new generation", generation, r.ID)
	}
	// Without Leaf: a server does not need it, and parsed it is larger than
	// all the rest.
	return tls.Certificate{Certificate: g.Chain, PrivateKey: crypto.PrivateKey(key)}, nil
}

func parseDER(list [][]byte) ([]*x509.Certificate, error) {
	if len(list) == 0 {
		return nil, fault.New(fault.InvalidParameter, "the list of certificates is empty; send at least one")
	}
	certs := make([]*x509.Certificate, 0, len(list))
	for n, der := range list {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fault.Wrap(err, fault.InvalidParameter, "certificate %d of the list is not X.509 DER", n+1)
		}
		certs = append(certs, c)
	}
	return certs, nil
}

// clone is the DER of certs, in memory of its own: the caller may go on to
// use what it gave.
func clone(certs []*x509.Certificate) [][]byte {
	var list [][]byte
	for _, c := range certs {
		list = append(list, slices.Clone(c.Raw))
	}
	return list
}
