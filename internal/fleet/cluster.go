package fleet

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// ClusterView is a cluster with its members, by name.
type ClusterView struct {
	inventory.Cluster
	Members []View
}

// Writer is the member that takes writes, nil before there is one.
func (c ClusterView) Writer() *View {
	for n := range c.Members {
		if c.Members[n].Writer {
			return &c.Members[n]
		}
	}
	return nil
}

// Reader reports whether a member answers at the readers' endpoint.
func (c ClusterView) Reader() bool {
	return slices.ContainsFunc(c.Members, func(v View) bool { return holdsReader(v.Instance) })
}

func holdsReader(i inventory.Instance) bool { return len(i.Shared) > 1 && i.Shared[1].Held }

// Shown is the status of the cluster: its own, or what its members make of it.
func (c ClusterView) Shown() inventory.Status {
	if c.Status != inventory.StatusAvailable || len(c.Members) == 0 {
		return c.Status
	}
	// The least ready member speaks for all; one that is being added does not.
	for _, s := range []inventory.Status{inventory.StatusFailed, inventory.StatusStopping, inventory.StatusStarting,
		inventory.StatusRebooting, inventory.StatusModifying} {
		if slices.ContainsFunc(c.Members, func(v View) bool { return v.Shown() == s }) {
			return s
		}
	}
	writer := c.Writer()
	switch {
	case writer == nil || writer.Status == inventory.StatusCreating:
		return inventory.StatusCreating
	case !slices.ContainsFunc(c.Members, func(v View) bool { return v.Status != inventory.StatusStopped }):
		return inventory.StatusStopped
	}
	return inventory.StatusAvailable
}

// Cluster finds a cluster by name or ARN.
func (s *Service) Cluster(ctx context.Context, region, name string) (ClusterView, error) {
	tx := s.Store.Read(ctx)
	c, err := s.clusterIn(tx, region, name)
	if err != nil {
		return ClusterView{}, err
	}
	return clusterView(tx, c)
}

func (s *Service) clusterIn(tx *store.Tx, region, name string) (inventory.Cluster, error) {
	name = strings.TrimPrefix(name, inventory.ClusterARN(region, s.Account, ""))
	if strings.HasPrefix(name, "arn:") {
		return inventory.Cluster{}, fault.New(fault.ClusterNotFound, "DBCluster %s not found in account %s and region %s.", name, s.Account, region)
	}
	name, err := inventory.ParseClusterName(name)
	if err != nil {
		return inventory.Cluster{}, err
	}
	c, err := tx.ClusterByName(region, name)
	if errors.Is(err, store.ErrNotFound) {
		return c, fault.New(fault.ClusterNotFound, "DBCluster %s not found.", name)
	}
	return c, err
}

func clusterView(tx *store.Tx, c inventory.Cluster) (ClusterView, error) {
	v := ClusterView{Cluster: c}
	members, err := tx.Members(c.ResourceID)
	if err != nil {
		return v, err
	}
	for _, i := range members {
		m := View{Instance: i}
		rot, err := tx.OpenRotation(i.ResourceID)
		if err == nil {
			m.Rotation = &rot
		} else if !errors.Is(err, store.ErrNotFound) {
			return v, err
		}
		v.Members = append(v.Members, m)
	}
	return v, nil
}

// Clusters lists a region's clusters by name.
func (s *Service) Clusters(ctx context.Context, region string) ([]ClusterView, error) {
	tx := s.Store.Read(ctx)
	all, err := tx.Clusters(region)
	if err != nil {
		return nil, err
	}
	views := make([]ClusterView, 0, len(all))
	for _, c := range all {
		v, err := clusterView(tx, c)
		if err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	return views, nil
}

// CreateClusterInput is CreateDBCluster, in the domain's words.
type CreateClusterInput struct {
	Region, Name, Engine, Version        string
	MemberClass                          string // of a Multi-AZ DB cluster, "" for Aurora
	MasterUser, MasterPassword, Database string
	CA                                   string // Multi-AZ DB clusters only
	Group                                string // DB cluster parameter group
	Port                                 int
	AllocatedStorage                     int
	Window                               string
	Protected                            bool
	Tags                                 []inventory.Tag
}

// CreateCluster makes a cluster. An Aurora cluster is empty until instances are
// created in it; a Multi-AZ DB cluster makes its writer and two readers itself.
func (s *Service) CreateCluster(ctx context.Context, by Caller, in CreateClusterInput) (ClusterView, error) {
	c, e, err := s.planCluster(in)
	if err != nil {
		return ClusterView{}, err
	}
	var members []inventory.Instance
	if c.MultiAZ() {
		if members, err = s.planMembers(ctx, c, e, in); err != nil {
			return ClusterView{}, err
		}
		c.CA = members[0].Want.CA
	}
	c.MasterSealed = s.Box.Seal(clusterLabel(c), []byte(in.MasterPassword))
	c.ReplicaSealed = s.Box.Seal(replicaLabel(c), []byte(rand.Text()))
	var v ClusterView
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		if err := s.assignCluster(ctx, tx, &c, e, in.Port); err != nil {
			return err
		}
		g, err := s.Params.Resolve(tx, inventory.GroupCluster, c.Region, in.Group, e.Spec.Family(c.Version))
		if err != nil {
			return err
		}
		c.Group = g.Name
		err = tx.InsertCluster(c)
		if errors.Is(err, store.ErrNameTaken) {
			return fault.New(fault.ClusterExists, "DB Cluster %s already exists in %s; choose another DBClusterIdentifier", c.Name, c.Region)
		}
		if err != nil {
			return err
		}
		for _, m := range members {
			if err := s.join(ctx, tx, by, &c, &m, e, ""); err != nil {
				return err
			}
		}
		if err := tx.InsertEvent(events.Cluster(s.Account, c, c.CreatedAt, events.Creation, "DB cluster created")); err != nil {
			return err
		}
		if err := tx.Audit(audit(by, "CreateDBCluster", c.Name, "%s %s at %s port %d", c.Engine, c.Version, c.Host, c.Port)); err != nil {
			return err
		}
		v, err = clusterView(tx, c)
		return err
	})
	if err != nil {
		return ClusterView{}, err
	}
	s.Wake()
	return v, nil
}

