package migration

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// InstanceInput is what a caller says of a replication instance; nil leaves a
// value as it is, or at its default.
type InstanceInput struct {
	Name    *string
	Class   *string
	Storage *int // GiB
}

// Storage limits of DMS in GiB. dbtls keeps the number and reserves nothing.
const (
	minStorage     = 5
	maxStorage     = 6144
	defaultStorage = 50
)

func (in InstanceInput) merge(i inventory.ReplicationInstance) (inventory.ReplicationInstance, error) {
	if in.Name != nil {
		i.Name = strings.ToLower(*in.Name)
	}
	if in.Class != nil {
		i.Class = *in.Class
	}
	if in.Storage != nil {
		i.Storage = *in.Storage
	}
	if err := checkIdentifier("ReplicationInstanceIdentifier", i.Name, maxRep); err != nil {
		return i, err
	}
	if size, ok := strings.CutPrefix(i.Class, "dms."); !ok || size == "" || len(i.Class) > 30 || strings.ContainsFunc(i.Class, notHost) {
		return i, fault.New(fault.InvalidParameter, "The ReplicationInstanceClass %q is not known; it is dms.local, or any class of AWS such as dms.t3.medium: here all are a worker of this server", shorten(i.Class))
	}
	if i.Storage < minStorage || i.Storage > maxStorage {
		return i, fault.New(fault.InvalidParameter, "AllocatedStorage %d is not in %d-%d GiB", i.Storage, minStorage, maxStorage)
	}
	return i, nil
}

// CreateInstanceInput is a new replication instance.
type CreateInstanceInput struct {
	InstanceInput
	Region     string
	ResourceID string // the end of its ARN, "" for a random one
	Tags       []inventory.Tag
}

// CreateInstance makes a replication instance, which is ready at once.
func (s *Service) CreateInstance(ctx context.Context, by inventory.Caller, in CreateInstanceInput) (inventory.ReplicationInstance, error) {
	now := time.Now()
	i, err := in.merge(inventory.ReplicationInstance{Region: in.Region, Storage: defaultStorage, Tags: in.Tags, CreatedAt: now.UTC()})
	if err != nil {
		return i, err
	}
	if err := checkTags(in.Tags); err != nil {
		return i, err
	}
	if i.ARN, err = s.newARN(inventory.KindReplication, in.Region, in.ResourceID); err != nil {
		return i, err
	}
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		all, err := tx.ReplicationInstances(i.Region)
		if err != nil {
			return err
		}
		for _, other := range all {
			if other.Name == i.Name {
				return exists("Replication instance", other.Name, other.ARN)
			}
		}
		if len(all) >= maxInstances {
			return fault.New(QuotaExceeded, "There are %d replication instances in %s, the most there can be; delete some", len(all), i.Region)
		}
		if err := tx.InsertReplicationInstance(i); err != nil {
			return s.taken(err, "Replication instance", i.Name, i.ARN)
		}
		return tell(tx, now, record(by, "CreateReplicationInstance", i.ARN, now, "%s", i.Class),
			event(i.Region, SourceInstance, i.Name, i.ARN, now, Creation, "Replication instance created"))
	})
	return i, err
}

// ModifyInstance changes a replication instance, at once.
func (s *Service) ModifyInstance(ctx context.Context, by inventory.Caller, region, arn string, in InstanceInput) (inventory.ReplicationInstance, error) {
	var i inventory.ReplicationInstance
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		old, err := s.instance(tx, region, arn)
		if err != nil {
			return err
		}
		if i, err = in.merge(old); err != nil {
			return err
		}
		if other, err := tx.ReplicationInstanceByName(region, i.Name); err == nil && other.ARN != arn {
			return exists("Replication instance", other.Name, other.ARN)
		}
		if err := tx.UpdateReplicationInstance(i); err != nil {
			return s.taken(err, "Replication instance", i.Name, i.ARN)
		}
		now := time.Now()
		return tell(tx, now, record(by, "ModifyReplicationInstance", arn, now, ""),
			event(region, SourceInstance, i.Name, arn, now, Configuration, "Replication instance modified"))
	})
	return i, err
}

// Instances lists a region's replication instances by name.
func (s *Service) Instances(ctx context.Context, region string) ([]inventory.ReplicationInstance, error) {
	return s.Store.Read(ctx).ReplicationInstances(region)
}

// DeleteInstance forgets a replication instance with the tests it made.
func (s *Service) DeleteInstance(ctx context.Context, by inventory.Caller, region, arn string) (inventory.ReplicationInstance, error) {
	var i inventory.ReplicationInstance
	err := s.Store.Write(ctx, func(tx *store.Tx) (err error) {
		if i, err = s.instance(tx, region, arn); err != nil {
			return err
		}
		if err := tx.DeleteReplicationInstance(arn); err != nil {
			return err
		}
		now := time.Now()
		return tell(tx, now, record(by, "DeleteReplicationInstance", arn, now, ""),
			event(region, SourceInstance, i.Name, arn, now, Deletion, "Replication instance deleted"))
	})
	return i, err
}

// instance finds one by ARN.
func (s *Service) instance(tx *store.Tx, region, arn string) (inventory.ReplicationInstance, error) {
	if err := s.checkARN(inventory.KindReplication, region, arn); err != nil {
		return inventory.ReplicationInstance{}, err
	}
	i, err := tx.ReplicationInstance(arn)
	if errors.Is(err, store.ErrNotFound) {
		return i, notFound("Replication instance", arn)
	}
	return i, err
}
