package fleet

import (
	"context"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

// ActionRotate is the one maintenance action that dbtls has; the name is AWS's.
const ActionRotate = "ca-certificate-rotation"

// Maintenance is a change of an instance's certificate that is planned or
// advised.
type Maintenance struct {
	Instance    string
	Description string
	OptIn       string    // "immediate", "next-maintenance", "" when nobody asked for it
	Current     time.Time // when it will be done, zero when it waits for somebody
	AutoAfter   time.Time // when it is done in the window without being asked, zero: never
	Forced      time.Time // when it is done outside a window
}

// maintenance is the action that is pending for an instance at now, if any. old
// and next are the roots' ends of the present CA and of the one for new
// instances.
func maintenance(v View, old, next rotation.CAFacts, now time.Time) (Maintenance, bool) {
	i := v.Instance
	m := Maintenance{Instance: i.Name}
	switch {
	case i.Status != inventory.StatusAvailable && i.Status != inventory.StatusStopped:
		return m, false
	case v.PendingCA() != "":
		m.Description = "The server certificate moves from " + i.Leaf.CA + " to " + v.PendingCA()
		m.OptIn, m.Current = "next-maintenance", i.Window.Next(now)
		if i.Want.Now {
			m.OptIn, m.Current = "immediate", now
		}
		return m, true
	case next.ID != old.ID && next.NotAfter.After(old.NotAfter) && !now.Before(old.NotAfter.Add(-rotation.CANotice)):
		m.Description = "CA " + old.ID + " ends on " + old.NotAfter.UTC().Format("2006-01-02") + "; the server certificate should move to " + next.ID
		if old.AutoRotates {
			m.AutoAfter = old.NotAfter.Add(-rotation.CANotice)
			m.Current = i.Window.Next(now)
		}
		m.Forced = old.NotAfter
		return m, true
	}
	return m, false
}

// Maintenances lists what is pending in a region, by instance.
func (s *Service) Maintenances(ctx context.Context, region string) ([]Maintenance, error) {
	if err := s.Authority.Await(ctx, region); err != nil {
		return nil, err
	}
	views, err := s.List(ctx, region, "", 0)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	next, err := s.defaultFacts(ctx, region, now)
	if err != nil {
		return nil, err
	}
	var all []Maintenance
	for _, v := range views {
		if m, ok := maintenance(v, s.caFacts(region, v.Leaf.CA), next, now); ok {
			all = append(all, m)
		}
	}
	return all, nil
}

func (s *Service) defaultFacts(ctx context.Context, region string, now time.Time) (rotation.CAFacts, error) {
	id, _, err := s.Authority.Default(ctx, region, now)
	return s.caFacts(region, id), err
}

func (s *Service) caFacts(region, id string) rotation.CAFacts {
	ca, ok := s.Authority.Get(region, id)
	if !ok || ca.Root == nil {
		return rotation.CAFacts{ID: id}
	}
	return rotation.CAFacts{ID: id, NotAfter: ca.Root.NotAfter, AutoRotates: ca.AutoRotates}
}

// OptIns are the answers to a maintenance action.
var OptIns = []string{"immediate", "next-maintenance", "undo-opt-in"}

// ApplyMaintenance answers the pending action of an instance, and returns what
// is pending then.
func (s *Service) ApplyMaintenance(ctx context.Context, by Caller, region, name, action, optIn string) (View, []Maintenance, error) {
	switch {
	case action != ActionRotate:
		return View{}, nil, fault.New(fault.ResourceNotFound, "There is no pending maintenance action %s; dbtls has %s", action, ActionRotate)
	case !slices.Contains(OptIns, optIn):
		return View{}, nil, fault.New(fault.InvalidParameter, "Invalid opt-in type %q: one of immediate, next-maintenance, undo-opt-in", optIn)
	}
	if err := s.Authority.Await(ctx, region); err != nil {
		return View{}, nil, err
	}
	now := time.Now()
	next, err := s.defaultFacts(ctx, region, now)
	if err != nil {
		return View{}, nil, err
	}
	v, err := s.change(ctx, region, name, func(tx *store.Tx, v *View, now time.Time) error {
		if _, ok := maintenance(*v, s.caFacts(region, v.Leaf.CA), next, now); !ok {
			return fault.New(fault.ResourceNotFound, "There is no pending maintenance action %s for %s.", action, v.Name)
		}
		if err := s.optIn(v, by, optIn, next.ID, now); err != nil {
			return err
		}
		return tx.Audit(audit(by, "ApplyPendingMaintenanceAction", v.Name, "%s %s", action, optIn))
	})
	if err != nil {
		return View{}, nil, err
	}
	var left []Maintenance
	if m, ok := maintenance(v, s.caFacts(region, v.Leaf.CA), next, now); ok {
		left = append(left, m)
	}
	return v, left, nil
}

// optIn changes what is wanted. What was asked for at once cannot be undone, as
// on AWS.
func (s *Service) optIn(v *View, by Caller, optIn, to string, now time.Time) error {
	if optIn == "undo-opt-in" {
		if v.Want.Now {
			return fault.New(fault.InvalidInstanceState, "The change of %s to %s was asked for immediately and cannot be undone; ask for %s instead", v.Name, v.PendingCA(), v.Leaf.CA)
		}
		v.Want.CA, v.Want.Hold = "", false
		return nil
	}
	if pending := v.PendingCA(); pending != "" {
		v.Want.Now = v.Want.Now || optIn == "immediate"
		return nil
	}
	return s.wantCA(v, by, ModifyInput{CA: to, Now: optIn == "immediate"}, now)
}
