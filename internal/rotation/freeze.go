package rotation

import (
	"context"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/store"
)

// Freeze holds every rotation that has not been activated, until Unfreeze,
// also over restarts. The way back of one that failed is not held.
func Freeze(ctx context.Context, s *store.Store, by store.AuditRecord, reason string) error {
	if reason == "" {
		reason = "no reason given"
	}
	reason += " (" + by.Actor + ", " + by.At.UTC().Format(time.RFC3339) + ")"
	return s.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SetMeta(MetaFrozen, []byte(reason)); err != nil {
			return fmt.Errorf("freeze: %w", err)
		}
		by.Action, by.Target, by.Detail = "freeze", "rotations", reason
		return tx.Audit(by)
	})
}

// Unfreeze lets rotations go on, at once.
func Unfreeze(ctx context.Context, s *store.Store, by store.AuditRecord) error {
	return s.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SetMeta(MetaFrozen, nil); err != nil {
			return fmt.Errorf("unfreeze: %w", err)
		}
		by.Action, by.Target = "unfreeze", "rotations"
		if err := tx.Audit(by); err != nil {
			return err
		}
		return Release(tx, by.At)
	})
}

// Release makes everything that was held back due at once.
func Release(tx *store.Tx, now time.Time) error {
	if err := tx.CheckAll(now); err != nil {
		return fmt.Errorf("release instances: %w", err)
	}
	open, err := tx.OpenRotations()
	if err != nil {
		return fmt.Errorf("release rotations: %w", err)
	}
	for _, rot := range open {
		if rot.IsStuck() {
			continue // its back-off goes on
		}
		rot.DueAt = now
		if err := tx.UpdateRotation(rot); err != nil {
			return fmt.Errorf("release rotations: %w", err)
		}
	}
	return nil
}
