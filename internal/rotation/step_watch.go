package rotation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

const (
	watchPause = 2 * time.Second
	// goBackLife is what the old leaf must have left to be worth going back to.
	goBackLife = 7 * 24 * time.Hour
)

// trial waits for clients that refuse the new chain, and rolls back when there
// are enough. A source counts when somebody logged in from it in the last 30
// days: anybody can send an alert.
func (r *Runner) trial(ctx context.Context, t *turn) (result, error) {
	over := !t.now.Before(t.rot.WatchTill) || t.overtaken()
	clients, err := r.Clients(ctx, t.inst.ResourceID, t.rot.ActiveAt.Add(-evidence.Proof))
	if err != nil && over {
		r.Log.Warn("see who refuses a new certificate", "instance", t.inst.Name, "error", err)
		return result{next: inventory.StepCommit, audit: "who refused the certificate could not be read: " + err.Error()}, nil
	}
	if err != nil {
		return result{}, fmt.Errorf("see who refuses the certificate of %q: %w", t.inst.Name, err)
	}
	refused := slices.DeleteFunc(evidence.Refusals(clients, t.rot.ActiveAt, t.now), func(f evidence.Refusal) bool { return len(f.Known) == 0 })
	enough := len(refused) >= t.rot.Watch.RollbackOn
	if no := noWayBack(t.inst, t.rot, t.now); enough && no != "" {
		return result{next: inventory.StepCommit, kind: events.Notification,
			event: fmt.Sprintf("%d clients refuse the new certificate, and it stays: %s. They are: %s", len(refused), no, naming(refused))}, nil
	}
	switch {
	case enough:
		return stuck(inventory.StuckClients, fmt.Sprintf("%d of %d clients that were to prevent it refuse the new chain: %s",
			len(refused), t.rot.Watch.RollbackOn, naming(refused))), nil
	case !over:
		return result{wait: watchPause}, nil
	}
	return result{next: inventory.StepCommit, audit: fmt.Sprintf("%d clients refused the certificate while it was watched", len(refused))}, nil
}

// overtaken: somebody wants another change by now, which is not kept waiting.
func (t *turn) overtaken() bool {
	return !t.inst.Want.IsZero() && t.inst.Want.At.After(t.rot.StartedAt)
}

// noWayBack says why the old leaf may not come back, "" when it may. i still
// has it as its own.
func noWayBack(i inventory.Instance, rot inventory.Rotation, now time.Time) string {
	switch {
	case rot.NoWayBack || i.Want.Renew == inventory.ReasonKeyCompromised:
		return "the key of the old one was declared compromised"
	case rot.Good == "" || rot.Good != i.Leaf.Generation:
		return "there is no old one on record"
	case i.Leaf.NotAfter.Sub(now) < goBackLife:
		return fmt.Sprintf("the old one ends on %s", day(i.Leaf.NotAfter))
	}
	for _, name := range i.Names() {
		if !slices.Contains(i.Leaf.Names, name) {
			return fmt.Sprintf("the old one does not carry the name %s", name)
		}
	}
	return ""
}

// mostNamed bounds the clients that one message names.
const mostNamed = 10

func naming(refused []evidence.Refusal) string {
	var names []string
	for n, f := range refused {
		if n == mostNamed {
			names = append(names, fmt.Sprintf("and %d more", len(refused)-n))
			break
		}
		names = append(names, fmt.Sprintf("%s (%s), %s", f.Source, f.Known[0], f.Why))
	}
	return strings.Join(names, "; ")
}

// onTrial says that a certificate is in service and not final.
func (t *turn) onTrial() string {
	return fmt.Sprintf("Server certificate of %s (serial %s) is in service and on trial until %s: when %d clients refuse it, the old one comes back",
		t.rot.ToCA, t.rot.Leaf.Serial, t.rot.WatchTill.UTC().Format(time.RFC3339), t.rot.Watch.RollbackOn)
}

// giveUp ends a rotation whose old certificate is back because clients refused
// the new one. What asked for it is asked for no more: it would break the same
// clients again.
func (r *Runner) giveUp(ctx context.Context, t *turn) result {
	if err := r.Provider(t.inst).Collect(ctx, Place(t.inst), []string{t.rot.Good}); err != nil {
		r.Log.Warn("remove key pairs of a rotation that was rolled back", "instance", t.inst.Name, "error", err)
	}
	why := t.rot.Stuck.Detail
	t.rot.Outcome, t.rot.EndedAt = inventory.OutcomeRolledBack, time.Now()
	t.rot.Stuck = inventory.Stuck{}
	return result{
		kind: events.Recovery, audit: "clients refused: " + why,
		event: fmt.Sprintf("Rolled back: the certificate of %s (%s) is served again, seen by a handshake at %s, because %s. Give them the root of %s, then rotate again",
			t.rot.FromCA, t.good(), Endpoint(t.inst), why, t.rot.ToCA),
		also: func(tx *store.Tx, t *turn) error {
			if !t.inst.Want.At.After(t.rot.StartedAt) {
				t.inst.Want = inventory.Want{}
			}
			t.inst.CheckAt = t.rot.EndedAt
			return errors.Join(tx.UpdateInstance(t.inst), Release(tx, t.rot.EndedAt)) // it held others back
		},
	}
}
