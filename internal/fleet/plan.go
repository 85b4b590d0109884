package fleet

import (
	"context"
	"time"

	"github.com/dbtls/dbtls/internal/forecast"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/rotation"
)

// Plan is what a rotation would do, said before it does it.
type Plan struct {
	Instance  string    `json:"instance"`
	From      string    `json:"from"`
	To        string    `json:"to"`
	Reason    string    `json:"reason"`
	Effect    string    `json:"effect"` // "reload": sessions live on; "restart": they end
	Sessions  string    `json:"sessions"`
	NotAfter  time.Time `json:"not_after"` // of the new leaf, if it were issued now
	Covered   []string  `json:"covered"`   // CAs whose clients pass verify-full right after
	Until     time.Time `json:"bridge_until,omitzero"`
	LosesCA   string    `json:"loses_cover,omitempty"` // CA whose clients are cut off; needs consent
	HeldBack  string    `json:"held_back,omitempty"`   // why it would wait
	WayBack   bool      `json:"way_back"`              // the last good pair comes back on failure
	Reachable string    `json:"wire"`                  // what a handshake shows now

	Clients forecast.Forecast `json:"clients"` // what it does to each of them
}

// Plan says what Renew would do with the same input.
func (s *Service) Plan(ctx context.Context, in RenewInput) (Plan, error) {
	v, err := s.Get(ctx, in.Region, in.Name)
	if err != nil {
		return Plan{}, err
	}
	if err := s.Authority.Await(ctx, v.Region); err != nil {
		return Plan{}, err
	}
	now := time.Now()
	in.DropCover = true // whether it would be refused without is part of the answer
	want, reason, err := s.renewal(v, Caller{}, in, now)
	if err != nil {
		return Plan{}, err
	}
	to := v.Leaf.CA
	if want.CA != "" && want.Now {
		to = want.CA
	}
	e, _ := s.engine(v.Engine)
	hot := e.Spec.HotReload(v.Version)
	p := Plan{Instance: v.Name, From: v.Leaf.CA, To: to, Reason: string(reason), Effect: "restart", Sessions: "ended by the restart",
		LosesCA: rotation.LostCover(v.Instance, to, reason, now), WayBack: reason != inventory.ReasonKeyCompromised, Covered: []string{to}}
	if hot {
		p.Effect, p.Sessions = "reload", "live on"
	}
	if reason == inventory.ReasonKeyCompromised {
		p.Sessions = "ended: they began under the compromised key"
	}
	bridge := s.bridge(v.Instance, to, reason, in.NoBridge, now)
	s.planDates(&p, v.Instance, bridge, hot, now)
	if p.Clients, err = s.forecast(ctx, v.Instance, to, bridge, now); err != nil {
		return Plan{}, err
	}
	if p.HeldBack, err = s.Rotation.HeldNow(ctx, want, reason); err != nil {
		return Plan{}, err
	}
	p.Reachable = "serves the certificate on record"
	if seen := s.Rotation.LookOnce(ctx, v.Instance); seen.Reason != "" {
		p.Reachable = string(seen.Reason) + ": " + seen.Detail
	}
	return p, nil
}

// planDates fills in the new leaf's end and who is covered by the bridge.
func (s *Service) planDates(p *Plan, i inventory.Instance, b inventory.Bridge, hot bool, now time.Time) {
	next, ok := s.Authority.Get(i.Region, p.To)
	if !ok {
		return
	}
	p.NotAfter = now.Add(rotation.LeafLife(hot, now))
	if end := next.Root.NotAfter; end.Before(p.NotAfter) {
		p.NotAfter = end
	}
	if b.CA != "" {
		p.Covered, p.Until = append(p.Covered, b.CA), b.Until
	}
}
