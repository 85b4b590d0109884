package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/store"
)

// metaEnvelope is where the sealed data key is kept.
const metaEnvelope = "envelope"

// StatePath is the state file of a data directory.
func StatePath(data string) string { return filepath.Join(data, "state.db") }

// OpenState opens the state of a data directory with its keys. The master key
// is tried against what is there before anything is created or changed.
func OpenState(ctx context.Context, o Options, log *slog.Logger) (*store.Store, *secrets.Box, error) {
	envelope, err := store.PeekMeta(ctx, StatePath(o.Data), metaEnvelope)
	if err != nil {
		return nil, nil, err
	}
	master, err := secrets.LoadMaster(o.MasterKeyFile, o.Credentials, o.Data)
	if err != nil {
		return nil, nil, err
	}
	if envelope != nil {
		return reopen(ctx, o, master, envelope, log)
	}
	if master.Absent {
		if master, err = secrets.CreateMaster(master); err != nil {
			return nil, nil, err
		}
	}
	warnWeak(master, log)
	return create(ctx, o, master)
}

func reopen(ctx context.Context, o Options, master secrets.Master, envelope []byte, log *slog.Logger) (*store.Store, *secrets.Box, error) {
	if master.Absent {
		return nil, nil, fault.New(fault.MissingParameter, "the master key of %q is missing: %q is not there; give the file it was moved to with --master-key-file, or put it back. Nothing was changed", o.Data, master.Path)
	}
	box, err := secrets.OpenEnvelope(master.Key, envelope)
	if errors.Is(err, secrets.ErrWrongKey) {
		return nil, nil, fault.New(fault.InvalidParameter, "the master key in %q does not open the state in %q; give the one that it was made with. Nothing was changed", master.Path, o.Data)
	}
	if err != nil {
		return nil, nil, err
	}
	warnWeak(master, log)
	s, err := store.Open(ctx, StatePath(o.Data))
	return s, box, err
}

func create(ctx context.Context, o Options, master secrets.Master) (*store.Store, *secrets.Box, error) {
	box, envelope, err := secrets.NewEnvelope(master.Key)
	if err != nil {
		return nil, nil, err
	}
	s, err := store.Open(ctx, StatePath(o.Data))
	if err != nil {
		return nil, nil, err
	}
	err = s.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SetMeta(metaEnvelope, envelope); err != nil {
			return err
		}
		return tx.Audit(store.AuditRecord{At: time.Now(), Actor: "dbtls", Action: "create state", Target: o.Data})
	})
	if err != nil {
		s.Close()
		return nil, nil, fmt.Errorf("create state: %w", err)
	}
	return s, box, nil
}

func warnWeak(m secrets.Master, log *slog.Logger) {
	if m.Weak {
		log.Warn("the master key lies beside the data it protects, which is weak: whoever copies the directory has both; move it and name it with --master-key-file, or hand it over as a systemd credential", "file", m.Path)
	}
}

// TryMaster reports whether the master key that a server with these settings
// would use opens a state file.
func TryMaster(ctx context.Context, statePath, file, credentials, data string) error {
	envelope, err := store.PeekMeta(ctx, statePath, metaEnvelope)
	if err != nil {
		return err
	}
	if envelope == nil {
		return fault.New(fault.InvalidParameter, "%q is not a dbtls state", statePath)
	}
	master, err := secrets.LoadMaster(file, credentials, data)
	if err != nil {
		return err
	}
	if master.Absent {
		return fault.New(fault.MissingParameter, "the master key is needed; give it with --master-key-file, or put it at %q", master.Path)
	}
	if _, err := secrets.OpenEnvelope(master.Key, envelope); err != nil {
		return fault.Wrap(err, fault.InvalidParameter, "the master key in %q does not open this state; give the one that it was made with", master.Path)
	}
	return nil
}
