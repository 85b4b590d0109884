package rds

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/awswire/query"
	"github.com/dbtls/dbtls/internal/fleet"
	"github.com/dbtls/dbtls/internal/inventory"
)

// describeDBClusters shows one cluster by identifier or ARN, or lists a region's.
func describeDBClusters(a *API, c *call) ([]byte, error) {
	id, _ := c.p.String("DBClusterIdentifier")
	filters, err := query.Filters(c.p, "clone-group-id", "db-cluster-id", "db-cluster-resource-id", "domain", "engine")
	if err != nil {
		return nil, err
	}
	page, err := query.ParsePage(c.p)
	if err != nil {
		return nil, err
	}
	if _, _, err := c.p.Bool("IncludeShared"); err != nil { // nothing is shared between accounts
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	views, err := a.clusters(c, id)
	if err != nil {
		return nil, err
	}
	views = slices.DeleteFunc(views, func(v fleet.ClusterView) bool { return !a.clusterSelected(v, filters) })
	part, marker := query.Paginate(views, page, func(v fleet.ClusterView) string { return v.Name })
	x := c.reply("DescribeDBClusters")
	x.List("DBClusters", "DBCluster", len(part), func(n int) { a.writeCluster(x, part[n]) })
	x.OptText("Marker", marker)
	return x.Finish(), nil
}

func (a *API) clusters(c *call, id string) ([]fleet.ClusterView, error) {
	if id == "" {
		return a.Fleet.Clusters(c.ctx, c.caller.Region)
	}
	v, err := a.Fleet.Cluster(c.ctx, c.caller.Region, id)
	if err != nil {
		return nil, err
	}
	return []fleet.ClusterView{v}, nil
}

func (a *API) clusterSelected(v fleet.ClusterView, filters map[string][]string) bool {
	for name, values := range filters {
		if !slices.ContainsFunc(values, func(value string) bool {
			switch name {
			case "db-cluster-id":
				return strings.EqualFold(strings.TrimPrefix(value, inventory.ClusterARN(v.Region, a.Account, "")), v.Name)
			case "db-cluster-resource-id":
				return value == v.ResourceID
			case "engine":
				return value == v.Engine
			}
			return false // nothing is cloned or in a domain
		}) {
			return false
		}
	}
	return true
}

// writeCluster writes a DBCluster.
func (a *API) writeCluster(x *query.XML, v fleet.ClusterView) {
	x.Text("DBClusterIdentifier", v.Name)
	x.Text("DBClusterArn", inventory.ClusterARN(v.Region, a.Account, v.Name))
	x.Text("DbClusterResourceId", v.ResourceID)
	x.Text("Engine", v.Engine)
	x.Text("EngineVersion", v.Version)
	x.Text("EngineMode", "provisioned")
	x.Text("Status", string(v.Shown()))
	x.Text("MasterUsername", v.MasterUser)
	x.OptText("DatabaseName", v.Database)
	x.Text("Endpoint", v.Host)
	if v.Reader() { // nobody answers there before
		x.Text("ReaderEndpoint", v.ReaderHost)
	}
	x.Int("Port", v.Port)
	x.Bool("MultiAZ", len(v.Members) > 1)
	x.OptText("DBClusterInstanceClass", v.MemberClass)
	x.Int("AllocatedStorage", v.AllocatedStorage)
	x.Text("DBClusterParameterGroup", v.Group)
	x.Text("PreferredMaintenanceWindow", v.Window.String())
	x.Int("BackupRetentionPeriod", 0)
	x.Time("ClusterCreateTime", v.CreatedAt)
	x.Bool("StorageEncrypted", false)
	x.Bool("DeletionProtection", v.Protected)
	x.List("DBClusterMembers", "DBClusterMember", len(v.Members), func(n int) {
		m := v.Members[n]
		x.Text("DBInstanceIdentifier", m.Name)
		x.Bool("IsClusterWriter", m.Writer)
		x.Text("DBClusterParameterGroupStatus", string(m.GroupSync))
		x.Int("PromotionTier", 1)
	})
	writeClusterCA(x, v)
	writeTags(x, v.Tags)
}

// writeClusterCA writes the CA of a Multi-AZ DB cluster, whose members have one
// in common; an Aurora cluster has none of its own.
func writeClusterCA(x *query.XML, v fleet.ClusterView) {
	w := v.Writer()
	if !v.MultiAZ() || w == nil || w.Leaf.Serial == "" {
		return
	}
	x.Open("CertificateDetails")
	x.Text("CAIdentifier", w.Leaf.CA)
	x.Time("ValidTill", w.Leaf.NotAfter)
	x.Close("CertificateDetails")
	if pending := w.PendingCA(); pending != "" {
		x.Open("PendingModifiedValues")
		x.Open("CertificateDetails")
		x.Text("CAIdentifier", pending)
		x.Close("CertificateDetails")
		x.Close("PendingModifiedValues")
	}
}

// clusterReply is the answer of the actions that return one cluster.
func (a *API) clusterReply(c *call, action string, v fleet.ClusterView) []byte {
	x := c.reply(action)
	x.Open("DBCluster")
	a.writeCluster(x, v)
	x.Close("DBCluster")
	return x.Finish()
}
