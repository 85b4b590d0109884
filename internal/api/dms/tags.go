package dms

import (
	"github.com/dbtls/dbtls/internal/fault"
)

// tag is the shape Tag.
type tag struct {
	Key         string
	Value       string
	ResourceArn string `json:",omitempty"`
}

// maxListed bounds a ResourceArnList.
const maxListed = 100

// listTagsForResource lists the tags of one resource or of several; those of
// several say whose they are.
func listTagsForResource(a *API, c *call) (any, error) {
	one, single, err := c.p.String("ResourceArn")
	if err != nil {
		return nil, err
	}
	arns, several, err := c.p.Strings("ResourceArnList")
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	switch {
	case single == several:
		return nil, fault.New(fault.InvalidCombination, "Give either ResourceArn or ResourceArnList")
	case single:
		arns = []string{one}
	case len(arns) > maxListed:
		return nil, fault.New(fault.InvalidParameter, "ResourceArnList has %d ARNs, %d at most", len(arns), maxListed)
	}
	out := struct{ TagList []tag }{[]tag{}}
	for _, arn := range arns {
		tags, err := a.Migration.Tags(c.ctx, c.region(), arn)
		if err != nil {
			return nil, err
		}
		for _, t := range tags {
			row := tag{Key: t.Key, Value: t.Value}
			if several {
				row.ResourceArn = arn
			}
			out.TagList = append(out.TagList, row)
		}
	}
	return out, nil
}

// addTagsToResource adds tags, or replaces the values of those that are there.
func addTagsToResource(a *API, c *call) (any, error) {
	arn, err := c.p.Required("ResourceArn")
	if err != nil {
		return nil, err
	}
	tags, err := decodeTags(c)
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	return nil, a.Migration.Tag(c.ctx, c.by(), c.region(), arn, tags)
}

// removeTagsFromResource removes tags by key.
func removeTagsFromResource(a *API, c *call) (any, error) {
	arn, err := c.p.Required("ResourceArn")
	if err != nil {
		return nil, err
	}
	keys, _, err := c.p.Strings("TagKeys")
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	return nil, a.Migration.Untag(c.ctx, c.by(), c.region(), arn, keys)
}

// describeAccountAttributes lists the quotas.
func describeAccountAttributes(a *API, c *call) (any, error) {
	if err := c.known(); err != nil {
		return nil, err
	}
	usages, err := a.Migration.Usages(c.ctx, c.region())
	type quota struct {
		AccountQuotaName string
		Used, Max        int
	}
	out := struct {
		AccountQuotas           []quota
		UniqueAccountIdentifier string
	}{UniqueAccountIdentifier: "dms-" + c.region() + "-" + a.Account}
	for _, u := range usages {
		out.AccountQuotas = append(out.AccountQuotas, quota{u.Name, u.Used, u.Max})
	}
	return out, err
}
