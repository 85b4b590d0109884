package fleet

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

// Reboot restarts an instance's engine, which takes its static parameters and
// a certificate that waits for it into use.
func (s *Service) Reboot(ctx context.Context, by Caller, region, name string) (View, error) {
	return s.power(ctx, by, "RebootDBInstance", region, name, inventory.StatusAvailable, inventory.StatusRebooting)
}

// Stop ends an instance's engine until somebody starts it; nothing starts it
// by itself.
func (s *Service) Stop(ctx context.Context, by Caller, region, name string) (View, error) {
	return s.power(ctx, by, "StopDBInstance", region, name, inventory.StatusAvailable, inventory.StatusStopping)
}

// Start starts a stopped instance.
func (s *Service) Start(ctx context.Context, by Caller, region, name string) (View, error) {
	return s.power(ctx, by, "StartDBInstance", region, name, inventory.StatusStopped, inventory.StatusStarting)
}

// power plans the way from one status to another.
func (s *Service) power(ctx context.Context, by Caller, action, region, name string, from, to inventory.Status) (View, error) {
	found, err := s.Get(ctx, region, name)
	if err != nil {
		return View{}, err
	}
	var v View
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		if v, err = viewIn(tx, found.ResourceID); err != nil {
			return err
		}
		return s.powerIn(tx, by, action, &v, from, to, time.Now())
	})
	if err != nil {
		return View{}, err
	}
	s.Wake()
	return v, nil
}

func (s *Service) powerIn(tx *store.Tx, by Caller, action string, v *View, from, to inventory.Status, now time.Time) error {
	if err := mayPower(*v, from, to); err != nil {
		return err
	}
	v.Status, v.DueAt, v.Attempts, v.Detail, v.Boot = to, now, 0, "", inventory.Boot{}
	return errors.Join(tx.UpdateInstance(v.Instance), tx.Audit(audit(by, action, v.Name, "")))
}

// mayPower: an engine is not stopped under a certificate that is being changed,
// unless that change is what waits for a restart, or is stuck.
func mayPower(v View, from, to inventory.Status) error {
	if v.Status != from {
		return fault.New(fault.InvalidInstanceState, "Instance %s is not in %s state: it is %s.", v.Name, from, v.Shown())
	}
	if r := v.Rotation; r != nil && r.Begun() && !r.IsStuck() && !v.waiting() {
		return fault.New(fault.InvalidInstanceState, "Instance %s is not in %s state: its certificate is being changed (%s); try again when it is done.", v.Name, from, r.Reason)
	}
	if to == inventory.StatusStopping && v.Rotation != nil && v.Rotation.Begun() {
		return fault.New(fault.InvalidInstanceState, "Instance %s cannot be stopped in the middle of a change of its certificate; reboot it or wait for the change.", v.Name)
	}
	return nil
}

// stop ends the engine.
func (s *Service) stop(ctx context.Context, inst inventory.Instance) error {
	s.letGo(inst.ResourceID)
	if err := s.Provider(inst).Power(ctx, rotation.Place(inst), false); err != nil {
		return err
	}
	return s.update(ctx, inst.ResourceID, func(tx *store.Tx, i *inventory.Instance, now time.Time) error {
		if i.Status != inventory.StatusStopping {
			return nil
		}
		i.Status, i.DueAt, i.Attempts, i.Detail, i.Down = inventory.StatusStopped, time.Time{}, 0, "", ""
		return tx.InsertEvent(events.Instance(s.Account, *i, now, events.Notification, "DB instance stopped"))
	})
}

// reboot takes the engine down, when it runs, and up again with everything that
// waited for it. It is how a stopped instance starts, too. A parameter that
// keeps the engine from starting is taken back: a setting must not become an
// outage.
func (s *Service) reboot(ctx context.Context, inst inventory.Instance) error {
	s.letGo(inst.ResourceID)
	if first, err := s.turnToBoot(ctx, inst); err != nil || !first {
		return err
	}
	if !inst.Boot.Begun {
		var err error
		if inst, err = s.beginBoot(ctx, inst); err != nil {
			return err
		}
	}
	p, at := s.Provider(inst), rotation.Place(inst)
	obs, err := p.Observe(ctx, at)
	if err != nil {
		return err
	}
	if obs.Running && obs.PID == inst.Boot.PID {
		if err := p.Power(ctx, at, false); err != nil {
			return err
		}
	}
	if err := p.Power(ctx, at, true); err != nil {
		return errors.Join(err, s.bootBack(ctx, inst, err))
	}
	return s.booted(ctx, inst)
}

