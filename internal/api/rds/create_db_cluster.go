package rds

import (
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/fleet"
)

// createDBCluster makes an Aurora cluster without instances, or a Multi-AZ DB
// cluster with three.
func createDBCluster(a *API, c *call) ([]byte, error) {
	in, err := decodeCreateCluster(c)
	if err != nil {
		return nil, err
	}
	if err := c.readAsIs(); err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	v, err := a.Fleet.CreateCluster(c.ctx, c.by(), in)
	if err != nil {
		return nil, err
	}
	return a.clusterReply(c, "CreateDBCluster", v), nil
}

func decodeCreateCluster(c *call) (in fleet.CreateClusterInput, err error) {
	in.Region = c.caller.Region
	for name, into := range map[string]*string{"DBClusterIdentifier": &in.Name, "Engine": &in.Engine} {
		if *into, err = c.p.Required(name); err != nil {
			return in, err
		}
	}
	for name, into := range map[string]*string{
		"EngineVersion": &in.Version, "DBClusterInstanceClass": &in.MemberClass, "MasterUsername": &in.MasterUser,
		"MasterUserPassword": &in.MasterPassword, "DatabaseName": &in.Database, "CACertificateIdentifier": &in.CA,
		"DBClusterParameterGroupName": &in.Group, "PreferredMaintenanceWindow": &in.Window,
	} {
		*into, _ = c.p.String(name)
	}
	if mode, given := c.p.String("EngineMode"); given && mode != "provisioned" {
		return in, fault.New(fault.NotBuilt, "The parameter EngineMode=%s is not built in dbtls; leave it out or give provisioned", mode)
	}
	if in.Protected, _, err = c.p.Bool("DeletionProtection"); err != nil {
		return in, err
	}
	if in.Port, err = positive(c, "Port"); err != nil {
		return in, err
	}
	if in.AllocatedStorage, err = positive(c, "AllocatedStorage"); err != nil {
		return in, err
	}
	in.Tags, err = decodeTags(c)
	return in, err
}
