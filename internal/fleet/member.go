package fleet

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

// createMember makes an instance in an Aurora cluster: the first takes writes,
// the others follow it.
func (s *Service) createMember(ctx context.Context, by Caller, in CreateInput) (View, error) {
	c, err := s.clusterIn(s.Store.Read(ctx), in.Region, in.Cluster)
	if err != nil {
		return View{}, err
	}
	if err := memberOnly(c, in); err != nil {
		return View{}, err
	}
	e, ok := s.engine(c.Engine)
	if !ok {
		return View{}, fault.New(fault.InvalidClusterState, "this server does not know engine %s of DB cluster %s", c.Engine, c.Name)
	}
	inst, err := s.planMember(ctx, c, e, in)
	if err != nil {
		return View{}, err
	}
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		if c, err = tx.Cluster(c.ResourceID); err != nil {
			return fault.Wrap(err, fault.ClusterNotFound, "DBCluster %s not found.", in.Cluster)
		}
		if c.Status != inventory.StatusAvailable {
			return fault.New(fault.InvalidClusterState, "DB cluster %s is not in available state: it is %s.", c.Name, c.Status)
		}
		return s.join(ctx, tx, by, &c, &inst, e, in.Group)
	})
	if err != nil {
		return View{}, err
	}
	s.Wake()
	return View{Instance: inst}, nil
}

// memberOnly refuses what belongs to the cluster.
func memberOnly(c inventory.Cluster, in CreateInput) error {
	if c.MultiAZ() {
		return fault.New(fault.InvalidCombination, "DB cluster %s is a Multi-AZ DB cluster: it makes its instances itself", c.Name)
	}
	for name, given := range map[string]bool{"MasterUsername": in.MasterUser != "", "MasterUserPassword": in.MasterPassword != "",
		"DBName": in.Database != "", "Port": in.Port != 0, "AllocatedStorage": in.AllocatedStorage != 0} {
		if given {
			return fault.New(fault.InvalidCombination, "The parameter %s belongs to DB cluster %s and cannot be given for one of its instances; leave it out", name, c.Name)
		}
	}
	if !strings.EqualFold(in.Engine, c.Engine) {
		return fault.New(fault.InvalidCombination, "The engine %s does not match engine %s of DB cluster %s", in.Engine, c.Engine, c.Name)
	}
	if in.Version != "" && in.Version != c.Version {
		return fault.New(fault.InvalidCombination, "The engine version %s does not match version %s of DB cluster %s; leave it out", in.Version, c.Version, c.Name)
	}
	return nil
}

// planMember checks everything about a new member that needs no state.
func (s *Service) planMember(ctx context.Context, c inventory.Cluster, e engine.Engine, in CreateInput) (inventory.Instance, error) {
	in.Version = c.Version
	inst, _, err := s.planEngine(in)
	if fault.CodeOf(err) == fault.InvalidCombination {
		err = fault.New(fault.InvalidCombination, "%s. The version is that of DB cluster %s: choose another instance class, or create a cluster with an EngineVersion that this class has", fault.Public(err), c.Name)
	}
	if err != nil {
		return inst, err
	}
	if inst.Want.CA, err = s.chooseCA(ctx, e, inst, in.CA); err != nil {
		return inst, err
	}
	inst.Cluster, inst.ClusterName, inst.Database = c.ResourceID, c.Name, c.Database
	inst.MasterUser, inst.AllocatedStorage = c.MasterUser, c.AllocatedStorage
	return inst, s.checkRoom(inst)
}

// join makes an instance a member: the cluster's endpoints go into its leaf, and
// it listens at the one that its part in the cluster gives it.
func (s *Service) join(ctx context.Context, tx *store.Tx, by Caller, c *inventory.Cluster, i *inventory.Instance, e engine.Engine, group string) error {
	members, err := tx.Members(c.ResourceID)
	if err != nil {
		return err
	}
	if i.Host, i.Address, err = s.endpoint(ctx, tx, i.Name, i.Region, i.ResourceID); err != nil {
		return err
	}
	i.Port, i.Writer = c.Port, len(members) == 0
	if err := s.canFollow(*i, members, e); err != nil {
		return err
	}
	reader := !i.Writer && !slices.ContainsFunc(members, holdsReader)
	i.Shared = []inventory.Shared{
		{Host: c.Host, Address: c.Address, Held: i.Writer},
		{Host: c.ReaderHost, Address: c.ReaderAddress, Held: reader},
	}
	p := s.Provider(*i)
	for _, address := range append([]string{i.Address}, i.Also()...) {
		if err := p.CheckPort(address, i.Port); err != nil {
			return err
		}
	}
	return s.insert(tx, by, i, e, group)
}

// canFollow refuses a reader that could not be made.
func (s *Service) canFollow(i inventory.Instance, members []inventory.Instance, e engine.Engine) error {
	if i.Writer {
		return nil
	}
	if i.Provider == provider.Local && e.Replicas == nil {
		return fault.New(fault.InvalidCombination, "dbtls cannot make read replicas of engine %s on this machine; use db.simulated", i.Engine)
	}
	for _, m := range members {
		if m.Provider != i.Provider {
			return fault.New(fault.InvalidCombination, "The instances of a DB cluster live in one place: %s is db.%s, so %s cannot be db.%s", m.Name, m.Provider, i.Name, i.Provider)
		}
	}
	return nil
}

