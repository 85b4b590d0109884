// Package overview is how a fleet's trust is, on one screen, and lists of
// databases as people search them. It reads the state and looks at no database.
package overview

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/authority"
	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

// How many rows of each list there are at most.
const (
	mostExpiries = 200
	mostNext     = 20
	mostPlain    = 100
	mostAsked    = 4 // times that Decide is asked about one instance
)

// Service answers. Its fields are set before the first question.
type Service struct {
	Store     *store.Store
	Authority *authority.Service
	Engine    func(name string) (engine.Engine, bool)
}

// Overview is the whole of it, over all regions.
type Overview struct {
	At         time.Time      `json:"at"`
	Frozen     string         `json:"frozen,omitempty"` // why rotations are held
	Clock      string         `json:"clock,omitempty"`  // why the clock is not trusted
	WorstDays  *float64       `json:"worst_days"`       // until the first leaf expires; null without any
	Databases  int            `json:"databases"`
	ByStatus   map[string]int `json:"by_status"`
	ByCA       []ByCA         `json:"by_ca"`
	Expiries   []Expiry       `json:"expiries"` // the soonest first
	Next       []Next         `json:"next"`     // the soonest first
	Stuck      []Stuck        `json:"stuck"`
	Plain      []Plain        `json:"plain"` // databases that take plain connections, at most 100
	PlainTotal int            `json:"plain_total"`
	Forcing    []Forcing      `json:"forcing"` // changes of forced TLS that wait to be confirmed
}

// ByCA counts a CA's databases.
type ByCA struct {
	CA        string `json:"ca"`
	Databases int    `json:"databases"`
}

// Next is a rotation that comes by itself.
type Next struct {
	Instance string           `json:"instance"`
	Region   string           `json:"region"`
	Reason   inventory.Reason `json:"reason"`
	At       time.Time        `json:"at"`
}

// Stuck is a rotation that needs help.
type Stuck struct {
	Instance string                `json:"instance"`
	Region   string                `json:"region"`
	Reason   inventory.StuckReason `json:"reason"`
	Detail   string                `json:"detail"`
	Since    time.Time             `json:"since"`
}

// Plain is a database that takes plain connections.
type Plain struct {
	Instance string `json:"instance"`
	Region   string `json:"region"`
	Why      string `json:"why"`
}

// Forcing is a change of forced TLS that is taken back unless it is confirmed.
type Forcing struct {
	Group    string              `json:"group"`
	Kind     inventory.GroupKind `json:"kind"`
	Region   string              `json:"region"`
	Deadline time.Time           `json:"deadline"`
}

// Overview reads it.
func (s *Service) Overview(ctx context.Context, now time.Time) (Overview, error) {
	o := Overview{At: now.UTC(), ByStatus: map[string]int{}, ByCA: []ByCA{}, Expiries: []Expiry{}, Next: []Next{}, Stuck: []Stuck{}, Plain: []Plain{}, Forcing: []Forcing{}}
	read := s.Store.Read(ctx)
	frozen, err := read.Meta(rotation.MetaFrozen)
	if err != nil {
		return o, fmt.Errorf("read freeze switch: %w", err)
	}
	o.Frozen = string(frozen)
	all, err := read.AllInstances()
	if err != nil {
		return o, fmt.Errorf("read instances: %w", err)
	}
	if err := s.rotations(read, &o, all); err != nil {
		return o, err
	}
	if err := s.expiries(read, &o, all, now); err != nil {
		return o, err
	}
	s.count(&o, all, now)
	s.plain(&o, all)
	o.Next = s.next(ctx, all, now)
	pending, err := read.PendingForces()
	if err != nil {
		return o, fmt.Errorf("read changes of forced TLS: %w", err)
	}
	for _, p := range pending {
		o.Forcing = append(o.Forcing, Forcing{Group: p.Name, Kind: p.Kind, Region: p.Region, Deadline: p.Deadline})
	}
	return o, nil
}

