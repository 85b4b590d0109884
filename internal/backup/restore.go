package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// Restore puts a backup's state into a data directory that has none. try is
// called with the path of the state before it gets its name: it says whether
// the master key opens it. Instances whose directories are there are adopted
// at the next start; nothing of theirs is touched here.
func Restore(ctx context.Context, c Contents, data string, try func(ctx context.Context, statePath string) error) error {
	if err := os.MkdirAll(data, 0o711); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	lock, err := hostfs.Lock(filepath.Join(data, "lock"))
	if err != nil {
		return err
	}
	defer lock.Release()
	final := filepath.Join(data, stateName)
	if _, err := os.Lstat(final); err == nil {
		return fault.New(fault.InvalidParameter, "%q has a state already; move it away first, it is not overwritten", data)
	}
	tmp := filepath.Join(data, ".restore-"+stateName)
	os.Remove(tmp) // left by an attempt that was cut short
	defer removeState(tmp)
	if err := hostfs.WriteFile(tmp, c.State, 0o600, os.Getuid(), os.Getgid()); err != nil {
		return err
	}
	if err := try(ctx, tmp); err != nil {
		return err
	}
	if err := settle(ctx, tmp, time.Now()); err != nil {
		return err
	}
	if err := restoreEvidence(c, filepath.Join(data, evidenceName)); err != nil {
		return err
	}
	// A write-ahead log without its state is of the old one: not to be replayed.
	for _, leftover := range []string{final + "-wal", final + "-shm"} {
		if err := os.Remove(leftover); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove leftover: %w", err)
		}
	}
	if err := os.Rename(tmp, final); err != nil {
		return fmt.Errorf("restore state: %w", err)
	}
	return hostfs.SyncDir(data)
}

// restoreEvidence puts back what is known of clients. What is there already knows
// more, and stays.
func restoreEvidence(c Contents, path string) error {
	if _, err := os.Lstat(path); err == nil || c.Evidence == nil {
		return nil
	}
	for _, leftover := range []string{path + "-wal", path + "-shm"} {
		if err := os.Remove(leftover); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove leftover: %w", err)
		}
	}
	return hostfs.WriteFile(path, c.Evidence, 0o600, os.Getuid(), os.Getgid())
}

func removeState(path string) {
	for _, p := range []string{path, path + "-wal", path + "-shm"} {
		os.Remove(p)
	}
}

// settle opens the state once, so that one from a newer dbtls, or one that is
// no state, is refused before it gets its name, and ends what was under way
// when it was saved: where those rotations stand now nobody knows. Every
// instance is looked at afresh.
func settle(ctx context.Context, path string, now time.Time) error {
	s, err := store.Open(ctx, path)
	if err != nil {
		return err
	}
	err = s.Write(ctx, func(tx *store.Tx) error {
		open, err := tx.OpenRotations()
		if err != nil {
			return err
		}
		for _, rot := range open {
			rot.Outcome, rot.EndedAt = inventory.OutcomeCancelled, now
			if err := tx.UpdateRotation(rot); err != nil {
				return err
			}
		}
		all, err := tx.AllInstances()
		if err != nil {
			return err
		}
		for _, i := range all {
			if i.Status == inventory.StatusAvailable {
				i.CheckAt = now
			} else if i.Status == inventory.StatusCreating {
				i.DueAt = now
			}
			if err := tx.UpdateInstance(i); err != nil {
				return err
			}
		}
		return tx.Audit(store.AuditRecord{At: now, Actor: "dbtls", Action: "restore state", Target: filepath.Dir(path)})
	})
	return errors.Join(err, s.Close())
}
