package rds

import (
	"github.com/dbtls/dbtls/internal/awswire/query"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
)

// describeParameterGroups shows one group by name, or lists a region's with
// the default group of every family.
func describeParameterGroups(a *API, c *call, k groupKind) ([]byte, error) {
	name, _ := c.p.String(k.noun() + "Name")
	if _, err := query.Filters(c.p); err != nil {
		return nil, err
	}
	page, err := query.ParsePage(c.p)
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	var groups []inventory.Group
	if name != "" {
		g, err := a.Params.Get(c.ctx, params.Ref{Kind: k.kind, Region: c.caller.Region, Name: name})
		if err != nil {
			return nil, err
		}
		groups = []inventory.Group{g}
	} else if groups, err = a.Params.List(c.ctx, k.kind, c.caller.Region); err != nil {
		return nil, err
	}
	part, marker := query.Paginate(groups, page, func(g inventory.Group) string { return g.Name })
	x := c.reply("Describe" + k.noun() + "s")
	x.List(k.noun()+"s", k.noun(), len(part), func(n int) { k.write(a, x, part[n]) })
	x.OptText("Marker", marker)
	return x.Finish(), nil
}
