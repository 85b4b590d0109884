package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

// A rename changes the endpoint, so it needs a certificate for the new one
// before anybody is told of it:
//
//	available ─ renaming: a rotation to a leaf with both endpoints
//	          ─ the engine is taken down, the record gets the new name
//	          ─ rebooting: it starts at the new endpoint
//	          ─ available; the old endpoint leaves the leaf with the next rotation
//
// Until the engine goes down the old endpoint works as before.

// beginRename takes the new endpoint and opens the rotation that it needs.
func (s *Service) beginRename(ctx context.Context, tx *store.Tx, i *inventory.Instance, now time.Time) error {
	if rot, err := tx.OpenRotation(i.ResourceID); err == nil {
		if rot.Begun() || rot.IsStuck() {
			i.DueAt = now.Add(heldWait)
			return nil
		}
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if busy, err := othersBusy(tx, *i); err != nil || busy {
		i.DueAt = now.Add(heldWait)
		return err
	}
	if err := nameFree(tx, i.Region, i.Next.Name); err != nil {
		return s.dropRename(tx, i, err, now)
	}
	host, address, err := s.endpoint(ctx, tx, i.Next.Name, i.Region, i.ResourceID+"/"+i.Next.Name)
	if err != nil {
		return err
	}
	i.Next.Host, i.Next.Address = host, address
	if host == i.Host { // nothing that a client sees in the certificate changes
		i.Status, i.DueAt = inventory.StatusRenaming, now
		return nil
	}
	i.Status, i.DueAt = inventory.StatusRenaming, time.Time{} // the rotation's commit makes it due
	_, err = s.Rotation.Open(tx, rotation.Facts{Instance: *i}, inventory.ReasonEndpointChanged, i.Leaf.CA, now)
	if errors.Is(err, store.ErrRotating) {
		i.Status, i.Next.Host, i.Next.Address, i.DueAt = inventory.StatusAvailable, "", "", now.Add(heldWait)
		return nil
	}
	return err
}

// othersBusy reports that another member of i's cluster restarts or has its
// certificate changed: one at a time.
func othersBusy(tx *store.Tx, i inventory.Instance) (bool, error) {
	if i.Cluster == "" {
		return false, nil
	}
	members, err := tx.Members(i.Cluster)
	if err != nil {
		return false, err
	}
	for _, m := range members {
		if m.ResourceID == i.ResourceID || m.Status == inventory.StatusCreating {
			continue
		}
		if m.Status == inventory.StatusRenaming || m.Status == inventory.StatusRebooting {
			return true, nil
		}
		if _, err := tx.OpenRotation(m.ResourceID); !errors.Is(err, store.ErrNotFound) {
			return err == nil, err
		}
	}
	return false, nil
}

// dropRename forgets a rename to a name that somebody else has by now.
func (s *Service) dropRename(tx *store.Tx, i *inventory.Instance, cause error, now time.Time) error {
	if fault.CodeOf(cause) != fault.InstanceExists {
		return cause
	}
	i.Next = inventory.Next{}
	return tx.InsertEvent(events.Instance(s.Account, *i, now, events.Failure, "The rename is dropped: %s", fault.Public(cause)))
}

// renameTries is how often the new endpoint is tried before a rename is dropped.
const renameTries = 3

// giveUpRename drops a rename to an endpoint that somebody else listens at. The
// engine runs on as it was; the new endpoint leaves the leaf with the next
// rotation.
func (s *Service) giveUpRename(ctx context.Context, inst inventory.Instance, cause error) error {
	if inst.Attempts < renameTries {
		return cause
	}
	err := s.update(ctx, inst.ResourceID, func(tx *store.Tx, i *inventory.Instance, now time.Time) error {
		if i.Status != inventory.StatusRenaming {
			return nil
		}
		i.Status, i.Next, i.Attempts, i.Detail = inventory.StatusAvailable, inventory.Next{}, 0, ""
		i.DueAt, i.CheckAt = time.Time{}, now
		return tx.InsertEvent(events.Instance(s.Account, *i, now, events.Failure, "The rename is dropped: %s", fault.Public(cause)))
	})
	if err == nil {
		s.keep(inst.ResourceID)
	}
	return err
}

func nameFree(tx *store.Tx, region, name string) error {
	_, err := tx.InstanceByName(region, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return fault.New(fault.InstanceExists, "DB instance %s already exists in %s; choose another identifier", name, region)
}

// rename is called when the leaf carries the new endpoint.
func (s *Service) rename(ctx context.Context, inst inventory.Instance) error {
	s.letGo(inst.ResourceID)
	p := s.Provider(inst)
	if err := p.CheckPort(inst.Next.Address, inst.Port); err != nil && inst.Next.Address != inst.Address {
		return s.giveUpRename(ctx, inst, err)
	}
	if err := p.Power(ctx, rotation.Place(inst), false); err != nil {
		return err
	}
	return s.update(ctx, inst.ResourceID, func(tx *store.Tx, i *inventory.Instance, now time.Time) error {
		if i.Status != inventory.StatusRenaming {
			return nil // a deletion was asked for meanwhile
		}
		// The engine is down now: it starts, whatever it is called.
		i.Status, i.DueAt, i.Attempts, i.Detail, i.Boot = inventory.StatusRebooting, now, 0, "", inventory.Boot{}
		if err := nameFree(tx, i.Region, i.Next.Name); err != nil {
			return s.dropRename(tx, i, err, now)
		}
		old, by := i.Name, i.Next.By
		i.Name, i.Host, i.Address, i.Next = i.Next.Name, i.Next.Host, i.Next.Address, inventory.Next{}
		return errors.Join(
			tx.InsertEvent(events.Instance(s.Account, *i, now, events.Notification, "DB instance renamed from %s to %s; its endpoint is %s", old, i.Name, rotation.Endpoint(*i))),
			tx.Audit(audit(by, "rename", i.Name, "from %s", old)))
	})
}
