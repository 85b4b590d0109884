package watch

import (
	"context"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
)

// LookNow looks at the database of a migration endpoint and keeps what it sees.
func (s *Service) LookNow(ctx context.Context, arn string) error {
	s.mu.Lock()
	l := s.endpoint(arn, time.Now())
	s.mu.Unlock()
	return s.lookOnce(ctx, l)
}

// Follow says whether the database of a migration endpoint is looked at every
// minute.
func (s *Service) Follow(ctx context.Context, arn string, on bool) error {
	if err := s.Evidence.Follow(ctx, arn, on); err != nil {
		return fault.Wrap(err, fault.Internal, "whether %q is followed cannot be kept", arn)
	}
	s.mu.Lock()
	s.listed = time.Time{}
	s.mu.Unlock()
	s.looks.Wake()
	return nil
}

// endpoint is how one is looked at. There is one for each that was ever asked
// about, so that two looks never count the same session twice. The caller holds
// the lock.
func (s *Service) endpoint(arn string, now time.Time) *look {
	l := s.endpoints[arn]
	if l == nil {
		l = newLook(arn, arn, now)
		s.endpoints[arn] = l
	}
	return l
}

// Follows reports whether Follow has turned it on.
func (s *Service) Follows(ctx context.Context, arn string) (bool, error) {
	all, err := s.Evidence.Followed(ctx)
	return slices.Contains(all, arn), err
}
