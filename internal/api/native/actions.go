package native

import (
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/fleet"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/status"
	"github.com/dbtls/dbtls/internal/store"
)

func getStatus(a *API, c *call) (any, error) {
	r, err := status.Collect(c.r.Context(), a.Store, time.Now())
	if err != nil {
		return nil, err
	}
	r.Serving = true
	if err := a.Guard.Check(c.r.Context()); err != nil {
		r.Clock = fault.Public(err)
	}
	return r, nil
}

// RotateRequest is the body of a rotation asked for.
type RotateRequest struct {
	To        string `json:"to,omitempty"`     // CA, "" for the current one
	Reason    string `json:"reason,omitempty"` // "" or "key-compromised"
	DropCover bool   `json:"drop_cover,omitempty"`
	NoBridge  bool   `json:"no_bridge,omitempty"` // clients that trust only the CA before are not covered

	// RollbackOn is how many clients have to refuse the new chain within Watch
	// ("10m") for the old one to come back; 0: none is looked for.
	RollbackOn int    `json:"rollback_on,omitempty"`
	Watch      string `json:"watch,omitempty"`
}

// watchFor is how long clients are looked for when nothing else is said.
const watchFor = 10 * time.Minute

// trial reads how a new certificate is put on trial.
func (q RotateRequest) trial() (inventory.Watch, error) {
	w := inventory.Watch{RollbackOn: q.RollbackOn}
	switch {
	case q.Watch == "" && q.RollbackOn == 0:
		return w, nil
	case q.Watch == "":
		w.For = watchFor
		return w, nil
	}
	d, err := time.ParseDuration(q.Watch)
	if err != nil {
		return w, fault.New(fault.InvalidParameter, "watch %q is no duration; give such as 10m", q.Watch)
	}
	w.For = d
	return w, nil
}

// RotateReply says what was planned.
type RotateReply struct {
	Instance string `json:"instance"`
	From     string `json:"from"`
	To       string `json:"to"`
}

// reasons that can be given.
var reasons = map[string]bool{"": false, "requested": false, "key-compromised": true}

func (q RotateRequest) input(c *call) (fleet.RenewInput, error) {
	compromised, ok := reasons[q.Reason]
	if !ok {
		return fleet.RenewInput{}, fault.New(fault.InvalidParameter, "reason %q is not known; give key-compromised, or none", q.Reason)
	}
	trial, err := q.trial()
	return fleet.RenewInput{Region: c.caller.Region, Name: c.r.PathValue("name"), To: q.To, KeyCompromised: compromised,
		DropCover: q.DropCover, NoBridge: q.NoBridge, Watch: trial}, err
}

func postRotate(a *API, c *call) (any, error) {
	var q RotateRequest
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	in, err := q.input(c)
	if err != nil {
		return nil, err
	}
	v, err := a.Fleet.Renew(c.r.Context(), c.by(), in)
	if err != nil {
		return nil, err
	}
	reply := RotateReply{Instance: v.Name, From: v.Leaf.CA, To: v.Leaf.CA}
	if v.Want.CA != "" && v.Want.Now {
		reply.To = v.Want.CA
	}
	return reply, nil
}

// getPlan says what a rotation would do, and changes nothing.
func getPlan(a *API, c *call) (any, error) {
	q := c.r.URL.Query()
	in, err := RotateRequest{To: q.Get("to"), Reason: q.Get("reason"), NoBridge: q.Get("no_bridge") == "true"}.input(c)
	if err != nil {
		return nil, err
	}
	return a.Fleet.Plan(c.r.Context(), in)
}

// FreezeRequest says why rotations are frozen.
type FreezeRequest struct {
	Reason string `json:"reason"`
}

func postFreeze(a *API, c *call) (any, error) {
	var q FreezeRequest
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	return q, rotation.Freeze(c.r.Context(), a.Store, c.record(), q.Reason)
}

func deleteFreeze(a *API, c *call) (any, error) {
	err := rotation.Unfreeze(c.r.Context(), a.Store, c.record())
	a.Wake()
	return struct{}{}, err
}

func acceptClock(a *API, c *call) (any, error) {
	ctx := c.r.Context()
	if err := a.Guard.Accept(ctx); err != nil {
		return nil, err
	}
	err := a.Store.Write(ctx, func(tx *store.Tx) error {
		by := c.record()
		by.Action, by.Target, by.Detail = "accept clock", "clock", time.Now().UTC().Format(time.RFC3339)
		if err := tx.Audit(by); err != nil {
			return err
		}
		return rotation.Release(tx, by.At)
	})
	a.Wake()
	return struct{}{}, err
}
