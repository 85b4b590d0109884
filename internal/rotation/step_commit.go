package rotation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// commit makes the verified certificate the instance's own. After a compromise
// the sessions that began under the old key end first.
func (r *Runner) commit(ctx context.Context, t *turn) (result, error) {
	p, at := r.Provider(t.inst), Place(t.inst)
	ended := ""
	if t.rot.NoWayBack {
		n, err := p.EndSessions(ctx, at, t.now)
		if err != nil {
			return result{}, fmt.Errorf("end sessions: %w", err)
		}
		ended = fmt.Sprintf("; %d sessions begun under the old key were ended", n)
	}
	res := result{also: settleInstance, kind: events.Maintenance, event: t.story() + ended,
		audit: fmt.Sprintf("%s: serial %s replaces %q%s", t.rot.Reason, t.rot.Leaf.Serial, t.rot.GoodSerial, ended)}
	if err := p.Collect(ctx, at, []string{t.rot.Generation}); err != nil {
		// Old keys that stay are untidy, not wrong; the next rotation tries again.
		r.Log.Warn("remove old key pairs", "instance", t.inst.Name, "error", err)
	}
	if t.rot.IsStuck() {
		res.also = func(tx *store.Tx, t *turn) error {
			return errors.Join(settleInstance(tx, t), Release(tx, t.rot.EndedAt)) // it held others back
		}
	}
	t.rot.Outcome, t.rot.EndedAt = inventory.OutcomeCommitted, time.Now()
	t.rot.Stuck = inventory.Stuck{}
	return res, nil
}

// settleInstance writes what is now true of the instance.
func settleInstance(tx *store.Tx, t *turn) error {
	i, rot := &t.inst, t.rot
	i.Leaf, i.Bridge = rot.Leaf, rot.Bridge
	i.Warned = time.Time{}
	if i.Want.CA == rot.ToCA {
		i.Want.CA = ""
	}
	if i.Want.Renew != "" && !i.Want.At.After(rot.StartedAt) {
		i.Want.Renew = ""
	}
	if i.Want.IsZero() {
		i.Want = inventory.Want{}
	}
	i.CheckAt = rot.EndedAt
	if i.Status == inventory.StatusCreating || i.Status == inventory.StatusRenaming {
		i.DueAt, i.CheckAt = rot.EndedAt, time.Time{}
	}
	return tx.UpdateInstance(*i)
}

// story says in one line what happened, for the event.
func (t *turn) story() string {
	rot := t.rot
	if rot.FromCA == "" {
		return fmt.Sprintf("Server certificate issued by %s (serial %s, until %s), seen by a handshake at %s",
			rot.ToCA, rot.Leaf.Serial, day(rot.Leaf.NotAfter), Endpoint(t.inst))
	}
	s := fmt.Sprintf("Server certificate rotated (%s): %s serial %s to %s serial %s, until %s, seen by a handshake at %s",
		rot.Reason, rot.FromCA, rot.GoodSerial, rot.ToCA, rot.Leaf.Serial, day(rot.Leaf.NotAfter), Endpoint(t.inst))
	switch {
	case rot.Bridge.CA != "":
		s += fmt.Sprintf("; clients that trust only %s are covered until %s", rot.Bridge.CA, rot.Bridge.Until.UTC().Format(time.RFC3339))
	case rot.Reason == inventory.ReasonBridgeEnded:
		s += fmt.Sprintf("; the overlap is over: clients need the root of %s now", rot.ToCA)
	}
	return s
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02") }
