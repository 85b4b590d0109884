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
	Status     Status
	Detail     string    // why it failed, in words
	Attempts   int       // of the current creation or deletion step
	DueAt      time.Time // when creation or deletion goes on

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

// Names are the names a leaf of the instance must carry, the endpoint first.
func (i Instance) Names() []string { return []string{i.Host} }

// Tag is a resource tag.
type Tag struct{ Key, Value string }
