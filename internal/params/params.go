// Package params is parameter groups, as RDS has them: named sets of settings
// of one family, shared by the instances or clusters that use them. It says
// what a group may hold (an engine's catalogue), what counts for an instance,
// and how that stands to what the instance's engine was told.
//
// It tells no engine anything: a change leaves the instances that it concerns
// due, and fleet does the work with Next.
package params

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// Service keeps the parameter groups. All fields but Found and Listener must be
// set.
type Service struct {
	Account string
	Store   *store.Store
	Engines []engine.Engine
	Wake    func() // makes due work be looked at now
	// Found lists versions of an engine that were found on a machine; they may
	// be newer than those of its Spec. nil: none were looked for.
	Found func(engine string) []string
	// Listener hears of every change; nil: nobody does.
	Listener Listener
}

// Family is what parameter groups belong to: a major version of an engine.
type Family struct {
	Name    string // DBParameterGroupFamily, "mydb15"
	Engine  engine.Engine
	Version string // the newest dbtls knows or has found; its catalogue is the family's
}

// Families lists the families of all engines, by name.
func (s *Service) Families() []Family {
	var all []Family
	for _, e := range s.Engines {
		spec := e.Spec
		if s.Found != nil {
			spec.Versions = slices.Concat(spec.Versions, s.Found(e.Name()))
			slices.SortFunc(spec.Versions, engine.CompareVersions)
		}
		for name, version := range spec.Families() {
			all = append(all, Family{Name: name, Engine: e, Version: version})
		}
	}
	slices.SortFunc(all, func(a, b Family) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// family finds one by name.
func (s *Service) family(name string) (Family, bool) {
	for _, f := range s.Families() {
		if f.Name == name {
			return f, true
		}
	}
	return Family{}, false
}

// Catalogue is what a group of that kind lists and may set, by name. In an
// Aurora family each parameter is in one kind of group; elsewhere both kinds
// have all, since a Multi-AZ DB cluster is made of plain instances.
func (f Family) Catalogue(kind inventory.GroupKind) []engine.Parameter {
	if f.Engine.Spec.Parameters == nil {
		return nil
	}
	all := slices.Clone(f.Engine.Spec.Parameters(f.Version))
	if f.Engine.Spec.Clustered {
		all = slices.DeleteFunc(all, func(p engine.Parameter) bool { return p.Cluster != (kind == inventory.GroupCluster) })
	}
	slices.SortFunc(all, func(a, b engine.Parameter) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// engine finds a product by any of its API names.
func (s *Service) engine(name string) (engine.Engine, bool) {
	for _, e := range s.Engines {
		if slices.Contains(e.Spec.Names, name) {
			return e, true
		}
	}
	return engine.Engine{}, false
}

// Ref names a group.
type Ref struct {
	Kind         inventory.GroupKind
	Region, Name string // Name in any case, or the group's ARN
	// IfVersion makes a change happen only while the group is at this version;
	// 0: whatever version it is.
	IfVersion int64
}

// noun is what AWS calls a kind, in names of actions and parameters.
func noun(kind inventory.GroupKind) string {
	if kind == inventory.GroupCluster {
		return "DBClusterParameterGroup"
	}
	return "DBParameterGroup"
}

func audit(by inventory.Caller, verb string, g inventory.Group, at time.Time, format string, args ...any) store.AuditRecord {
	return store.AuditRecord{At: at, Actor: by.Name, Action: verb + noun(g.Kind), Target: g.Name,
		RequestID: by.RequestID, Detail: fmt.Sprintf(format, args...)}
}
