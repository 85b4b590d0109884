package native

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/fleet"
	"github.com/dbtls/dbtls/internal/inventory"
)

// Plans is what a rotation of several instances would do, a page of it.
type Plans struct {
	Plans []fleet.Plan `json:"plans"`
	// Skipped are instances that cannot be rotated now, with why.
	Skipped []Skipped `json:"skipped"`
	// Next is what to give as after for the next page, "" at the end.
	Next string `json:"next,omitempty"`
}

// Skipped is an instance that a plan leaves out.
type Skipped struct {
	Instance string `json:"instance"`
	Region   string `json:"region"`
	Why      string `json:"why"`
}

const (
	plansPage    = 100
	plansAtATime = 8 // each looks at the wire
)

// getPlans says what a rotation of a cluster's members, of a region's instances
// or of all would do, and changes nothing. A page has at most 100 instances.
func getPlans(a *API, c *call) (any, error) {
	q := c.r.URL.Query()
	in, err := RotateRequest{To: q.Get("to"), Reason: q.Get("reason"), NoBridge: q.Get("no_bridge") == "true"}.input(c)
	if err != nil {
		return nil, err
	}
	regions, err := a.planned(q.Get("scope"), c)
	if err != nil {
		return nil, err
	}
	page, next, err := a.page(c.r.Context(), regions, strings.ToLower(q.Get("cluster")), q.Get("after"))
	if err != nil {
		return nil, err
	}
	if cluster := q.Get("cluster"); cluster != "" && len(page) == 0 {
		return nil, fault.New(fault.ClusterNotFound, "DBCluster %s not found.", cluster)
	}
	out := a.plans(c.r.Context(), in, page)
	out.Next = next
	return out, nil
}

// planned are the regions that a scope means.
func (a *API) planned(scope string, c *call) ([]string, error) {
	switch scope {
	case "", "region":
		return []string{c.caller.Region}, nil
	case "all":
		return slices.Sorted(slices.Values(a.Fleet.Authority.Regions())), nil
	}
	return nil, fault.New(fault.InvalidParameter, "scope %q is not known; give region or all", scope)
}

// page lists the instances after a place (REGION/NAME) in the order of regions
// and names.
func (a *API) page(ctx context.Context, regions []string, cluster, after string) (page []inventory.Instance, next string, err error) {
	region, name, _ := strings.Cut(after, "/")
	for _, r := range regions {
		if r < region {
			continue
		}
		from := ""
		if r == region {
			from = name
		}
		all, err := a.Store.Read(ctx).Instances(r, from, 0)
		if err != nil {
			return nil, "", err
		}
		for _, i := range all {
			if cluster != "" && i.ClusterName != cluster {
				continue
			}
			if len(page) == plansPage {
				last := page[len(page)-1]
				return page, last.Region + "/" + last.Name, nil
			}
			page = append(page, i)
		}
	}
	return page, "", nil
}

// plans asks for the plan of each, some at a time, and keeps their order.
func (a *API) plans(ctx context.Context, in fleet.RenewInput, page []inventory.Instance) Plans {
	type answer struct {
		plan fleet.Plan
		err  error
	}
	answers := make([]answer, len(page))
	slots := make(chan struct{}, plansAtATime)
	var wg sync.WaitGroup
	for n, i := range page {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			one := in
			one.Region, one.Name = i.Region, i.Name
			one.NoBridge = in.NoBridge && !strings.EqualFold(in.To, i.Leaf.CA) // one that is there already has none
			answers[n].plan, answers[n].err = a.Fleet.Plan(ctx, one)
		})
	}
	wg.Wait()
	out := Plans{Plans: []fleet.Plan{}, Skipped: []Skipped{}}
	for n, got := range answers {
		if got.err != nil {
			out.Skipped = append(out.Skipped, Skipped{page[n].Name, page[n].Region, fault.Public(got.err)})
			continue
		}
		out.Plans = append(out.Plans, got.plan)
	}
	return out
}
