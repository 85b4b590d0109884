package simulated

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/provider"
)

// Power starts the server, which then has what i says and serves the active
// generation, or ends it and its sessions. One that runs is left alone.
func (p *Provider) Power(ctx context.Context, i provider.Instance, on bool) error {
	inst, done, err := p.take(ctx, i)
	if err != nil {
		return err
	}
	defer done()
	if on {
		return p.powerOn(ctx, inst, i)
	}
	inst.stop()
	next := inst.look()
	next.On, next.Loaded = false, ""
	return inst.save(next)
}

func (p *Provider) powerOn(ctx context.Context, inst *instance, i provider.Instance) error {
	if inst.running() != nil {
		return nil
	}
	next := inst.look()
	if next.Active == "" {
		return fault.New(fault.InvalidInstanceState, "instance %q has no certificate in place; stage and activate one before it is started", i.ID)
	}
	if _, err := next.pair(next.Active); err != nil {
		return err
	}
	next.configure(i)
	next.Version, next.On, next.Loaded = i.Version, true, next.Active
	next.Starts, next.StartedAt = next.Starts+1, time.Now().UTC().Truncate(time.Second)
	// The listeners first: a file that says it runs is true then.
	s, err := p.listen(ctx, inst, next)
	if err != nil {
		return err
	}
	if err := inst.save(next); err != nil {
		s.closeListeners()
		return err
	}
	return p.start(inst, s)
}

// Apply takes the parameters of i into force for whoever connects from now
// on. EffectRestart: the addresses are others, which the next start takes.
func (p *Provider) Apply(ctx context.Context, i provider.Instance) (engine.Effect, error) {
	inst, done, err := p.take(ctx, i)
	if err != nil {
		return "", err
	}
	defer done()
	old := inst.look()
	next := old
	next.configure(i)
	if inst.running() == nil {
		return engine.EffectNone, inst.save(next)
	}
	moved := !slices.Equal(old.endpoints(), next.endpoints())
	changed := !maps.Equal(old.Parameters, next.Parameters)
	// The file says where it listens, which is where it was.
	next.Address, next.Port, next.Also = old.Address, old.Port, old.Also
	if err := inst.save(next); err != nil {
		return "", err
	}
	switch {
	case moved:
		return engine.EffectRestart, nil
	case changed:
		return engine.EffectReload, nil
	}
	return engine.EffectNone, nil
}
