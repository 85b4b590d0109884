package rds

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/awswire/query"
	"github.com/dbtls/dbtls/internal/fleet"
	"github.com/dbtls/dbtls/internal/inventory"
)

// describeDBInstances shows one instance by identifier or ARN, or lists a
// region's.
func describeDBInstances(a *API, c *call) ([]byte, error) {
	id, _ := c.p.String("DBInstanceIdentifier")
	filters, err := query.Filters(c.p, "db-cluster-id", "db-instance-id", "dbi-resource-id", "domain", "engine")
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
	views, marker, err := a.find(c, id, filters, page)
	if err != nil {
		return nil, err
	}
	x := c.reply("DescribeDBInstances")
	x.List("DBInstances", "DBInstance", len(views), func(n int) { a.writeInstance(x, views[n]) })
	x.OptText("Marker", marker)
	return x.Finish(), nil
}

// find selects instances. Without filters only the page is read.
func (a *API) find(c *call, id string, filters map[string][]string, page query.Page) ([]fleet.View, string, error) {
	if id != "" {
		v, err := a.Fleet.Get(c.ctx, c.caller.Region, id)
		if err != nil {
			return nil, "", err
		}
		if !a.selected(v, filters) {
			return nil, "", nil
		}
		return []fleet.View{v}, "", nil
	}
	limit := page.MaxRecords + 1 // one more tells whether there is a next page
	if len(filters) > 0 {
		limit = 0
	}
	views, err := a.Fleet.List(c.ctx, c.caller.Region, page.Marker, limit)
	if err != nil {
		return nil, "", err
	}
	views = slices.DeleteFunc(views, func(v fleet.View) bool { return !a.selected(v, filters) })
	part, marker := query.Paginate(views, page, func(v fleet.View) string { return v.Name })
	return part, marker, nil
}

// selected applies the filters; identifiers match in any case and as ARNs.
func (a *API) selected(v fleet.View, filters map[string][]string) bool {
	for name, values := range filters {
		ok := false
		for _, value := range values {
			switch name {
			case "db-instance-id":
				ok = ok || strings.EqualFold(inventory.NameFromARN(v.Region, a.Account, value), v.Name)
			case "dbi-resource-id":
				ok = ok || value == v.ResourceID
			case "engine":
				ok = ok || value == v.Engine
			case "db-cluster-id":
				name := strings.TrimPrefix(value, inventory.ClusterARN(v.Region, a.Account, ""))
				ok = ok || (v.ClusterName != "" && strings.EqualFold(name, v.ClusterName))
			}
		}
		if !ok { // nothing is in a domain
			return false
		}
	}
	return true
}

// writeInstance writes a DBInstance.
func (a *API) writeInstance(x *query.XML, v fleet.View) {
	x.Text("DBInstanceIdentifier", v.Name)
	x.Text("DBInstanceClass", v.Class)
	x.Text("Engine", v.Engine)
	x.Text("DBInstanceStatus", string(v.Shown()))
	x.Text("MasterUsername", v.MasterUser)
	x.OptText("DBName", v.Database)
	if v.Leaf.Serial != "" { // nothing to connect to before
		x.Open("Endpoint")
		x.Text("Address", v.Host)
		x.Int("Port", v.Port)
		x.Close("Endpoint")
	}
	x.Int("AllocatedStorage", v.AllocatedStorage)
	x.Time("InstanceCreateTime", v.CreatedAt)
	x.Int("BackupRetentionPeriod", 0)
	x.List("DBParameterGroups", "DBParameterGroup", 1, func(int) {
		x.Text("DBParameterGroupName", v.Group)
		x.Text("ParameterApplyStatus", string(v.GroupSync))
	})
	x.Text("PreferredMaintenanceWindow", v.Window.String())
	x.Open("PendingModifiedValues")
	x.OptText("DBInstanceIdentifier", v.Next.Name)
	if v.Leaf.Serial != "" {
		x.OptText("CACertificateIdentifier", v.PendingCA())
	}
	if v.MasterSealed != nil && v.Status != inventory.StatusCreating {
		x.Text("MasterUserPassword", "****")
	}
	x.Close("PendingModifiedValues")
	x.OptText("DBClusterIdentifier", v.ClusterName)
	x.Bool("MultiAZ", false)
	x.Text("EngineVersion", v.Version)
	x.Bool("AutoMinorVersionUpgrade", false)
	x.Bool("PubliclyAccessible", false)
	x.Bool("StorageEncrypted", false)
	x.Text("DbiResourceId", v.ResourceID)
	writeCA(x, v)
	x.Text("DBInstanceArn", inventory.InstanceARN(v.Region, a.Account, v.Name))
	x.Bool("DeletionProtection", v.Protected)
	writeTags(x, v.Tags)
}

// writeCA writes the CA of the served certificate and that certificate's end;
// before the first one, the CA it will come from.
func writeCA(x *query.XML, v fleet.View) {
	if v.Leaf.Serial == "" {
		x.OptText("CACertificateIdentifier", v.Want.CA)
		return
	}
	x.Text("CACertificateIdentifier", v.Leaf.CA)
	x.Open("CertificateDetails")
	x.Text("CAIdentifier", v.Leaf.CA)
	x.Time("ValidTill", v.Leaf.NotAfter)
	x.Close("CertificateDetails")
}

// instanceReply is the answer of the actions that return one instance.
func (a *API) instanceReply(c *call, action string, v fleet.View) []byte {
	x := c.reply(action)
	x.Open("DBInstance")
	a.writeInstance(x, v)
	x.Close("DBInstance")
	return x.Finish()
}
