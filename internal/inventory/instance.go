// Package inventory is the nouns of a fleet and their rules: instances,
// rotations, identifiers, maintenance windows. Pure values: no I/O, no clock.
package inventory

import "time"

// Status is a DBInstanceStatus of AWS.
type Status string

// The statuses that are stored. "modifying" is derived from a running
// rotation, never stored.
const (
	StatusCreating  Status = "creating"
	StatusAvailable Status = "available"
	StatusRebooting Status = "rebooting"
	StatusRenaming  Status = "renaming"
	StatusStopping  Status = "stopping"
	StatusStopped   Status = "stopped"
	StatusStarting  Status = "starting"
	StatusDeleting  Status = "deleting"
	StatusFailed    Status = "failed"
	StatusModifying Status = "modifying"
)

// Instance is one database as it should be, and the certificate it was last
// seen serving.
type Instance struct {
	ResourceID string // DbiResourceId, never reused
	Region     string
	Name       string // DBInstanceIdentifier, lower case
	Engine     string
	Version    string
	Class      string
	Provider   string // where it lives, a key of fleet's providers; "" is local, from before there were others
	Status     Status
	Detail     string    // why it failed, in words
	Attempts   int       // of the current creation or deletion step
	DueAt      time.Time // when its lifecycle goes on, whatever the status

	Host             string // what clients are told: an IP address or a DNS name
	Address          string // where the engine listens
	Port             int
	MasterUser       string
	MasterSealed     []byte // the master password until it is set on the engine
	Database         string
	AllocatedStorage int
	Window           Window
	Protected        bool // DeletionProtection
	Tags             []Tag
	CreatedAt        time.Time
	FinalSnapshot    string // asked for by the deletion under way

	Cluster     string   // ResourceID of its cluster, "" outside one
	ClusterName string   // DBClusterIdentifier, which does not change
	Writer      bool     // the member that takes writes
	Shared      []Shared // the cluster's endpoints, which every member's leaf carries

	Group      string            // its DB parameter group
	Applied    map[string]string // parameters its engine was told, without those at their default
	GroupWaits bool              // the group is another since the last start: its values wait for the next
	GroupSync  Sync              // how Applied stands to what the groups say
	SyncError  string            // why it is SyncFailed
	Boot       Boot              // the restart under way

	Next Next // changes that wait for a window, or for the certificate they need

	Leaf    Leaf      // the committed certificate; zero before the first
	Bridge  Bridge    // the overlap that is being served
	Want    Want      // asked for and not yet done
	CheckAt time.Time // when Decide looks at it again
	Down    string    // why its engine could not be started, "" while it runs
	Drift   []string  // files changed by another hand, as last seen
	Warned  time.Time // the expiry warning that was given last
}

// Leaf is a server certificate in service.
type Leaf struct {
	CA         string // CACertificateIdentifier it was issued by
	Generation string
	Serial     string
	Names      []string // SAN: what the endpoint was when it was issued
	NotBefore  time.Time
	NotAfter   time.Time
}

// Bridge is a CA-change overlap: the served chain carries the cross-certificate
// that lets a client which trusts only CA's root verify it.
type Bridge struct {
	CA    string
	Until time.Time
}

// Covers reports whether the bridge is up at t.
func (b Bridge) Covers(t time.Time) bool { return b.CA != "" && t.Before(b.Until) }

// Want is what somebody asked for.
type Want struct {
	CA        string // CA to move to, "" for none
	Now       bool   // ApplyImmediately; else the maintenance window
	Hold      bool   // no restart for the certificate: wait for the next one
	Renew     Reason // ReasonRequested or ReasonKeyCompromised, "" for none
	DropCover bool   // consent that clients of the bridged CA lose cover
	NoBridge  bool   // clients that trust only the CA before are not covered
	Watch     Watch  // put the old chain back when clients refuse the new one
	By        string
	RequestID string
	At        time.Time
}

// Now is the status that is true at this moment, rotations aside: an available
// instance whose engine cannot be started is failed until it can.
func (i Instance) Now() Status {
	if i.Status == StatusAvailable && i.Down != "" {
		return StatusFailed
	}
	return i.Status
}

// IsZero reports that nothing is wanted.
func (w Want) IsZero() bool { return w.CA == "" && w.Renew == "" }

// Boot is a planned restart: a crash in the middle of it finds where it was.
type Boot struct {
	Begun bool
	PID   int               // of the server that has to go; 0: none ran
	Back  map[string]string // Applied before: what to go back to when the server does not start
}

// Sync is a ParameterApplyStatus of AWS.
type Sync string

// The apply statuses.
const (
	SyncDone     Sync = "in-sync"
	SyncApplying Sync = "applying"
	SyncReboot   Sync = "pending-reboot"
	SyncFailed   Sync = "failed-to-apply"
)

// Shared is an endpoint that belongs to a cluster and not to one member.
type Shared struct {
	Host    string // what clients are told
	Address string // where whoever holds it listens
	Held    bool   // this member listens there
}

// Next is what an instance becomes in its next maintenance window, or at once.
type Next struct {
	Name string // DBInstanceIdentifier, "" to keep it
	Now  bool   // not in the window but as soon as possible
	By   Caller

	// Host and Address are the endpoint that goes with Name, set when the
	// change begins: the leaf carries both endpoints until it is over.
	Host, Address string
}

// IsZero reports that nothing is planned.
func (n Next) IsZero() bool { return n == Next{} }

// Names are the names a leaf of the instance must carry, the endpoint first:
// the one to come and the present one while it is renamed, then its cluster's.
func (i Instance) Names() []string {
	var names []string
	if i.Next.Host != "" {
		names = append(names, i.Next.Host)
	}
	if i.Host != i.Next.Host {
		names = append(names, i.Host)
	}
	for _, s := range i.Shared {
		names = append(names, s.Host)
	}
	return names
}

// IsReplica reports a member of a cluster that follows its writer.
func (i Instance) IsReplica() bool { return i.Cluster != "" && !i.Writer }

// Also is where the instance listens besides its own address.
func (i Instance) Also() []string {
	var all []string
	for _, s := range i.Shared {
		if s.Held {
			all = append(all, s.Address)
		}
	}
	return all
}

// Tag is a resource tag.
type Tag struct{ Key, Value string }
