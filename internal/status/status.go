// Package status says how the fleet is, from the state alone: it works while
// the server runs and while it does not, for the leaves in service go on to be
// valid or to expire either way.
package status

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

// Report is the whole answer.
type Report struct {
	At        time.Time  `json:"at"`
	Serving   bool       `json:"serving"`          // the server that keeps this state answers
	Frozen    string     `json:"frozen,omitempty"` // why rotations are held
	Clock     string     `json:"clock,omitempty"`  // why the clock is not trusted
	WorstDays *float64   `json:"worst_days"`       // until the first leaf expires; null without any
	Instances []Instance `json:"instances"`
	CAs       []CA       `json:"cas"`
}

// Instance is one row.
type Instance struct {
	Name     string    `json:"name"`
	Region   string    `json:"region"`
	Engine   string    `json:"engine"`
	Version  string    `json:"version"`
	Status   string    `json:"status"`
	Detail   string    `json:"detail,omitempty"`
	Endpoint string    `json:"endpoint"`
	CA       string    `json:"ca"`
	Serial   string    `json:"serial"`
	NotAfter time.Time `json:"not_after"`
	Days     float64   `json:"days"` // until NotAfter
	Pending  string    `json:"pending_ca,omitempty"`
	Now      bool      `json:"pending_now,omitempty"` // not in the window but as soon as nothing holds it
	Bridge   string    `json:"bridge_from,omitempty"` // CA whose clients are covered too
	Until    time.Time `json:"bridge_until,omitzero"`
	Drift    []string  `json:"drift,omitempty"` // files changed by another hand
	Rotation *Rotation `json:"rotation,omitempty"`
}

// Rotation is one under way.
type Rotation struct {
	Reason string    `json:"reason"`
	Step   string    `json:"step"`
	To     string    `json:"to"`
	Stuck  string    `json:"stuck,omitempty"` // reason
	Detail string    `json:"stuck_detail,omitempty"`
	Back   string    `json:"way_back,omitempty"` // why the last good pair is not proven to be back
	Proven bool      `json:"last_good_proven,omitempty"`
	Since  time.Time `json:"stuck_since,omitzero"`
	Next   time.Time `json:"next_try"`
	Tries  int       `json:"tries"`
}

// CA is one certificate authority of a region.
type CA struct {
	ID       string    `json:"id"`
	Scope    string    `json:"scope"` // region, or partition for a shared root
	NotAfter time.Time `json:"not_after"`
	Days     float64   `json:"days"`
}

// Collect reads a report.
func Collect(ctx context.Context, s *store.Store, now time.Time) (Report, error) {
	read := s.Read(ctx)
	r := Report{At: now.UTC(), Instances: []Instance{}, CAs: []CA{}}
	frozen, err := read.Meta(rotation.MetaFrozen)
	if err != nil {
		return r, fmt.Errorf("read status: %w", err)
	}
	r.Frozen = string(frozen)
	all, err := read.AllInstances()
	if err != nil {
		return r, fmt.Errorf("read status: %w", err)
	}
	open, err := read.OpenRotations()
	if err != nil {
		return r, fmt.Errorf("read status: %w", err)
	}
	for _, i := range all {
		row := describe(i, now)
		if rot, ok := open[i.ResourceID]; ok {
			row.Rotation = under(rot)
		}
		r.Instances = append(r.Instances, row)
		if i.Leaf.Serial != "" && (r.WorstDays == nil || row.Days < *r.WorstDays) {
			r.WorstDays = &row.Days
		}
	}
	r.CAs, err = authorities(read, now)
	return r, err
}

func describe(i inventory.Instance, now time.Time) Instance {
	row := Instance{Name: i.Name, Region: i.Region, Engine: i.Engine, Version: i.Version, Status: string(i.Now()), Detail: i.Detail,
		Endpoint: rotation.Endpoint(i), CA: i.Leaf.CA, Serial: i.Leaf.Serial, NotAfter: i.Leaf.NotAfter, Drift: i.Drift}
	if i.Down != "" {
		row.Detail = i.Down
	}
	if i.Leaf.Serial != "" {
		row.Days = days(i.Leaf.NotAfter, now)
	}
	if i.Want.CA != i.Leaf.CA {
		row.Pending, row.Now = i.Want.CA, i.Want.Now || i.Leaf.CA == ""
	}
	if i.Bridge.Covers(now) {
		row.Bridge, row.Until = i.Bridge.CA, i.Bridge.Until
	}
	return row
}

func under(rot inventory.Rotation) *Rotation {
	return &Rotation{Reason: string(rot.Reason), Step: string(rot.Step), To: rot.ToCA, Stuck: string(rot.Stuck.Reason),
		Detail: rot.Stuck.Detail, Back: rot.Stuck.WayBack, Proven: rot.Stuck.Proven, Since: rot.Stuck.Since, Next: rot.DueAt, Tries: rot.Attempts}
}

func authorities(read *store.Tx, now time.Time) ([]CA, error) {
	rows, err := read.CAs()
	if err != nil {
		return nil, fmt.Errorf("read status: %w", err)
	}
	cas := []CA{}
	for _, row := range rows {
		if row.Kind != "root" {
			continue
		}
		cert, err := x509.ParseCertificate(row.Cert)
		if err != nil {
			return nil, fmt.Errorf("read CA %q: %w", row.CA, err)
		}
		cas = append(cas, CA{ID: row.CA, Scope: row.Scope, NotAfter: cert.NotAfter, Days: days(cert.NotAfter, now)})
	}
	slices.SortFunc(cas, func(x, y CA) int { return strings.Compare(x.Scope+" "+x.ID, y.Scope+" "+y.ID) })
	return cas, nil
}

// days from now to t; negative when t has passed.
func days(t, now time.Time) float64 { return t.Sub(now).Hours() / 24 }
