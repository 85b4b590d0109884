package rds

import (
	"fmt"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/fleet"
	"github.com/dbtls/dbtls/internal/inventory"
)

// asIs are parameters that may be given when they ask for what is so anyway.
var asIs = map[string]string{
	"AutoMinorVersionUpgrade":         "false",
	"BackupRetentionPeriod":           "0",
	"CopyTagsToSnapshot":              "false",
	"EnableIAMDatabaseAuthentication": "false",
	"EnablePerformanceInsights":       "false",
	"MonitoringInterval":              "0",
	"MultiAZ":                         "false",
	"NetworkType":                     "IPV4",
	"PubliclyAccessible":              "false",
	"StorageEncrypted":                "false",
}

// readAsIs accepts parameters with their only possible value and refuses
// others.
func (c *call) readAsIs() error {
	for name, only := range asIs {
		if v, given := c.p.String(name); given && v != only {
			return fault.New(fault.NotBuilt, "The parameter %s=%s is not built in dbtls and would have no effect; leave it out or give %s", name, v, only)
		}
	}
	return nil
}

// createDBInstance makes an instance; it is "creating" in the reply.
func createDBInstance(a *API, c *call) ([]byte, error) {
	in, err := decodeCreate(c)
	if err != nil {
		return nil, err
	}
	if err := c.readAsIs(); err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	v, err := a.Fleet.Create(c.ctx, c.by(), in)
	if err != nil {
		return nil, err
	}
	return a.instanceReply(c, "CreateDBInstance", v), nil
}

func decodeCreate(c *call) (in fleet.CreateInput, err error) {
	p := c.p
	in.Region = c.caller.Region
	for name, into := range map[string]*string{"DBInstanceIdentifier": &in.Name, "DBInstanceClass": &in.Class, "Engine": &in.Engine} {
		if *into, err = p.Required(name); err != nil {
			return in, err
		}
	}
	in.Version, _ = p.String("EngineVersion")
	in.MasterUser, _ = p.String("MasterUsername")
	in.MasterPassword, _ = p.String("MasterUserPassword")
	in.Database, _ = p.String("DBName")
	in.CA, _ = p.String("CACertificateIdentifier")
	in.Window, _ = p.String("PreferredMaintenanceWindow")
	in.Group, _ = p.String("DBParameterGroupName")
	in.Cluster, _ = p.String("DBClusterIdentifier")
	if in.Protected, _, err = p.Bool("DeletionProtection"); err != nil {
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

// positive reads a number that has a meaning only above zero; 0 when absent.
func positive(c *call, name string) (int, error) {
	n, given, err := c.p.Int(name)
	if err == nil && given && n <= 0 {
		return 0, fault.New(fault.InvalidParameter, "Invalid value %d for %s: use a number above 0", n, name)
	}
	return n, err
}

// AWS's limits on tags.
const (
	maxTags     = fleet.MaxTags
	maxTagKey   = 128
	maxTagValue = 256
)

func decodeTags(c *call) ([]inventory.Tag, error) {
	views, _ := c.p.Structs("Tags", "Tag")
	if len(views) > maxTags {
		return nil, fault.New(fault.InvalidParameter, "%d tags are given; a resource has %d at most", len(views), maxTags)
	}
	var tags []inventory.Tag
	seen := map[string]bool{}
	for _, v := range views {
		key, err := v.Required("Key")
		if err != nil {
			return nil, err
		}
		value, _ := v.String("Value")
		switch {
		case len([]rune(key)) > maxTagKey || len([]rune(value)) > maxTagValue:
			return nil, fault.New(fault.InvalidParameter, "The tag %q is too long: keys have %d characters at most, values %d", shorten(key), maxTagKey, maxTagValue)
		case seen[key]:
			return nil, fault.New(fault.InvalidParameter, "The tag %q is given twice", key)
		}
		seen[key] = true
		tags = append(tags, inventory.Tag{Key: key, Value: value})
	}
	return tags, nil
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 40 {
		return fmt.Sprintf("%s…", string(r[:40]))
	}
	return s
}
