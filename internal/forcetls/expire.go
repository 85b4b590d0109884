package forcetls

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

// tend takes exceptions out of a group whose end has passed, and announces ends
// that come near. A clock that cannot be trusted ends none: that would lock
// clients out.
func (s *Service) tend(ctx context.Context, w store.ExceptionWatch) error {
	if err := s.Clock(ctx); err != nil {
		return fmt.Errorf("look at the exceptions of parameter group %q: %w", w.Name, err)
	}
	by := inventory.Caller{Name: own}
	var at season
	_, err := s.Params.Update(ctx, by, whatEnded, params.Ref{Kind: w.Kind, Region: w.Region, Name: w.Name},
		func(tx *store.Tx, g inventory.Group) ([]params.Change, error) {
			was, err := tx.ExceptionWatch(w.GroupKey)
			if errors.Is(err, store.ErrNotFound) {
				return nil, errOver
			}
			if err != nil {
				return nil, err
			}
			name, all := s.exceptionsOf(g)
			at = look(all, was.Warned, false, time.Now())
			if len(at.ended) == 0 {
				return nil, nil
			}
			return []params.Change{s.without(g, name, at)}, nil
		},
		func(tx *store.Tx, g inventory.Group) error { return s.tended(tx, w.GroupKey, g, at) })
	switch {
	case errors.Is(err, errOver):
		return nil
	case fault.CodeOf(err) == fault.GroupNotFound:
		return s.Store.Write(ctx, func(tx *store.Tx) error { return tx.DropExceptionWatch(w.GroupKey) })
	}
	return err
}

// without is the parameter without what has ended.
func (s *Service) without(g inventory.Group, name string, at season) params.Change {
	c := params.Change{Name: name, Value: engine.FormatExceptions(at.stay), Reset: len(at.stay) == 0, Method: inventory.PendingReboot}
	for _, f := range s.Params.Families() {
		if f.Name != g.Family {
			continue
		}
		dynamic := func(p engine.Parameter) bool { return p.Name == name && p.ApplyType == engine.Dynamic }
		if slices.ContainsFunc(f.Catalogue(g.Kind), dynamic) {
			c.Method = inventory.Immediate
		}
	}
	return c
}

// tended tells the group and its instances, and says when to look again.
func (s *Service) tended(tx *store.Tx, k store.GroupKey, g inventory.Group, at season) error {
	now := time.Now()
	for _, x := range at.ended {
		if err := s.tellAll(tx, g, now, fmt.Sprintf("The exception from forced TLS for %s has ended (%s): without TLS that client is refused from now on, where TLS is forced", covering(x), stamp(x.Until))); err != nil {
			return err
		}
	}
	for _, x := range at.warn {
		if err := s.tellAll(tx, g, now, fmt.Sprintf("The exception from forced TLS for %s ends at %s: move that client to TLS before, or extend it: dbtls force-tls %s on --except %s@…", covering(x), stamp(x.Until), g.Name, userOf(x))); err != nil {
			return err
		}
	}
	after := look(at.stay, at.warned, false, now)
	if after.next.IsZero() {
		return tx.DropExceptionWatch(k)
	}
	return tx.PutExceptionWatch(store.ExceptionWatch{GroupKey: k, Due: after.next, Warned: at.warned})
}

func userOf(x engine.Exception) string {
	if x.User == "" {
		return "*"
	}
	return x.User
}

// tellAll writes an event of a group and of every instance that uses it.
func (s *Service) tellAll(tx *store.Tx, g inventory.Group, now time.Time, text string) error {
	if err := s.tell(tx, g, now, text); err != nil {
		return err
	}
	users, err := s.Params.Users(tx, g)
	if err != nil {
		return err
	}
	for _, i := range users {
		if err := tx.InsertEvent(events.Instance(s.Account, i, now, events.Security, "%s", text)); err != nil {
			return err
		}
	}
	return nil
}
