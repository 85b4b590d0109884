package dms

import (
	"strings"

	"github.com/dbtls/dbtls/internal/migration"
)

// connection is the shape Connection.
type connection struct {
	ReplicationInstanceArn        string
	EndpointArn                   string
	Status                        string // testing, successful, failed; deleting in one reply
	LastFailureMessage            string `json:",omitempty"`
	EndpointIdentifier            string
	ReplicationInstanceIdentifier string
}

type connectionReply struct{ Connection connection }

func shownConnection(c migration.Connection, status string) connection {
	return connection{
		ReplicationInstanceArn: c.Instance, EndpointArn: c.Endpoint, Status: status, LastFailureMessage: c.Message(),
		EndpointIdentifier: c.EndpointName, ReplicationInstanceIdentifier: c.InstanceName,
	}
}

// pair reads the two ARNs that name a connection.
func pair(c *call) (instance, endpoint string, err error) {
	if instance, err = c.p.Required("ReplicationInstanceArn"); err != nil {
		return "", "", err
	}
	if endpoint, err = c.p.Required("EndpointArn"); err != nil {
		return "", "", err
	}
	return instance, endpoint, c.known()
}

// testConnection answers at once; describeConnections tells how it ended.
func testConnection(a *API, c *call) (any, error) {
	instance, endpoint, err := pair(c)
	if err != nil {
		return nil, err
	}
	made, err := a.Migration.TestConnection(c.ctx, c.by(), c.region(), instance, endpoint)
	return connectionReply{shownConnection(made, "testing")}, err
}

func describeConnections(a *API, c *call) (any, error) {
	l, err := list(c, "connection", usualPage, filters[migration.Connection]{
		"endpoint-arn":             func(c migration.Connection) string { return c.Endpoint },
		"replication-instance-arn": func(c migration.Connection) string { return c.Instance },
	}, func(c migration.Connection) string { return strings.ToLower(c.EndpointName) + " " + c.InstanceName }, func() ([]migration.Connection, error) {
		return a.Migration.Connections(c.ctx, c.region())
	})
	out := struct {
		Connections []connection
		Marker      string `json:",omitempty"`
	}{[]connection{}, l.marker}
	for _, item := range l.part {
		out.Connections = append(out.Connections, shownConnection(item, string(item.Status)))
	}
	return out, err
}

func deleteConnection(a *API, c *call) (any, error) {
	instance, endpoint, err := pair(c)
	if err != nil {
		return nil, err
	}
	gone, err := a.Migration.DeleteConnection(c.ctx, c.by(), c.region(), instance, endpoint)
	return connectionReply{shownConnection(gone, "deleting")}, err
}