// source is what a new replica copies and follows. ready is false while its
// writer cannot be followed yet: it is asked again.
func (s *Service) source(ctx context.Context, i inventory.Instance) (from provider.Source, ready bool, err error) {
	if !i.IsReplica() {
		return from, true, nil
	}
	tx := s.Store.Read(ctx)
	c, err := tx.Cluster(i.Cluster)
	if err != nil {
		return from, false, err
	}
	members, err := tx.Members(i.Cluster)
	if err != nil {
		return from, false, err
	}
	w := slices.IndexFunc(members, func(m inventory.Instance) bool { return m.Writer })
	switch {
	case w < 0:
		return from, false, fault.New(fault.InvalidInstanceState, "DB cluster %s has no writer to copy", c.Name)
	case members[w].Status == inventory.StatusFailed:
		return from, false, fault.New(fault.InvalidInstanceState, "writer %s of DB cluster %s failed (%s), so there is nothing to copy; delete both instances and create them again", members[w].Name, c.Name, members[w].Detail)
	case members[w].Status != inventory.StatusAvailable:
		return from, false, s.update(ctx, i.ResourceID, func(_ *store.Tx, i *inventory.Instance, now time.Time) error {
			i.DueAt = now.Add(followWait)
			return nil
		})
	}
	password, err := s.Box.Open(replicaLabel(c), c.ReplicaSealed)
	if err != nil {
		return from, false, err
	}
	from.Password = string(password)
	// All of the region's roots: the writer may come from any of them later.
	for _, p := range pki.Profiles() {
		if ca, ok := s.Authority.Get(i.Region, p.ID); ok && ca.Root != nil {
			from.Roots = append(from.Roots, ca.Root.Raw)
		}
	}
	return from, true, nil
}

// followWait is the pause before a replica looks for its writer again.
const followWait = 500 * time.Millisecond

// allowReplicas makes the account that replicas of a writer log in with.
func (s *Service) allowReplicas(ctx context.Context, i inventory.Instance) error {
	c, err := s.Store.Read(ctx).Cluster(i.Cluster)
	if err != nil {
		return err
	}
	if e, _ := s.engine(i.Engine); i.Provider == provider.Local && e.Replicas == nil {
		return nil // nobody can follow it
	}
	password, err := s.Box.Open(replicaLabel(c), c.ReplicaSealed)
	if err != nil {
		return err
	}
	return s.Provider(i).AllowReplicas(ctx, rotation.Place(i), string(password))
}

// replicasLeft reports that the deletion of a writer has to wait: readers that
// are being deleted with it follow it until they are gone.
func (s *Service) replicasLeft(ctx context.Context, i inventory.Instance) (bool, error) {
	if i.Cluster == "" || !i.Writer {
		return false, nil
	}
	members, err := s.Store.Read(ctx).Members(i.Cluster)
	if err != nil || len(members) < 2 {
		return false, err
	}
	return true, s.update(ctx, i.ResourceID, func(_ *store.Tx, i *inventory.Instance, now time.Time) error {
		i.DueAt = now.Add(followWait)
		return nil
	})
}

// memberGone gives what a deleted member held to another, and ends a cluster
// that is being deleted with its last member.
func (s *Service) memberGone(tx *store.Tx, gone inventory.Instance) error {
	if gone.Cluster == "" {
		return nil
	}
	members, err := tx.Members(gone.Cluster)
	if err != nil {
		return err
	}
	c, err := tx.Cluster(gone.Cluster)
	if err != nil {
		return err
	}
	if len(members) == 0 && c.Status == inventory.StatusDeleting {
		return errors.Join(tx.DeleteCluster(c.ResourceID),
			tx.InsertEvent(events.Cluster(s.Account, c, time.Now(), events.Deletion, "DB cluster deleted")))
	}
	if !holdsReader(gone) || c.Status == inventory.StatusDeleting {
		return nil
	}
	for _, m := range members {
		if m.Writer || m.Status == inventory.StatusDeleting {
			continue
		}
		m.Shared = slices.Clone(m.Shared)
		m.Shared[1].Held = true
		return errors.Join(tx.UpdateInstance(m), tx.InsertEvent(events.Instance(s.Account, m, time.Now(), events.Notification,
			"The reader endpoint %s of DB cluster %s comes to this instance with its next reboot", c.ReaderHost, c.Name)))
	}
	return nil
}

// turnToBoot lets the members of a cluster restart one at a time, readers before
// the writer.
func (s *Service) turnToBoot(ctx context.Context, i inventory.Instance) (bool, error) {
	if i.Cluster == "" {
		return true, nil
	}
	members, err := s.Store.Read(ctx).Members(i.Cluster)
	if err != nil {
		return false, err
	}
	for _, m := range members {
		if m.ResourceID != i.ResourceID && m.Status == i.Status && bootsBefore(m, i) {
			return false, s.update(ctx, i.ResourceID, func(_ *store.Tx, i *inventory.Instance, now time.Time) error {
				i.DueAt = now.Add(followWait)
				return nil
			})
		}
	}
	return true, nil
}

// bootsBefore: one that is under way goes first. A cluster that starts does so
// with its writer, which the readers follow.
func bootsBefore(a, b inventory.Instance) bool {
	switch {
	case a.Boot.Begun != b.Boot.Begun:
		return a.Boot.Begun
	case a.Writer != b.Writer:
		return a.Writer == (a.Status == inventory.StatusStarting)
	}
	return a.Name < b.Name
}
