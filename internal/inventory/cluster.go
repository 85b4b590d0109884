package inventory

import "time"

// Cluster is one writer and its read replicas behind two endpoints.
type Cluster struct {
	ResourceID string // DbClusterResourceId, never reused
	Region     string
	Name       string // DBClusterIdentifier, lower case
	Engine     string
	Version    string
	Status     Status

	// MemberClass is the class of the members of a Multi-AZ DB cluster, which
	// makes them itself; "" for an Aurora cluster, whose owner adds them.
	MemberClass string
	CA          string // of a Multi-AZ DB cluster's members, "" for Aurora

	Host, Address             string // the writer's endpoint
	ReaderHost, ReaderAddress string // the readers' endpoint
	Port                      int
	MasterUser                string
	MasterSealed              []byte // until the writer has it
	ReplicaSealed             []byte // the password replicas log in with
	Database                  string
	Group                     string // its DB cluster parameter group
	AllocatedStorage          int
	Window                    Window
	Protected                 bool
	Tags                      []Tag
	CreatedAt                 time.Time
	FinalSnapshot             string
}

// MultiAZ reports a cluster that makes its members itself.
func (c Cluster) MultiAZ() bool { return c.MemberClass != "" }

// Caller is who asks, for the audit log.
type Caller struct{ Name, RequestID string }
