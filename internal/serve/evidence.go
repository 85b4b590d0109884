package serve

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/dbtls/dbtls/internal/engines"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/fleet"
	"github.com/dbtls/dbtls/internal/store"
	"github.com/dbtls/dbtls/internal/watch"
)

// EvidencePath is the file of a data directory with what is known of databases'
// clients.
func EvidencePath(data string) string { return filepath.Join(data, "evidence.db") }

// openEvidence opens that file. One that cannot be used is set aside and begun
// anew: certificates are not kept waiting for it, and what is not known any more
// is said to be unknown.
func openEvidence(ctx context.Context, data string, log *slog.Logger) (*store.Evidence, error) {
	path := EvidencePath(data)
	e, err := store.OpenEvidence(ctx, path)
	if err == nil || ctx.Err() != nil || fault.CodeOf(err) == fault.StorageShort {
		return e, err
	}
	aside, moveErr := store.SetAside(path, time.Now())
	if moveErr != nil {
		log.Error("set aside what is known of clients", "error", moveErr)
		return nil, err
	}
	log.Error("what is known of clients cannot be read and begins anew; the old file is kept", "file", aside, "error", err)
	return store.OpenEvidence(ctx, path)
}

// watcher makes what watches the clients of c's instances and of migration
// endpoints.
func (srv *server) watcher(c fleet.Config) *watch.Service {
	return watch.New(watch.Config{
		Account: srv.opts.Account, Store: srv.store, Evidence: srv.evidence,
		Provider: c.Provider, Engine: engines.Index(c.Engines), Endpoint: srv.moves.Look,
		Trusted: srv.guard.Check, Log: srv.log,
	})
}

// clients is what is known of an instance's clients.
func (srv *server) clients(ctx context.Context, resourceID string, since time.Time) ([]evidence.Client, error) {
	all, _, err := srv.evidence.Clients(ctx, resourceID, since)
	return all, err
}
