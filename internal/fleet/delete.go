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
	found, err := s.Get(ctx, in.Region, in.Name)
	if err != nil {
		return View{}, err
	}
	if found.IsReplica() && in.FinalSnapshot != "" {
		return View{}, fault.New(fault.InvalidCombination, "FinalDBSnapshotIdentifier can not be specified for a reader of a DB cluster: its data is its writer's")
	}
	if !found.IsReplica() {
		if err := checkFinal(in.SkipSnapshot, in.FinalSnapshot); err != nil {
			return View{}, err
		}
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
		if err := lastOfCluster(tx, v.Instance); err != nil {
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

// checkFinal: a real final copy or an explicit skip, never neither.
func checkFinal(skip bool, final string) error {
	switch {
	case skip && final != "":
		return fault.New(fault.InvalidCombination, "FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is true; leave one of them out")
	case !skip && final == "":
		return fault.New(fault.InvalidCombination, "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
	case skip:
		return nil
	}
	if _, err := inventory.ParseName(final); err != nil {
		return fault.New(fault.InvalidParameter, "The parameter FinalDBSnapshotIdentifier %q is not a valid identifier: ASCII letters, digits and hyphens, a letter first, no hyphen at the end and no two in a row", final)
	}
	return nil
}

// lastOfCluster: a writer goes when nobody follows it, for there is no failover;
// and the members of a Multi-AZ DB cluster go with their cluster.
func lastOfCluster(tx *store.Tx, i inventory.Instance) error {
	if i.Cluster == "" {
		return nil
	}
	c, err := tx.Cluster(i.Cluster)
	if err != nil {
		return err
	}
	members, err := tx.Members(i.Cluster)
	if err != nil {
		return err
	}
	switch {
	case c.MultiAZ():
		return fault.New(fault.InvalidClusterState, "DB instance %s belongs to Multi-AZ DB cluster %s, which is deleted as a whole (delete-db-cluster)", i.Name, c.Name)
	case i.Writer && len(members) > 1:
		return fault.New(fault.InvalidClusterState, "DB instance %s takes the writes of DB cluster %s and others follow it; delete its readers first (dbtls has no failover)", i.Name, c.Name)
	}
	return nil
}

func deletable(i inventory.Instance, in DeleteInput) error {
	switch {
	case i.Protected:
		return fault.New(fault.InvalidCombination, "Cannot delete protected DB Instance %s, please disable deletion protection and try again.", i.Name)
	case i.Status == inventory.StatusDeleting:
		return fault.New(fault.InvalidInstanceState, "Instance %s is already being deleted.", i.Name)
	case in.FinalSnapshot != "" && i.Status != inventory.StatusAvailable && i.Status != inventory.StatusStopped:
		return fault.New(fault.InvalidInstanceState, "A final snapshot of %s is not possible: it is %s, so there is no complete database to copy; pass --skip-final-snapshot", i.Name, i.Status)
	}
	return nil
}
