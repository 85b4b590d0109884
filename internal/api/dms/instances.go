package dms

import (
	"github.com/dbtls/dbtls/internal/awswire/jsonrpc"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/migration"
)

// instance is the shape ReplicationInstance.
type instance struct {
	ReplicationInstanceIdentifier string
	ReplicationInstanceClass      string
	ReplicationInstanceStatus     string
	AllocatedStorage              int
	InstanceCreateTime            jsonrpc.Time
	PendingModifiedValues         struct{}
	MultiAZ                       bool
	EngineVersion                 string
	ReplicationInstanceArn        string
	PubliclyAccessible            bool
}

type instanceReply struct{ ReplicationInstance instance }

func shownInstance(i inventory.ReplicationInstance, status string) instance {
	return instance{
		ReplicationInstanceIdentifier: i.Name, ReplicationInstanceClass: i.Class, ReplicationInstanceStatus: status,
		AllocatedStorage: i.Storage, InstanceCreateTime: jsonrpc.Time{Time: i.CreatedAt}, EngineVersion: migration.EngineVersion, ReplicationInstanceArn: i.ARN,
	}
}

// decodeInstance reads what creation and modification have in common. A worker
// of this server is in one place, on no public address, and has one version:
// values that say so are taken, others refused.
func decodeInstance(c *call) (in migration.InstanceInput, err error) {
	for _, f := range []struct {
		name string
		to   **string
	}{{"ReplicationInstanceIdentifier", &in.Name}, {"ReplicationInstanceClass", &in.Class}} {
		value, present, err := c.p.String(f.name)
		if err != nil {
			return in, err
		}
		if present {
			*f.to = &value
		}
	}
	storage, present, err := c.p.Int("AllocatedStorage")
	if err != nil {
		return in, err
	}
	if present {
		in.Storage = &storage
	}
	for _, name := range []string{"MultiAZ", "PubliclyAccessible"} {
		on, _, err := c.p.Bool(name)
		if err != nil {
			return in, err
		}
		if on {
			return in, fault.New(fault.NotBuilt, "The parameter %s is not built in dbtls: a replication instance is a worker of this server; leave it out", name)
		}
	}
	version, present, err := c.p.String("EngineVersion")
	if err == nil && present && version != migration.EngineVersion {
		err = fault.New(fault.InvalidParameter, "The EngineVersion %.100q is not there; there is %s", version, migration.EngineVersion)
	}
	return in, err
}

func createReplicationInstance(a *API, c *call) (any, error) {
	for _, name := range []string{"ReplicationInstanceIdentifier", "ReplicationInstanceClass"} {
		if _, err := c.p.Required(name); err != nil {
			return nil, err
		}
	}
	in := migration.CreateInstanceInput{Region: c.region()}
	var err error
	if in.InstanceInput, err = decodeInstance(c); err != nil {
		return nil, err
	}
	if in.ResourceID, _, err = c.p.String("ResourceIdentifier"); err != nil {
		return nil, err
	}
	if in.Tags, err = decodeTags(c); err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	i, err := a.Migration.CreateInstance(c.ctx, c.by(), in)
	return instanceReply{shownInstance(i, "creating")}, err
}

// modifyReplicationInstance changes at once, so ApplyImmediately must not ask
// for later.
func modifyReplicationInstance(a *API, c *call) (any, error) {
	arn, err := c.p.Required("ReplicationInstanceArn")
	if err != nil {
		return nil, err
	}
	in, err := decodeInstance(c)
	if err != nil {
		return nil, err
	}
	now, present, err := c.p.Bool("ApplyImmediately")
	if err != nil {
		return nil, err
	}
	if present && !now {
		return nil, fault.New(fault.NotBuilt, "ApplyImmediately false is not built in dbtls: replication instances change at once; leave it out")
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	i, err := a.Migration.ModifyInstance(c.ctx, c.by(), c.region(), arn, in)
	return instanceReply{shownInstance(i, "available")}, err
}

func describeReplicationInstances(a *API, c *call) (any, error) {
	l, err := list(c, "replication instance", usualPage, filters[inventory.ReplicationInstance]{
		"replication-instance-arn":   func(i inventory.ReplicationInstance) string { return i.ARN },
		"replication-instance-id":    func(i inventory.ReplicationInstance) string { return i.Name },
		"replication-instance-class": func(i inventory.ReplicationInstance) string { return i.Class },
		"engine-version":             func(inventory.ReplicationInstance) string { return migration.EngineVersion },
	}, func(i inventory.ReplicationInstance) string { return i.Name }, func() ([]inventory.ReplicationInstance, error) {
		return a.Migration.Instances(c.ctx, c.region())
	})
	out := struct {
		ReplicationInstances []instance
		Marker               string `json:",omitempty"`
	}{[]instance{}, l.marker}
	for _, i := range l.part {
		out.ReplicationInstances = append(out.ReplicationInstances, shownInstance(i, "available"))
	}
	return out, err
}

func deleteReplicationInstance(a *API, c *call) (any, error) {
	arn, err := c.p.Required("ReplicationInstanceArn")
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	i, err := a.Migration.DeleteInstance(c.ctx, c.by(), c.region(), arn)
	return instanceReply{shownInstance(i, "deleting")}, err
}
