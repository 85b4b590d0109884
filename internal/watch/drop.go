package watch

import (
	"context"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
)

// dropSlice is how many rows of clients one transaction looks at: others write
// between two.
const dropSlice = 1000

// drop forgets what is too old, at the start and then every hour.
func (s *Service) drop(ctx context.Context) {
	for {
		before := time.Now().Add(-evidence.Retention)
		s.mu.Lock()
		trusted := s.clock == ""
		s.mu.Unlock()
		if trusted && s.Trusted(ctx) == nil { // a clock that runs ahead would forget all
			s.dropBefore(ctx, before)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(dropEvery):
		}
	}
}

func (s *Service) dropBefore(ctx context.Context, before time.Time) {
	for next := int64(0); ctx.Err() == nil; {
		var err error
		if next, err = s.Evidence.Drop(ctx, before, next, dropSlice); err != nil {
			if ctx.Err() == nil {
				s.Log.Error("drop old evidence", "error", err)
			}
			return
		}
		if next == 0 {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
}
