package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

// createTries is how often a step of a creation is tried before the instance
// is "failed". Deletions are tried for ever: what is deleted must be gone.
const createTries = 5

// stepTime bounds one step; what it began goes on and is found by the next.
const stepTime = 10 * time.Minute

// lives is what each status has still to do; those that are not named wait
// for somebody's request.
var lives = map[inventory.Status]func(*Service, context.Context, inventory.Instance) error{
	inventory.StatusCreating:  (*Service).create,
	inventory.StatusAvailable: (*Service).settle,
	inventory.StatusRenaming:  (*Service).rename,
	inventory.StatusRebooting: (*Service).reboot,
	inventory.StatusStarting:  (*Service).reboot,
	inventory.StatusStopping:  (*Service).stop,
	inventory.StatusDeleting:  (*Service).delete,
}

// Advance takes an instance one step of its life further.
func (s *Service) Advance(ctx context.Context, resourceID string) error {
	inst, err := s.Store.Read(ctx).Instance(resourceID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if inst.DueAt.IsZero() || inst.DueAt.After(time.Now()) {
		return nil // done since it was found due
	}
	within, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	next, ok := lives[inst.Status]
	if !ok {
		return s.update(ctx, resourceID, func(_ *store.Tx, i *inventory.Instance, _ time.Time) error {
			i.DueAt = time.Time{}
			return nil
		})
	}
	err = next(s, within, inst)
	if err != nil && ctx.Err() == nil {
		return errors.Join(err, s.stumble(ctx, resourceID, err))
	}
	return err
}

// create makes the data directory, has the first certificate issued, and with
// the engine running makes the master user.
func (s *Service) create(ctx context.Context, inst inventory.Instance) error {
	p := s.Provider(inst)
	if inst.Leaf.Generation == "" {
		from, ready, err := s.source(ctx, inst)
		if err != nil || !ready {
			return err
		}
		if err := p.Create(ctx, rotation.Place(inst), from); err != nil {
			return err
		}
		return s.firstCertificate(ctx, inst.ResourceID)
	}
	// The engine may have died since its certificate was proved.
	if err := p.Power(ctx, rotation.Place(inst), true); err != nil {
		return err
	}
	if err := s.setUp(ctx, inst); err != nil {
		return err
	}
	err := s.update(ctx, inst.ResourceID, func(tx *store.Tx, i *inventory.Instance, now time.Time) error {
		if i.Status != inventory.StatusCreating {
			return nil // a deletion was asked for meanwhile
		}
		i.Status, i.Detail, i.Attempts, i.MasterSealed = inventory.StatusAvailable, "", 0, nil
		i.DueAt, i.CheckAt = now, now // its groups may have changed meanwhile
		return tx.InsertEvent(events.Instance(s.Account, *i, now, events.Creation, "DB instance created"))
	})
	if err == nil {
		s.keep(inst.ResourceID)
	}
	return err
}

// setUp makes the master user of an instance that takes writes, and the account
// its cluster's replicas log in with.
func (s *Service) setUp(ctx context.Context, inst inventory.Instance) error {
	if inst.IsReplica() {
		return nil // they come from its primary
	}
	password, err := s.masterPassword(ctx, inst)
	if err != nil {
		return err
	}
	p, at := s.Provider(inst), rotation.Place(inst)
	m := engine.Master{User: inst.MasterUser, Password: string(password), Database: inst.Database}
	if err := p.SetUp(ctx, at, m); err != nil || inst.Cluster == "" {
		return err
	}
	return s.allowReplicas(ctx, inst)
}

// masterPassword is the one asked for: of the instance, or of its cluster.
func (s *Service) masterPassword(ctx context.Context, inst inventory.Instance) ([]byte, error) {
	if inst.MasterSealed != nil || inst.Cluster == "" {
		return s.Box.Open(passwordLabel(inst), inst.MasterSealed)
	}
	c, err := s.Store.Read(ctx).Cluster(inst.Cluster)
	if err != nil {
		return nil, err
	}
	return s.Box.Open(clusterLabel(c), c.MasterSealed)
}

// firstCertificate opens the rotation that issues the first leaf; its commit
// makes the creation due again.
func (s *Service) firstCertificate(ctx context.Context, resourceID string) error {
	return s.update(ctx, resourceID, func(tx *store.Tx, i *inventory.Instance, now time.Time) error {
		if i.Status != inventory.StatusCreating {
			return nil // a deletion was asked for meanwhile
		}
		i.DueAt, i.Attempts, i.Detail = time.Time{}, 0, ""
		_, err := s.Rotation.Open(tx, rotation.Facts{Instance: *i}, inventory.ReasonCreated, i.Want.CA, now)
		if errors.Is(err, store.ErrRotating) {
			return nil
		}
		return err
	})
}

func (s *Service) delete(ctx context.Context, inst inventory.Instance) error {
	s.letGo(inst.ResourceID)
	if wait, err := s.replicasLeft(ctx, inst); err != nil || wait {
		return err
	}
	if err := s.Provider(inst).Delete(ctx, rotation.Place(inst), inst.FinalSnapshot); err != nil {
		return err
	}
	return s.Store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.DeleteInstance(inst.ResourceID); err != nil {
			return err
		}
		if err := s.memberGone(tx, inst); err != nil {
			return err
		}
		if err := tx.DropRotations(inst.ResourceID); err != nil {
			return err
		}
		what := "DB instance deleted"
		if inst.FinalSnapshot != "" {
			what += "; its data directory is kept as snapshot " + inst.FinalSnapshot
		}
		return tx.InsertEvent(events.Instance(s.Account, inst, time.Now(), events.Deletion, "%s", what))
	})
}

// stumble plans another try, or gives a creation up.
func (s *Service) stumble(ctx context.Context, resourceID string, cause error) error {
	return s.update(ctx, resourceID, func(tx *store.Tx, i *inventory.Instance, now time.Time) error {
		i.Attempts++
		news := i.Detail != cause.Error()
		i.Detail = cause.Error()
		i.DueAt = now.Add(rotation.Backoff(i.Attempts))
		kind := i.Status
		if i.Status == inventory.StatusCreating && (i.Attempts >= createTries || hopeless(cause)) {
			i.Status, i.DueAt = inventory.StatusFailed, time.Time{}
		} else if !news {
			return nil
		}
		return tx.InsertEvent(events.Instance(s.Account, *i, now, events.Failure, "%s failed (%s): %s", kind, i.Status, i.Detail))
	})
}

// hopeless reports an error that no further try will change.
func hopeless(err error) bool {
	switch fault.CodeOf(err) {
	case fault.InvalidInstanceState, fault.InvalidParameter, fault.StorageShort:
		return true
	}
	return false
}

// update changes an instance in one transaction.
func (s *Service) update(ctx context.Context, resourceID string, f func(*store.Tx, *inventory.Instance, time.Time) error) error {
	return s.Store.Write(ctx, func(tx *store.Tx) error {
		i, err := tx.Instance(resourceID)
		if err != nil {
			return fmt.Errorf("read instance %q: %w", resourceID, err)
		}
		if err := f(tx, &i, time.Now()); err != nil {
			return err
		}
		return tx.UpdateInstance(i)
	})
}
