package simulated

import (
	"context"
	"maps"
	"slices"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/provider"
)

// Activate makes the generation the one in service. A version that cannot
// reload serves it after the next start.
func (p *Provider) Activate(ctx context.Context, i provider.Instance, generation string) (engine.Effect, error) {
	if err := checkGeneration(generation); err != nil {
		return "", err
	}
	inst, done, err := p.take(ctx, i)
	if err != nil {
		return "", err
	}
	defer done()
	next := inst.look()
	if _, err := next.pair(generation); err != nil {
		return "", err
	}
	next.Active = generation
	effect := engine.EffectNone
	switch reload := hotReload(p.engines[i.Engine].Spec, i.Version); {
	case inst.running() == nil && next.On: // it could not listen, and reads it when it can
		next.Loaded = generation
	case inst.running() == nil:
	case reload:
		next.Loaded, effect = generation, engine.EffectReload
	case next.Loaded != generation:
		effect = engine.EffectRestart
	}
	if err := inst.save(next); err != nil {
		return "", err
	}
	return effect, nil
}

// Collect forgets every generation that is neither in keep nor in use.
func (p *Provider) Collect(ctx context.Context, i provider.Instance, keep []string) error {
	inst, done, err := p.take(ctx, i)
	if err != nil {
		return err
	}
	defer done()
	next := inst.look()
	next.Generations = maps.Clone(next.Generations)
	maps.DeleteFunc(next.Generations, func(name string, _ keyChain) bool {
		return !slices.Contains(keep, name) && !inst.look().inUse(name)
	})
	if len(next.Generations) == 0 {
		next.Generations = nil
	}
	return inst.save(next)
}
