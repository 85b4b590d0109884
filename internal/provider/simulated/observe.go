package simulated

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/provider"
)

// Watch waits for the end of the server that runs now.
func (p *Provider) Watch(ctx context.Context, i provider.Instance) error {
	inst, err := p.lookup(i)
	if err != nil || inst == nil {
		return err
	}
	s := inst.running()
	if s == nil {
		return nil
	}
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("watch instance %q: %w", i.ID, ctx.Err())
	}
}

// EndSessions cuts the connections that began before t; whether they had got
// as far as a login is not asked.
func (p *Provider) EndSessions(_ context.Context, i provider.Instance, t time.Time) (int, error) {
	inst, err := p.lookup(i)
	if err != nil {
		return 0, err
	}
	if inst == nil {
		return 0, notFound(i.ID)
	}
	if err := inst.mine(i); err != nil {
		return 0, err
	}
	s := inst.running()
	if s == nil {
		return 0, nil
	}
	return s.endBefore(t), nil
}

// Observe tells what is so; an instance that is not there is no error. There
// is no drift: the files are not for other hands, and what is served is in
// memory.
func (p *Provider) Observe(_ context.Context, i provider.Instance) (provider.Observation, error) {
	var o provider.Observation
	inst, err := p.lookup(i)
	if err != nil || inst == nil {
		return o, err
	}
	if err := inst.mine(i); fault.CodeOf(err) == fault.InstanceNotFound {
		return o, nil // being created
	} else if err != nil {
		return o, err
	}
	inst.mu.Lock()
	r, running := inst.rec, inst.srv != nil
	inst.mu.Unlock()
	o.Exists, o.Active = true, r.Active
	if running {
		o.Running, o.PID, o.StartedAt = true, r.Starts, r.StartedAt
	}
	for _, der := range r.Generations[r.Active].Chain {
		o.Chain = append(o.Chain, slices.Clone(der))
	}
	return o, nil
}
