package rds

import "github.com/dbtls/dbtls/internal/fleet"

// modifyDBCluster changes a cluster's parameter group, window, password,
// deletion protection, and the CA of a Multi-AZ DB cluster.
func modifyDBCluster(a *API, c *call) ([]byte, error) {
	in, err := decodeModifyCluster(c)
	if err != nil {
		return nil, err
	}
	if err := c.readAsIs(); err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	v, err := a.Fleet.ModifyCluster(c.ctx, c.by(), in)
	if err != nil {
		return nil, err
	}
	return a.clusterReply(c, "ModifyDBCluster", v), nil
}

func decodeModifyCluster(c *call) (in fleet.ModifyClusterInput, err error) {
	in.Region = c.caller.Region
	if in.Name, err = c.p.Required("DBClusterIdentifier"); err != nil {
		return in, err
	}
	for name, into := range map[string]*string{"CACertificateIdentifier": &in.CA, "DBClusterParameterGroupName": &in.Group,
		"PreferredMaintenanceWindow": &in.Window, "MasterUserPassword": &in.Password} {
		*into, _ = c.p.String(name)
	}
	if in.Now, _, err = c.p.Bool("ApplyImmediately"); err != nil {
		return in, err
	}
	if in.RotationRestart, err = optBool(c, "CertificateRotationRestart"); err != nil {
		return in, err
	}
	in.Protected, err = optBool(c, "DeletionProtection")
	return in, err
}
