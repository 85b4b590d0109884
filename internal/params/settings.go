package params

import (
	"fmt"
	"slices"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// Resolve finds the group that an instance or a cluster of the family shall
// have; "" is the family's default. A cluster's group that is not there is
// fault.ClusterGroupNotFound, as the actions on clusters have it.
func (s *Service) Resolve(tx *store.Tx, kind inventory.GroupKind, region, name, family string) (inventory.Group, error) {
	r := Ref{Kind: kind, Region: region, Name: name}
	if key := s.key(r); key == "" || key == inventory.DefaultGroup(family) {
		return defaultGroup(kind, region, family), nil
	}
	g, err := s.find(tx, r)
	switch {
	case fault.CodeOf(err) == fault.GroupNotFound && kind == inventory.GroupCluster:
		return g, fault.New(fault.ClusterGroupNotFound, "%s", fault.Public(err))
	case err != nil:
		return g, err
	case g.Family != family:
		return g, fault.New(fault.InvalidCombination,
			"The Parameter Group %s with DBParameterGroupFamily %s cannot be used for this instance. Please use a Parameter Group with DBParameterGroupFamily %s", g.Name, g.Family, family)
	}
	return g, nil
}

// Settings is what counts for an instance now: the catalogue of its version,
// and what its group and its cluster's say.
func (s *Service) Settings(tx *store.Tx, i inventory.Instance) ([]engine.Parameter, map[string]inventory.Setting, error) {
	return s.SettingsWith(tx, i, inventory.Group{})
}

// SettingsWith is Settings as it would be if one of the groups were as given.
func (s *Service) SettingsWith(tx *store.Tx, i inventory.Instance, with inventory.Group) ([]engine.Parameter, map[string]inventory.Setting, error) {
	e, ok := s.engine(i.Engine)
	if !ok {
		return nil, nil, fault.New(fault.InvalidInstanceState, "this server does not know engine %s", i.Engine)
	}
	load := func(kind inventory.GroupKind, region, name string) (inventory.Group, error) {
		if with.Kind == kind && with.Region == region && with.Name == name {
			return with, nil
		}
		return load(tx, kind, region, name)
	}
	own, err := load(inventory.GroupInstance, i.Region, i.Group)
	if err != nil {
		return nil, nil, err
	}
	var shared inventory.Group
	if i.Cluster != "" {
		c, err := tx.Cluster(i.Cluster)
		if err != nil {
			return nil, nil, fmt.Errorf("read cluster %q of instance %q: %w", i.Cluster, i.Name, err)
		}
		if shared, err = load(inventory.GroupCluster, c.Region, c.Group); err != nil {
			return nil, nil, err
		}
	}
	catalogue := of(e.Spec, i.Version)
	return catalogue, Merge(catalogue, own, shared), nil
}

// of is the catalogue without what came after the version.
func of(spec engine.Spec, version string) []engine.Parameter {
	if spec.Parameters == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(spec.Parameters(version)), func(p engine.Parameter) bool {
		return p.MinVersion != "" && engine.CompareVersions(version, p.MinVersion) < 0
	})
}

// load reads the group that an instance or a cluster has; a default one, which
// sets nothing, may be of any family. "" is an instance from before groups.
func load(tx *store.Tx, kind inventory.GroupKind, region, name string) (inventory.Group, error) {
	family, ok := defaultOf(name)
	if ok || name == "" {
		return defaultGroup(kind, region, family), nil
	}
	g, err := tx.Group(kind, region, name)
	if err != nil {
		return g, fmt.Errorf("read %s %q: %w", noun(kind), name, err)
	}
	return g, nil
}

// Users lists the instances that have a group, or whose clusters have it.
func (s *Service) Users(tx *store.Tx, g inventory.Group) ([]inventory.Instance, error) {
	return users(tx, g)
}

// users lists the instances that a group counts for.
func users(tx *store.Tx, g inventory.Group) ([]inventory.Instance, error) {
	all, err := tx.Instances(g.Region, "", 0)
	if err != nil {
		return nil, err
	}
	having := map[string]bool{}
	if g.Kind == inventory.GroupCluster {
		clusters, err := clustersOf(tx, g)
		if err != nil {
			return nil, err
		}
		for _, c := range clusters {
			having[c.ResourceID] = true
		}
	}
	return slices.DeleteFunc(all, func(i inventory.Instance) bool {
		if g.Kind == inventory.GroupCluster {
			return !having[i.Cluster]
		}
		return i.Group != g.Name
	}), nil
}

// clustersOf lists the clusters that have a cluster's group.
func clustersOf(tx *store.Tx, g inventory.Group) ([]inventory.Cluster, error) {
	all, err := tx.Clusters(g.Region)
	return slices.DeleteFunc(all, func(c inventory.Cluster) bool { return c.Group != g.Name }), err
}

// user names an instance or a cluster that has the group, "" when none has.
func user(tx *store.Tx, g inventory.Group) (string, error) {
	if g.Kind == inventory.GroupCluster {
		clusters, err := clustersOf(tx, g)
		if err != nil || len(clusters) == 0 {
			return "", err
		}
		return clusters[0].Name, nil
	}
	instances, err := users(tx, g)
	if err != nil || len(instances) == 0 {
		return "", err
	}
	return instances[0].Name, nil
}
