package fleet

import (
	"context"
	"time"

	"github.com/dbtls/dbtls/internal/authority"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/store"
)

// SetDefaultCA sets the CA of new instances of a region; "" goes back to the
// built-in default. It returns the CA that the call was about.
func (s *Service) SetDefaultCA(ctx context.Context, by Caller, region, id string) (authority.CA, error) {
	if err := s.Authority.Await(ctx, region); err != nil {
		return authority.CA{}, err
	}
	now := time.Now()
	about := id
	if id == "" {
		var err error
		if about, _, err = s.Authority.Default(ctx, region, now); err != nil {
			return authority.CA{}, err
		}
	}
	ca, err := s.Authority.Usable(region, about, now)
	if err != nil {
		return authority.CA{}, err
	}
	if id != "" {
		id = ca.ID
	}
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SetOverride(region, id); err != nil {
			return err
		}
		return tx.Audit(audit(by, "ModifyCertificates", region, "default CA %q", id))
	})
	if err != nil {
		return authority.CA{}, fault.Wrap(err, fault.Internal, "the default CA could not be stored")
	}
	return ca, nil
}
