// Package events is what is told to people and kept as evidence: the events of
// DescribeEvents (14 days) and the words they use. The audit log is beside
// them in the store; it has no end date.
package events

import (
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// Retention is how long events are kept, as on AWS.
const Retention = 14 * 24 * time.Hour

// Categories of AWS's db-instance source type.
const (
	Availability  = "availability"
	Configuration = "configuration change"
	Creation      = "creation"
	Deletion      = "deletion"
	Failure       = "failure"
	Maintenance   = "maintenance"
	Notification  = "notification"
	Recovery      = "recovery"
	Security      = "security"
)

// Source is a kind of thing that events are about.
type Source struct {
	Type       string
	Categories []string // those that its events have here
}

// Categories lists all sources with their categories.
func Categories() []Source {
	return []Source{
		{SourceInstance, []string{Availability, Configuration, Creation, Deletion, Failure, Maintenance, Notification, Recovery, Security}},
		{SourceCluster, []string{Creation, Deletion, Notification}},
		{SourceGroup, []string{Configuration}},
		{SourceCA, []string{Failure, Notification}},
	}
}

// SourceInstance is the source type of instance events.
const SourceInstance = "db-instance"

// SourceCA is dbtls's own source type: AWS has no events about its CAs.
const SourceCA = "certificate-authority"

// Instance makes an event about an instance.
func Instance(account string, i inventory.Instance, at time.Time, category, format string, args ...any) store.Event {
	return store.Event{
		At: at, Region: i.Region, SourceType: SourceInstance, Source: i.Name,
		ARN:        inventory.InstanceARN(i.Region, account, i.Name),
		Categories: []string{category}, Message: fmt.Sprintf(format, args...),
	}
}

// SourceCluster is the source type of cluster events.
const SourceCluster = "db-cluster"

// Cluster makes an event about a cluster.
func Cluster(account string, c inventory.Cluster, at time.Time, category, format string, args ...any) store.Event {
	return store.Event{
		At: at, Region: c.Region, SourceType: SourceCluster, Source: c.Name,
		ARN:        inventory.ClusterARN(c.Region, account, c.Name),
		Categories: []string{category}, Message: fmt.Sprintf(format, args...),
	}
}

// SourceGroup is the source type of events about parameter groups, of either
// kind.
const SourceGroup = "db-parameter-group"

// Group makes an event about a parameter group.
func Group(account string, g inventory.Group, at time.Time, category, format string, args ...any) store.Event {
	return store.Event{
		At: at, Region: g.Region, SourceType: SourceGroup, Source: g.Name,
		ARN:        inventory.GroupARN(g.Kind, g.Region, account, g.Name),
		Categories: []string{category}, Message: fmt.Sprintf(format, args...),
	}
}

// CA makes an event about a certificate authority of a region.
func CA(region, ca string, at time.Time, category, format string, args ...any) store.Event {
	return store.Event{
		At: at, Region: region, SourceType: SourceCA, Source: ca,
		ARN:        inventory.CertificateARN(region, ca),
		Categories: []string{category}, Message: fmt.Sprintf(format, args...),
	}
}
