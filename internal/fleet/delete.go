package fleet

import (
	"context"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// DeleteInput is DeleteDBInstance, in the domain's words.
type DeleteInput struct {
	Region, Name  string
	SkipSnapshot  bool
	FinalSnapshot string // name of the copy to keep
}

// Delete plans the end of an instance: a real final copy or an explicit skip,
// never neither, and never against deletion protection.
func (s *Service) Delete(ctx context.Context, by Caller, in DeleteInput) (View, error) {
	switch {
	case in.SkipSnapshot && in.FinalSnapshot != "":
		return View{}, fault.New(fault.InvalidCombination, "FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is true; leave one of them out")
	case !in.SkipSnapshot && in.FinalSnapshot == "":
		return View{}, fault.New(fault.InvalidCombination, "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
	}
	if in.FinalSnapshot != "" {
		if _, err := inventory.ParseName(in.FinalSnapshot); err != nil {
			return View{}, fault.New(fault.InvalidParameter, "The parameter FinalDBSnapshotIdentifier %q is not a valid identifier: ASCII letters, digits and hyphens, a letter first, no hyphen at the end and no two in a row", in.FinalSnapshot)
		}
	}
	found, err := s.Get(ctx, in.Region, in.Name)
	if err != nil {
		return View{}, err
	}
	if err := s.snapshotFree(found.Instance, in.FinalSnapshot); err != nil {
		return View{}, err
	}
	var v View
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		if v, err = viewIn(tx, found.ResourceID); err != nil {
			return err
		}
		if err := deletable(v.Instance, in); err != nil {
			return err
		}
		now := time.Now()
		v.Status, v.FinalSnapshot, v.Attempts, v.Detail = inventory.StatusDeleting, in.FinalSnapshot, 0, ""
		v.DueAt, v.CheckAt = now, time.Time{}
		if err := tx.UpdateInstance(v.Instance); err != nil {
			return err
		}
		return tx.Audit(audit(by, "DeleteDBInstance", v.Name, "final snapshot %q", in.FinalSnapshot))
	})
	if err != nil {
		return View{}, err
	}
	s.Wake()
	return v, nil
}

func deletable(i inventory.Instance, in DeleteInput) error {
	switch {
	case i.Protected:
		return fault.New(fault.InvalidCombination, "Cannot delete protected DB Instance %s, please disable deletion protection and try again.", i.Name)
	case i.Status == inventory.StatusDeleting:
		return fault.New(fault.InvalidInstanceState, "Instance %s is already being deleted.", i.Name)
	case in.FinalSnapshot != "" && i.Status != inventory.StatusAvailable:
		return fault.New(fault.InvalidInstanceState, "A final snapshot of %s is not possible: it is %s, so there is no complete database to copy; pass --skip-final-snapshot", i.Name, i.Status)
	}
	return nil
}
