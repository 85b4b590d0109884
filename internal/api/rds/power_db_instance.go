package rds

import (
	"context"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/fleet"
)

// rebootDBInstance restarts an instance; it is "rebooting" in the reply.
func rebootDBInstance(a *API, c *call) ([]byte, error) {
	failover, _, err := c.p.Bool("ForceFailover")
	if err != nil {
		return nil, err
	}
	if failover {
		return nil, fault.New(fault.InvalidCombination, "Cannot reboot with failover: dbtls has no failover; leave ForceFailover out")
	}
	return a.power(c, "RebootDBInstance", a.Fleet.Reboot)
}

// stopDBInstance ends an instance's engine; it is "stopping" in the reply. Unlike
// on AWS it stays stopped until somebody starts it.
func stopDBInstance(a *API, c *call) ([]byte, error) {
	if id, given := c.p.String("DBSnapshotIdentifier"); given {
		return nil, fault.New(fault.NotBuilt, "The parameter DBSnapshotIdentifier=%s is not built in dbtls: stopping keeps the data where it is; leave it out", id)
	}
	return a.power(c, "StopDBInstance", a.Fleet.Stop)
}

// startDBInstance starts a stopped instance; it is "starting" in the reply.
func startDBInstance(a *API, c *call) ([]byte, error) {
	return a.power(c, "StartDBInstance", a.Fleet.Start)
}

func (a *API) power(c *call, action string, do func(ctx context.Context, by fleet.Caller, region, name string) (fleet.View, error)) ([]byte, error) {
	name, err := c.p.Required("DBInstanceIdentifier")
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	v, err := do(c.ctx, c.by(), c.caller.Region, name)
	if err != nil {
		return nil, err
	}
	return a.instanceReply(c, action, v), nil
}
