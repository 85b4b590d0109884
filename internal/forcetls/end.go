package forcetls

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

// Ended says how a change that waited to be confirmed has ended.
type Ended struct {
	Pending
	Undone []string `json:"undone,omitempty"` // parameters that are back at what they were
	Left   []string `json:"left,omitempty"`   // those that somebody has set otherwise meanwhile
	Kept   bool     `json:"confirmed"`
	Why    string   `json:"why"`
}

// Confirm keeps a change that waits to be confirmed.
func (s *Service) Confirm(ctx context.Context, by inventory.Caller, t Target) (Ended, error) {
	var e Ended
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		p, err := s.waiting(tx, t)
		if err != nil {
			return err
		}
		now := time.Now()
		e = Ended{Pending: shownPending(p), Kept: true, Why: "confirmed by " + by.Name}
		return s.close(tx, by, p, e, now)
	})
	s.Wake()
	return e, err
}

// Undo takes a change back that waits to be confirmed.
func (s *Service) Undo(ctx context.Context, by inventory.Caller, t Target) (Ended, error) {
	p, err := s.waiting(s.Store.Read(ctx), t)
	if err != nil {
		return Ended{}, err
	}
	return s.undo(ctx, by, p, "asked for by "+by.Name)
}

// waiting finds the change of a target that waits.
func (s *Service) waiting(tx *store.Tx, t Target) (store.PendingForce, error) {
	u, err := s.resolve(tx, t)
	if err != nil {
		return store.PendingForce{}, err
	}
	p, err := tx.PendingForce(u.key())
	if errors.Is(err, store.ErrNotFound) {
		return p, fault.New(NothingPending, "No change of %s waits to be confirmed: it was confirmed or undone already, or made without --confirm-within; dbtls force-tls %s says how it stands", u.group.Name, t.Name)
	}
	return p, err
}

// errOver says that a change was confirmed or undone meanwhile.
var errOver = fault.New(NothingPending, "The change was confirmed or undone meanwhile")

// undo takes a change back, in one transaction with what says that it waits: a
// crash before it repeats it, and one after it finds nothing to do.
func (s *Service) undo(ctx context.Context, by inventory.Caller, p store.PendingForce, why string) (Ended, error) {
	e := Ended{Pending: shownPending(p), Why: why}
	_, err := s.Params.Update(ctx, by, whatUndo, params.Ref{Kind: p.Kind, Region: p.Region, Name: p.Name},
		func(tx *store.Tx, g inventory.Group) ([]params.Change, error) {
			now, err := tx.PendingForce(p.GroupKey)
			if errors.Is(err, store.ErrNotFound) || err == nil && !now.At.Equal(p.At) {
				return nil, errOver
			}
			if err != nil {
				return nil, err
			}
			e.Undone, e.Left = nil, nil
			if !g.CreatedAt.Equal(p.GroupMade) {
				e.Why += "; but the group was deleted meanwhile, and another one has its name: it is left alone"
				return nil, nil
			}
			changes, left := back(p, g)
			for _, c := range changes {
				e.Undone = append(e.Undone, c.Name)
			}
			e.Left = left
			return changes, nil
		},
		func(tx *store.Tx, _ inventory.Group) error { return s.close(tx, by, p, e, time.Now()) })
	if fault.CodeOf(err) == fault.GroupNotFound {
		e.Why += "; but the group was deleted meanwhile"
		err = s.Store.Write(ctx, func(tx *store.Tx) error { return s.close(tx, by, p, e, time.Now()) })
	}
	s.Wake()
	return e, err
}

// close ends a change's waiting, and says how.
func (s *Service) close(tx *store.Tx, by inventory.Caller, p store.PendingForce, e Ended, now time.Time) error {
	if err := tx.DropPendingForce(p.GroupKey); err != nil {
		return err
	}
	said := e.String()
	if err := s.tell(tx, inventory.Group{Kind: p.Kind, Region: p.Region, Name: p.Name}, now, said); err != nil {
		return err
	}
	action := "UndoForcedTLS"
	if e.Kept {
		action = "ConfirmForcedTLS"
	}
	return tx.Audit(store.AuditRecord{At: now, Actor: by.Name, Action: action, Target: p.Name, RequestID: by.RequestID, Detail: said})
}

// String says how the change has ended.
func (e Ended) String() string {
	said := "Forced TLS was not undone: " + e.Why
	switch {
	case e.Kept:
		said = "Forced TLS stays: " + e.Why
	case len(e.Undone) > 0:
		said = fmt.Sprintf("Forced TLS of %s by %s was undone (%s): %s", stamp(e.At), e.By, strings.Join(e.Undone, ", "), e.Why)
	}
	if len(e.Left) > 0 {
		said += fmt.Sprintf("; %s was set otherwise meanwhile and stays so", strings.Join(e.Left, ", "))
	}
	return said
}
