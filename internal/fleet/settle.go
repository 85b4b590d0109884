package fleet

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

// settle does what an available instance has been asked for and can be done
// while it runs: its master's password, its dynamic parameters, and, when its
// time has come, the beginning of a rename.
func (s *Service) settle(ctx context.Context, inst inventory.Instance) error {
	if inst.MasterSealed != nil {
		if err := s.newPassword(ctx, inst); err != nil {
			return err
		}
	}
	if err := s.applySettings(ctx, inst); err != nil {
		return err
	}
	return s.planNext(ctx, inst)
}

// newPassword sets the master's password on the engine and forgets it.
func (s *Service) newPassword(ctx context.Context, inst inventory.Instance) error {
	if err := s.setUp(ctx, inst); err != nil {
		return err
	}
	return s.update(ctx, inst.ResourceID, func(tx *store.Tx, i *inventory.Instance, now time.Time) error {
		if string(i.MasterSealed) != string(inst.MasterSealed) {
			return nil // another one was asked for meanwhile
		}
		i.MasterSealed = nil
		return tx.InsertEvent(events.Instance(s.Account, *i, now, events.Configuration, "The master password was changed"))
	})
}

// applySettings gives the engine the dynamic parameters its groups ask for. One
// that it refuses is reported and not tried again until something changes.
func (s *Service) applySettings(ctx context.Context, inst inventory.Instance) error {
	catalogue, settings, err := s.Params.Settings(s.Store.Read(ctx), inst)
	if err != nil {
		return err
	}
	next := params.Next(catalogue, inst.Applied, settings, false)
	if inst.GroupWaits {
		next = inst.Applied
	}
	if maps.Equal(next, inst.Applied) && inst.GroupSync != inventory.SyncApplying {
		return nil
	}
	at := inst
	at.Applied = next
	effect, failed := s.Provider(inst).Apply(ctx, rotation.Place(at))
	if failed != nil && !refused(failed) {
		return failed
	}
	return s.update(ctx, inst.ResourceID, func(tx *store.Tx, i *inventory.Instance, now time.Time) error {
		if failed != nil {
			news := i.SyncError != failed.Error()
			i.GroupSync, i.SyncError = inventory.SyncFailed, failed.Error()
			if !news {
				return nil
			}
			return tx.InsertEvent(events.Instance(s.Account, *i, now, events.Failure, "Parameters of group %s could not be applied: %s", i.Group, failed))
		}
		told := !maps.Equal(i.Applied, next)
		i.Applied = next
		catalogue, settings, err := s.Params.Settings(tx, *i) // a newer change is applied by its own turn
		if err != nil {
			return err
		}
		switch {
		case !told && i.GroupSync == inventory.SyncFailed: // what a start refused stays refused
		case i.GroupWaits:
			i.GroupSync = inventory.SyncReboot
		default:
			i.GroupSync, i.SyncError = params.Sync(catalogue, next, settings), ""
		}
		if !told || effect == engine.EffectNone {
			return nil
		}
		return tx.InsertEvent(events.Instance(s.Account, *i, now, events.Configuration, "Updated to use the dynamic parameters of its parameter group"))
	})
}

// refused reports an error that trying again will not change.
func refused(err error) bool {
	switch fault.CodeOf(err) {
	case fault.InvalidInstanceState, fault.InvalidParameter, fault.InvalidCombination, fault.NotBuilt:
		return true
	}
	return false
}

// planNext begins what waits for a window when it is open, and says when to look
// again.
func (s *Service) planNext(ctx context.Context, inst inventory.Instance) error {
	held, err := s.Rotation.HeldNow(ctx, inventory.Want{By: inst.Next.By.Name, At: time.Now()}, inventory.ReasonEndpointChanged)
	if err != nil {
		return err
	}
	return s.update(ctx, inst.ResourceID, func(tx *store.Tx, i *inventory.Instance, now time.Time) error {
		if i.Status != inventory.StatusAvailable {
			return nil
		}
		i.DueAt, i.Attempts, i.Detail = time.Time{}, 0, ""
		switch {
		case i.GroupSync == inventory.SyncApplying || i.MasterSealed != nil:
			i.DueAt = now
		case i.Next.IsZero():
		case !i.Next.Now && !i.Window.Open(now):
			i.DueAt = i.Window.Next(now)
		case held != "":
			i.DueAt = now.Add(heldWait)
		default:
			return s.beginRename(ctx, tx, i, now)
		}
		return nil
	})
}

// heldWait is the pause before something that the freeze switch, a distrusted
// clock or a rotation under way holds back is looked at again.
const heldWait = 5 * time.Second

// lookLater looks at the wire beside everything else, as a start does.
func (s *Service) lookLater(inst inventory.Instance) {
	s.keeper.mu.Lock()
	ctx := s.keeper.ctx
	s.keeper.mu.Unlock()
	if ctx == nil || ctx.Err() != nil {
		return
	}
	s.keeper.wg.Go(func() {
		fresh, err := s.Store.Read(ctx).Instance(inst.ResourceID)
		if errors.Is(err, store.ErrNotFound) || err != nil {
			return
		}
		s.afterStart(ctx, fresh)
	})
}
