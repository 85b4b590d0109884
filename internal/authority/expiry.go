package authority

import (
	"context"
	"time"

	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/store"
)

// TellExpired writes one event per region for every CA that has ended. It
// costs nothing while none has.
func (a *Service) TellExpired(ctx context.Context, now time.Time) error {
	for _, region := range a.opts.Regions {
		for _, p := range pki.Profiles() {
			ca, ok := a.Get(region, p.ID)
			if !ok || !ca.ExpiredAt(now) {
				continue
			}
			if err := a.tell(ctx, ca, now); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *Service) tell(ctx context.Context, ca CA, now time.Time) error {
	return a.store.Write(ctx, func(tx *store.Tx) error {
		first, err := tx.MarkExpiryTold(issuingKind, ca.ID, ca.Region)
		if err != nil || !first {
			return err
		}
		return tx.InsertEvent(events.CA(ca.Region, ca.ID, now, events.Notification,
			"CA %s expired %s. It is no longer listed and no longer in the bundles; a database still on it serves an expired certificate.",
			ca.ID, ca.Root.NotAfter.UTC().Format(time.RFC3339)))
	})
}

// NextExpiry is when the next CA ends.
func (a *Service) NextExpiry(now time.Time) time.Time {
	var next time.Time
	for _, ca := range a.view.Load().cas {
		if end := ca.Cert.NotAfter; end.After(now) && (next.IsZero() || end.Before(next)) {
			next = end
		}
	}
	return next
}
