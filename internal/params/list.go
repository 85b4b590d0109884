package params

import (
	"context"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
)

// Source says where a parameter's value comes from.
type Source string

// The sources of AWS.
const (
	SourceUser   Source = "user"           // somebody set it in the group
	SourceSystem Source = "system"         // the catalogue's default, which the engine is told
	SourceEngine Source = "engine-default" // left to the engine
)

// Value is a parameter as a group has it.
type Value struct {
	engine.Parameter
	Value  string // "" when it is left to the engine
	Source Source
	Method inventory.ApplyMethod
}

// Parameters lists the whole catalogue of a group's family with the values
// that the group gives, by name.
func (s *Service) Parameters(ctx context.Context, r Ref) ([]Value, error) {
	g, err := s.Get(ctx, r)
	if err != nil {
		return nil, err
	}
	f, ok := s.family(g.Family)
	if !ok {
		return nil, fault.New(fault.InvalidGroupState, "This server does not know the family %s of the parameter group %s any more", g.Family, g.Name)
	}
	return values(f.Catalogue(g.Kind), g.Settings), nil
}

// EngineDefaults lists the catalogue of a family for groups of a kind, by name.
func (s *Service) EngineDefaults(kind inventory.GroupKind, family string) ([]Value, error) {
	f, ok := s.family(family)
	if !ok {
		return nil, fault.New(fault.InvalidParameter, "ParameterGroupFamily %s is not a valid parameter group family", shorten(family))
	}
	return values(f.Catalogue(kind), nil), nil
}

func values(catalogue []engine.Parameter, settings map[string]inventory.Setting) []Value {
	var all []Value
	for _, p := range catalogue {
		v := Value{Parameter: p, Value: wanted(p, settings), Source: SourceEngine, Method: inventory.PendingReboot}
		set, given := settings[p.Name]
		if given {
			v.Method = set.Method
		}
		switch {
		case given && !set.Reset:
			v.Source = SourceUser
		case p.Default != "":
			v.Source = SourceSystem
		}
		all = append(all, v)
	}
	return all
}
