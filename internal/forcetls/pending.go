package forcetls

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

// Pending is forced TLS that is taken back at its deadline.
type Pending struct {
	Group    string              `json:"group"`
	Kind     inventory.GroupKind `json:"kind"`
	Region   string              `json:"region"`
	By       string              `json:"by"`
	At       time.Time           `json:"at"`
	Deadline time.Time           `json:"undone_at"`
	Settings map[string]string   `json:"settings"` // what was set, by parameter
}

func shownPending(p store.PendingForce) Pending {
	v := Pending{Group: p.Name, Kind: p.Kind, Region: p.Region, By: p.By.Name, At: p.At, Deadline: p.Deadline, Settings: map[string]string{}}
	for _, set := range p.Settings {
		v.Settings[set.Name] = set.Value
	}
	return v
}

// Pendings lists what waits to be confirmed in a region, the earliest deadline
// first.
func (s *Service) Pendings(ctx context.Context, region string) ([]Pending, error) {
	rows, err := s.Store.Read(ctx).PendingForces()
	all := []Pending{}
	for _, p := range rows {
		if p.Region == region {
			all = append(all, shownPending(p))
		}
	}
	return all, err
}

func (s *Service) pendingOf(tx *store.Tx, u subject) (*Pending, error) {
	p, err := tx.PendingForce(u.key())
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	v := shownPending(p)
	return &v, err
}

// overdue says whether a change is to be taken back, and what is odd about it.
// Three clocks are asked, and one is enough, for being undone is the safe side:
// the wall says the deadline has passed; the wall says a time before the change
// was made; or so much time has passed by the process's own clock, which nobody
// can set, since the process first saw the change.
func overdue(p store.PendingForce, now, seen time.Time, elapsed time.Duration) (over bool, odd string) {
	switch {
	case !now.Before(p.Deadline):
		return true, ""
	case now.Before(p.At):
		return true, "the machine's clock says " + stamp(now) + ", which is before the change was made: whether the deadline has passed is not known"
	case !seen.Round(0).Add(elapsed).Before(p.Deadline):
		return true, "the machine's clock was set back meanwhile"
	}
	return false, ""
}

// stopwatch measures how long the process has known of changes, by a clock that
// nobody can set.
type stopwatch struct {
	mu   sync.Mutex
	seen map[sighting]time.Time
}

type sighting struct {
	store.GroupKey
	at int64 // of the change, in Unix nanoseconds
}

// see notes which changes there are, and says when each was seen first.
func (w *stopwatch) see(all []store.PendingForce, now time.Time) []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen, first := map[sighting]time.Time{}, make([]time.Time, len(all))
	for n, p := range all {
		key := sighting{p.GroupKey, p.At.UnixNano()}
		first[n] = now
		if t, ok := w.seen[key]; ok {
			first[n] = t
		}
		seen[key] = first[n]
	}
	w.seen = seen
	return first
}

// back is how a group goes back to what it said before a change: the parameters
// that still have the value that was set. Those that somebody has set otherwise
// are left as they are.
func back(p store.PendingForce, g inventory.Group) (changes []params.Change, left []string) {
	for _, set := range p.Settings {
		now, ok := g.Settings[set.Name]
		if !ok || now.Reset || now.Value != set.Value {
			left = append(left, set.Name)
			continue
		}
		changes = append(changes, restored(set, now.Method))
	}
	return changes, left
}

// restored is what a parameter was, in effect at once where the change was. A
// group that said so already, but for the next reboot, lets plain clients in
// again all the same: the engine was told more than that meanwhile.
func restored(set store.ForcedSetting, method inventory.ApplyMethod) params.Change {
	c := params.Change{Name: set.Name, Method: method}
	switch {
	case set.Before == nil || set.Before.Reset:
		c.Reset = true
	case set.Before.Value == set.Value && set.Off != "":
		c.Value = set.Off
	default:
		c.Value = set.Before.Value
	}
	return c
}
