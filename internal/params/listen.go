package params

import (
	"maps"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// Listener hears of changes in their own transactions: an error takes the
// change back.
type Listener interface {
	// GroupChanged hears of a group whose settings are others now.
	GroupChanged(tx *store.Tx, g inventory.Group, now time.Time) error
	// InstanceConcerned hears of an instance for which other values count now.
	InstanceConcerned(tx *store.Tx, n Notice) error
}

// Notice says which values count for an instance, before and now.
type Notice struct {
	What     string // the call that made the change, or dbtls's own work
	By       inventory.Caller
	At       time.Time
	Instance inventory.Instance // as it is now
	// Before and After are the values of the catalogue by name, defaults
	// included: what the groups say, or at a restart what the engine was told
	// and what it starts with.
	Before, After map[string]string
	Restart       bool
}

// Values are the values that the settings give the parameters of a catalogue,
// defaults included.
func Values(catalogue []engine.Parameter, settings map[string]inventory.Setting) map[string]string {
	all := make(map[string]string, len(catalogue))
	for _, p := range catalogue {
		all[p.Name] = wanted(p, settings)
	}
	return all
}

// Told are the values that an engine was told, given what it was told besides
// the defaults.
func Told(catalogue []engine.Parameter, applied map[string]string) map[string]string {
	all := make(map[string]string, len(catalogue))
	for _, p := range catalogue {
		all[p.Name] = told(p, applied)
	}
	return all
}

// Follow remembers which values count for instances before a change. The
// function that it returns is called with the same instances after it, and lets
// Listener know.
func (s *Service) Follow(tx *store.Tx, by inventory.Caller, what string, before ...inventory.Instance) (func(after ...inventory.Instance) error, error) {
	if s.Listener == nil {
		return func(...inventory.Instance) error { return nil }, nil
	}
	was := make([]map[string]string, len(before))
	for n, i := range before {
		catalogue, settings, err := s.Settings(tx, i)
		if err != nil {
			return nil, err
		}
		was[n] = Values(catalogue, settings)
	}
	return func(after ...inventory.Instance) error {
		now := time.Now()
		for n, i := range after {
			catalogue, settings, err := s.Settings(tx, i)
			if err != nil {
				return err
			}
			is := Values(catalogue, settings)
			if maps.Equal(was[n], is) {
				continue
			}
			if err := s.Listener.InstanceConcerned(tx, Notice{What: what, By: by, At: now, Instance: i, Before: was[n], After: is}); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// Restarting lets Listener know of an engine that starts with other values than
// it was told before; applied is that.
func (s *Service) Restarting(tx *store.Tx, i inventory.Instance, applied map[string]string, now time.Time) error {
	e, ok := s.engine(i.Engine)
	if s.Listener == nil || !ok {
		return nil
	}
	catalogue := of(e.Spec, i.Version)
	n := Notice{What: "restart", By: inventory.Caller{Name: "dbtls"}, At: now, Instance: i, Restart: true,
		Before: Told(catalogue, applied), After: Told(catalogue, i.Applied)}
	if maps.Equal(n.Before, n.After) {
		return nil
	}
	return s.Listener.InstanceConcerned(tx, n)
}
