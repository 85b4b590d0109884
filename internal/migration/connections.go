package migration

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// Connection is a test with what it is about.
type Connection struct {
	inventory.Connection
	EndpointName, InstanceName string
	Stale                      bool      // it is of settings from before ChangedAt
	ChangedAt                  time.Time // when the endpoint became what it is
}

// TestConnection begins a test and returns at once; the test is due work. One
// that is under way with the endpoint's present settings goes on.
func (s *Service) TestConnection(ctx context.Context, by inventory.Caller, region, instance, endpoint string) (Connection, error) {
	var c Connection
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		i, err := s.instance(tx, region, instance)
		if err != nil {
			return err
		}
		e, err := s.endpoint(tx, region, endpoint)
		if err != nil {
			return err
		}
		now := time.Now()
		old, err := tx.Connection(endpoint, instance)
		switch {
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return err
		case err == nil && old.Status == inventory.ConnectionTesting && old.Revision == e.Revision:
			c = shown(old, e, i)
		default:
			c = shown(inventory.Connection{Region: region, Endpoint: endpoint, Instance: instance,
				Status: inventory.ConnectionTesting, Run: rand.Text(), BegunAt: now.UTC(), Revision: e.Revision}, e, i)
		}
		if err := tx.PutConnection(c.Connection); err != nil {
			return err
		}
		return tx.Audit(record(by, "TestConnection", endpoint, now, "by %s", i.Name))
	})
	if err == nil {
		s.Wake()
	}
	return c, err
}

func shown(c inventory.Connection, e inventory.Endpoint, i inventory.ReplicationInstance) Connection {
	return Connection{c, e.Name, i.Name, c.Revision != e.Revision, e.ChangedAt}
}

// Connections lists a region's tests, by endpoint and instance.
func (s *Service) Connections(ctx context.Context, region string) ([]Connection, error) {
	read := s.Store.Read(ctx)
	rows, err := read.Connections(region)
	if err != nil {
		return nil, err
	}
	endpoints, err := read.Endpoints(region)
	if err != nil {
		return nil, err
	}
	instances, err := read.ReplicationInstances(region)
	if err != nil {
		return nil, err
	}
	byEndpoint, byInstance := map[string]inventory.Endpoint{}, map[string]inventory.ReplicationInstance{}
	for _, e := range endpoints {
		byEndpoint[e.ARN] = e
	}
	for _, i := range instances {
		byInstance[i.ARN] = i
	}
	all := make([]Connection, 0, len(rows))
	for _, row := range rows {
		e, ok := byEndpoint[row.Endpoint]
		i, ok2 := byInstance[row.Instance]
		if ok && ok2 { // else it was deleted between the reads
			all = append(all, shown(row, e, i))
		}
	}
	return all, nil
}

// ConnectionByName finds a test by the identifiers of its instance and its
// endpoint.
func (s *Service) ConnectionByName(ctx context.Context, region, instance, endpoint string) (Connection, error) {
	read := s.Store.Read(ctx)
	e, err := read.EndpointByName(region, endpoint)
	if errors.Is(err, store.ErrNotFound) {
		return Connection{}, notFound("Endpoint", endpoint)
	} else if err != nil {
		return Connection{}, err
	}
	i, err := read.ReplicationInstanceByName(region, instance)
	if errors.Is(err, store.ErrNotFound) {
		return Connection{}, notFound("Replication instance", instance)
	} else if err != nil {
		return Connection{}, err
	}
	c, err := read.Connection(e.ARN, i.ARN)
	if errors.Is(err, store.ErrNotFound) {
		return Connection{}, fault.New(fault.ResourceNotFound, "Endpoint %q was not tested by replication instance %q; test it with TestConnection", e.Name, i.Name)
	}
	return shown(c, e, i), err
}

// DeleteConnection forgets a test; one under way ends without a result.
func (s *Service) DeleteConnection(ctx context.Context, by inventory.Caller, region, instance, endpoint string) (Connection, error) {
	var gone Connection
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		i, err := s.instance(tx, region, instance)
		if err != nil {
			return err
		}
		e, err := s.endpoint(tx, region, endpoint)
		if err != nil {
			return err
		}
		c, err := tx.Connection(endpoint, instance)
		if errors.Is(err, store.ErrNotFound) {
			return fault.New(fault.ResourceNotFound, "There is no connection of endpoint %q and replication instance %q", e.Name, i.Name)
		} else if err != nil {
			return err
		}
		gone = shown(c, e, i)
		if err := tx.DeleteConnection(endpoint, instance); err != nil {
			return err
		}
		return tx.Audit(record(by, "DeleteConnection", endpoint, time.Now(), "by %s", i.Name))
	})
	return gone, err
}

// maxMessage is about what a LastFailureMessage holds, in characters.
const maxMessage = 1000

// Message is what people read of a test, "" for a success that has nothing to
// say.
func (c Connection) Message() string {
	var parts []string
	if c.Stale && c.Status != inventory.ConnectionTesting {
		parts = append(parts, "This test is of the endpoint's settings from before they changed at "+c.ChangedAt.Format(time.RFC3339)+"; test again.")
	}
	switch c.Status {
	case inventory.ConnectionFailed:
		parts = append(parts, failureText(c.Outcome))
	case inventory.ConnectionSuccessful:
		for _, w := range c.Outcome.Warnings {
			parts = append(parts, "Warning: "+w+".")
		}
	}
	return clip(strings.Join(parts, " "), maxMessage)
}

// clip cuts a text to so many characters.
func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
