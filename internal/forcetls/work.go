package forcetls

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/jobs"
	"github.com/dbtls/dbtls/internal/store"
)

// Workers is how many pieces of Work run at once.
const Workers = 4

// notices is how many notices are looked at in one round.
const notices = 100

// Work is what is due: changes that nobody has confirmed, exceptions at their
// end, and changes that instances are to be told of. All are rows, so a start
// goes on with those whose time came while nothing ran.
type Work struct{ Service *Service }

// Due is jobs.Source's.
func (w Work) Due(ctx context.Context, now time.Time) ([]jobs.Job, error) {
	s, read := w.Service, w.Service.Store.Read(ctx)
	var due []jobs.Job
	pending, err := read.PendingForces()
	if err != nil {
		return nil, err
	}
	first := s.watch.see(pending, now)
	for n, p := range pending {
		if over, odd := overdue(p, now, first[n], now.Sub(first[n])); over {
			due = append(due, jobs.Job{Key: "undo in " + p.Name, Run: func(ctx context.Context) error { return s.expire(ctx, p, odd) }})
		}
	}
	watched, err := read.ExceptionWatchesDue(now)
	if err != nil {
		return nil, err
	}
	for _, x := range watched {
		due = append(due, jobs.Job{Key: "exceptions of " + x.Name, Run: func(ctx context.Context) error { return s.tend(ctx, x) }})
	}
	told, err := read.ForceNotices(notices)
	if err != nil {
		return nil, err
	}
	for _, n := range told { // one at a time for each instance, the oldest first
		due = append(due, jobs.Job{Key: "notice of " + n.ResourceID, Run: func(ctx context.Context) error { return s.announce(ctx, n) }})
	}
	return due, nil
}

// NextDue is jobs.Source's. Notices need no time: whoever leaves one wakes the
// loop.
func (w Work) NextDue(ctx context.Context) (time.Time, error) {
	return w.Service.Store.Read(ctx).NextForcing()
}

// expire takes a change back whose deadline has passed, whatever the clock is
// worth: being undone is the safe side.
func (s *Service) expire(ctx context.Context, p store.PendingForce, odd string) error {
	why := fmt.Sprintf("nobody confirmed it until %s", stamp(p.Deadline))
	if odd != "" {
		why = odd
	}
	if err := s.Clock(ctx); err != nil && odd == "" {
		why += "; the machine's clock cannot be trusted now, so this may have been early"
	}
	_, err := s.undo(ctx, inventory.Caller{Name: own}, p, why)
	if errors.Is(err, errOver) {
		return nil
	}
	return err
}
