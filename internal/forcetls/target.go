package forcetls

import (
	"errors"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

// Target names a parameter group, or an instance and with it the group that
// decides for it.
type Target struct {
	Region, Name string
	// Kind is "group", "cluster-group" or "instance"; "" looks for all three.
	Kind string
}

// The kinds of targets.
const (
	KindGroup        = "group"
	KindClusterGroup = "cluster-group"
	KindInstance     = "instance"
)

// subject is what a target stands for.
type subject struct {
	group  inventory.Group
	family params.Family
	force  engine.Force
	static bool
	// only is the instance that was named, nil for a group: of a default group
	// no more than it is spoken of.
	only *inventory.Instance
}

func (u subject) ref() params.Ref {
	return params.Ref{Kind: u.group.Kind, Region: u.group.Region, Name: u.group.Name}
}

func (u subject) key() store.GroupKey {
	return store.GroupKey{Kind: u.group.Kind, Region: u.group.Region, Name: u.group.Name}
}

// resolve finds what a target stands for.
func (s *Service) resolve(tx *store.Tx, t Target) (subject, error) {
	var found []subject
	for _, look := range []struct {
		kind string
		find func(*store.Tx, Target) (subject, bool, error)
	}{{KindGroup, s.instanceGroup}, {KindClusterGroup, s.clusterGroup}, {KindInstance, s.instance}} {
		if t.Kind != "" && t.Kind != look.kind {
			continue
		}
		u, ok, err := look.find(tx, t)
		if err != nil {
			return subject{}, err
		}
		if ok {
			found = append(found, u)
		}
	}
	switch {
	case t.Kind != "" && t.Kind != KindGroup && t.Kind != KindClusterGroup && t.Kind != KindInstance:
		return subject{}, fault.New(fault.InvalidParameter, "kind %q is not known; give %s, %s or %s", t.Kind, KindGroup, KindClusterGroup, KindInstance)
	case len(found) == 0:
		return subject{}, fault.New(fault.GroupNotFound, "There is no parameter group and no DB instance %q in %s", t.Name, t.Region)
	case len(found) > 1:
		return subject{}, fault.New(fault.InvalidCombination, "%q names more than one thing in %s; say which with --kind %s, %s or %s", t.Name, t.Region, KindGroup, KindClusterGroup, KindInstance)
	}
	return s.complete(found[0])
}

func (s *Service) instanceGroup(tx *store.Tx, t Target) (subject, bool, error) {
	return s.groupOf(tx, t, inventory.GroupInstance, false)
}

func (s *Service) clusterGroup(tx *store.Tx, t Target) (subject, bool, error) {
	return s.groupOf(tx, t, inventory.GroupCluster, true)
}

// groupOf finds a group of a kind. A family has a default group of each kind, of
// one name: without a word on it, that of the kind that decides is meant.
func (s *Service) groupOf(tx *store.Tx, t Target, kind inventory.GroupKind, clustered bool) (subject, bool, error) {
	u, ok, err := s.group(tx, params.Ref{Kind: kind, Region: t.Region, Name: t.Name})
	if ok && t.Kind == "" && u.group.Name == inventory.DefaultGroup(u.group.Family) && u.family.Engine.Spec.Clustered != clustered {
		ok = false
	}
	return u, ok, err
}

func (s *Service) group(tx *store.Tx, r params.Ref) (subject, bool, error) {
	g, err := s.Params.Find(tx, r)
	if fault.CodeOf(err) == fault.GroupNotFound {
		return subject{}, false, nil
	}
	u := subject{group: g}
	for _, f := range s.Params.Families() {
		if f.Name == g.Family {
			u.family = f
		}
	}
	return u, err == nil, err
}

// instance finds an instance and the group that decides for it: in a cluster,
// the cluster's, which wins over the instance's own wherever both may speak.
func (s *Service) instance(tx *store.Tx, t Target) (subject, bool, error) {
	i, err := tx.InstanceByName(t.Region, strings.ToLower(t.Name))
	if errors.Is(err, store.ErrNotFound) {
		return subject{}, false, nil
	}
	if err != nil {
		return subject{}, false, err
	}
	r := params.Ref{Kind: inventory.GroupInstance, Region: i.Region, Name: i.Group}
	if i.Cluster != "" {
		c, err := tx.Cluster(i.Cluster)
		if err != nil {
			return subject{}, false, err
		}
		r.Kind, r.Name = inventory.GroupCluster, c.Group
	}
	u, ok, err := s.group(tx, r)
	u.only = &i
	return u, ok, err
}

// complete adds what the group's family can be told.
func (s *Service) complete(u subject) (subject, error) {
	spec := u.family.Engine.Spec
	if len(spec.Names) == 0 {
		return u, fault.New(fault.InvalidGroupState, "This server does not know the family %s of the parameter group %s any more", u.group.Family, u.group.Name)
	}
	var force *engine.Force
	if spec.Force != nil {
		force = spec.Force(u.family.Version)
	}
	if force == nil {
		return u, fault.New(fault.InvalidCombination,
			"Servers of %s (%s) have no parameter that makes them refuse plain clients, as far as dbtls knows the product: their TLS port, or their listener, speaks TLS only, or cannot be told to. Close the plain port or listener instead; see docs/force-tls.md",
			spec.Description, u.group.Family)
	}
	u.force = *force
	for _, p := range u.family.Catalogue(u.group.Kind) {
		if p.Name == u.force.Parameter {
			u.static = p.ApplyType == engine.Static
			return u, nil
		}
	}
	return u, fault.New(fault.InvalidCombination,
		"The parameter %s of the family %s is set by the parameter group of the cluster, not by the one of an instance (%s); name the cluster's group, or an instance of it", u.force.Parameter, u.group.Family, u.group.Name)
}