// planCluster checks everything that needs no state.
func (s *Service) planCluster(in CreateClusterInput) (inventory.Cluster, engine.Engine, error) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	c := inventory.Cluster{ResourceID: inventory.NewClusterID(), Region: in.Region, Status: inventory.StatusAvailable,
		MemberClass: in.MemberClass, MasterUser: in.MasterUser, Database: in.Database, AllocatedStorage: in.AllocatedStorage,
		Protected: in.Protected, Tags: in.Tags, CreatedAt: now}
	var err error
	if c.Name, err = inventory.ParseClusterName(in.Name); err != nil {
		return c, engine.Engine{}, err
	}
	e, ok := s.engine(in.Engine)
	switch {
	case !ok:
		return c, e, fault.New(fault.InvalidParameter, "Invalid DB engine %q; this server has %s", in.Engine, s.engineNames())
	case e.Spec.Clustered && in.CA != "":
		return c, e, fault.New(fault.InvalidCombination, "CACertificateIdentifier is valid for Multi-AZ DB clusters only: each instance of an Aurora cluster has a CA of its own. Set it with create-db-instance or modify-db-instance --ca-certificate-identifier %s", in.CA)
	case e.Spec.Clustered && in.MemberClass != "":
		return c, e, fault.New(fault.InvalidCombination, "DBClusterInstanceClass is valid for Multi-AZ DB clusters only; create the instances of an Aurora cluster with create-db-instance")
	case !e.Spec.Clustered && in.MemberClass == "":
		return c, e, fault.New(fault.InvalidCombination, "A Multi-AZ DB cluster of engine %s needs a DBClusterInstanceClass, such as db.local; Aurora engines are aurora-postgresql and aurora-mysql", e.Name())
	}
	c.Engine = e.Name()
	if c.Version, err = s.clusterVersion(e, in); err != nil {
		return c, e, err
	}
	if err := checkMaster(e.Spec, in.MasterUser, in.MasterPassword); err != nil {
		return c, e, err
	}
	if err := checkDatabase(in.Database); err != nil {
		return c, e, err
	}
	c.Window = inventory.DefaultWindow(c.ResourceID)
	if in.Window != "" {
		c.Window, err = inventory.ParseWindow(in.Window)
	}
	return c, e, err
}

// clusterVersion resolves the version: by the members' provider where that is
// known, else the newest of any.
func (s *Service) clusterVersion(e engine.Engine, in CreateClusterInput) (string, error) {
	kind := s.Default
	if in.MemberClass != "" {
		var err error
		if kind, err = placeOf(in.MemberClass, s.Default); err != nil {
			return "", err
		}
		return pickVersion(e, s.offers(e, kind), kind, in.Version)
	}
	var failed error
	for _, kind := range append([]string{kind}, s.otherKinds(kind)...) {
		v, err := pickVersion(e, s.offers(e, kind), kind, in.Version)
		if err == nil {
			return v, nil
		}
		failed = errors.Join(failed, err)
	}
	return "", fault.New(fault.InvalidParameter, "%s", strings.ReplaceAll(failed.Error(), "\n", "; "))
}

func (s *Service) otherKinds(kind string) []string {
	var all []string
	for k := range s.Providers {
		if k != kind {
			all = append(all, k)
		}
	}
	return all
}

// assignCluster chooses the two endpoints and the port of all members.
func (s *Service) assignCluster(ctx context.Context, tx *store.Tx, c *inventory.Cluster, e engine.Engine, port int) (err error) {
	if err := checkPortNumber(port); err != nil {
		return err
	}
	if c.Host, c.Address, err = s.endpoint(ctx, tx, c.Name+".cluster", c.Region, c.ResourceID); err != nil {
		return err
	}
	if c.ReaderHost, c.ReaderAddress, err = s.endpoint(ctx, tx, c.Name+".cluster-ro", c.Region, c.ResourceID+"/ro"); err != nil {
		return err
	}
	c.Port = port
	if port == 0 {
		c.Port = e.Spec.DefaultPort
	}
	return nil
}

func clusterLabel(c inventory.Cluster) string { return "master password of " + c.ResourceID }
func replicaLabel(c inventory.Cluster) string { return "replica password of " + c.ResourceID }

// planMembers makes the three instances of a Multi-AZ DB cluster.
func (s *Service) planMembers(ctx context.Context, c inventory.Cluster, e engine.Engine, in CreateClusterInput) ([]inventory.Instance, error) {
	const members = 3
	var all []inventory.Instance
	for n := range members {
		m, err := s.planMember(ctx, c, e, CreateInput{Region: c.Region, Name: fmt.Sprintf("%s-instance-%d", c.Name, n+1),
			Class: c.MemberClass, Engine: c.Engine, CA: in.CA, AllocatedStorage: c.AllocatedStorage, Window: c.Window.String()})
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}
