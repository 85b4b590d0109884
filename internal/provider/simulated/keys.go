package simulated

import (
	"context"
	"crypto"
	"maps"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/provider"
)

// CSR returns a request for the generation's key. A key that is there and of
// this spec is used again; the one of a pair in use is never replaced.
func (p *Provider) CSR(ctx context.Context, i provider.Instance, generation string, spec pki.KeySpec) ([]byte, error) {
	if err := checkGeneration(generation); err != nil {
		return nil, err
	}
	inst, done, err := p.take(ctx, i)
	if err != nil {
		return nil, err
	}
	defer done()
	next := inst.look()
	if key, err := pki.ParseKey(next.Generations[generation].Key); err == nil {
		if have, _ := pki.SpecOf(key.Public()); have == spec {
			return pki.NewCSR(key, i.ID)
		}
	}
	if next.inUse(generation) {
		return nil, fault.New(fault.InvalidInstanceState, "generation %q of instance %q is in use and its key is not %s; a key in use is never replaced, make a new generation", generation, i.ID, spec)
	}
	key, der, err := p.newKey(ctx, spec, next)
	if err != nil {
		return nil, err
	}
	// A chain of the key that is being replaced would be half a pair.
	next.put(generation, keyChain{Key: der})
	if err := inst.save(next); err != nil {
		return nil, err
	}
	return pki.NewCSR(key, i.ID)
}

// put replaces one generation in a map of r's own.
func (r *record) put(name string, g keyChain) {
	all := maps.Clone(r.Generations)
	if all == nil {
		all = map[string]keyChain{}
	}
	all[name] = g
	r.Generations = all
}

func checkGeneration(g string) error {
	if !plain(g) {
		return fault.New(fault.InvalidParameter, "generation %q is not letters, digits, hyphens and underscores", g)
	}
	return nil
}

// newKey returns a key that r does not have in use, and its PKCS #8.
func (p *Provider) newKey(ctx context.Context, spec pki.KeySpec, r record) (crypto.Signer, []byte, error) {
	if shared, ok := p.keys[spec]; ok {
		k, err := shared.get(ctx, r.Generations[r.Active].Key, r.Generations[r.Loaded].Key)
		return k.key, k.der, err
	}
	k, err := makeKey(spec)
	return k.key, k.der, err
}
