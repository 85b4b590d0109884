package rds

import "github.com/dbtls/dbtls/internal/fleet"

// modifyDBInstance changes an instance's CA or identifier, at once or in its
// maintenance window, its parameter group, its window, the master's password or
// its deletion protection.
func modifyDBInstance(a *API, c *call) ([]byte, error) {
	in, err := decodeModify(c)
	if err != nil {
		return nil, err
	}
	if err := c.readAsIs(); err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	v, err := a.Fleet.Modify(c.ctx, c.by(), in)
	if err != nil {
		return nil, err
	}
	return a.instanceReply(c, "ModifyDBInstance", v), nil
}

func decodeModify(c *call) (in fleet.ModifyInput, err error) {
	in.Region = c.caller.Region
	if in.Name, err = c.p.Required("DBInstanceIdentifier"); err != nil {
		return in, err
	}
	in.CA, _ = c.p.String("CACertificateIdentifier")
	in.Window, _ = c.p.String("PreferredMaintenanceWindow")
	in.NewName, _ = c.p.String("NewDBInstanceIdentifier")
	in.Group, _ = c.p.String("DBParameterGroupName")
	in.Password, _ = c.p.String("MasterUserPassword")
	if in.Now, _, err = c.p.Bool("ApplyImmediately"); err != nil {
		return in, err
	}
	if in.RotationRestart, err = optBool(c, "CertificateRotationRestart"); err != nil {
		return in, err
	}
	in.Protected, err = optBool(c, "DeletionProtection")
	return in, err
}

// optBool is nil for a parameter that is not given.
func optBool(c *call, name string) (*bool, error) {
	v, given, err := c.p.Bool(name)
	if err != nil || !given {
		return nil, err
	}
	return &v, nil
}
