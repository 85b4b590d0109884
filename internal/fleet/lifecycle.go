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
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

// createTries is how often a step of a creation is tried before the instance
// is "failed". Deletions are tried for ever: what is deleted must be gone.
const createTries = 5

// stepTime bounds one step; what it began goes on and is found by the next.
const stepTime = 10 * time.Minute

// Advance takes a creation or deletion one step further.
func (s *Service) Advance(ctx context.Context, resourceID string) error {
	inst, err := s.Store.Read(ctx).Instance(resourceID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	switch inst.Status {
	case inventory.StatusCreating:
		err = s.create(within, inst)
	case inventory.StatusDeleting:
		err = s.delete(within, inst)
	}
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
		if err := p.Create(ctx, rotation.Place(inst), provider.Source{}); err != nil {
			return err
		}
		return s.firstCertificate(ctx, inst.ResourceID)
	}
	password, err := s.Box.Open(passwordLabel(inst), inst.MasterSealed)
	if err != nil {
		return err
	}
	// The engine may have died since its certificate was proved.
	if err := p.Power(ctx, rotation.Place(inst), true); err != nil {
		return err
	}
	m := engine.Master{User: inst.MasterUser, Password: string(password), Database: inst.Database}
	if err := p.SetUp(ctx, rotation.Place(inst), m); err != nil {
		return err
	}
	err = s.update(ctx, inst.ResourceID, func(tx *store.Tx, i *inventory.Instance, now time.Time) error {
		if i.Status != inventory.StatusCreating {
			return nil // a deletion was asked for meanwhile
		}
		i.Status, i.Detail, i.Attempts, i.MasterSealed = inventory.StatusAvailable, "", 0, nil
		i.DueAt, i.CheckAt = time.Time{}, now
		return tx.InsertEvent(events.Instance(s.Account, *i, now, events.Creation, "DB instance created"))
	})
	if err == nil {
		s.keep(inst.ResourceID)
	}
	return err
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
	if err := s.Provider(inst).Delete(ctx, rotation.Place(inst), inst.FinalSnapshot); err != nil {
		return err
	}
	return s.Store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.DeleteInstance(inst.ResourceID); err != nil {
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
