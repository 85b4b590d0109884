package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

// ModifyInput is ModifyDBInstance, in the domain's words; nil means not given.
type ModifyInput struct {
	Region, Name    string
	CA              string // "" when not given
	Now             bool   // ApplyImmediately
	RotationRestart *bool  // CertificateRotationRestart
	Window          string
	Protected       *bool
	NewName         string // DBInstanceIdentifier, "" to keep it
	Group           string // DB parameter group, "" to keep it
	Password        string // of the master user, "" to keep it
}

// Modify changes what an instance should be. A CA change is only planned here;
// it is done by a rotation.
func (s *Service) Modify(ctx context.Context, by Caller, in ModifyInput) (View, error) {
	if in.RotationRestart != nil && in.CA == "" {
		return View{}, fault.New(fault.InvalidCombination, "CACertificateIdentifier is required to use the NoCertificateRotationRestart option.")
	}
	tell := s.verdicts(ctx, in)
	return s.change(ctx, in.Region, in.Name, func(tx *store.Tx, v *View, now time.Time) error {
		if in.CA != "" {
			if err := s.wantCA(v, by, in, now); err != nil {
				return err
			}
			if err := tell(tx, v.Instance, now); err != nil {
				return err
			}
		}
		if in.Window != "" {
			w, err := inventory.ParseWindow(in.Window)
			if err != nil {
				return err
			}
			v.Window = w
		}
		if in.Protected != nil {
			v.Protected = *in.Protected
		}
		if err := s.modifyEngine(tx, v, by, in, now); err != nil {
			return err
		}
		if in.Now { // takes everything pending along
			v.Want.Now = v.Want.Now || v.Want.CA != ""
			v.Next.Now = v.Next.Now || v.Next.Name != ""
		}
		if !v.Next.IsZero() {
			v.DueAt = now // settle works out its window
		}
		return tx.Audit(audit(by, "ModifyDBInstance", v.Name, "CA %q, new name %q, group %q, new password %t, immediately %t",
			in.CA, in.NewName, in.Group, in.Password != "", in.Now))
	})
}

// modifyEngine plans what the engine itself has to be told.
func (s *Service) modifyEngine(tx *store.Tx, v *View, by Caller, in ModifyInput, now time.Time) error {
	e, ok := s.engine(v.Engine)
	if !ok {
		return fault.New(fault.InvalidInstanceState, "this server does not know engine %s", v.Engine)
	}
	if in.NewName != "" {
		if err := wantName(tx, v, by, in.NewName); err != nil {
			return err
		}
	}
	if in.Password != "" {
		if v.Cluster != "" {
			return fault.New(fault.InvalidCombination, "The master password of DB cluster %s is changed on the cluster (modify-db-cluster), not on instance %s of it", v.ClusterName, v.Name)
		}
		if err := s.wantPassword(v, e, in.Password, now); err != nil {
			return err
		}
	}
	if in.Group == "" {
		return nil
	}
	g, err := s.Params.Resolve(tx, inventory.GroupInstance, v.Region, in.Group, e.Spec.Family(v.Version))
	if err != nil || g.Name == v.Group {
		return err
	}
	tell, err := s.Params.Follow(tx, by, "ModifyDBInstance", v.Instance)
	if err != nil {
		return err
	}
	// As on AWS, the name changes at once and the values at the next reboot.
	v.Group = g.Name
	catalogue, settings, err := s.Params.Settings(tx, v.Instance)
	if err != nil {
		return err
	}
	v.GroupSync, v.SyncError, v.GroupWaits = inventory.SyncReboot, "", true
	if params.Sync(catalogue, v.Applied, settings) == inventory.SyncDone {
		v.GroupSync, v.GroupWaits = inventory.SyncDone, false
	}
	return tell(v.Instance)
}

// wantName plans a rename. The present name drops one that was planned.
func wantName(tx *store.Tx, v *View, by Caller, name string) error {
	name, err := inventory.ParseName(name)
	if err != nil {
		return err
	}
	if name == v.Name {
		v.Next = inventory.Next{}
		return nil
	}
	v.Next = inventory.Next{Name: name, By: by}
	return nameFree(tx, v.Region, name)
}

func (s *Service) wantPassword(v *View, e engine.Engine, password string, now time.Time) error {
	if err := checkMaster(e.Spec, v.MasterUser, password); err != nil {
		return err
	}
	v.MasterSealed, v.DueAt = s.Box.Seal(passwordLabel(v.Instance), []byte(password)), now
	return nil
}

