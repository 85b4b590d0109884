package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

// CreateInput is CreateDBInstance, in the domain's words.
type CreateInput struct {
	Region, Name, Class, Engine, Version string
	MasterUser, MasterPassword, Database string
	Group                                string // DB parameter group, "" for the family's default
	Cluster                              string // DBClusterIdentifier, "" for an instance on its own
	CA                                   string // "" for the region's default
	Port                                 int    // 0 for the engine's default
	AllocatedStorage                     int    // GiB, 0 when not given
	Window                               string // "" for one by the instance's id
	Protected                            bool
	Tags                                 []inventory.Tag
}

// Create plans a new instance and returns it in status "creating". Nothing is
// made before everything about the request is known to be right.
func (s *Service) Create(ctx context.Context, by Caller, in CreateInput) (View, error) {
	if in.Cluster != "" {
		return s.createMember(ctx, by, in)
	}
	inst, e, err := s.plan(in)
	if err != nil {
		return View{}, err
	}
	if inst.Want.CA, err = s.chooseCA(ctx, e, inst, in.CA); err != nil {
		return View{}, err
	}
	if err := s.checkRoom(inst); err != nil {
		return View{}, err
	}
	inst.MasterSealed = s.Box.Seal(passwordLabel(inst), []byte(in.MasterPassword))
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		if err := s.assign(ctx, tx, &inst, e, in.Port); err != nil {
			return err
		}
		return s.insert(tx, by, &inst, e, in.Group)
	})
	if err != nil {
		return View{}, err
	}
	s.Wake()
	return View{Instance: inst}, nil
}

// insert records a new instance with its parameter group and the parameters it
// starts with.
func (s *Service) insert(tx *store.Tx, by Caller, i *inventory.Instance, e engine.Engine, group string) error {
	g, err := s.Params.Resolve(tx, inventory.GroupInstance, i.Region, group, e.Spec.Family(i.Version))
	if err != nil {
		return err
	}
	i.Group = g.Name
	catalogue, settings, err := s.Params.Settings(tx, *i)
	if err != nil {
		return err
	}
	i.Applied, i.GroupSync = params.Next(catalogue, nil, settings, true), inventory.SyncDone
	err = tx.InsertInstance(*i)
	if errors.Is(err, store.ErrNameTaken) {
		return fault.New(fault.InstanceExists, "DB instance %s already exists in %s; choose another DBInstanceIdentifier", i.Name, i.Region)
	}
	if err != nil {
		return err
	}
	return tx.Audit(audit(by, "CreateDBInstance", i.Name, "%s %s on %s port %d, CA %s, group %s", i.Engine, i.Version, i.Host, i.Port, i.Want.CA, i.Group))
}

// plan checks everything that needs no state.
func (s *Service) plan(in CreateInput) (inventory.Instance, engine.Engine, error) {
	i, e, err := s.planEngine(in)
	if err != nil {
		return i, e, err
	}
	if e.Spec.Clustered {
		return i, e, fault.New(fault.InvalidCombination, "DB instances of engine %s live in a DB cluster; create one (create-db-cluster) and give its DBClusterIdentifier", e.Name())
	}
	if err := checkMaster(e.Spec, in.MasterUser, in.MasterPassword); err != nil {
		return i, e, err
	}
	return i, e, checkDatabase(in.Database)
}

// planEngine is plan without what only an instance on its own has.
func (s *Service) planEngine(in CreateInput) (inventory.Instance, engine.Engine, error) {
	i := inventory.Instance{Region: in.Region, Class: in.Class, MasterUser: in.MasterUser, Database: in.Database,
		AllocatedStorage: in.AllocatedStorage, Protected: in.Protected, Tags: in.Tags,
		Status: inventory.StatusCreating, ResourceID: inventory.NewResourceID()}
	var err error
	if i.Name, err = inventory.ParseName(in.Name); err != nil {
		return i, engine.Engine{}, err
	}
	if i.Provider, err = placeOf(in.Class, s.Default); err != nil {
		return i, engine.Engine{}, err
	}
	e, ok := s.engine(in.Engine)
	if !ok {
		return i, e, fault.New(fault.InvalidParameter, "Invalid DB engine %q; this server has %s", in.Engine, s.engineNames())
	}
	i.Engine = e.Name()
	if i.Version, err = pickVersion(e, s.offers(e, i.Provider), i.Provider, in.Version); err != nil {
		return i, e, err
	}
	i.Window = inventory.DefaultWindow(i.ResourceID)
	if in.Window != "" {
		if i.Window, err = inventory.ParseWindow(in.Window); err != nil {
			return i, e, err
		}
	}
	i.CreatedAt = time.Now().UTC().Truncate(time.Millisecond)
	i.DueAt = i.CreatedAt
	return i, e, nil
}

// chooseCA resolves the CA of a new instance.
func (s *Service) chooseCA(ctx context.Context, e engine.Engine, i inventory.Instance, asked string) (string, error) {
	if err := s.Authority.Await(ctx, i.Region); err != nil {
		return "", err
	}
	now := time.Now()
	if asked == "" {
		var err error
		if asked, _, err = s.Authority.Default(ctx, i.Region, now); err != nil {
			return "", err
		}
	}
	ca, err := s.Authority.Usable(i.Region, asked, now)
	if err != nil {
		return "", err
	}
	return ca.ID, checkCA(e, i.Version, ca.ID)
}

// checkRoom gives AllocatedStorage its effect: that much must be free now.
func (s *Service) checkRoom(i inventory.Instance) error {
	free, err := s.Provider(i).FreeBytes()
	if err != nil {
		return fmt.Errorf("read free space: %w", err)
	}
	const gib = 1 << 30
	if need := int64(i.AllocatedStorage) * gib; need > free {
		return fault.New(fault.StorageShort, "AllocatedStorage is %d GiB and only %d GiB are free where instances are kept; free some or ask for less", i.AllocatedStorage, free/gib)
	}
	return nil
}
