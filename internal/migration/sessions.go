package migration

import (
	"context"
	"errors"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// EndpointByName finds an endpoint by its identifier.
func (s *Service) EndpointByName(ctx context.Context, region, name string) (inventory.Endpoint, error) {
	e, err := s.Store.Read(ctx).EndpointByName(region, name)
	if errors.Is(err, store.ErrNotFound) {
		return e, notFound("Endpoint", name)
	}
	return e, err
}

// CanLook says why dbtls cannot ask an endpoint's database for its sessions; nil
// when it can.
func (s *Service) CanLook(e inventory.Endpoint) error {
	f, ok := s.engine(e.Engine)
	if !ok {
		return s.unknownEngine(e.Engine)
	}
	if f.Looker == nil {
		return fault.New(InvalidState, "The sessions of endpoint %q cannot be listed: dbtls has no way to ask %s for them; look at the ports of its listeners, and at its clients' settings", e.Name, f.as.Display)
	}
	return nil
}

// Look connects to an endpoint's database by the rules of a test, logs in with
// what the endpoint has stored, and asks for the sessions.
func (s *Service) Look(ctx context.Context, arn string) (engine.Look, error) {
	e, err := s.Store.Read(ctx).Endpoint(arn)
	if errors.Is(err, store.ErrNotFound) {
		return engine.Look{}, notFound("Endpoint", arn)
	}
	if err != nil {
		return engine.Look{}, err
	}
	if err := s.CanLook(e); err != nil {
		return engine.Look{}, err
	}
	a, err := s.ready(ctx, e)
	if err != nil {
		return engine.Look{}, err
	}
	look, err := a.Looker(ctx, a.account())
	if err == nil || ctx.Err() != nil {
		return look, err
	}
	why := a.clean(fault.Public(err))
	if fault.CodeOf(err) == fault.Internal {
		why = failureText(a.loginFailed(inventory.TestOutcome{}, err))
	}
	return look, fault.Wrap(err, InvalidState, "The sessions of endpoint %q cannot be listed: %s", e.Name, why)
}
