package inventory

import "time"

// GroupKind tells the two sorts of parameter groups apart.
type GroupKind string

// The kinds: a name may be used once in each.
const (
	GroupInstance GroupKind = "pg"         // DB parameter group; the word is the ARN's
	GroupCluster  GroupKind = "cluster-pg" // DB cluster parameter group
)

// ApplyMethod says when a change of a parameter is meant to take effect.
type ApplyMethod string

// The apply methods of AWS.
const (
	Immediate     ApplyMethod = "immediate"
	PendingReboot ApplyMethod = "pending-reboot"
)

// Group is a parameter group that somebody made; default ones are not stored.
type Group struct {
	Kind        GroupKind
	Region      string
	Name        string // lower case
	Family      string // "postgres15"
	Description string
	Settings    map[string]Setting // by parameter name: what differs, or did, from the default
	Version     int64              // grows by one with every change
	Tags        []Tag
	CreatedAt   time.Time
}

// Setting is one parameter of a group.
type Setting struct {
	Value  string
	Reset  bool // back to the default; Value is then empty
	Method ApplyMethod
}

// DefaultGroup is the name of a family's default group.
func DefaultGroup(family string) string { return "default." + family }
