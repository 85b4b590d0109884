// Package rotation changes the certificate of a running database and proves it
// on the wire.
//
// Decide says when and why, as a pure function. A Runner takes a rotation from
// step to step: make key, issue, stage, activate, verify, commit. Each step is
// idempotent and ends in one transaction, so that a process that dies between
// any two lines repeats at most one step. A rotation is done when a fresh
// handshake, made as a client would make it, shows the new serial in a chain
// that every client covered would accept. Anything else puts the last good
// pair back, sees it on the wire too, and leaves the rotation STUCK with its
// reason until a later try succeeds or it is no longer wanted.
package rotation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/dbtls/dbtls/internal/authority"
	"github.com/dbtls/dbtls/internal/clock"
	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/probe"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/store"
)

// Config is what a Runner is given.
type Config struct {
	Account string
	Overlap time.Duration // of the bridge after a CA change; 0: no bridge
	Grace   time.Duration // for a reload or start to show on the wire

	Store     *store.Store
	Authority *authority.Service
	Guard     *clock.Guard
	Provider  func(inventory.Instance) provider.Provider
	Engine    func(name string) (engine.Engine, bool)
	Dial      func(context.Context, probe.Target) (*probe.Observation, error)
	// Clients is what is known of an instance's clients.
	Clients func(ctx context.Context, resourceID string, since time.Time) ([]evidence.Client, error)
	Log     *slog.Logger
}

// Runner takes rotations further. Its caller sees to it that one instance has
// one call at a time.
type Runner struct{ Config }

// New makes a Runner.
func New(c Config) *Runner { return &Runner{c} }

// turn is one step's view: the instance and its rotation, free to change until
// the step is saved.
type turn struct {
	inst inventory.Instance
	rot  inventory.Rotation
	now  time.Time
}

// result is what came of a step.
type result struct {
	next  inventory.Step // the step to go on with
	wait  time.Duration  // or: stay, and look again after so long
	stuck inventory.Stuck
	event string // told about the instance, with its category
	kind  string
	audit string // detail of the audit record "rotation <step>"
	also  func(*store.Tx, *turn) error
}

var steps = map[inventory.Step]func(*Runner, context.Context, *turn) (result, error){
	inventory.StepKey:      (*Runner).makeKey,
	inventory.StepIssue:    (*Runner).issue,
	inventory.StepStage:    (*Runner).stage,
	inventory.StepActivate: (*Runner).activate,
	inventory.StepRestart:  (*Runner).restart,
	inventory.StepVerify:   (*Runner).verify,
	inventory.StepWatch:    (*Runner).trial,
	inventory.StepCommit:   (*Runner).commit,
	inventory.StepRollback: (*Runner).rollback,
	inventory.StepProve:    (*Runner).prove,
}

// Advance takes a rotation as far as it goes now.
func (r *Runner) Advance(ctx context.Context, id int64) error {
	for {
		more, err := r.Step(ctx, id)
		if err != nil || !more {
			return err
		}
	}
}

// Step does the one step that is due and reports whether the next is due too.
// What it cannot do for reasons outside the instance (shutdown, state not
// writable) is an error and changes nothing.
func (r *Runner) Step(ctx context.Context, id int64) (more bool, err error) {
	t, err := r.load(ctx, id)
	if err != nil {
		return false, err
	}
	switch {
	case t.rot.Outcome != "":
		return false, nil
	case t.inst.Status == inventory.StatusDeleting || t.unwanted():
		return false, r.cancel(ctx, t)
	case t.rot.DueAt.After(t.now):
		return false, nil
	case asleep(t.inst.Status):
		return r.save(ctx, t, t.rot.Step, result{wait: heldWait})
	}
	did := t.rot.Step
	within, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	res, err := steps[t.rot.Step](r, within, t)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		return false, fmt.Errorf("rotation %d of %q, step %s: %w", id, t.inst.Name, did, err)
	}
	return r.save(ctx, t, did, res)
}

// asleep: the engine is down, or on its way, because somebody asked for it; a
// rotation neither starts it nor judges what it does not serve.
func asleep(s inventory.Status) bool {
	switch s {
	case inventory.StatusStopping, inventory.StatusStopped, inventory.StatusStarting, inventory.StatusRebooting:
		return true
	}
	return false
}

func (r *Runner) load(ctx context.Context, id int64) (*turn, error) {
	rot, err := r.Store.Read(ctx).Rotation(id)
	if err != nil {
		return nil, fmt.Errorf("read rotation %d: %w", id, err)
	}
	inst, err := r.Store.Read(ctx).Instance(rot.ResourceID)
	if errors.Is(err, store.ErrNotFound) {
		// Its instance was deleted: nothing is left to rotate.
		rot.Outcome = inventory.OutcomeCancelled
		return &turn{rot: rot}, nil
	}
	return &turn{inst: inst, rot: rot, now: time.Now()}, err
}

