package native

import (
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/migration"
)

// Connection is a connection test of a migration endpoint.
type Connection struct {
	Endpoint    string                `json:"endpoint"` // EndpointIdentifier
	EndpointARN string                `json:"endpoint_arn"`
	Instance    string                `json:"instance"` // ReplicationInstanceIdentifier
	InstanceARN string                `json:"instance_arn"`
	Status      string                `json:"status"`            // testing, successful, failed
	Message     string                `json:"message,omitempty"` // LastFailureMessage
	BegunAt     time.Time             `json:"begun_at"`
	EndedAt     time.Time             `json:"ended_at,omitzero"`
	Stale       bool                  `json:"stale"` // of settings that the endpoint had before
	Outcome     inventory.TestOutcome `json:"outcome"`
}

func shownConnection(c migration.Connection) Connection {
	return Connection{
		Endpoint: c.EndpointName, EndpointARN: c.Endpoint, Instance: c.InstanceName, InstanceARN: c.Instance,
		Status: string(c.Status), Message: c.Message(), BegunAt: c.BegunAt, EndedAt: c.EndedAt, Stale: c.Stale, Outcome: c.Outcome,
	}
}

// getConnections lists a region's connection tests, without their reports.
func getConnections(a *API, c *call) (any, error) {
	all, err := a.Migration.Connections(c.r.Context(), c.caller.Region)
	out := make([]Connection, 0, len(all))
	for _, item := range all {
		row := shownConnection(item)
		row.Outcome.Report = nil
		out = append(out, row)
	}
	return out, err
}

// getConnection shows one test with all that was seen. The path has the
// identifiers of the replication instance and of the endpoint.
func getConnection(a *API, c *call) (any, error) {
	found, err := a.Migration.ConnectionByName(c.r.Context(), c.caller.Region, c.r.PathValue("instance"), c.r.PathValue("name"))
	return shownConnection(found), err
}
