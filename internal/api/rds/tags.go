package rds

import (
	"github.com/dbtls/dbtls/internal/awswire/query"
	"github.com/dbtls/dbtls/internal/inventory"
)

// listTagsForResource lists the tags of an instance, a cluster or a parameter
// group.
func listTagsForResource(a *API, c *call) ([]byte, error) {
	arn, err := c.p.Required("ResourceName")
	if err != nil {
		return nil, err
	}
	if _, err := query.Filters(c.p); err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	tags, err := a.Fleet.Tags(c.ctx, c.caller.Region, arn)
	if err != nil {
		return nil, err
	}
	x := c.reply("ListTagsForResource")
	writeTags(x, tags)
	return x.Finish(), nil
}

// addTagsToResource adds tags, or replaces the values of those that are there.
func addTagsToResource(a *API, c *call) ([]byte, error) {
	arn, err := c.p.Required("ResourceName")
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
	if err := a.Fleet.Tag(c.ctx, c.by(), c.caller.Region, arn, tags); err != nil {
		return nil, err
	}
	return query.EmptyResponse("AddTagsToResource", c.caller.RequestID), nil
}

// removeTagsFromResource removes tags by key.
func removeTagsFromResource(a *API, c *call) ([]byte, error) {
	arn, err := c.p.Required("ResourceName")
	if err != nil {
		return nil, err
	}
	keys, _ := c.p.Strings("TagKeys", "member")
	if err := c.known(); err != nil {
		return nil, err
	}
	if err := a.Fleet.Untag(c.ctx, c.by(), c.caller.Region, arn, keys); err != nil {
		return nil, err
	}
	return query.EmptyResponse("RemoveTagsFromResource", c.caller.RequestID), nil
}

func writeTags(x *query.XML, tags []inventory.Tag) {
	x.List("TagList", "Tag", len(tags), func(n int) {
		x.Text("Key", tags[n].Key)
		x.Text("Value", tags[n].Value)
	})
}
