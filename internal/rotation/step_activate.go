package rotation

import (
	"context"
	"errors"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/provider"
)

const (
	startPatience = time.Minute      // for an engine that restarts at this very moment
	startGrace    = 10 * time.Second // for one that cannot be started without a reason that names a cause
	startPoll     = 500 * time.Millisecond
)

// roots are the CAs whose clients must accept the new chain, each alone: the
// new one and, over the bridge, the old one.
func (t *turn) roots() []string {
	if t.rot.Bridge.CA != "" {
		return []string{t.rot.ToCA, t.rot.Bridge.CA}
	}
	return []string{t.rot.ToCA}
}

// stage puts the chain beside its key and checks what will be served before
// anything serves it.
func (r *Runner) stage(ctx context.Context, t *turn) (result, error) {
	roots, err := r.Authority.Roots(t.inst.Region, t.roots()...)
	if err != nil {
		return stuck(inventory.StuckPreflight, err.Error()), nil
	}
	want := provider.Expect{Names: t.rot.Leaf.Names, Now: t.now}
	for _, c := range roots {
		want.Roots = append(want.Roots, c.Raw)
	}
	if err := r.Provider(t.inst).Stage(ctx, Place(t.inst), t.rot.Generation, t.rot.Chain, want); err != nil {
		return stuck(inventory.StuckPreflight, err.Error()), nil
	}
	return result{next: inventory.StepActivate}, nil
}

// activate swaps the binding and reloads. From here on every failure leads
// over the way back.
func (r *Runner) activate(ctx context.Context, t *turn) (result, error) {
	if b, err := r.brakes(ctx); err != nil {
		return result{}, err
	} else if Held(Brakes{Frozen: b.Frozen, Distrust: b.Distrust}, t.inst.Want, t.rot.Reason) != "" {
		return result{wait: heldWait}, nil
	}
	p, at := r.Provider(t.inst), Place(t.inst)
	if t.rot.ActiveAt.IsZero() {
		t.rot.ActiveAt = time.Now()
	}
	effect, err := p.Activate(ctx, at, t.rot.Generation)
	if errors.Is(err, engine.ErrNotReady) && time.Since(t.rot.ActiveAt) < startPatience {
		return result{wait: startPoll}, nil // it is starting, and will read the new pair
	}
	if err != nil {
		return stuck(inventory.StuckActivate, err.Error()), nil
	}
	detail := "generation " + t.rot.Generation + ", serial " + t.rot.Leaf.Serial
	if effect == engine.EffectRestart {
		obs, err := p.Observe(ctx, at)
		if err != nil {
			return result{}, err
		}
		t.rot.PID = obs.PID
		return result{next: inventory.StepRestart, audit: detail + ", takes effect at the next restart"}, nil
	}
	if effect == engine.EffectNone { // it was not running: a new instance, or one that crashed
		err := p.Power(ctx, at, true)
		if code := fault.CodeOf(err); (code == fault.Internal || code == fault.Unavailable) && time.Since(t.rot.ActiveAt) < startGrace {
			return result{wait: startPoll}, nil // it ended this moment; its last traces may be in the way
		}
		if err != nil {
			return stuck(inventory.StuckRestart, err.Error()), nil
		}
	}
	return result{next: inventory.StepVerify, audit: detail}, nil
}

// restart is for versions that read their certificate only at start: at once
// with consent, else after a restart that came by itself.
func (r *Runner) restart(ctx context.Context, t *turn) (result, error) {
	p, at := r.Provider(t.inst), Place(t.inst)
	obs, err := p.Observe(ctx, at)
	if err != nil {
		return stuck(inventory.StuckRestart, err.Error()), nil
	}
	if obs.Running && obs.PID != t.rot.PID {
		return result{next: inventory.StepVerify}, nil
	}
	if t.rot.Hold {
		return result{wait: heldWait}, nil
	}
	if err := p.Power(ctx, at, false); err != nil {
		return stuck(inventory.StuckRestart, err.Error()), nil
	}
	if err := p.Power(ctx, at, true); err != nil {
		return stuck(inventory.StuckRestart, err.Error()), nil
	}
	return result{next: inventory.StepVerify, kind: events.Maintenance,
		event: "DB instance restarted to take its new server certificate into use"}, nil
}
