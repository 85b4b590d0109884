package forcetls

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

// What dbtls's own changes are called in notices.
const (
	whatUndo  = "undo of forced TLS"
	whatEnded = "end of an exception"
)

var _ params.Listener = (*Service)(nil)

// spec is a product by any of its names; the zero Spec for one that dbtls does
// not know.
func (s *Service) spec(product string) engine.Spec {
	for _, e := range s.Engines {
		if slices.Contains(e.Spec.Names, product) {
			return e.Spec
		}
	}
	return engine.Spec{}
}

// force is how the server of an instance is told to refuse plain clients; nil:
// it cannot be.
func (s *Service) force(i inventory.Instance) *engine.Force {
	if spec := s.spec(i.Engine); spec.Force != nil {
		return spec.Force(i.Version)
	}
	return nil
}

// forced reports whether the server of an instance was told to refuse plain
// clients.
func (s *Service) forced(i inventory.Instance, f engine.Force) bool {
	spec := s.spec(i.Engine)
	if spec.Parameters == nil {
		return false
	}
	return params.Told(spec.Parameters(i.Version), i.Applied)[f.Parameter] == f.On
}

// InstanceConcerned is params.Listener's. What a change means for the clients is
// worked out after its transaction, which reading evidence must not hold up; the
// notice is kept with the change, so a crash between the two loses nothing.
func (s *Service) InstanceConcerned(tx *store.Tx, n params.Notice) error {
	f := s.force(n.Instance)
	if f == nil || n.What == whatEnded { // who ends an exception tells of it
		return nil
	}
	row := store.ForceNotice{ResourceID: n.Instance.ResourceID, What: n.What, By: n.By, At: n.At, Restart: n.Restart,
		WasForced: n.Before[f.Parameter] == f.On, Forced: n.After[f.Parameter] == f.On,
		WasExceptions: n.Before[f.Exceptions], Exceptions: n.After[f.Exceptions]}
	row.Told = s.forced(n.Instance, *f)
	if row.WasForced == row.Forced && (!row.Forced || row.WasExceptions == row.Exceptions) {
		return nil
	}
	return tx.InsertForceNotice(row)
}

// GroupChanged is params.Listener's: it keeps watch on exceptions, whoever set
// them.
func (s *Service) GroupChanged(tx *store.Tx, g inventory.Group, now time.Time) error {
	k := store.GroupKey{Kind: g.Kind, Region: g.Region, Name: g.Name}
	_, all := s.exceptionsOf(g)
	if len(all) == 0 {
		return tx.DropExceptionWatch(k)
	}
	was, err := tx.ExceptionWatch(k)
	fresh := errors.Is(err, store.ErrNotFound)
	if err != nil && !fresh {
		return err
	}
	at := look(all, was.Warned, fresh, now)
	return tx.PutExceptionWatch(store.ExceptionWatch{GroupKey: k, Due: at.next, Warned: at.warned})
}

// exceptionsOf is what a group says of exceptions, and by which parameter.
func (s *Service) exceptionsOf(g inventory.Group) (parameter string, all []engine.Exception) {
	for _, f := range s.Params.Families() {
		if f.Name != g.Family || f.Engine.Spec.Force == nil {
			continue
		}
		force := f.Engine.Spec.Force(f.Version)
		if force == nil || force.Exceptions == "" {
			return "", nil
		}
		all, err := engine.ParseExceptions(g.Settings[force.Exceptions].Value)
		if err != nil {
			return force.Exceptions, nil // the catalogue's Check does not let such a value in
		}
		return force.Exceptions, all
	}
	return "", nil
}

// announce writes an instance's event about a change, and forgets the notice.
func (s *Service) announce(ctx context.Context, n store.ForceNotice) error {
	read := s.Store.Read(ctx)
	i, err := read.Instance(n.ResourceID)
	gone := errors.Is(err, store.ErrNotFound)
	if err != nil && !gone {
		return err
	}
	said := ""
	if !gone {
		if said, err = s.said(ctx, read, n, i); err != nil {
			return err
		}
	}
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.DropForceNotice(n.ID); err != nil {
			return err
		}
		if said == "" {
			return nil
		}
		return tx.InsertEvent(events.Instance(s.Account, i, time.Now(), events.Security, "%s", said))
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil // told by another
	}
	return err
}

// said works out what the instance is told.
func (s *Service) said(ctx context.Context, tx *store.Tx, n store.ForceNotice, i inventory.Instance) (string, error) {
	force := s.force(i)
	if force == nil {
		return "", nil
	}
	catalogue, settings, err := s.Params.Settings(tx, i)
	if err != nil {
		return "", err
	}
	r := rule{Force: *force, Forced: n.Forced}
	r.Except, _ = engine.ParseExceptions(n.Exceptions) // what the catalogue's Check has let through
	f := facts{inst: i, rule: r, since: n.At.Add(-DefaultSince), now: n.At, forced: n.Told}
	f.effect, f.why = effect(i, r, catalogue, settings)
	if n.Restart || f.effect == EffectNone {
		// It was told between the change and now, or is being told: its clients are
		// looked at all the same.
		f.effect = EffectNow
	}
	s.read(ctx, &f)
	return news(n, f.plan()), nil
}
