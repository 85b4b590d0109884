package fleet

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// MaxTags is how many tags a resource may have.
const MaxTags = 50

// Tags lists the tags of a resource of a region by its ARN: an instance, a
// cluster, or a parameter group of either kind.
func (s *Service) Tags(ctx context.Context, region, arn string) ([]inventory.Tag, error) {
	t, err := s.tagged(s.Store.Read(ctx), region, arn)
	return t.tags, err
}

// Tag adds tags to a resource, or replaces the values of those it has.
func (s *Service) Tag(ctx context.Context, by Caller, region, arn string, add []inventory.Tag) error {
	return s.retag(ctx, by, "AddTagsToResource", region, arn, func(have []inventory.Tag) ([]inventory.Tag, error) {
		have = slices.Clone(have)
		for _, tag := range add {
			if n := slices.IndexFunc(have, func(h inventory.Tag) bool { return h.Key == tag.Key }); n >= 0 {
				have[n] = tag
			} else {
				have = append(have, tag)
			}
		}
		if len(have) > MaxTags {
			return nil, fault.New(fault.InvalidParameter, "The resource would have %d tags; it has %d at most", len(have), MaxTags)
		}
		return have, nil
	})
}

// Untag removes tags by key; keys that are not there are no error.
func (s *Service) Untag(ctx context.Context, by Caller, region, arn string, keys []string) error {
	return s.retag(ctx, by, "RemoveTagsFromResource", region, arn, func(have []inventory.Tag) ([]inventory.Tag, error) {
		return slices.DeleteFunc(slices.Clone(have), func(h inventory.Tag) bool { return slices.Contains(keys, h.Key) }), nil
	})
}

func (s *Service) retag(ctx context.Context, by Caller, action, region, arn string, change func([]inventory.Tag) ([]inventory.Tag, error)) error {
	return s.Store.Write(ctx, func(tx *store.Tx) error {
		t, err := s.tagged(tx, region, arn)
		if err != nil {
			return err
		}
		tags, err := change(t.tags)
		if err != nil {
			return err
		}
		return errors.Join(t.put(tags), tx.Audit(store.AuditRecord{At: time.Now(), Actor: by.Name, Action: action,
			Target: arn, RequestID: by.RequestID}))
	})
}

// resource is anything that has tags.
type resource struct {
	tags []inventory.Tag
	put  func([]inventory.Tag) error
}

// tagged finds a resource by its ARN.
func (s *Service) tagged(tx *store.Tx, region, arn string) (resource, error) {
	for _, kind := range []struct {
		prefix  string
		missing fault.Code
		find    func(name string) (resource, error)
	}{
		{inventory.InstanceARN(region, s.Account, ""), fault.InstanceNotFound, func(name string) (resource, error) {
			i, err := tx.InstanceByName(region, name)
			return resource{i.Tags, func(t []inventory.Tag) error { i.Tags = t; return tx.UpdateInstance(i) }}, err
		}},
		{inventory.ClusterARN(region, s.Account, ""), fault.ClusterNotFound, func(name string) (resource, error) {
			c, err := tx.ClusterByName(region, name)
			return resource{c.Tags, func(t []inventory.Tag) error { c.Tags = t; return tx.UpdateCluster(c) }}, err
		}},
		{inventory.GroupARN(inventory.GroupInstance, region, s.Account, ""), fault.GroupNotFound, groupTags(tx, inventory.GroupInstance, region)},
		{inventory.GroupARN(inventory.GroupCluster, region, s.Account, ""), fault.GroupNotFound, groupTags(tx, inventory.GroupCluster, region)},
	} {
		name, ok := strings.CutPrefix(arn, kind.prefix)
		if !ok {
			continue
		}
		r, err := kind.find(strings.ToLower(name))
		if errors.Is(err, store.ErrNotFound) {
			return r, fault.New(kind.missing, "%s not found.", arn)
		}
		return r, err
	}
	return resource{}, fault.New(fault.InvalidParameter, "The resource name %q is not the ARN of an instance, a cluster or a parameter group of account %s in %s", arn, s.Account, region)
}

func groupTags(tx *store.Tx, kind inventory.GroupKind, region string) func(string) (resource, error) {
	return func(name string) (resource, error) {
		g, err := tx.Group(kind, region, name)
		return resource{g.Tags, func(t []inventory.Tag) error { g.Tags = t; return tx.UpdateGroup(g) }}, err
	}
}
