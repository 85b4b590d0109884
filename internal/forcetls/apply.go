package forcetls

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

// The least and the most time in which a change may wait to be confirmed.
const (
	leastWait = time.Second
	mostWait  = 7 * 24 * time.Hour
)

// ApplyInput is a request to be carried out.
type ApplyInput struct {
	Request
	ConfirmWithin time.Duration // undone after that, unless confirmed; 0: it stays
	RefuseClients bool          // consent that clients are refused
	AcceptUnknown bool          // consent that nobody knows who else is
}

// Apply carries a request out. A change that would refuse somebody, or nobody
// knows whom, is refused itself without consent. Deadline and change are written
// in one transaction: there is no moment in which only one of them holds.
func (s *Service) Apply(ctx context.Context, by inventory.Caller, in ApplyInput) (Plan, error) {
	now := time.Now()
	p, u, err := s.plan(ctx, in.Request, now)
	if err != nil {
		return p, err
	}
	if err := mayApply(p, in); err != nil {
		return p, err
	}
	if !p.Changes {
		return p, nil
	}
	r := u.ref()
	r.IfVersion = p.Version // what was planned is what is done
	row := store.PendingForce{GroupKey: u.key(), At: now.Round(0), Deadline: now.Round(0).Add(in.ConfirmWithin), By: by}
	g, err := s.Params.Update(ctx, by, "dbtls force-tls", r,
		func(tx *store.Tx, g inventory.Group) ([]params.Change, error) {
			row.GroupMade, row.Settings = g.CreatedAt, before(p.settings, g)
			return changes(p.settings), s.nonePending(tx, row.GroupKey)
		},
		func(tx *store.Tx, g inventory.Group) error {
			row.Version = g.Version
			return s.applied(tx, p, row, in)
		})
	if err != nil {
		return p, err
	}
	p.Version = g.Version
	if in.ConfirmWithin > 0 {
		v := shownPending(row)
		p.Pending = &v
	}
	s.Wake()
	return p, nil
}

// mayApply refuses what the plan forbids.
func mayApply(p Plan, in ApplyInput) error {
	switch {
	case len(p.Default) > 0:
		return fault.New(fault.InvalidParameter, "The default parameter group %s cannot be changed; make one of your own and plan again. These commands do: %s", p.Group, inline(p.Default))
	case p.Pending != nil:
		return fault.New(ChangePending, "A change of %s waits to be confirmed until %s; end it first: dbtls force-tls %s confirm, or undo", p.Group, stamp(p.Pending.Deadline), p.Group)
	case in.ConfirmWithin != 0 && !in.On:
		return fault.New(fault.InvalidCombination, "--confirm-within is for forcing TLS; off refuses nobody")
	case in.ConfirmWithin != 0 && (in.ConfirmWithin < leastWait || in.ConfirmWithin > mostWait):
		return fault.New(fault.InvalidParameter, "a change can wait %s to %s to be confirmed, not %s", leastWait, mostWait, in.ConfirmWithin)
	}
	if named, more := p.atRisk(Refused, mostNamed); len(named) > 0 && !in.RefuseClients {
		return fault.New(ClientsAtRisk, "%s would be refused by %s: move them to TLS, except them until a date (--except), or consent: --refuse-clients. All of them: dbtls force-tls %s on --plan",
			andMore(named, more), p.Group, p.Target)
	}
	if why := p.unknown(); why != "" && !in.AcceptUnknown {
		return fault.New(ClientsUnknown, "Who would be refused by %s is not known: %s. Make it known, or consent: --accept-unknown. See dbtls force-tls %s on --plan", p.Group, why, p.Target)
	}
	return nil
}

// unknown says why the plan does not know who is refused, "" when it does.
func (p Plan) unknown() string {
	for _, i := range p.Instances {
		if i.Gap != "" {
			return i.Instance + ": " + i.Gap
		}
	}
	if named, more := p.atRisk(Unknown, mostNamed); len(named) > 0 {
		return "whether " + andMore(named, more) + " comes without TLS"
	}
	return ""
}

func changes(wishes []wish) []params.Change {
	out := make([]params.Change, len(wishes))
	for n, w := range wishes {
		set := w.setting()
		out[n] = params.Change{Name: w.name, Value: set.Value, Method: set.Method}
	}
	return out
}

// before is what is set, and what was before it.
func before(wishes []wish, g inventory.Group) []store.ForcedSetting {
	out := make([]store.ForcedSetting, len(wishes))
	for n, w := range wishes {
		out[n] = store.ForcedSetting{Name: w.name, Value: w.value, Off: w.off}
		if set, ok := g.Settings[w.name]; ok {
			out[n].Before = &set
		}
	}
	return out
}

func (s *Service) nonePending(tx *store.Tx, k store.GroupKey) error {
	_, err := tx.PendingForce(k)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return fault.New(ChangePending, "Another change of %s waits to be confirmed meanwhile", k.Name)
}

// applied writes what goes with a change: its deadline, and who consented to
// what.
func (s *Service) applied(tx *store.Tx, p Plan, row store.PendingForce, in ApplyInput) error {
	g := inventory.Group{Kind: row.Kind, Region: row.Region, Name: row.Name}
	said := fmt.Sprintf("%s set to %s by %s", p.Parameter, p.Then, row.By.Name)
	if in.ConfirmWithin > 0 {
		if err := tx.PutPendingForce(row); err != nil {
			return err
		}
		said += fmt.Sprintf("; it is undone at %s unless it is confirmed: dbtls force-tls %s confirm", stamp(row.Deadline), p.Group)
	}
	if err := s.tell(tx, g, row.At, said); err != nil {
		return err
	}
	return tx.Audit(store.AuditRecord{At: row.At, Actor: row.By.Name, Action: "ForceTLS", Target: p.Group, RequestID: row.By.RequestID,
		Detail: fmt.Sprintf("%s, confirm within %s, %d clients refused (consent %t), unknown %q (consent %t)", said, in.ConfirmWithin, p.count(Refused), in.RefuseClients, p.unknown(), in.AcceptUnknown)})
}

func (p Plan) count(v Verdict) (n int) {
	for _, i := range p.Instances {
		n += i.Counts[v]
	}
	return n
}

// tell writes an event of the group.
func (s *Service) tell(tx *store.Tx, g inventory.Group, at time.Time, text string) error {
	return tx.InsertEvent(events.Group(s.Account, g, at, events.Configuration, "%s", text))
}