// beginBoot works out what the engine is to start with.
func (s *Service) beginBoot(ctx context.Context, inst inventory.Instance) (inventory.Instance, error) {
	obs, err := s.Provider(inst).Observe(ctx, rotation.Place(inst))
	if err != nil {
		return inst, err
	}
	err = s.update(ctx, inst.ResourceID, func(tx *store.Tx, i *inventory.Instance, now time.Time) error {
		catalogue, settings, err := s.Params.Settings(tx, *i)
		if err != nil {
			return err
		}
		i.Boot = inventory.Boot{Begun: true, PID: obs.PID}
		if next := params.Next(catalogue, i.Applied, settings, true); !maps.Equal(next, i.Applied) {
			i.Boot.Back, i.Applied = i.Applied, next
			if i.Boot.Back == nil {
				i.Boot.Back = map[string]string{} // not nil: there is something to go back to
			}
		}
		inst = *i
		if i.Boot.Back == nil {
			return nil
		}
		return s.Params.Restarting(tx, inst, i.Boot.Back, now)
	})
	s.Wake()
	return inst, err
}

// bootBack takes back the parameters of an engine that does not start.
func (s *Service) bootBack(ctx context.Context, inst inventory.Instance, cause error) error {
	if inst.Boot.Back == nil || fault.CodeOf(cause) != fault.InvalidInstanceState {
		return nil
	}
	return s.update(ctx, inst.ResourceID, func(tx *store.Tx, i *inventory.Instance, now time.Time) error {
		if i.Boot.Back == nil {
			return nil
		}
		i.Applied, i.Boot.Back = i.Boot.Back, nil
		i.GroupSync, i.SyncError = inventory.SyncFailed, cause.Error()
		return tx.InsertEvent(events.Instance(s.Account, *i, now, events.Failure,
			"DB instance does not start with the parameters of group %s; they are taken back: %s", i.Group, cause))
	})
}

// booted ends a restart: the certificate and the parameters that waited for it
// are looked at.
func (s *Service) booted(ctx context.Context, inst inventory.Instance) error {
	what := map[inventory.Status]string{inventory.StatusRebooting: "DB instance restarted", inventory.StatusStarting: "DB instance started"}
	err := s.update(ctx, inst.ResourceID, func(tx *store.Tx, i *inventory.Instance, now time.Time) error {
		text, ok := what[i.Status]
		if !ok {
			return nil // a deletion was asked for meanwhile
		}
		i.Status, i.Attempts, i.Detail, i.Down, i.Boot = inventory.StatusAvailable, 0, "", "", inventory.Boot{}
		if err := s.resync(tx, i); err != nil {
			return err
		}
		i.DueAt, i.CheckAt = now, now
		if rot, err := tx.OpenRotation(i.ResourceID); err == nil {
			rot.DueAt = now // it may have waited for this
			if err := tx.UpdateRotation(rot); err != nil {
				return err
			}
		}
		return tx.InsertEvent(events.Instance(s.Account, *i, now, events.Availability, "%s", text))
	})
	if err != nil {
		return err
	}
	s.keep(inst.ResourceID)
	s.lookLater(inst)
	return nil
}

// resync says how a restarted engine stands to its groups. What it would not
// start with stays failed until the group says something else.
func (s *Service) resync(tx *store.Tx, i *inventory.Instance) error {
	i.GroupWaits = false
	catalogue, settings, err := s.Params.Settings(tx, *i)
	if err != nil {
		return err
	}
	sync := params.Sync(catalogue, i.Applied, settings)
	if sync == inventory.SyncDone || i.GroupSync != inventory.SyncFailed {
		i.GroupSync, i.SyncError = sync, ""
	}
	return nil
}
