// Package fleet is the instances as they should be: creating, modifying and
// deleting them, keeping their engines running, saying what is there. What
// certificate one serves is internal/rotation's, where it lives a provider's.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/authority"
	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/store"
)

// Config is what a fleet is given.
type Config struct {
	Account        string
	EndpointDomain string // "": instances are reached by their loopback address

	Store     *store.Store
	Box       *secrets.Box
	Authority *authority.Service
	Rotation  *rotation.Runner
	Params    *params.Service
	Evidence  Evidence
	Engines   []engine.Engine
	Providers map[string]provider.Provider // by kind
	Default   string                       // kind of provider for AWS's own instance classes
	Wake      func()                       // makes due work be looked at now
	Log       *slog.Logger
}

// Service runs the fleet.
type Service struct {
	Config
	keeper keeper
}

// New makes a fleet.
func New(c Config) *Service { return &Service{Config: c} }

// Provider is where an instance lives.
func (c Config) Provider(i inventory.Instance) provider.Provider {
	if i.Provider == "" {
		return c.Providers[provider.Local]
	}
	return c.Providers[i.Provider]
}

// Caller is who asks, for the audit log.
type Caller = inventory.Caller

// View is an instance with the rotation that is under way.
type View struct {
	inventory.Instance
	Rotation *inventory.Rotation
}

// Shown is the DBInstanceStatus: an available instance whose certificate is
// being changed, or is about to be, is "modifying", so that waiters wait for
// it; one whose rotation is STUCK is available, for its database is.
func (v View) Shown() inventory.Status {
	if now := v.Now(); now != inventory.StatusAvailable {
		return now
	}
	if v.MasterSealed != nil {
		return "resetting-master-credentials"
	}
	under := v.Rotation != nil && !v.Rotation.IsStuck() && !v.waiting()
	planned := v.Rotation == nil && ((v.Want.Now && v.PendingCA() != "") || v.Want.Renew != "")
	if under || planned {
		return inventory.StatusModifying
	}
	return v.Status
}

// waiting: the new certificate waits for a restart that comes by itself.
func (v View) waiting() bool {
	return v.Rotation.Step == inventory.StepRestart && v.Rotation.Hold
}

// PendingCA is the CA that was asked for and is not served yet.
func (v View) PendingCA() string {
	if v.Want.CA != "" && v.Want.CA != v.Leaf.CA {
		return v.Want.CA
	}
	return ""
}

// Get finds an instance by name or ARN.
func (s *Service) Get(ctx context.Context, region, name string) (View, error) {
	name = inventory.NameFromARN(region, s.Account, name)
	if strings.HasPrefix(name, "arn:") {
		return View{}, fault.New(fault.InstanceNotFound, "DBInstance %s not found in account %s and region %s.", name, s.Account, region)
	}
	name, err := inventory.ParseName(name)
	if err != nil {
		return View{}, err
	}
	read := s.Store.Read(ctx)
	inst, err := read.InstanceByName(region, name)
	if errors.Is(err, store.ErrNotFound) {
		return View{}, fault.New(fault.InstanceNotFound, "DBInstance %s not found.", name)
	}
	if err != nil {
		return View{}, err
	}
	rot, err := read.OpenRotation(inst.ResourceID)
	if errors.Is(err, store.ErrNotFound) {
		return View{Instance: inst}, nil
	}
	return View{Instance: inst, Rotation: &rot}, err
}

// List lists a region's instances by name after the given one, at most limit
// (0: all).
func (s *Service) List(ctx context.Context, region, after string, limit int) ([]View, error) {
	read := s.Store.Read(ctx)
	insts, err := read.Instances(region, after, limit)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(insts))
	for n, i := range insts {
		ids[n] = i.ResourceID
	}
	open, err := read.OpenRotationsOf(ids)
	if err != nil {
		return nil, err
	}
	views := make([]View, len(insts))
	for n, i := range insts {
		views[n].Instance = i
		if rot, ok := open[i.ResourceID]; ok {
			views[n].Rotation = &rot
		}
	}
	return views, nil
}

func (s *Service) engine(name string) (engine.Engine, bool) {
	for _, e := range s.Engines {
		for _, n := range e.Spec.Names {
			if n == name {
				return e, true
			}
		}
	}
	return engine.Engine{}, false
}

func passwordLabel(i inventory.Instance) string { return "master password of " + i.ResourceID }

func audit(by Caller, action, target, format string, args ...any) store.AuditRecord {
	return store.AuditRecord{At: time.Now(), Actor: by.Name, Action: action, Target: target,
		RequestID: by.RequestID, Detail: fmt.Sprintf(format, args...)}
}
