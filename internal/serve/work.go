package serve

import (
	"context"
	"log/slog"
	"time"

	"github.com/dbtls/dbtls/internal/authority"
	"github.com/dbtls/dbtls/internal/clock"
	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/fleet"
	"github.com/dbtls/dbtls/internal/jobs"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

// work is what is due in the state: creations and deletions, rotations, and
// instances for Decide to look at. All jobs on one instance share its key, so
// a deletion never meets a rotation.
type work struct {
	store    *store.Store
	fleet    *fleet.Service
	rotation *rotation.Runner
}

func (w *work) Due(ctx context.Context, now time.Time) ([]jobs.Job, error) {
	var due []jobs.Job
	read := w.store.Read(ctx)
	rotations, err := read.RotationsDue(now)
	if err != nil {
		return nil, err
	}
	for _, rot := range rotations {
		due = append(due, jobs.Job{Key: rot.ResourceID, Run: func(ctx context.Context) error { return w.rotation.Advance(ctx, rot.ID) }})
	}
	lifecycle, err := read.LifecycleDue(now)
	if err != nil {
		return nil, err
	}
	for _, id := range lifecycle {
		due = append(due, jobs.Job{Key: id, Run: func(ctx context.Context) error { return w.fleet.Advance(ctx, id) }})
	}
	checks, err := read.CheckDue(now)
	if err != nil {
		return nil, err
	}
	for _, id := range checks {
		due = append(due, jobs.Job{Key: id, Run: func(ctx context.Context) error { return w.rotation.Check(ctx, id) }})
	}
	return due, nil
}

func (w *work) NextDue(ctx context.Context) (time.Time, error) { return w.store.Read(ctx).NextDue() }

// chores does what belongs to no instance: once a minute it remembers that the
// clock was right, at a CA's end it says so, and it drops events and calls past
// their time.
func chores(ctx context.Context, s *store.Store, guard *clock.Guard, cas *authority.Service, log *slog.Logger) {
	made := cas.Made()
	for {
		now := time.Now()
		if err := guard.Check(ctx); err != nil && ctx.Err() == nil {
			log.Warn("clock", "error", err)
		} else if err := tidy(ctx, s, cas, now); err != nil && ctx.Err() == nil {
			log.Error("chores", "error", err)
		}
		wait := time.Minute
		if end := cas.NextExpiry(now); !end.IsZero() {
			wait = min(wait, max(time.Until(end), 100*time.Millisecond))
		}
		select {
		case <-ctx.Done():
			return
		case <-made:
			made = nil // a new CA may end before the minute does
		case <-time.After(wait):
		}
	}
}

func tidy(ctx context.Context, s *store.Store, cas *authority.Service, now time.Time) error {
	if err := cas.TellExpired(ctx, now); err != nil {
		return err
	}
	return s.Write(ctx, func(tx *store.Tx) error {
		if err := tx.DropEvents(now.Add(-events.Retention)); err != nil {
			return err
		}
		return tx.DropCalls(now.Add(-callRetention), callsDropped)
	})
}
