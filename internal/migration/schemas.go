package migration

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// maxSchemas bounds what is kept of one database.
const maxSchemas = 10_000

// RefreshSchemas begins to read which schemas an endpoint's database has; the
// reading is due work.
func (s *Service) RefreshSchemas(ctx context.Context, by inventory.Caller, region, instance, endpoint string) (inventory.SchemaList, error) {
	var l inventory.SchemaList
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		i, err := s.instance(tx, region, instance)
		if err != nil {
			return err
		}
		e, err := s.endpoint(tx, region, endpoint)
		if err != nil {
			return err
		}
		if f, ok := s.engine(e.Engine); !ok || f.Schemas == nil {
			return fault.New(InvalidState, "The schemas of %s (%s) cannot be listed: dbtls has no reader of them", f.as.Display, e.Engine)
		}
		l, err = tx.SchemaList(endpoint)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		now := time.Now()
		l.Region, l.Endpoint, l.Instance = region, endpoint, instance
		l.Status, l.Failure, l.Run, l.BegunAt = inventory.RefreshRunning, "", rand.Text(), now.UTC()
		if err := tx.PutSchemaList(l); err != nil {
			return err
		}
		return tx.Audit(record(by, "RefreshSchemas", endpoint, now, "by %s", i.Name))
	})
	if err == nil {
		s.Wake()
	}
	return l, err
}

// Schemas is what is known of an endpoint's schemas; InvalidState when nobody
// has asked.
func (s *Service) Schemas(ctx context.Context, region, endpoint string) (inventory.SchemaList, error) {
	read := s.Store.Read(ctx)
	e, err := s.endpoint(read, region, endpoint)
	if err != nil {
		return inventory.SchemaList{}, err
	}
	l, err := read.SchemaList(endpoint)
	if errors.Is(err, store.ErrNotFound) {
		return l, fault.New(InvalidState, "The schemas of endpoint %q were never read; begin with RefreshSchemas", e.Name)
	}
	return l, err
}

// runRefresh reads the schemas of one endpoint and keeps them. A refresh that
// fails keeps what was listed before.
func (s *Service) runRefresh(ctx context.Context, endpoint string) error {
	read := s.Store.Read(ctx)
	l, err := read.SchemaList(endpoint)
	if errors.Is(err, store.ErrNotFound) || err == nil && l.Status != inventory.RefreshRunning {
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
	names, failure := s.list(ctx, e)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.Store.Write(ctx, func(tx *store.Tx) error {
		now, err := tx.SchemaList(endpoint)
		if errors.Is(err, store.ErrNotFound) || err == nil && now.Run != l.Run {
			return nil
		}
		if err != nil {
			return err
		}
		l.Status, l.Failure, l.EndedAt = inventory.RefreshSuccessful, failure, time.Now().UTC()
		if failure != "" {
			l.Status = inventory.RefreshFailed
		} else {
			l.Schemas, l.Listed = names, true
		}
		return tx.PutSchemaList(l)
	})
}

// list connects by the rules of a test and lists the schemas; failure is "" when
// that went well.
func (s *Service) list(ctx context.Context, e inventory.Endpoint) (names []string, failure string) {
	ctx, cancel := context.WithTimeout(ctx, testLimit)
	defer cancel()
	a, err := s.ready(ctx, e)
	if err != nil {
		return nil, failureText(unready(err))
	}
	if a.Schemas == nil {
		return nil, "dbtls has no reader of the schemas of " + a.as.Display
	}
	names, err = a.Engine.Schemas(ctx, a.account())
	if err != nil {
		out := a.judge(a.look(ctx), s.known(ctx, e.Region))
		if out.Code == "" {
			out = a.loginFailed(out, err)
		}
		return nil, clip(failureText(out), maxMessage)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return names[:min(len(names), maxSchemas)], ""
}
