package migration

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// tagged is anything that has tags.
type tagged struct {
	tags []inventory.Tag
	put  func([]inventory.Tag) error
}

// byARN finds what an ARN names.
func (s *Service) byARN(tx *store.Tx, region, arn string) (tagged, error) {
	switch {
	case strings.HasPrefix(arn, inventory.MigrationARN(inventory.KindCertificate, region, s.Account, "")):
		c, err := s.certificate(tx, region, arn)
		return tagged{c.Tags, func(t []inventory.Tag) error { c.Tags = t; return tx.UpdateImportedCertificate(c) }}, err
	case strings.HasPrefix(arn, inventory.MigrationARN(inventory.KindEndpoint, region, s.Account, "")):
		e, err := s.endpoint(tx, region, arn)
		return tagged{e.Tags, func(t []inventory.Tag) error { e.Tags = t; return tx.UpdateEndpoint(e) }}, err
	case strings.HasPrefix(arn, inventory.MigrationARN(inventory.KindReplication, region, s.Account, "")):
		i, err := s.instance(tx, region, arn)
		return tagged{i.Tags, func(t []inventory.Tag) error { i.Tags = t; return tx.UpdateReplicationInstance(i) }}, err
	}
	return tagged{}, fault.New(fault.InvalidParameter, "%q is not the ARN of a certificate, an endpoint or a replication instance of account %s in %s", shorten(arn), s.Account, region)
}

// Tags lists the tags of a resource.
func (s *Service) Tags(ctx context.Context, region, arn string) ([]inventory.Tag, error) {
	t, err := s.byARN(s.Store.Read(ctx), region, arn)
	return t.tags, err
}

// Tag adds tags to a resource, or replaces the values of those it has.
func (s *Service) Tag(ctx context.Context, by inventory.Caller, region, arn string, add []inventory.Tag) error {
	if err := checkTags(add); err != nil {
		return err
	}
	return s.retag(ctx, by, "AddTagsToResource", region, arn, func(have []inventory.Tag) []inventory.Tag {
		for _, tag := range add {
			have = append(slices.DeleteFunc(have, func(h inventory.Tag) bool { return h.Key == tag.Key }), tag)
		}
		return have
	})
}

// Untag removes tags by key; keys that are not there are no error.
func (s *Service) Untag(ctx context.Context, by inventory.Caller, region, arn string, keys []string) error {
	return s.retag(ctx, by, "RemoveTagsFromResource", region, arn, func(have []inventory.Tag) []inventory.Tag {
		return slices.DeleteFunc(have, func(h inventory.Tag) bool { return slices.Contains(keys, h.Key) })
	})
}

func (s *Service) retag(ctx context.Context, by inventory.Caller, action, region, arn string, change func([]inventory.Tag) []inventory.Tag) error {
	return s.Store.Write(ctx, func(tx *store.Tx) error {
		t, err := s.byARN(tx, region, arn)
		if err != nil {
			return err
		}
		tags := change(slices.Clone(t.tags))
		if err := checkTags(tags); err != nil {
			return err
		}
		if err := t.put(tags); err != nil {
			return err
		}
		return tx.Audit(record(by, action, arn, time.Now(), ""))
	})
}

// Usage is how much of a quota is used.
type Usage struct {
	Quota
	Used int
}

// Usages lists the quotas of a region, in DMS's words.
func (s *Service) Usages(ctx context.Context, region string) ([]Usage, error) {
	read := s.Store.Read(ctx)
	certificates, err := read.ImportedCertificates(region)
	if err != nil {
		return nil, err
	}
	endpoints, err := read.Endpoints(region)
	if err != nil {
		return nil, err
	}
	instances, err := read.ReplicationInstances(region)
	return []Usage{
		{Quota{"ReplicationInstances", maxInstances}, len(instances)},
		{Quota{"Endpoints", maxEndpoints}, len(endpoints)},
		{Quota{"Certificates", maxCertificates}, len(certificates)},
	}, err
}
