// Package rds is the RDS API (2014-10-31) over the domain: one file per
// action, each decode, call, encode. Requests arrive authenticated.
//
// An action or parameter that is not built is refused by name: a setting that
// is accepted has its effect.
package rds

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/dbtls/dbtls/internal/authority"
	"github.com/dbtls/dbtls/internal/awswire/query"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/fleet"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

// version is the only API version there is.
const version = "2014-10-31"

// API answers requests.
type API struct {
	Account   string
	Fleet     *fleet.Service
	Authority *authority.Service
	Params    *params.Service
	Store     *store.Store
	Log       *slog.Logger
}

// call is one request on its way through an action.
type call struct {
	ctx    context.Context
	p      *query.Params
	caller Caller
}

func (c *call) by() fleet.Caller {
	return fleet.Caller{Name: c.caller.User, RequestID: c.caller.RequestID}
}

// reply starts the answer of an action that has output.
func (c *call) reply(action string) *query.XML {
	return query.NewResponse(action, c.caller.RequestID)
}

// known refuses parameters that the action has not read. It is called when
// all is decoded and before anything is done.
func (c *call) known() error {
	if rest := c.p.Unread(); len(rest) > 0 {
		return fault.New(fault.NotBuilt, "The parameter %s is not built in dbtls (or AWS has none of that name), so it would have no effect; leave it out", strings.Join(rest, ", "))
	}
	return nil
}

type action func(*API, *call) ([]byte, error)

// actions is the whole API.
var actions = map[string]action{
	"AddTagsToResource":                      addTagsToResource,
	"ApplyPendingMaintenanceAction":          applyPendingMaintenanceAction,
	"CopyDBClusterParameterGroup":            clusterGroup.on(copyParameterGroup),
	"CopyDBParameterGroup":                   instanceGroup.on(copyParameterGroup),
	"CreateDBCluster":                        createDBCluster,
	"CreateDBClusterParameterGroup":          clusterGroup.on(createParameterGroup),
	"CreateDBInstance":                       createDBInstance,
	"CreateDBParameterGroup":                 instanceGroup.on(createParameterGroup),
	"DeleteDBCluster":                        deleteDBCluster,
	"DeleteDBClusterParameterGroup":          clusterGroup.on(deleteParameterGroup),
	"DeleteDBInstance":                       deleteDBInstance,
	"DeleteDBParameterGroup":                 instanceGroup.on(deleteParameterGroup),
	"DescribeCertificates":                   describeCertificates,
	"DescribeDBClusterParameterGroups":       clusterGroup.on(describeParameterGroups),
	"DescribeDBClusterParameters":            clusterGroup.on(describeParameters),
	"DescribeDBClusters":                     describeDBClusters,
	"DescribeDBEngineVersions":               describeDBEngineVersions,
	"DescribeDBInstances":                    describeDBInstances,
	"DescribeDBParameterGroups":              instanceGroup.on(describeParameterGroups),
	"DescribeDBParameters":                   instanceGroup.on(describeParameters),
	"DescribeEngineDefaultClusterParameters": clusterGroup.on(describeEngineDefaults),
	"DescribeEngineDefaultParameters":        instanceGroup.on(describeEngineDefaults),
	"DescribeEventCategories":                describeEventCategories,
	"DescribeEvents":                         describeEvents,
	"DescribePendingMaintenanceActions":      describePendingMaintenanceActions,
	"ListTagsForResource":                    listTagsForResource,
	"ModifyCertificates":                     modifyCertificates,
	"ModifyDBCluster":                        modifyDBCluster,
	"ModifyDBClusterParameterGroup":          clusterGroup.on(modifyParameterGroup),
	"ModifyDBInstance":                       modifyDBInstance,
	"ModifyDBParameterGroup":                 instanceGroup.on(modifyParameterGroup),
	"RebootDBCluster":                        rebootDBCluster,
	"RebootDBInstance":                       rebootDBInstance,
	"RemoveTagsFromResource":                 removeTagsFromResource,
	"ResetDBClusterParameterGroup":           clusterGroup.on(resetParameterGroup),
	"ResetDBParameterGroup":                  instanceGroup.on(resetParameterGroup),
	"StartDBCluster":                         startDBCluster,
	"StartDBInstance":                        startDBInstance,
	"StopDBCluster":                          stopDBCluster,
	"StopDBInstance":                         stopDBInstance,
}

// Serve answers one authenticated request.
func (a *API) Serve(w http.ResponseWriter, r *http.Request, body []byte, caller Caller) {
	reply, named, err := a.dispatch(r, body, caller)
	if err != nil {
		a.refuse(w, caller, named, err)
		return
	}
	caller.Tell(named, "")
	w.Header().Set("Content-Type", query.ContentType)
	w.Write(reply)
}

// dispatch also returns what the request names, for the record of calls.
func (a *API) dispatch(r *http.Request, body []byte, caller Caller) (reply []byte, named string, err error) {
	p, err := query.Parse(r, body)
	if err != nil {
		return nil, "", err
	}
	act, ok := actions[p.Action()]
	switch {
	case p.Action() == "":
		return nil, "", fault.New(fault.MissingParameter, "The request must contain the parameter Action")
	case p.Version() != version:
		return nil, "", fault.New(fault.InvalidParameter, "The API version %q is not known; this is %s", p.Version(), version)
	case !ok:
		return nil, "", fault.New(fault.InvalidAction, "The action %s is not built in dbtls yet (or RDS has none of that name)", p.Action())
	}
	if err := caller.Ask(p.Action()); err != nil {
		return nil, target(&p), err
	}
	reply, err = act(a, &call{ctx: r.Context(), p: &p, caller: caller})
	if err != nil {
		return nil, target(&p), fmt.Errorf("%s: %w", p.Action(), err)
	}
	return reply, target(&p), nil
}
