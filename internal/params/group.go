package params

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// Get finds a group, a default one included.
func (s *Service) Get(ctx context.Context, r Ref) (inventory.Group, error) {
	return s.find(s.Store.Read(ctx), r)
}

// Find is Get in a transaction.
func (s *Service) Find(tx *store.Tx, r Ref) (inventory.Group, error) { return s.find(tx, r) }

// List lists a region's groups of one kind by name: those that somebody made
// and the default one of every family.
func (s *Service) List(ctx context.Context, kind inventory.GroupKind, region string) ([]inventory.Group, error) {
	all, err := s.Store.Read(ctx).Groups(kind, region)
	if err != nil {
		return nil, err
	}
	for _, f := range s.Families() {
		all = append(all, defaultGroup(kind, region, f.Name))
	}
	slices.SortFunc(all, func(a, b inventory.Group) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// CreateInput is a new group.
type CreateInput struct {
	Kind                              inventory.GroupKind
	Region, Name, Family, Description string
	Tags                              []inventory.Tag
}

// Create makes a group that changes nothing yet.
func (s *Service) Create(ctx context.Context, by inventory.Caller, in CreateInput) (inventory.Group, error) {
	if _, ok := s.family(in.Family); !ok {
		return inventory.Group{}, fault.New(fault.InvalidParameter, "ParameterGroupFamily %s is not a valid parameter group family", shorten(in.Family))
	}
	g := inventory.Group{Kind: in.Kind, Region: in.Region, Name: in.Name, Family: in.Family, Description: in.Description, Tags: in.Tags}
	err := s.Store.Write(ctx, func(tx *store.Tx) (err error) {
		g, err = insert(tx, by, g, "Create", "family "+g.Family, time.Now())
		return err
	})
	return g, err
}

// CopyInput is a new group with the settings of another. Source is a name or
// an ARN.
type CopyInput struct {
	Kind                                inventory.GroupKind
	Region, Source, Target, Description string
	Tags                                []inventory.Tag
}

// Copy makes a group like another of the region. A default group has nothing
// to copy, and AWS refuses it too.
func (s *Service) Copy(ctx context.Context, by inventory.Caller, in CopyInput) (inventory.Group, error) {
	var g inventory.Group
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		from, err := s.find(tx, Ref{Kind: in.Kind, Region: in.Region, Name: in.Source})
		if err != nil {
			return err
		}
		if _, ok := defaultOf(from.Name); ok {
			return fault.New(fault.InvalidParameter, "The default parameter group %s cannot be copied; create a group of the family %s instead", from.Name, from.Family)
		}
		g = inventory.Group{Kind: in.Kind, Region: in.Region, Name: in.Target, Family: from.Family,
			Description: in.Description, Settings: maps.Clone(from.Settings), Tags: in.Tags}
		now := time.Now()
		if g, err = insert(tx, by, g, "Copy", "from "+from.Name, now); err != nil || s.Listener == nil {
			return err
		}
		return s.Listener.GroupChanged(tx, g, now)
	})
	return g, err
}

// insert completes and keeps a new group.
func insert(tx *store.Tx, by inventory.Caller, g inventory.Group, verb, detail string, now time.Time) (inventory.Group, error) {
	name, err := parseName(g.Kind, g.Name)
	if err != nil {
		return g, err
	}
	if strings.TrimSpace(g.Description) == "" {
		return g, fault.New(fault.InvalidParameter, "The parameter Description of a parameter group must be provided and must not be blank.")
	}
	g.Name, g.Version, g.CreatedAt = name, 1, now
	err = tx.InsertGroup(g)
	if errors.Is(err, store.ErrNameTaken) {
		return g, fault.New(fault.GroupExists, "Parameter group %s already exists", g.Name)
	}
	if err != nil {
		return g, err
	}
	return g, tx.Audit(audit(by, verb, g, now, "%s", detail))
}

// Delete forgets a group that nothing uses.
func (s *Service) Delete(ctx context.Context, by inventory.Caller, r Ref) error {
	return s.Store.Write(ctx, func(tx *store.Tx) error {
		g, err := s.find(tx, r)
		if err != nil {
			return err
		}
		if _, ok := defaultOf(g.Name); ok {
			return fault.New(fault.InvalidGroupState, "The default parameter group %s cannot be deleted", g.Name)
		}
		if err := sameVersion(g, r); err != nil {
			return err
		}
		who, err := user(tx, g)
		if err != nil {
			return err
		}
		if who != "" {
			return fault.New(fault.InvalidGroupState, "One or more database instances are still members of this parameter group %s, so the group cannot be deleted: %s is one", g.Name, who)
		}
		if err := tx.DeleteGroup(g.Kind, g.Region, g.Name); err != nil {
			return err
		}
		return tx.Audit(audit(by, "Delete", g, time.Now(), ""))
	})
}

// find reads a group as it is now.
func (s *Service) find(tx *store.Tx, r Ref) (inventory.Group, error) {
	name := s.key(r)
	if family, ok := defaultOf(name); ok {
		if f, known := s.family(family); known {
			return defaultGroup(r.Kind, r.Region, f.Name), nil
		}
		return inventory.Group{}, notFound(r.Kind, name)
	}
	g, err := tx.Group(r.Kind, r.Region, name)
	if errors.Is(err, store.ErrNotFound) {
		return inventory.Group{}, notFound(r.Kind, name)
	}
	return g, err
}

func notFound(kind inventory.GroupKind, name string) error {
	return fault.New(fault.GroupNotFound, "%s not found: %s", noun(kind), shorten(name))
}

// defaultGroup is a group that nobody made and nobody can change.
func defaultGroup(kind inventory.GroupKind, region, family string) inventory.Group {
	what := "Default parameter group for "
	if kind == inventory.GroupCluster {
		what = "Default cluster parameter group for "
	}
	return inventory.Group{Kind: kind, Region: region, Name: inventory.DefaultGroup(family), Family: family, Description: what + family}
}

func sameVersion(g inventory.Group, r Ref) error {
	if r.IfVersion != 0 && r.IfVersion != g.Version {
		return fault.New(fault.InvalidGroupState, "The parameter group %s was changed meanwhile: it is at version %d, not %d; look at it again", g.Name, g.Version, r.IfVersion)
	}
	return nil
}
