package migration

import (
	"context"
	"errors"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/store"
)

// CreateEndpointInput is a new endpoint.
type CreateEndpointInput struct {
	EndpointInput
	Region     string
	ResourceID string // the end of its ARN, "" for a random one
	Tags       []inventory.Tag
}

// CreateEndpoint keeps an endpoint. Nothing is connected to.
func (s *Service) CreateEndpoint(ctx context.Context, by inventory.Caller, in CreateEndpointInput) (inventory.Endpoint, error) {
	now := time.Now()
	e, err := in.merge(inventory.Endpoint{Region: in.Region, Mode: pki.SSLNone, Tags: in.Tags, CreatedAt: now.UTC(), ChangedAt: now.UTC(), Revision: 1})
	if err != nil {
		return e, err
	}
	if err := checkTags(in.Tags); err != nil {
		return e, err
	}
	if e.ARN, err = s.newARN(inventory.KindEndpoint, in.Region, in.ResourceID); err != nil {
		return e, err
	}
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		if err := s.complete(tx, &e, in.Password); err != nil {
			return err
		}
		if err := s.room(tx, e); err != nil {
			return err
		}
		if err := tx.InsertEndpoint(e); err != nil {
			return s.taken(err, "Endpoint", e.Name, e.ARN)
		}
		return tell(tx, now, record(by, "CreateEndpoint", e.ARN, now, "%s %s, %s", e.Engine, e.Type, e.Mode),
			event(e.Region, SourceEndpoint, e.Name, e.ARN, now, Creation, "Endpoint created"))
	})
	return e, err
}

// complete checks the whole of an endpoint and seals a new password.
func (s *Service) complete(tx *store.Tx, e *inventory.Endpoint, password *string) error {
	var c *inventory.ImportedCertificate
	if e.Certificate != "" {
		row, err := s.certificate(tx, e.Region, e.Certificate)
		if err != nil {
			return err
		}
		c = &row
	}
	if err := s.checkEndpoint(*e, c); err != nil {
		return err
	}
	switch {
	case password != nil:
		if err := checkText("Password", *password, maxPassword, true); err != nil {
			return err
		}
		e.Sealed = s.Box.Seal(passwordLabel(e.ARN), []byte(*password))
	case len(e.Sealed) == 0:
		return checkText("Password", "", maxPassword, true)
	}
	return nil
}

func passwordLabel(arn string) string { return "password of endpoint " + arn }

// room refuses a name in use and more endpoints than there may be.
func (s *Service) room(tx *store.Tx, e inventory.Endpoint) error {
	if other, err := tx.EndpointByName(e.Region, e.Name); err == nil {
		return exists("Endpoint", other.Name, other.ARN)
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	all, err := tx.Endpoints(e.Region)
	if err == nil && len(all) >= maxEndpoints {
		err = fault.New(QuotaExceeded, "There are %d endpoints in %s, the most there can be; delete some", len(all), e.Region)
	}
	return err
}

// taken turns the store's refusal of a name or an ARN into a fault.
func (s *Service) taken(err error, what, name, arn string) error {
	if errors.Is(err, store.ErrNameTaken) {
		return exists(what, name, arn)
	}
	return err
}

// ModifyEndpoint changes an endpoint as a whole or not at all. Tests made
// before are of the old settings from then on.
func (s *Service) ModifyEndpoint(ctx context.Context, by inventory.Caller, region, arn string, in EndpointInput) (inventory.Endpoint, error) {
	now := time.Now()
	var e inventory.Endpoint
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		old, err := s.endpoint(tx, region, arn)
		if err != nil {
			return err
		}
		if e, err = in.merge(old); err != nil {
			return err
		}
		if err := s.complete(tx, &e, in.Password); err != nil {
			return err
		}
		if other, err := tx.EndpointByName(region, e.Name); err == nil && other.ARN != arn {
			return exists("Endpoint", other.Name, other.ARN)
		}
		if in.Password != nil || !sameConnection(old, e) {
			e.Revision, e.ChangedAt = old.Revision+1, now.UTC()
		}
		if err := tx.UpdateEndpoint(e); err != nil {
			return s.taken(err, "Endpoint", e.Name, e.ARN)
		}
		return tell(tx, now, record(by, "ModifyEndpoint", e.ARN, now, "%s %s, %s", e.Engine, e.Type, e.Mode),
			event(e.Region, SourceEndpoint, e.Name, e.ARN, now, Configuration, "Endpoint modified"))
	})
	return e, err
}

// Endpoints lists a region's by name.
func (s *Service) Endpoints(ctx context.Context, region string) ([]inventory.Endpoint, error) {
	return s.Store.Read(ctx).Endpoints(region)
}

// DeleteEndpoint forgets an endpoint with its tests and its schemas.
func (s *Service) DeleteEndpoint(ctx context.Context, by inventory.Caller, region, arn string) (inventory.Endpoint, error) {
	var e inventory.Endpoint
	err := s.Store.Write(ctx, func(tx *store.Tx) (err error) {
		if e, err = s.endpoint(tx, region, arn); err != nil {
			return err
		}
		if err := tx.DeleteEndpoint(arn); err != nil {
			return err
		}
		now := time.Now()
		return tell(tx, now, record(by, "DeleteEndpoint", arn, now, ""), event(region, SourceEndpoint, e.Name, arn, now, Deletion, "Endpoint deleted"))
	})
	return e, err
}

// endpoint finds one by ARN.
func (s *Service) endpoint(tx *store.Tx, region, arn string) (inventory.Endpoint, error) {
	if err := s.checkARN(inventory.KindEndpoint, region, arn); err != nil {
		return inventory.Endpoint{}, err
	}
	e, err := tx.Endpoint(arn)
	if errors.Is(err, store.ErrNotFound) {
		return e, notFound("Endpoint", arn)
	}
	return e, err
}

// Display is the EngineDisplayName of an endpoint.
func (s *Service) Display(e inventory.Endpoint) string {
	f, _ := s.engine(e.Engine)
	return f.as.Display
}
