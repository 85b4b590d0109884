package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

// ModifyClusterInput is ModifyDBCluster, in the domain's words.
type ModifyClusterInput struct {
	Region, Name    string
	CA              string // Multi-AZ DB clusters only
	Now             bool
	RotationRestart *bool
	Group           string
	Window          string
	Protected       *bool
	Password        string
}

// changeCluster runs f on a cluster and its members in one transaction.
func (s *Service) changeCluster(ctx context.Context, region, name string, f func(*store.Tx, *ClusterView, time.Time) error) (ClusterView, error) {
	found, err := s.clusterIn(s.Store.Read(ctx), region, name)
	if err != nil {
		return ClusterView{}, err
	}
	var v ClusterView
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		c, err := tx.Cluster(found.ResourceID)
		if errors.Is(err, store.ErrNotFound) {
			return fault.New(fault.ClusterNotFound, "DBCluster %s not found: it was deleted meanwhile.", found.Name)
		}
		if err != nil {
			return err
		}
		if v, err = clusterView(tx, c); err != nil {
			return err
		}
		if err := f(tx, &v, time.Now()); err != nil {
			return err
		}
		return tx.UpdateCluster(v.Cluster)
	})
	if err != nil {
		return ClusterView{}, err
	}
	s.Wake()
	return v, nil
}

// ModifyCluster changes what a cluster should be.
func (s *Service) ModifyCluster(ctx context.Context, by Caller, in ModifyClusterInput) (ClusterView, error) {
	return s.changeCluster(ctx, in.Region, in.Name, func(tx *store.Tx, v *ClusterView, now time.Time) error {
		if now := v.Shown(); now != inventory.StatusAvailable && now != inventory.StatusModifying {
			return fault.New(fault.InvalidClusterState, "DB cluster %s is not in available state: it is %s.", v.Name, now)
		}
		e, ok := s.engine(v.Engine)
		if !ok {
			return fault.New(fault.InvalidClusterState, "this server does not know engine %s", v.Engine)
		}
		for _, step := range []func() error{
			func() error { return s.clusterCA(tx, v, by, in, now) },
			func() error { return s.clusterGroup(tx, by, v, in.Group, e) },
			func() error { return s.clusterPassword(tx, v, in.Password, e, now) },
			func() error { return clusterWindow(v, in.Window) },
		} {
			if err := step(); err != nil {
				return err
			}
		}
		if in.Protected != nil {
			v.Protected = *in.Protected
		}
		return tx.Audit(audit(by, "ModifyDBCluster", v.Name, "CA %q, group %q, new password %t, immediately %t", in.CA, in.Group, in.Password != "", in.Now))
	})
}

// clusterCA plans the CA change of every member of a Multi-AZ DB cluster; the
// rotations take turns by themselves.
func (s *Service) clusterCA(tx *store.Tx, v *ClusterView, by Caller, in ModifyClusterInput, now time.Time) error {
	switch {
	case in.CA == "" && in.RotationRestart != nil:
		return fault.New(fault.InvalidCombination, "CACertificateIdentifier is required to use the NoCertificateRotationRestart option.")
	case in.CA == "":
		return nil
	case !v.MultiAZ():
		return fault.New(fault.InvalidCombination, "CACertificateIdentifier is valid for Multi-AZ DB clusters only: each instance of an Aurora cluster has a CA of its own. Set it with modify-db-instance --ca-certificate-identifier %s", in.CA)
	}
	for n := range v.Members {
		m := &v.Members[n]
		if m.Status != inventory.StatusAvailable {
			return fault.New(fault.InvalidClusterState, "DB cluster %s is not in available state: its instance %s is %s.", v.Name, m.Name, m.Status)
		}
		if err := s.wantCA(m, by, ModifyInput{CA: in.CA, Now: in.Now, RotationRestart: in.RotationRestart}, now); err != nil {
			return err
		}
		m.CheckAt = now
		if err := tx.UpdateInstance(m.Instance); err != nil {
			return err
		}
		v.CA = in.CA
		if m.Want.CA != "" {
			v.CA = m.Want.CA
		}
	}
	return nil
}

// clusterGroup changes the cluster's parameter group. Its values wait for the
// members' next reboot.
func (s *Service) clusterGroup(tx *store.Tx, by Caller, v *ClusterView, name string, e engine.Engine) error {
	if name == "" {
		return nil
	}
	g, err := s.Params.Resolve(tx, inventory.GroupCluster, v.Region, name, e.Spec.Family(v.Version))
	if err != nil || g.Name == v.Group {
		return err
	}
	members := make([]inventory.Instance, len(v.Members))
	for n, m := range v.Members {
		members[n] = m.Instance
	}
	tell, err := s.Params.Follow(tx, by, "ModifyDBCluster", members...)
	if err != nil {
		return err
	}
	v.Group = g.Name
	if err := tx.UpdateCluster(v.Cluster); err != nil {
		return err
	}
	for n := range v.Members {
		i := &v.Members[n].Instance
		catalogue, settings, err := s.Params.Settings(tx, *i)
		if err != nil {
			return err
		}
		if params.Sync(catalogue, i.Applied, settings) != inventory.SyncDone {
			i.GroupSync, i.SyncError, i.GroupWaits = inventory.SyncReboot, "", true
			if err := tx.UpdateInstance(*i); err != nil {
				return err
			}
		}
		members[n] = *i
	}
	return tell(members...)
}

