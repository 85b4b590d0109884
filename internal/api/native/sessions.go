package native

import (
	"strconv"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// Bounds of the clients that one answer lists; its totals are over all.
const (
	SessionsDefault = 1000
	SessionsMost    = evidence.MostClients
)

// SessionsBack is how far back an answer looks when nobody says.
const SessionsBack = 30 * 24 * time.Hour

// Sessions is what is known of a database's clients.
type Sessions struct {
	Instance string `json:"instance,omitempty"` // DBInstanceIdentifier
	Endpoint string `json:"endpoint,omitempty"` // or EndpointIdentifier
	evidence.Summary
	// LookFailed says why the look that was asked for did not work.
	LookFailed string `json:"look_failed,omitempty"`
	Followed   *bool  `json:"followed,omitempty"` // of an endpoint: it is looked at every minute
}

// sessionQuery is what may be asked: ?since=TIME (RFC 3339), ?limit=N, and
// ?only=plain or refused.
type sessionQuery struct {
	since time.Time
	most  int
	only  evidence.Only
}

func sessionsAsked(c *call) (q sessionQuery, err error) {
	values := c.r.URL.Query()
	q = sessionQuery{since: time.Now().Add(-SessionsBack), most: SessionsDefault, only: evidence.Only(values.Get("only"))}
	if s := values.Get("since"); s != "" {
		if q.since, err = time.Parse(time.RFC3339, s); err != nil {
			return q, fault.New(fault.InvalidParameter, "since=%q is not a time of RFC 3339 such as 2026-06-01T00:00:00Z", s)
		}
	}
	if s := values.Get("limit"); s != "" {
		if q.most, err = strconv.Atoi(s); err != nil || q.most < 1 || q.most > SessionsMost {
			return q, fault.New(fault.InvalidParameter, "limit=%q is not a number from 1 to %d", s, SessionsMost)
		}
	}
	switch q.only {
	case "", evidence.OnlyPlain, evidence.OnlyRefused:
		return q, nil
	}
	return q, fault.New(fault.InvalidParameter, "only=%q is not %s or %s", q.only, evidence.OnlyPlain, evidence.OnlyRefused)
}

// getSessions says who connects to an instance.
func getSessions(a *API, c *call) (any, error) {
	q, err := sessionsAsked(c)
	if err != nil {
		return nil, err
	}
	v, err := a.Fleet.Get(c.r.Context(), c.caller.Region, c.r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	sum, err := a.Watch.Summary(c.r.Context(), v.ResourceID, q.since, q.only, q.most)
	return Sessions{Instance: v.Name, Summary: sum}, err
}

// getEndpointSessions says what is known of who connects to the database of a
// migration endpoint.
func getEndpointSessions(a *API, c *call) (any, error) {
	e, err := a.Migration.EndpointByName(c.r.Context(), c.caller.Region, c.r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	return a.endpointSessions(c, e, nil)
}

// lookAtEndpoint logs in to the database of a migration endpoint with what is
// stored for it, looks at its sessions, and says what is known then. A look that
// does not work takes nothing from what is known.
func lookAtEndpoint(a *API, c *call) (any, error) {
	e, err := a.watchable(c, "look at sessions", "")
	if err != nil {
		return nil, err
	}
	return a.endpointSessions(c, e, a.Watch.LookNow(c.r.Context(), e.ARN))
}

func (a *API) endpointSessions(c *call, e inventory.Endpoint, failed error) (any, error) {
	q, err := sessionsAsked(c)
	if err != nil {
		return nil, err
	}
	sum, err := a.Watch.Summary(c.r.Context(), e.ARN, q.since, q.only, q.most)
	if err != nil {
		return nil, err
	}
	followed, err := a.Watch.Follows(c.r.Context(), e.ARN)
	out := Sessions{Endpoint: e.Name, Summary: sum, Followed: &followed}
	if failed != nil {
		out.LookFailed = fault.Public(failed)
	}
	return out, err
}

// FollowRequest says whether the database of a migration endpoint is looked at
// every minute.
type FollowRequest struct {
	Follow *bool `json:"follow"`
}

func followEndpoint(a *API, c *call) (any, error) {
	var q FollowRequest
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	if q.Follow == nil {
		return nil, fault.New(fault.MissingParameter, `say whether to follow: {"follow": true} or {"follow": false}`)
	}
	e, err := a.watchable(c, "follow sessions", strconv.FormatBool(*q.Follow))
	if err != nil {
		return nil, err
	}
	return q, a.Watch.Follow(c.r.Context(), e.ARN, *q.Follow)
}

// watchable finds the endpoint that a call names, whose sessions dbtls can ask
// for, and puts the call on record: it logs in with somebody's password.
func (a *API) watchable(c *call, action, detail string) (inventory.Endpoint, error) {
	ctx := c.r.Context()
	e, err := a.Migration.EndpointByName(ctx, c.caller.Region, c.r.PathValue("name"))
	if err == nil {
		err = a.Migration.CanLook(e)
	}
	if err != nil {
		return e, err
	}
	by := c.record()
	by.Action, by.Target, by.Detail = action, e.ARN, detail
	return e, a.Store.Write(ctx, func(tx *store.Tx) error { return tx.Audit(by) })
}
