package dms

import (
	"github.com/dbtls/dbtls/internal/awswire/jsonrpc"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/migration"
)

type refreshReply struct {
	RefreshSchemasStatus struct {
		EndpointArn            string
		ReplicationInstanceArn string
		Status                 string
		LastRefreshDate        jsonrpc.Time `json:",omitzero"`
		LastFailureMessage     string       `json:",omitempty"`
	}
}

func shownRefresh(l inventory.SchemaList) refreshReply {
	var r refreshReply
	s := &r.RefreshSchemasStatus
	s.EndpointArn, s.ReplicationInstanceArn, s.Status = l.Endpoint, l.Instance, string(l.Status)
	s.LastRefreshDate, s.LastFailureMessage = jsonrpc.Time{Time: l.EndedAt}, l.Failure
	return r
}

// refreshSchemas answers at once; describeRefreshSchemasStatus tells how it
// ended.
func refreshSchemas(a *API, c *call) (any, error) {
	instance, endpoint, err := pair(c)
	if err != nil {
		return nil, err
	}
	l, err := a.Migration.RefreshSchemas(c.ctx, c.by(), c.region(), instance, endpoint)
	return shownRefresh(l), err
}

func describeRefreshSchemasStatus(a *API, c *call) (any, error) {
	arn, err := c.p.Required("EndpointArn")
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	l, err := a.Migration.Schemas(c.ctx, c.region(), arn)
	return shownRefresh(l), err
}

// describeSchemas lists what the last refresh that succeeded found.
func describeSchemas(a *API, c *call) (any, error) {
	arn, err := c.p.Required("EndpointArn")
	if err != nil {
		return nil, err
	}
	l, err := list(c, "schema", usualPage, filters[string]{}, func(name string) string { return name }, func() ([]string, error) {
		l, err := a.Migration.Schemas(c.ctx, c.region(), arn)
		if err == nil && !l.Listed {
			err = fault.New(migration.InvalidState, "The schemas of the endpoint are not read yet: the refresh is %s", l.Status)
		}
		return l.Schemas, err
	})
	out := struct {
		Schemas []string
		Marker  string `json:",omitempty"`
	}{l.part, l.marker}
	if out.Schemas == nil {
		out.Schemas = []string{}
	}
	return out, err
}
