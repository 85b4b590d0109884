package rds

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/awswire/query"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/fleet"
	"github.com/dbtls/dbtls/internal/inventory"
)

// describePendingMaintenanceActions lists the changes of certificates that are
// planned or advised.
func describePendingMaintenanceActions(a *API, c *call) ([]byte, error) {
	arn, _ := c.p.String("ResourceIdentifier")
	filters, err := query.Filters(c.p, "db-instance-id", "db-cluster-id")
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
	only, err := a.maintained(c, arn)
	if err != nil {
		return nil, err
	}
	all, err := a.Fleet.Maintenances(c.ctx, c.caller.Region)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(m fleet.Maintenance) bool {
		return (only != "" && m.Instance != only) || !a.maintenanceSelected(c, m, filters)
	})
	part, marker := query.Paginate(all, page, func(m fleet.Maintenance) string { return m.Instance })
	x := c.reply("DescribePendingMaintenanceActions")
	x.List("PendingMaintenanceActions", "ResourcePendingMaintenanceActions", len(part), func(n int) {
		a.writeMaintenance(x, c.caller.Region, part[n].Instance, part[n:n+1])
	})
	x.OptText("Marker", marker)
	return x.Finish(), nil
}

// maintained is the instance an ARN names, "" for none given. dbtls plans
// maintenance for instances only.
func (a *API) maintained(c *call, arn string) (string, error) {
	if arn == "" {
		return "", nil
	}
	v, err := a.Fleet.Get(c.ctx, c.caller.Region, arn)
	if fault.CodeOf(err) == fault.InstanceNotFound || (err == nil && !strings.HasPrefix(arn, "arn:")) {
		return "", fault.New(fault.ResourceNotFound, "The resource %s was not found; give the ARN of a DB instance of this account and region", arn)
	}
	return v.Name, err
}

func (a *API) maintenanceSelected(c *call, m fleet.Maintenance, filters map[string][]string) bool {
	if _, given := filters["db-cluster-id"]; given {
		return false
	}
	ids, given := filters["db-instance-id"]
	return !given || slices.ContainsFunc(ids, func(id string) bool {
		return strings.EqualFold(inventory.NameFromARN(c.caller.Region, a.Account, id), m.Instance)
	})
}

// applyPendingMaintenanceAction has a planned change done at once or in the next
// window, or not at all.
func applyPendingMaintenanceAction(a *API, c *call) ([]byte, error) {
	var arn, action, optIn string
	var err error
	for name, into := range map[string]*string{"ResourceIdentifier": &arn, "ApplyAction": &action, "OptInType": &optIn} {
		if *into, err = c.p.Required(name); err != nil {
			return nil, err
		}
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	name, err := a.maintained(c, arn)
	if err != nil {
		return nil, err
	}
	v, left, err := a.Fleet.ApplyMaintenance(c.ctx, c.by(), c.caller.Region, name, action, optIn)
	if err != nil {
		return nil, err
	}
	x := c.reply("ApplyPendingMaintenanceAction")
	x.Open("ResourcePendingMaintenanceActions")
	a.writeMaintenance(x, v.Region, v.Name, left)
	x.Close("ResourcePendingMaintenanceActions")
	return x.Finish(), nil
}

func (a *API) writeMaintenance(x *query.XML, region, name string, all []fleet.Maintenance) {
	x.Text("ResourceIdentifier", inventory.InstanceARN(region, a.Account, name))
	x.List("PendingMaintenanceActionDetails", "PendingMaintenanceAction", len(all), func(n int) {
		m := all[n]
		x.Text("Action", fleet.ActionRotate)
		x.OptTime("AutoAppliedAfterDate", m.AutoAfter)
		x.OptTime("ForcedApplyDate", m.Forced)
		x.OptText("OptInStatus", m.OptIn)
		x.OptTime("CurrentApplyDate", m.Current)
		x.Text("Description", m.Description)
	})
}
