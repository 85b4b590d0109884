package migration

import (
	"context"
	"time"

	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/store"
)

// Source types of events. DMS has events about replication instances only; the
// other two are dbtls's own.
const (
	SourceInstance    = "replication-instance"
	SourceEndpoint    = "endpoint"
	SourceCertificate = "certificate"
)

// SourceTypes lists them.
func SourceTypes() []string { return []string{SourceInstance, SourceEndpoint, SourceCertificate} }

// Categories of events, in DMS's words.
const (
	Configuration = "configuration change"
	Creation      = "creation"
	Deletion      = "deletion"
	Failure       = "failure"
	Notification  = "notification"
)

func event(region, sourceType, name, arn string, at time.Time, category, message string) store.Event {
	return store.Event{At: at, Region: region, SourceType: sourceType, Source: name, ARN: arn, Categories: []string{category}, Message: message}
}

// tell puts a change on record, and drops events past their time.
func tell(tx *store.Tx, now time.Time, audit store.AuditRecord, list ...store.Event) error {
	if err := tx.Audit(audit); err != nil {
		return err
	}
	return announce(tx, now, list...)
}

func announce(tx *store.Tx, now time.Time, list ...store.Event) error {
	for _, e := range list {
		if err := tx.InsertMigrationEvent(e); err != nil {
			return err
		}
	}
	return tx.DropMigrationEvents(now.Add(-events.Retention))
}

// EventQuery selects events; the zero of a field selects all.
type EventQuery struct {
	Region, SourceType, Source string
	From, To                   time.Time
	Categories                 []string
	After                      int64 // id of the last one already seen
	Limit                      int
}

// Events lists events, oldest first, at most Limit, and says whether there are
// more.
func (s *Service) Events(ctx context.Context, q EventQuery) (list []store.Event, more bool, err error) {
	if q.To.Before(q.From) {
		return nil, false, fault.New(fault.InvalidCombination, "EndTime is before StartTime")
	}
	ask := store.EventQuery{Region: q.Region, SourceType: q.SourceType, Source: q.Source, From: q.From, To: q.To, After: q.After, Limit: q.Limit + 1}
	for {
		part, err := s.Store.Read(ctx).MigrationEvents(ask)
		if err != nil {
			return nil, false, err
		}
		for _, e := range part {
			if among(e.Categories, q.Categories) {
				list = append(list, e)
			}
			if len(list) > q.Limit {
				return list[:q.Limit], true, nil
			}
		}
		if len(part) < ask.Limit {
			return list, false, nil
		}
		ask.After = part[len(part)-1].ID
	}
}

// among reports whether one of have is wanted; no wanted means all.
func among(have, wanted []string) bool {
	if len(wanted) == 0 {
		return true
	}
	for _, h := range have {
		for _, w := range wanted {
			if h == w {
				return true
			}
		}
	}
	return false
}