// change runs f on an instance in one transaction and has Decide look at the
// outcome at once.
func (s *Service) change(ctx context.Context, region, name string, f func(*store.Tx, *View, time.Time) error) (View, error) {
	found, err := s.Get(ctx, region, name)
	if err != nil {
		return View{}, err
	}
	var v View
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		now := time.Now()
		if v, err = viewIn(tx, found.ResourceID); err != nil {
			return err
		}
		if v.Status != inventory.StatusAvailable {
			return fault.New(fault.InvalidInstanceState, "Database instance %s is not in available state: it is %s.", v.Name, v.Status)
		}
		if err := f(tx, &v, now); err != nil {
			return err
		}
		v.CheckAt = now
		if rot := v.Rotation; rot != nil && (rot.IsStuck() || !rot.Begun()) {
			rot.DueAt = now // it may no longer be wanted, or is worth another try
			if err := tx.UpdateRotation(*rot); err != nil {
				return err
			}
		}
		return tx.UpdateInstance(v.Instance)
	})
	if err != nil {
		return View{}, err
	}
	s.Wake()
	return v, nil
}

func viewIn(tx *store.Tx, resourceID string) (View, error) {
	inst, err := tx.Instance(resourceID)
	if errors.Is(err, store.ErrNotFound) {
		return View{}, fault.New(fault.InstanceNotFound, "DBInstance not found: it was deleted meanwhile.")
	}
	if err != nil {
		return View{}, err
	}
	rot, err := tx.OpenRotation(resourceID)
	if errors.Is(err, store.ErrNotFound) {
		return View{Instance: inst}, nil
	}
	return View{Instance: inst, Rotation: &rot}, err
}

// wantCA plans a CA change. The current CA again means: stay, drop what was
// pending.
func (s *Service) wantCA(v *View, by Caller, in ModifyInput, now time.Time) error {
	ca, err := s.Authority.Usable(v.Region, in.CA, now)
	if err != nil {
		return err
	}
	e, ok := s.engine(v.Engine)
	if !ok {
		return fault.New(fault.InvalidInstanceState, "this server does not know engine %s", v.Engine)
	}
	if err := checkCA(e, v.Version, ca.ID); err != nil {
		return err
	}
	if r := v.Rotation; r != nil && r.Begun() && !r.IsStuck() && r.ToCA != ca.ID {
		return fault.New(fault.InvalidInstanceState, "Database instance %s is not in available state: its certificate is being changed to one of %s.", v.Name, r.ToCA)
	}
	if ca.ID == v.Leaf.CA { // a rotation to another CA that is STUCK ends as not wanted
		v.Want.CA, v.Want.Now, v.Want.Hold = "", false, false
		return nil
	}
	if lost := rotation.LostCover(v.Instance, ca.ID, inventory.ReasonCAChanged, now); lost != "" {
		return lostCover(v.Instance, ca.ID, lost, "--to "+ca.ID)
	}
	hold := in.RotationRestart != nil && !*in.RotationRestart
	v.Want = inventory.Want{CA: ca.ID, Now: in.Now, Hold: hold, Renew: v.Want.Renew, By: by.Name, RequestID: by.RequestID, At: now}
	return nil
}

// lostCover refuses what would cut clients off, naming the way to consent.
func lostCover(i inventory.Instance, to, lost, flags string) error {
	if lost == i.Leaf.CA {
		return fault.New(fault.InvalidCombination,
			"Clients of %s that trust only %s would be cut off at once: a compromised key is replaced without a bridge. Give them the root of %s first, stay with %s, or consent: dbtls rotate %s %s --drop-cover",
			i.Name, lost, to, lost, i.Name, flags)
	}
	why := "A move to " + to + " now would cut them off: a served chain can carry one cross-certificate"
	if to == i.Leaf.CA {
		why = "A new key without a bridge cuts them off"
	}
	return fault.New(fault.InvalidCombination,
		"DB instance %s moved from %s to %s and covers clients that trust only %s until %s. %s. Wait until then, go back to %s, or consent: dbtls rotate %s %s --drop-cover",
		i.Name, lost, i.Leaf.CA, lost, i.Bridge.Until.UTC().Format(time.RFC3339), why, lost, i.Name, flags)
}
