package params

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// Modify sets parameters of a group, all of them or none. Instances that use
// it and can take a change at once are due when it returns.
func (s *Service) Modify(ctx context.Context, by inventory.Caller, r Ref, changes []Change) (inventory.Group, error) {
	return s.change(ctx, by, "Modify", r, func(catalogue []engine.Parameter, _ inventory.Group) ([]edit, error) {
		return edits(catalogue, changes, false)
	})
}

// Reset puts parameters of a group back to their defaults.
func (s *Service) Reset(ctx context.Context, by inventory.Caller, r Ref, changes []Change) (inventory.Group, error) {
	return s.change(ctx, by, "Reset", r, func(catalogue []engine.Parameter, _ inventory.Group) ([]edit, error) {
		return edits(catalogue, changes, true)
	})
}

// ResetAll puts a whole group back: dynamic parameters at once, static ones at
// the next reboot of each instance.
func (s *Service) ResetAll(ctx context.Context, by inventory.Caller, r Ref) (inventory.Group, error) {
	return s.change(ctx, by, "Reset", r, func(catalogue []engine.Parameter, g inventory.Group) ([]edit, error) {
		return resets(catalogue, g.Settings), nil
	})
}

// change plans edits and writes them with all that follows from them.
func (s *Service) change(ctx context.Context, by inventory.Caller, verb string, r Ref, plan func([]engine.Parameter, inventory.Group) ([]edit, error)) (inventory.Group, error) {
	var g inventory.Group
	err := s.Store.Write(ctx, func(tx *store.Tx) (err error) {
		var f Family
		if g, f, err = s.open(tx, r); err != nil {
			return err
		}
		planned, err := plan(f.Catalogue(g.Kind), g)
		if err != nil {
			return err
		}
		g, err = s.apply(tx, by, verb, verb+noun(g.Kind), f, g, planned)
		return err
	})
	if err != nil {
		return inventory.Group{}, err
	}
	s.Wake()
	return g, nil
}

// Update is Modify for who has more to write with it. decide says in the
// transaction what to change, given the group as it is; then, which is called
// with the group as it is afterwards, writes the rest. A group that nothing is
// to be changed in keeps its version. what is what Listener is told.
func (s *Service) Update(ctx context.Context, by inventory.Caller, what string, r Ref,
	decide func(*store.Tx, inventory.Group) ([]Change, error), then func(*store.Tx, inventory.Group) error) (inventory.Group, error) {
	var g inventory.Group
	err := s.Store.Write(ctx, func(tx *store.Tx) (err error) {
		var f Family
		if g, f, err = s.open(tx, r); err != nil {
			return err
		}
		changes, err := decide(tx, g)
		if err != nil {
			return err
		}
		if len(changes) > 0 {
			planned, err := edits(f.Catalogue(g.Kind), changes, false)
			if err != nil {
				return err
			}
			if g, err = s.apply(tx, by, "Modify", what, f, g, planned); err != nil {
				return err
			}
		}
		return then(tx, g)
	})
	if err != nil {
		return inventory.Group{}, err
	}
	s.Wake()
	return g, nil
}

// open finds a group that can be changed, and its family.
func (s *Service) open(tx *store.Tx, r Ref) (inventory.Group, Family, error) {
	g, err := s.find(tx, r)
	if err != nil {
		return g, Family{}, err
	}
	if _, ok := defaultOf(g.Name); ok {
		return g, Family{}, fault.New(fault.InvalidParameter, "The parameter group %s cannot be modified; create a group of the family %s and give it to the instances", g.Name, g.Family)
	}
	if err := sameVersion(g, r); err != nil {
		return g, Family{}, err
	}
	f, ok := s.family(g.Family)
	if !ok {
		return g, f, fault.New(fault.InvalidGroupState, "This server does not know the family %s of the parameter group %s any more", g.Family, g.Name)
	}
	return g, f, nil
}

// apply writes edits of a group with all that follows from them.
func (s *Service) apply(tx *store.Tx, by inventory.Caller, verb, what string, f Family, g inventory.Group, planned []edit) (inventory.Group, error) {
	now := time.Now()
	using, err := users(tx, g)
	if err != nil {
		return g, err
	}
	tell, err := s.Follow(tx, by, what, using...)
	if err != nil {
		return g, err
	}
	g = edited(g, planned)
	if err := together(f, g); err != nil {
		return g, err
	}
	if err := s.record(tx, by, verb, g, planned, now); err != nil {
		return g, err
	}
	if using, err = s.spread(tx, using, now); err != nil {
		return g, err
	}
	if s.Listener != nil {
		if err := s.Listener.GroupChanged(tx, g, now); err != nil {
			return g, err
		}
	}
	return g, tell(using...)
}

// edited is the group after edits.
func edited(g inventory.Group, planned []edit) inventory.Group {
	settings := map[string]inventory.Setting{}
	maps.Copy(settings, g.Settings)
	for _, e := range planned {
		settings[e.name] = e.set
	}
	g.Settings = settings
	g.Version++
	return g
}

// together refuses settings that contradict each other.
func together(f Family, g inventory.Group) error {
	if f.Engine.Spec.Conflict == nil {
		return nil
	}
	set := map[string]string{}
	for name, s := range g.Settings {
		if !s.Reset {
			set[name] = s.Value
		}
	}
	return f.Engine.Spec.Conflict(f.Version, f.Engine.Spec.Values(f.Version, set))
}

// record keeps a changed group, and who changed it how.
func (s *Service) record(tx *store.Tx, by inventory.Caller, verb string, g inventory.Group, planned []edit, now time.Time) error {
	if err := tx.UpdateGroup(g); err != nil {
		return err
	}
	said := make([]string, len(planned))
	for n, e := range planned {
		said[n] = e.String()
		if err := tx.InsertEvent(events.Group(s.Account, g, now, events.Configuration, "%s", said[n])); err != nil {
			return fmt.Errorf("write event of parameter group %q: %w", g.Name, err)
		}
	}
	return tx.Audit(audit(by, verb, g, now, "version %d: %s", g.Version, strings.Join(said, "; ")))
}

// spread says of every instance that uses a group how it stands to it now. One
// that can take a change while it runs is due. It returns them as they are then.
func (s *Service) spread(tx *store.Tx, using []inventory.Instance, now time.Time) ([]inventory.Instance, error) {
	for n, i := range using {
		catalogue, settings, err := s.Settings(tx, i)
		if err != nil {
			return nil, err
		}
		sync := Sync(catalogue, i.Applied, settings)
		if sync == i.GroupSync && sync != inventory.SyncApplying {
			continue
		}
		i.GroupSync, i.SyncError = sync, ""
		if sync == inventory.SyncApplying && i.Status == inventory.StatusAvailable {
			i.DueAt = now
		}
		if err := tx.UpdateInstance(i); err != nil {
			return nil, err
		}
		using[n] = i
	}
	return using, nil
}
