package native

import (
	"strconv"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/overview"
)

// getOverview is the fleet's trust on one screen, over all regions.
func getOverview(a *API, c *call) (any, error) {
	o, err := a.Overview.Overview(c.r.Context(), time.Now())
	if err != nil {
		return nil, err
	}
	if err := a.Guard.Check(c.r.Context()); err != nil {
		o.Clock = fault.Public(err)
	}
	return o, nil
}

const rowsPage = 50 // when nothing else is asked for

// getDatabases is a page of a region's databases, searched and sorted here:
// a browser does not hold ten thousand.
func getDatabases(a *API, c *call) (any, error) {
	q := c.r.URL.Query()
	number := func(name string, otherwise int) (int, error) {
		text := q.Get(name)
		if text == "" {
			return otherwise, nil
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return 0, fault.New(fault.InvalidParameter, "%s %q is no number above zero", name, text)
		}
		return n, nil
	}
	page, err := number("page", 1)
	if err != nil {
		return nil, err
	}
	size, err := number("size", rowsPage)
	if err != nil {
		return nil, err
	}
	return a.Overview.Databases(c.r.Context(), overview.Query{Region: c.caller.Region, Text: q.Get("q"), CA: q.Get("ca"), Status: q.Get("status"),
		Engine: q.Get("engine"), Group: q.Get("group"), Sort: q.Get("sort"), Page: page, Size: size}, time.Now())
}

// getChain is what a handshake at an instance shows now.
func getChain(a *API, c *call) (any, error) {
	v, err := a.Fleet.Get(c.r.Context(), c.caller.Region, c.r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	return a.Fleet.Rotation.Served(c.r.Context(), v.Instance)
}

// Rotation is one change of an instance's certificate, as it went.
type Rotation struct {
	ID       int64             `json:"id"`
	Reason   inventory.Reason  `json:"reason"`
	From     string            `json:"from"`
	To       string            `json:"to"`
	By       string            `json:"by"`
	Step     inventory.Step    `json:"step"`
	Outcome  inventory.Outcome `json:"outcome"`
	Stuck    *RotationStuck    `json:"stuck,omitempty"`
	Serial   string            `json:"serial,omitempty"`
	NotAfter time.Time         `json:"not_after,omitzero"`
	Bridge   string            `json:"bridge_from,omitempty"`
	Until    time.Time         `json:"bridge_until,omitzero"`
	Trial    time.Time         `json:"trial_until,omitzero"`
	Started  time.Time         `json:"started_at"`
	Ended    time.Time         `json:"ended_at,omitzero"`
	Attempts int               `json:"attempts"`
	Next     time.Time         `json:"next_try,omitzero"`
}

// RotationStuck is why a rotation does not get on.
type RotationStuck struct {
	Reason  inventory.StuckReason `json:"reason"`
	Detail  string                `json:"detail"`
	Since   time.Time             `json:"since"`
	WayBack string                `json:"way_back,omitempty"` // why the last good pair is not back yet
	Proven  bool                  `json:"proven"`             // the last good leaf was seen on the wire
}

// Rotations are an instance's, the newest first.
type Rotations struct {
	Open    *Rotation  `json:"open,omitempty"`
	History []Rotation `json:"history"`
}

const mostRotations = 50

func getRotations(a *API, c *call) (any, error) {
	ctx := c.r.Context()
	v, err := a.Fleet.Get(ctx, c.caller.Region, c.r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	all, err := a.Store.Read(ctx).RotationsOf(v.ResourceID, mostRotations)
	if err != nil {
		return nil, err
	}
	out := Rotations{History: []Rotation{}}
	for _, rot := range all {
		row := shownRotation(rot)
		if rot.Outcome == "" {
			out.Open = &row
			continue
		}
		out.History = append(out.History, row)
	}
	return out, nil
}

func shownRotation(r inventory.Rotation) Rotation {
	out := Rotation{ID: r.ID, Reason: r.Reason, From: r.FromCA, To: r.ToCA, By: r.By, Step: r.Step, Outcome: r.Outcome, Serial: r.Leaf.Serial,
		NotAfter: r.Leaf.NotAfter, Bridge: r.Bridge.CA, Until: r.Bridge.Until, Started: r.StartedAt, Ended: r.EndedAt, Attempts: r.Attempts}
	if r.Outcome == "" {
		out.Next, out.Trial = r.DueAt, r.WatchTill
	}
	if r.IsStuck() {
		out.Stuck = &RotationStuck{r.Stuck.Reason, r.Stuck.Detail, r.Stuck.Since, r.Stuck.WayBack, r.Stuck.Proven}
	}
	return out
}
