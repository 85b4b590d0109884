// Package dms is the DMS API (AmazonDMSv20160101) over the domain: one file
// per noun or action, each decode, call, encode. Requests arrive
// authenticated.
//
// An action or parameter that is not built is refused by name: a setting that
// is accepted has its effect.
package dms

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/dbtls/dbtls/internal/awswire/jsonrpc"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/migration"
)

// Service is what signatures of requests to this API are scoped to.
const Service = "dms"

// version is the only API version there is; X-Amz-Target begins with it.
const version = "AmazonDMSv20160101"

// API answers requests. All fields must be set.
type API struct {
	Account   string
	Migration *migration.Service
	Log       *slog.Logger
}

// call is one request on its way through an action.
type call struct {
	ctx    context.Context
	p      *jsonrpc.Object
	caller Caller
}

func (c *call) by() inventory.Caller {
	return inventory.Caller{Name: c.caller.User, RequestID: c.caller.RequestID}
}

func (c *call) region() string { return c.caller.Region }

// known refuses parameters that the action has not read. It is called when
// all is decoded and before anything is done.
func (c *call) known() error {
	if rest := c.p.Unread(); len(rest) > 0 {
		return fault.New(fault.NotBuilt, "The parameter %s is not built in dbtls (or AWS has none of that name), so it would have no effect; leave it out", strings.Join(rest[:min(len(rest), 20)], ", "))
	}
	return nil
}

// action decodes, calls and returns what is encoded as its output, nil for
// none.
type action func(*API, *call) (any, error)

// actions is the whole API.
var actions = map[string]action{
	"AddTagsToResource":            addTagsToResource,
	"CreateEndpoint":               createEndpoint,
	"CreateReplicationInstance":    createReplicationInstance,
	"DeleteCertificate":            deleteCertificate,
	"DeleteConnection":             deleteConnection,
	"DeleteEndpoint":               deleteEndpoint,
	"DeleteReplicationInstance":    deleteReplicationInstance,
	"DescribeAccountAttributes":    describeAccountAttributes,
	"DescribeCertificates":         describeCertificates,
	"DescribeConnections":          describeConnections,
	"DescribeEndpointTypes":        describeEndpointTypes,
	"DescribeEndpoints":            describeEndpoints,
	"DescribeEvents":               describeEvents,
	"DescribeRefreshSchemasStatus": describeRefreshSchemasStatus,
	"DescribeReplicationInstances": describeReplicationInstances,
	"DescribeSchemas":              describeSchemas,
	"ImportCertificate":            importCertificate,
	"ListTagsForResource":          listTagsForResource,
	"ModifyEndpoint":               modifyEndpoint,
	"ModifyReplicationInstance":    modifyReplicationInstance,
	"RefreshSchemas":               refreshSchemas,
	"RemoveTagsFromResource":       removeTagsFromResource,
	"TestConnection":               testConnection,
}

// Serve answers one authenticated request.
func (a *API) Serve(w http.ResponseWriter, r *http.Request, body []byte, caller Caller) {
	out, named, err := a.dispatch(r, body, caller)
	if err != nil {
		a.refuse(w, caller, named, err)
		return
	}
	caller.Tell(named, "")
	if err := jsonrpc.WriteReply(w, out); err != nil {
		a.refuse(w, caller, named, err)
	}
}

// dispatch also returns what the request names, for the record of calls.
func (a *API) dispatch(r *http.Request, body []byte, caller Caller) (out any, named string, err error) {
	name, err := jsonrpc.Action(r, version)
	if err != nil {
		return nil, "", err
	}
	act, ok := actions[name]
	if !ok {
		return nil, "", unbuilt(name)
	}
	p, err := jsonrpc.Parse(body)
	if err != nil {
		return nil, "", err
	}
	if err := caller.Ask(name); err != nil {
		return nil, target(p), err
	}
	out, err = act(a, &call{ctx: r.Context(), p: p, caller: caller})
	if err != nil {
		return nil, target(p), fmt.Errorf("%s: %w", name, err)
	}
	return out, target(p), nil
}

// unbuilt refuses an action. Those about tasks are what people will look for.
func unbuilt(name string) error {
	for _, word := range []string{"ReplicationTask", "TableStatistics", "ReloadTables"} {
		if strings.Contains(name, word) {
			return fault.New(fault.InvalidAction, "The action %.100q is not built in dbtls yet: there are no replication tasks; certificates, endpoints and connection tests are there", name)
		}
	}
	return fault.New(fault.InvalidAction, "The action %.100q is not built in dbtls yet (or DMS has none of that name)", name)
}
