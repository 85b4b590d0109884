package migration

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/jobs"
	"github.com/dbtls/dbtls/internal/store"
)

// Workers is how many tests and refreshes run at once. They wait on the
// network nearly all the time, and hosts that do not answer hold theirs for
// probeLimit.
const Workers = 128

// Work is the tests and refreshes that have not ended; one that a crash cut
// off is run again. It is due work of a loop of its own, so that hosts which
// do not answer hold up nothing else.
type Work struct{ Service *Service }

// Due is jobs.Source's.
func (w Work) Due(ctx context.Context, _ time.Time) ([]jobs.Job, error) {
	read := w.Service.Store.Read(ctx)
	tests, err := read.OpenConnections()
	if err != nil {
		return nil, err
	}
	var due []jobs.Job
	for _, c := range tests {
		due = append(due, jobs.Job{Key: "test of " + c.Endpoint + " by " + c.Instance,
			Run: func(ctx context.Context) error { return w.Service.runTest(ctx, c.Endpoint, c.Instance) }})
	}
	refreshes, err := read.OpenSchemaLists()
	if err != nil {
		return nil, err
	}
	for _, arn := range refreshes {
		due = append(due, jobs.Job{Key: "schemas of " + arn,
			Run: func(ctx context.Context) error { return w.Service.runRefresh(ctx, arn) }})
	}
	return due, nil
}

// NextDue is jobs.Source's: whatever is open is due now.
func (w Work) NextDue(context.Context) (time.Time, error) { return time.Time{}, nil }

// runTest tests one endpoint and keeps how it ended. Nothing is kept when the
// server stops meanwhile: the row stays, and the next start tests again.
func (s *Service) runTest(ctx context.Context, endpoint, instance string) error {
	read := s.Store.Read(ctx)
	c, err := read.Connection(endpoint, instance)
	if errors.Is(err, store.ErrNotFound) || err == nil && c.Status != inventory.ConnectionTesting {
		return nil
	}
	if err != nil {
		return err
	}
	e, err := read.Endpoint(endpoint)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	outcome := s.try(ctx, e)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.Store.Write(ctx, func(tx *store.Tx) error { return s.keep(tx, c, e, outcome) })
}

// keep writes an outcome, unless the test it belongs to is over: deleted, or
// begun again.
func (s *Service) keep(tx *store.Tx, c inventory.Connection, e inventory.Endpoint, outcome inventory.TestOutcome) error {
	now, err := tx.Connection(c.Endpoint, c.Instance)
	if errors.Is(err, store.ErrNotFound) || err == nil && now.Run != c.Run {
		return nil
	}
	if err != nil {
		return err
	}
	i, err := tx.ReplicationInstance(c.Instance)
	if err != nil {
		return fmt.Errorf("read replication instance: %w", err)
	}
	c.Status, c.Outcome, c.EndedAt, c.Revision = inventory.ConnectionSuccessful, outcome, time.Now().UTC(), e.Revision
	category, message := Notification, "Test of endpoint "+e.Name+" was successful"
	if outcome.Code != "" {
		c.Status = inventory.ConnectionFailed
		category, message = Failure, "Test of endpoint "+e.Name+" failed: "+failureText(outcome)
	}
	if err := tx.PutConnection(c); err != nil {
		return err
	}
	return announce(tx, c.EndedAt, event(c.Region, SourceInstance, i.Name, i.ARN, c.EndedAt, category, clip(message, maxMessage)))
}
