package rotation

import (
	"time"

	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// Backoff before try number n+1, n from 1.
func Backoff(n int) time.Duration {
	const first, most = 5 * time.Second, 10 * time.Minute
	if n > 8 {
		return most
	}
	return min(first<<max(n-1, 0), most)
}

// fail makes a rotation STUCK and chooses how it goes on: before activation
// nothing has changed, so it tries again with a fresh key; after it, the last
// good pair comes back first. The event is due when this is news.
func (t *turn) fail(account string, s inventory.Stuck, now time.Time) (store.Event, bool) {
	news := t.rot.Stuck.Reason != s.Reason
	s.Since = now
	if t.rot.IsStuck() {
		s.Since = t.rot.Stuck.Since
	}
	switch t.rot.Step {
	case inventory.StepKey, inventory.StepIssue, inventory.StepStage:
		// At a first try the served pair was never touched; at a later one
		// what the try before it left is still so.
		s.Proven = t.rot.Good != ""
		if t.rot.IsStuck() {
			s.Proven, s.WayBack = t.rot.Stuck.Proven, t.rot.Stuck.WayBack
		}
		t.again(now)
	case inventory.StepRollback, inventory.StepProve:
		t.rot.Attempts++
		t.rot.DueAt = now.Add(Backoff(t.rot.Attempts))
		news = false // told when the rotation got stuck
		why := s.Detail
		s = t.rot.Stuck
		s.WayBack = why
	default:
		t.rot.Step, t.rot.DueAt = inventory.StepRollback, now
	}
	t.rot.Stuck = s
	if !news {
		return store.Event{}, false
	}
	return events.Instance(account, t.inst, now, events.Failure,
		"STUCK: the certificate of %s could not be changed (%s): %s", t.inst.Name, s.Reason, s.Detail), true
}

// again plans another try from the start. A fresh generation: what made the
// last one fail may be its files.
func (t *turn) again(now time.Time) {
	t.rot.Attempts++
	t.rot.Step, t.rot.DueAt = inventory.StepKey, now.Add(Backoff(t.rot.Attempts))
	t.rot.Generation = inventory.NewGeneration()
	t.rot.CSR, t.rot.Chain, t.rot.Leaf, t.rot.ActiveAt = nil, nil, inventory.Leaf{}, time.Time{}
}

func stuck(reason inventory.StuckReason, detail string) result {
	return result{stuck: inventory.Stuck{Reason: reason, Detail: detail}}
}