// unwanted reports whether a rotation that has touched nothing yet is
// overtaken: its CA is wanted no more, or the key was declared compromised
// since, after which no rotation may lead back to the old pair.
func (t *turn) unwanted() bool {
	if t.rot.Begun() || t.rot.Reason == inventory.ReasonCreated {
		return false
	}
	compromised := t.inst.Want.Renew == inventory.ReasonKeyCompromised && !t.rot.NoWayBack
	return compromised || (t.rot.Reason == inventory.ReasonCAChanged && t.inst.Want.CA != t.rot.ToCA)
}

func (r *Runner) cancel(ctx context.Context, t *turn) error {
	t.rot.Outcome, t.rot.EndedAt = inventory.OutcomeCancelled, t.now
	if err := r.Provider(t.inst).Collect(ctx, Place(t.inst), []string{t.rot.Good}); err != nil {
		r.Log.Warn("remove key pairs of a cancelled rotation", "instance", t.inst.Name, "error", err)
	}
	return r.Store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.UpdateRotation(t.rot); err != nil {
			return err
		}
		inst, err := tx.Instance(t.rot.ResourceID)
		if err != nil {
			return err
		}
		inst.CheckAt = t.now
		if err := tx.UpdateInstance(inst); err != nil {
			return err
		}
		if t.rot.IsStuck() {
			return Release(tx, t.now) // it held others back
		}
		return nil
	})
}

// save ends a step: the rotation's next step, the instance, events and audit
// record in one transaction.
func (r *Runner) save(ctx context.Context, t *turn, did inventory.Step, res result) (more bool, err error) {
	if t.inst.ResourceID == "" {
		return false, nil
	}
	tell := r.settle(t, &res)
	err = r.Store.Write(ctx, func(tx *store.Tx) error {
		fresh, err := tx.Instance(t.inst.ResourceID)
		if err != nil {
			return err
		}
		t.inst = fresh // what others changed meanwhile stands
		if res.also != nil {
			if err := res.also(tx, t); err != nil {
				return err
			}
		}
		for _, e := range tell {
			if err := tx.InsertEvent(e); err != nil {
				return err
			}
		}
		if res.audit != "" {
			if err := tx.Audit(r.record(t, did, res.audit)); err != nil {
				return err
			}
		}
		return tx.UpdateRotation(t.rot)
	})
	if err != nil {
		return false, fmt.Errorf("save step %s of rotation %d: %w", did, t.rot.ID, err)
	}
	r.Log.Info("rotation", "instance", t.inst.Name, "reason", t.rot.Reason, "step", did, "next", t.rot.Step, "stuck", t.rot.Stuck.Reason, "detail", t.rot.Stuck.Detail)
	return t.rot.Outcome == "" && !t.rot.DueAt.After(time.Now()), nil
}

// settle works a result into the rotation and returns the events to write.
func (r *Runner) settle(t *turn, res *result) []store.Event {
	var tell []store.Event
	now := time.Now()
	if res.event != "" {
		tell = append(tell, events.Instance(r.Account, t.inst, now, res.kind, "%s", res.event))
	}
	switch {
	case res.stuck.Reason != "":
		if e, ok := t.fail(r.Account, res.stuck, now); ok {
			tell = append(tell, e)
		}
		if res.audit == "" {
			res.audit = string(res.stuck.Reason) + ": " + res.stuck.Detail
		}
	case res.wait > 0:
		t.rot.DueAt = now.Add(res.wait)
	default:
		t.rot.Step, t.rot.DueAt = res.next, now
	}
	return tell
}

func (r *Runner) record(t *turn, did inventory.Step, detail string) store.AuditRecord {
	by := t.rot.By
	if by == "" {
		by = "dbtls"
	}
	return store.AuditRecord{At: time.Now(), Actor: by, Action: "rotation " + string(did), Target: t.inst.Name,
		RequestID: t.rot.RequestID, Detail: detail}
}

// Place is the instance as its provider knows it.
func Place(i inventory.Instance) provider.Instance {
	at := provider.Instance{ID: i.ResourceID, Engine: i.Engine, Version: i.Version, Address: i.Address, Port: i.Port,
		Also: i.Also(), Parameters: i.Applied}
	if i.IsReplica() {
		at.Primary = &provider.Primary{Address: i.Shared[0].Host, Port: i.Port}
	}
	return at
}

// unavailable reports an error that time heals: it is waited out, not STUCK.
func unavailable(err error) bool { return fault.CodeOf(err) == fault.Unavailable }

// stepTime bounds one step: a server that hangs is STUCK, not waited for. What
// a step began goes on by itself and is found by the next try.
const stepTime = 3 * time.Minute

// heldWait is how long a step that something holds back sleeps; what releases
// it (unfreeze, a trusted clock) makes it due at once.
const heldWait = 30 * time.Second
