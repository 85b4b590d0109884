package rds

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/awswire/query"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
)

// describeParameters lists the whole catalogue of a group's family with the
// group's values.
func describeParameters(a *API, c *call, k groupKind) ([]byte, error) {
	r, err := k.ref(c)
	if err != nil {
		return nil, err
	}
	source, _ := c.p.String("Source")
	sources := []string{string(params.SourceUser), string(params.SourceSystem), string(params.SourceEngine)}
	if source != "" && !slices.Contains(sources, source) {
		return nil, fault.New(fault.InvalidParameter, "Invalid source %q; one of: %s", source, strings.Join(sources, ", "))
	}
	filters, err := query.Filters(c.p, "parameter-name")
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
	values, err := a.Params.Parameters(c.ctx, r)
	if err != nil {
		return nil, err
	}
	values = slices.DeleteFunc(values, func(v params.Value) bool {
		return source != "" && string(v.Source) != source || !passes(filters, "parameter-name", v.Name)
	})
	part, marker := query.Paginate(values, page, func(v params.Value) string { return v.Name })
	x := c.reply("Describe" + k.prefix + "Parameters")
	x.List("Parameters", "Parameter", len(part), func(n int) {
		k.writeParameter(x, part[n])
		x.Text("ApplyMethod", string(part[n].Method))
	})
	x.OptText("Marker", marker)
	return x.Finish(), nil
}

// writeParameter writes what a parameter is, with its value.
func (k groupKind) writeParameter(x *query.XML, v params.Value) {
	x.Text("ParameterName", v.Name)
	if v.Value != "" || v.Source == params.SourceUser {
		x.Text("ParameterValue", v.Value)
	}
	x.OptText("Description", v.Description)
	x.Text("Source", string(v.Source))
	x.Text("ApplyType", string(v.ApplyType))
	x.Text("DataType", v.DataType)
	x.OptText("AllowedValues", strings.Join(v.Allowed, ","))
	x.Bool("IsModifiable", v.Locked == "")
	x.OptText("MinimumEngineVersion", v.MinVersion)
	if k.kind == inventory.GroupCluster {
		x.TextList("SupportedEngineModes", "member", []string{"provisioned"})
	}
}
