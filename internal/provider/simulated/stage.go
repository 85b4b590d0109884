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
	certs, err := provider.ParseDER(chain)
	if err != nil {
		return fmt.Errorf("stage generation %q of %q: %w", generation, i.ID, err)
	}
	roots, err := provider.ParseDER(want.Roots)
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
	if err := want.Check(i.ID, certs, roots); err != nil {
		return err
	}
	return inst.save(next)
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

// clone is the DER of certs, in memory of its own: the caller may go on to
// use what it gave.
func clone(certs []*x509.Certificate) [][]byte {
	var list [][]byte
	for _, c := range certs {
		list = append(list, slices.Clone(c.Raw))
	}
	return list
}