func (s *Service) clusterPassword(tx *store.Tx, v *ClusterView, password string, e engine.Engine, now time.Time) error {
	if password == "" {
		return nil
	}
	if err := checkMaster(e.Spec, v.MasterUser, password); err != nil {
		return err
	}
	v.MasterSealed = s.Box.Seal(clusterLabel(v.Cluster), []byte(password))
	w := v.Writer()
	if w == nil || w.Status == inventory.StatusCreating {
		return nil // it is set up with this one
	}
	if err := s.wantPassword(w, e, password, now); err != nil {
		return err
	}
	return tx.UpdateInstance(w.Instance)
}

func clusterWindow(v *ClusterView, window string) (err error) {
	if window != "" {
		v.Window, err = inventory.ParseWindow(window)
	}
	return err
}

// PowerCluster reboots, stops or starts all members.
func (s *Service) PowerCluster(ctx context.Context, by Caller, region, name string, to inventory.Status) (ClusterView, error) {
	action, from := "RebootDBCluster", inventory.StatusAvailable
	switch to {
	case inventory.StatusStopping:
		action = "StopDBCluster"
	case inventory.StatusStarting:
		action, from = "StartDBCluster", inventory.StatusStopped
	}
	return s.changeCluster(ctx, region, name, func(tx *store.Tx, v *ClusterView, now time.Time) error {
		if to == inventory.StatusRebooting && !v.MultiAZ() {
			return fault.New(fault.InvalidClusterState, "RebootDBCluster is for Multi-AZ DB clusters; reboot the instances of an Aurora cluster one by one (reboot-db-instance)")
		}
		if len(v.Members) == 0 {
			return fault.New(fault.InvalidClusterState, "DB cluster %s has no instances", v.Name)
		}
		for n := range v.Members {
			if err := s.powerIn(tx, by, action, &v.Members[n], from, to, now); err != nil {
				return fault.New(fault.InvalidClusterState, "DB cluster %s: %s", v.Name, fault.Public(err))
			}
		}
		return nil
	})
}

// DeleteClusterInput is DeleteDBCluster, in the domain's words.
type DeleteClusterInput struct {
	Region, Name  string
	SkipSnapshot  bool
	FinalSnapshot string
}

// DeleteCluster ends a cluster: an Aurora cluster when it has no instances any
// more, a Multi-AZ DB cluster with its instances.
func (s *Service) DeleteCluster(ctx context.Context, by Caller, in DeleteClusterInput) (ClusterView, error) {
	if err := checkFinal(in.SkipSnapshot, in.FinalSnapshot); err != nil {
		return ClusterView{}, err
	}
	found, err := s.Cluster(ctx, in.Region, in.Name)
	if err != nil {
		return ClusterView{}, err
	}
	if w := found.Writer(); w != nil {
		if err := s.snapshotFree(w.Instance, in.FinalSnapshot); err != nil {
			return ClusterView{}, err
		}
	}
	var v ClusterView
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		c, err := tx.Cluster(found.ResourceID)
		if err != nil {
			return fault.Wrap(err, fault.ClusterNotFound, "DBCluster %s not found.", found.Name)
		}
		if v, err = clusterView(tx, c); err != nil {
			return err
		}
		return s.deleteCluster(tx, by, &v, in)
	})
	if err != nil {
		return ClusterView{}, err
	}
	s.Wake()
	return v, nil
}

func (s *Service) deleteCluster(tx *store.Tx, by Caller, v *ClusterView, in DeleteClusterInput) error {
	now := time.Now()
	switch {
	case v.Protected:
		return fault.New(fault.InvalidCombination, "Cannot delete protected Cluster %s, please disable deletion protection and try again.", v.Name)
	case v.Status == inventory.StatusDeleting:
		return fault.New(fault.InvalidClusterState, "DB cluster %s is already being deleted.", v.Name)
	case !v.MultiAZ() && len(v.Members) > 0:
		return fault.New(fault.InvalidClusterState, "Cluster cannot be deleted, it still contains DB instances in non-deleting state: delete %s first", v.Members[0].Name)
	case len(v.Members) == 0 && in.FinalSnapshot != "":
		return fault.New(fault.InvalidClusterState, "DB cluster %s has no instances and so no data to copy: the data went, or was kept, with its last instance; pass --skip-final-snapshot", v.Name)
	}
	v.Status = inventory.StatusDeleting
	if err := tx.Audit(audit(by, "DeleteDBCluster", v.Name, "final snapshot %q", in.FinalSnapshot)); err != nil {
		return err
	}
	if len(v.Members) == 0 {
		return tx.DeleteCluster(v.ResourceID)
	}
	for n := range v.Members {
		i := &v.Members[n].Instance
		i.Status, i.DueAt, i.CheckAt, i.Attempts, i.Detail = inventory.StatusDeleting, now, time.Time{}, 0, ""
		if i.Writer {
			i.FinalSnapshot = in.FinalSnapshot
		}
		if err := tx.UpdateInstance(*i); err != nil {
			return err
		}
	}
	return tx.UpdateCluster(v.Cluster)
}
