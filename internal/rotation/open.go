package rotation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// MetaFrozen is where the freeze switch is kept: the reason, or nothing.
const MetaFrozen = "frozen"

// recheck is when a rotation that is held back is looked at again at the
// latest.
const recheck = time.Minute

// Check decides about an instance and starts a rotation when one is due.
func (r *Runner) Check(ctx context.Context, resourceID string) error {
	inst, err := r.Store.Read(ctx).Instance(resourceID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	facts, err := r.facts(ctx, inst)
	if err != nil {
		return err
	}
	b, err := r.brakes(ctx)
	if err != nil {
		return err
	}
	return r.Store.Write(ctx, func(tx *store.Tx) error {
		inst, err := tx.Instance(resourceID)
		if err != nil {
			return err
		}
		facts.Instance = inst
		return r.decide(tx, facts, b, time.Now())
	})
}

func (r *Runner) decide(tx *store.Tx, f Facts, b Brakes, now time.Time) error {
	i := &f.Instance
	i.CheckAt = time.Time{}
	_, err := tx.OpenRotation(i.ResourceID)
	if err == nil || i.Status != inventory.StatusAvailable {
		return tx.UpdateInstance(*i) // whoever ends that state plans the next look
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if f.Found != nil && f.Active != i.Leaf.Generation {
		return r.takeOver(tx, *i, *f.Found, now)
	}
	if err := r.warn(tx, i, f.Current, now); err != nil {
		return err
	}
	d := Decide(f, now)
	others, err := r.others(tx, f, now)
	if err != nil {
		return err
	}
	switch {
	case d.Reason == "":
		i.CheckAt = sooner(i.CheckAt, d.Next)
	case Turn(*i, d.Reason, others) != "":
		i.CheckAt = now.Add(memberWait)
	case Held(b, i.Want, d.Reason) != "":
		i.CheckAt = now.Add(recheck)
	default:
		if _, err := r.Open(tx, f, d.Reason, d.To, now); err != nil {
			return err
		}
		i.CheckAt = time.Time{}
	}
	return tx.UpdateInstance(*i)
}

// warn writes an expiry warning once per threshold and plans the next.
func (r *Runner) warn(tx *store.Tx, i *inventory.Instance, current CAFacts, now time.Time) error {
	text, since, next := Warning(*i, current, now)
	i.CheckAt = sooner(i.CheckAt, next)
	if text == "" || !since.After(i.Warned) {
		return nil
	}
	i.Warned = since
	return tx.InsertEvent(events.Instance(r.Account, *i, now, events.Notification, "%s", text))
}

// Open starts a rotation of f's instance.
func (r *Runner) Open(tx *store.Tx, f Facts, reason inventory.Reason, to string, now time.Time) (inventory.Rotation, error) {
	i := f.Instance
	rot := inventory.Rotation{
		ResourceID: i.ResourceID, Reason: reason, Generation: inventory.NewGeneration(),
		FromCA: i.Leaf.CA, ToCA: to, Good: i.Leaf.Generation, GoodSerial: i.Leaf.Serial,
		Bridge:    NextBridge(i, to, reason, r.overlap(i.Want), f.Current.NotAfter, now),
		Hold:      i.Want.Hold,
		NoWayBack: reason == inventory.ReasonKeyCompromised,
		Watch:     i.Want.Watch,
		By:        i.Want.By, RequestID: i.Want.RequestID,
		Step: inventory.StepKey, DueAt: now, StartedAt: now,
	}
	if f.Active != "" && f.Active != i.Leaf.Generation {
		rot.Good, rot.GoodSerial = f.Active, "" // what is served now, known or not
	}
	if lost := LostCover(i, to, reason, now); lost != "" {
		err := tx.InsertEvent(events.Instance(r.Account, i, now, events.Notification,
			"With this change, to %s, clients that trust only %s lose their cover, with the consent of %s", to, lost, i.Want.By))
		if err != nil {
			return rot, err
		}
	}
	if i.Want.NoBridge && to != i.Leaf.CA {
		err := tx.InsertEvent(events.Instance(r.Account, i, now, events.Notification,
			"This change, to %s, has no bridge, as %s asked: clients that trust only %s are refused from now on", to, i.Want.By, i.Leaf.CA))
		if err != nil {
			return rot, err
		}
	}
	rot, err := tx.InsertRotation(rot)
	if err != nil {
		return rot, fmt.Errorf("open rotation of %q: %w", i.Name, err)
	}
	return rot, nil
}

// overlap is how long the next bridge lasts.
func (r *Runner) overlap(w inventory.Want) time.Duration {
	if w.NoBridge {
		return 0
	}
	return r.Overlap
}

// facts gathers what Decide needs; the instance itself is read again later, in
// the transaction.
func (r *Runner) facts(ctx context.Context, i inventory.Instance) (Facts, error) {
	f := Facts{Instance: i, HotReload: r.hotReload(i)}
	if err := r.Authority.Await(ctx, i.Region); err != nil {
		return f, err
	}
	if ca, ok := r.Authority.Get(i.Region, i.Leaf.CA); ok {
		f.Current = CAFacts{ca.ID, ca.Root.NotAfter, ca.AutoRotates}
	}
	id, _, err := r.Authority.Default(ctx, i.Region, time.Now())
	if err != nil {
		return f, err
	}
	if ca, ok := r.Authority.Get(i.Region, id); ok {
		f.Default = CAFacts{ca.ID, ca.Root.NotAfter, ca.AutoRotates}
	}
	if obs, err := r.Provider(i).Observe(ctx, Place(i)); err == nil {
		f.Active = obs.Active
		if f.Active != "" && f.Active != i.Leaf.Generation {
			f.Found = r.found(i, obs.Active, obs.Chain)
		}
	}
	return f, nil
}

func (r *Runner) brakes(ctx context.Context) (Brakes, error) {
	var b Brakes
	read := r.Store.Read(ctx)
	frozen, err := read.Meta(MetaFrozen)
	if err != nil {
		return b, fmt.Errorf("read freeze switch: %w", err)
	}
	b.Frozen = string(frozen)
	if err := r.Guard.Check(ctx); unavailable(err) {
		b.Distrust = err.Error()
	}
	if b.StuckSince, err = read.OldestStuck(); err != nil {
		return b, fmt.Errorf("read rotations: %w", err)
	}
	return b, nil
}

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// HeldNow says why a rotation would wait if it were asked for now.
func (r *Runner) HeldNow(ctx context.Context, want inventory.Want, reason inventory.Reason) (string, error) {
	b, err := r.brakes(ctx)
	return Held(b, want, reason), err
}
