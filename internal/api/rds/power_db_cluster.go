package rds

import "github.com/dbtls/dbtls/internal/inventory"

// rebootDBCluster restarts the instances of a Multi-AZ DB cluster, readers first.
func rebootDBCluster(a *API, c *call) ([]byte, error) {
	return a.powerCluster(c, "RebootDBCluster", inventory.StatusRebooting)
}

// stopDBCluster ends the engines of all instances of a cluster.
func stopDBCluster(a *API, c *call) ([]byte, error) {
	return a.powerCluster(c, "StopDBCluster", inventory.StatusStopping)
}

// startDBCluster starts the instances of a stopped cluster, the writer first.
func startDBCluster(a *API, c *call) ([]byte, error) {
	return a.powerCluster(c, "StartDBCluster", inventory.StatusStarting)
}

func (a *API) powerCluster(c *call, action string, to inventory.Status) ([]byte, error) {
	name, err := c.p.Required("DBClusterIdentifier")
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	v, err := a.Fleet.PowerCluster(c.ctx, c.by(), c.caller.Region, name, to)
	if err != nil {
		return nil, err
	}
	return a.clusterReply(c, action, v), nil
}
