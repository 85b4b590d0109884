package rds

import "github.com/dbtls/dbtls/internal/fleet"

// deleteDBCluster ends a cluster; it is "deleting" in the reply.
func deleteDBCluster(a *API, c *call) ([]byte, error) {
	in := fleet.DeleteClusterInput{Region: c.caller.Region}
	var err error
	if in.Name, err = c.p.Required("DBClusterIdentifier"); err != nil {
		return nil, err
	}
	if in.SkipSnapshot, _, err = c.p.Bool("SkipFinalSnapshot"); err != nil {
		return nil, err
	}
	in.FinalSnapshot, _ = c.p.String("FinalDBSnapshotIdentifier")
	// There are no automated backups: deleting or keeping them is the same.
	if _, _, err := c.p.Bool("DeleteAutomatedBackups"); err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	v, err := a.Fleet.DeleteCluster(c.ctx, c.by(), in)
	if err != nil {
		return nil, err
	}
	return a.clusterReply(c, "DeleteDBCluster", v), nil
}
