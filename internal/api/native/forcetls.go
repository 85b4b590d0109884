package native

import (
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/forcetls"
)

// ForceTLSRequest is the body of a change of forced TLS.
type ForceTLSRequest struct {
	State  string    `json:"state"`            // "on" or "off"
	Kind   string    `json:"kind,omitempty"`   // group, cluster-group or instance, where a name is in doubt
	Except []string  `json:"except,omitempty"` // USER@SOURCE=UNTIL
	Since  time.Time `json:"since,omitzero"`   // clients are looked for from here on; 30 days when it is missing
	// ConfirmWithin is a duration such as "10m": the change is undone after it,
	// unless it is confirmed.
	ConfirmWithin string `json:"confirm_within,omitempty"`
	RefuseClients bool   `json:"refuse_clients,omitempty"` // consent that clients are refused
	AcceptUnknown bool   `json:"accept_unknown,omitempty"` // consent that nobody knows who else is
}

// ForceTLSTarget is the body of what ends a change that waits.
type ForceTLSTarget struct {
	Kind string `json:"kind,omitempty"`
}

func (c *call) forceTarget(kind string) forcetls.Target {
	return forcetls.Target{Region: c.caller.Region, Name: c.target(), Kind: kind}
}

// forceRequest reads what is wanted from words.
func (c *call) forceRequest(q ForceTLSRequest) (forcetls.Request, error) {
	if q.State != "on" && q.State != "off" {
		return forcetls.Request{}, fault.New(fault.InvalidParameter, "state %q is not known; give on or off", q.State)
	}
	return forcetls.Request{Target: c.forceTarget(q.Kind), On: q.State == "on", Except: q.Except, Since: q.Since}, nil
}

// getForcePlan says what a change would do, and changes nothing.
func getForcePlan(a *API, c *call) (any, error) {
	v := c.r.URL.Query()
	q := ForceTLSRequest{State: v.Get("state"), Kind: v.Get("kind"), Except: v["except"]}
	if since := v.Get("since"); since != "" {
		var err error
		if q.Since, err = time.Parse(time.RFC3339, since); err != nil {
			return nil, fault.New(fault.InvalidParameter, "since %q is not a time of RFC 3339", since)
		}
	}
	in, err := c.forceRequest(q)
	if err != nil {
		return nil, err
	}
	return a.ForceTLS.Plan(c.r.Context(), in)
}

func postForce(a *API, c *call) (any, error) {
	var q ForceTLSRequest
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	r, err := c.forceRequest(q)
	if err != nil {
		return nil, err
	}
	in := forcetls.ApplyInput{Request: r, RefuseClients: q.RefuseClients, AcceptUnknown: q.AcceptUnknown}
	if text := strings.TrimSpace(q.ConfirmWithin); text != "" {
		if in.ConfirmWithin, err = time.ParseDuration(text); err != nil || in.ConfirmWithin <= 0 {
			return nil, fault.New(fault.InvalidParameter, "confirm_within %q is not a duration above zero such as 10m", text)
		}
	}
	return a.ForceTLS.Apply(c.r.Context(), c.by(), in)
}

func confirmForce(a *API, c *call) (any, error) {
	var q ForceTLSTarget
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	return a.ForceTLS.Confirm(c.r.Context(), c.by(), c.forceTarget(q.Kind))
}

func undoForce(a *API, c *call) (any, error) {
	var q ForceTLSTarget
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	return a.ForceTLS.Undo(c.r.Context(), c.by(), c.forceTarget(q.Kind))
}

// getForcePending lists the changes of the region that wait to be confirmed.
func getForcePending(a *API, c *call) (any, error) {
	return a.ForceTLS.Pendings(c.r.Context(), c.caller.Region)
}
