package fleet

import (
	"context"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

// RenewInput asks for a new certificate in words that AWS has no parameter for.
type RenewInput struct {
	Region, Name   string
	To             string // CA, "" for the current one
	KeyCompromised bool
	DropCover      bool // consent that covered clients lose their cover
	NoBridge       bool // clients that trust only the CA before are not covered
	Watch          inventory.Watch
}

// Bounds of a trial of a new certificate.
const (
	leastWatch = 10 * time.Second
	mostWatch  = 24 * time.Hour
)

// flags are the command line's words for the same request.
func (in RenewInput) flags() string {
	var words []string
	if in.To != "" {
		words = append(words, "--to "+in.To)
	}
	if in.KeyCompromised {
		words = append(words, "--reason key-compromised")
	}
	return strings.Join(words, " ")
}

// Renew plans a rotation at once.
func (s *Service) Renew(ctx context.Context, by Caller, in RenewInput) (View, error) {
	return s.change(ctx, in.Region, in.Name, func(tx *store.Tx, v *View, now time.Time) error {
		want, reason, err := s.renewal(*v, by, in, now)
		if err != nil {
			return err
		}
		v.Want = want
		if reason == inventory.ReasonKeyCompromised {
			err := tx.InsertEvent(events.Instance(s.Account, v.Instance, now, events.Security,
				"The key of the server certificate (serial %s) was declared compromised by %s. A new key follows. The old certificate stays valid to clients until %s: there is no CRL and no OCSP",
				v.Leaf.Serial, by.Name, v.Leaf.NotAfter.UTC().Format(time.RFC3339)))
			if err != nil {
				return err
			}
		}
		return tx.Audit(audit(by, "Rotate", v.Name, "%s to %q, drop cover %t", reason, in.To, in.DropCover))
	})
}

// renewal is Renew's rule.
func (s *Service) renewal(v View, by Caller, in RenewInput, now time.Time) (inventory.Want, inventory.Reason, error) {
	to, reason := v.Leaf.CA, inventory.ReasonRequested
	want := inventory.Want{CA: v.Want.CA, Now: v.Want.Now, Hold: v.Want.Hold, DropCover: in.DropCover, NoBridge: in.NoBridge, Watch: in.Watch,
		By: by.Name, RequestID: by.RequestID, At: now}
	if err := s.checkWatch(v, in); err != nil {
		return want, reason, err
	}
	if in.To != "" {
		want.CA, want.Now, want.Hold = "", true, false
		ca, err := s.Authority.Usable(v.Region, in.To, now)
		if err != nil {
			return want, reason, err
		}
		if e, ok := s.engine(v.Engine); ok {
			if err := checkCA(e, v.Version, ca.ID); err != nil {
				return want, reason, err
			}
		}
		if to = ca.ID; to != v.Leaf.CA {
			want.CA, reason = to, inventory.ReasonCAChanged
		}
	}
	switch {
	case in.KeyCompromised:
		reason = inventory.ReasonKeyCompromised
		want.Renew = reason
	case reason == inventory.ReasonRequested:
		want.Renew = reason
	}
	if in.NoBridge && to == v.Leaf.CA {
		return want, reason, fault.New(fault.InvalidCombination, "%s stays with %s, so there is no bridge to leave out; name another CA with --to", v.Name, to)
	}
	if r := v.Rotation; r != nil && r.Begun() && !r.IsStuck() && r.Step != inventory.StepWatch {
		return want, reason, fault.New(fault.InvalidInstanceState, "Database instance %s is not in available state: its certificate is being changed (%s).", v.Name, r.Reason)
	}
	if lost := rotation.LostCover(v.Instance, to, reason, now); lost != "" && !in.DropCover {
		return want, reason, lostCover(v.Instance, to, lost, in.flags())
	}
	return want, reason, nil
}

// checkWatch refuses a trial that could not see who refuses the certificate, or
// could not lead back.
func (s *Service) checkWatch(v View, in RenewInput) error {
	w := in.Watch
	e, _ := s.engine(v.Engine)
	switch {
	case w == inventory.Watch{}:
		return nil
	case w.RollbackOn < 1 || w.For < leastWatch || w.For > mostWatch:
		return fault.New(fault.InvalidParameter, "a trial is for at least one client and from %s to %s; give such as --rollback-on 3 --watch 10m", leastWatch, mostWatch)
	case in.KeyCompromised:
		return fault.New(fault.InvalidCombination, "a compromised key never comes back, whoever refuses the new certificate; leave --rollback-on out")
	case e.Log == nil && v.Provider != provider.Simulated:
		return fault.New(fault.InvalidCombination, "servers of %s do not write who refuses their certificate, so --rollback-on would never act; rotate without it, and see dbtls sessions", e.Spec.Description)
	}
	return nil
}