func (s *Service) rotations(read *store.Tx, o *Overview, all []inventory.Instance) error {
	open, err := read.OpenRotations()
	if err != nil {
		return fmt.Errorf("read rotations: %w", err)
	}
	for _, i := range all {
		if rot, ok := open[i.ResourceID]; ok && rot.IsStuck() {
			o.Stuck = append(o.Stuck, Stuck{i.Name, i.Region, rot.Stuck.Reason, rot.Stuck.Detail, rot.Stuck.Since})
		}
	}
	slices.SortFunc(o.Stuck, func(a, b Stuck) int { return a.Since.Compare(b.Since) })
	return nil
}

func (s *Service) count(o *Overview, all []inventory.Instance, now time.Time) {
	o.Databases = len(all)
	cas := map[string]int{}
	for _, i := range all {
		o.ByStatus[string(i.Now())]++
		if i.Leaf.CA == "" {
			continue
		}
		cas[i.Leaf.CA]++
		if left := i.Leaf.NotAfter.Sub(now).Hours() / 24; o.WorstDays == nil || left < *o.WorstDays {
			o.WorstDays = &left
		}
	}
	for ca, n := range cas {
		o.ByCA = append(o.ByCA, ByCA{ca, n})
	}
	slices.SortFunc(o.ByCA, func(a, b ByCA) int {
		return cmp.Or(cmp.Compare(b.Databases, a.Databases), cmp.Compare(a.CA, b.CA))
	})
}

// plain lists the databases that take plain connections, where that is for a
// parameter to say.
func (s *Service) plain(o *Overview, all []inventory.Instance) {
	for _, i := range all {
		forced := s.forced(i)
		if forced == nil || *forced {
			continue
		}
		o.PlainTotal++
		if len(o.Plain) < mostPlain {
			e, _ := s.Engine(i.Engine)
			f := e.Spec.Force(i.Version)
			o.Plain = append(o.Plain, Plain{i.Name, i.Region, fmt.Sprintf("%s is not %s in %s", f.Parameter, f.On, cmp.Or(i.Group, "its parameter group"))})
		}
	}
}

// forced reports whether clients of an instance have to use TLS, by what its
// server was told; nil: its engine has no such switch.
func (s *Service) forced(i inventory.Instance) *bool {
	e, ok := s.Engine(i.Engine)
	if !ok || e.Spec.Force == nil {
		return nil
	}
	f := e.Spec.Force(i.Version)
	if f == nil {
		return nil
	}
	value := e.Spec.Values(i.Version, i.Applied)[f.Parameter]
	on := value == f.On
	return &on
}

// next works out which rotations come by themselves.
func (s *Service) next(ctx context.Context, all []inventory.Instance, now time.Time) []Next {
	next := []Next{}
	defaults := map[string]rotation.CAFacts{}
	for _, i := range all {
		e, ok := s.Engine(i.Engine)
		if !ok || i.Leaf.CA == "" || i.Status != inventory.StatusAvailable {
			continue
		}
		if _, known := defaults[i.Region]; !known {
			id, _, err := s.Authority.Default(ctx, i.Region, now)
			if err != nil {
				continue
			}
			defaults[i.Region] = s.ca(i.Region, id)
		}
		f := rotation.Facts{Instance: i, Active: i.Leaf.Generation, Current: s.ca(i.Region, i.Leaf.CA), Default: defaults[i.Region], HotReload: e.Spec.HotReload(i.Version)}
		at, d := now, rotation.Decide(f, now)
		for range mostAsked { // when something is due it may still wait for its window
			if d.Reason != "" || d.Next.IsZero() {
				break
			}
			at = d.Next
			d = rotation.Decide(f, at)
		}
		if d.Reason != "" {
			next = append(next, Next{i.Name, i.Region, d.Reason, at})
		}
	}
	slices.SortFunc(next, func(a, b Next) int { return a.At.Compare(b.At) })
	return next[:min(len(next), mostNext)]
}

func (s *Service) ca(region, id string) rotation.CAFacts {
	ca, ok := s.Authority.Get(region, id)
	if !ok {
		return rotation.CAFacts{}
	}
	return rotation.CAFacts{ID: ca.ID, NotAfter: ca.Root.NotAfter, AutoRotates: ca.AutoRotates}
}
