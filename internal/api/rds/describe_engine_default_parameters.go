package rds

import (
	"slices"

	"github.com/dbtls/dbtls/internal/awswire/query"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
)

// describeEngineDefaults lists the catalogue of a family.
func describeEngineDefaults(a *API, c *call, k groupKind) ([]byte, error) {
	// What an instance's action and a cluster's are called, and filter by.
	action, allowed := "DescribeEngineDefaultParameters", []string{"parameter-name"}
	if k.kind == inventory.GroupCluster {
		action, allowed = "DescribeEngineDefaultClusterParameters", nil
	}
	family, err := c.p.Required("DBParameterGroupFamily")
	if err != nil {
		return nil, err
	}
	filters, err := query.Filters(c.p, allowed...)
	if err != nil {
		return nil, err
	}
	page, err := query.ParsePage(c.p)
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	values, err := a.Params.EngineDefaults(k.kind, family)
	if err != nil {
		return nil, err
	}
	values = slices.DeleteFunc(values, func(v params.Value) bool { return !passes(filters, "parameter-name", v.Name) })
	part, marker := query.Paginate(values, page, func(v params.Value) string { return v.Name })
	x := c.reply(action)
	x.Open("EngineDefaults")
	x.Text("DBParameterGroupFamily", family)
	x.OptText("Marker", marker)
	x.List("Parameters", "Parameter", len(part), func(n int) { k.writeParameter(x, part[n]) })
	x.Close("EngineDefaults")
	return x.Finish(), nil
}
