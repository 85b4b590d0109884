package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
	"github.com/dbtls/dbtls/internal/provider"
)

// snapshot is snapshot.json: what a kept data directory is.
type snapshot struct {
	ID      string    `json:"id"` // the instance it was
	Engine  string    `json:"engine"`
	Version string    `json:"version"`
	Created time.Time `json:"created"`
}

// Delete stops the server, keeps its data when keepAs is set, and removes the
// rest. Cut short anywhere it can be called again with the same arguments.
func (p *Provider) Delete(ctx context.Context, i provider.Instance, keepAs string) error {
	pl, err := p.locate(i)
	if err != nil {
		return err
	}
	done, err := p.take(ctx, pl.root)
	if err != nil {
		return err
	}
	defer done()
	claim := pl.claimed()
	if claim != nil && !errors.Is(claim, errAbsent) {
		return claim
	}
	dir := ""
	if keepAs != "" {
		if dir, err = p.snapshotDir(pl, keepAs); err != nil {
			return err
		}
	}
	if claim == nil {
		if err := pl.settle(); err != nil {
			return err
		}
		if err := p.stop(ctx, pl, true); err != nil {
			return err
		}
		if dir != "" {
			if err := pl.keep(dir, time.Now()); err != nil {
				return err
			}
		}
	}
	return pl.remove()
}

// snapshotDir checks, before anything is stopped, that keepAs can be made (or
// was, by an earlier attempt of the same deletion) and returns its directory.
func (p *Provider) snapshotDir(pl *place, keepAs string) (string, error) {
	dir, err := p.snapshotPath(keepAs)
	if err != nil {
		return "", err
	}
	hasData := exists(pl.set.Data)
	kept, err := readSnapshot(dir)
	switch {
	case errors.Is(err, syscall.ENOTDIR):
		return "", taken(keepAs)
	case errors.Is(err, fs.ErrNotExist):
		// None yet, or an attempt that ended before it said whose it is.
		if !onlyLeftovers(dir) {
			return "", taken(keepAs)
		}
	case err != nil:
		return "", err
	case kept.ID != pl.ID:
		return "", taken(keepAs)
	case exists(filepath.Join(dir, "data")):
		if hasData {
			return "", taken(keepAs)
		}
		return dir, nil
	}
	if !hasData {
		return "", fault.New(fault.InvalidInstanceState, "instance %q has no data to keep as %q; delete it without a final snapshot", pl.ID, keepAs)
	}
	return dir, nil
}

// snapshotPath is where the snapshot of this name is kept.
func (p *Provider) snapshotPath(name string) (string, error) {
	if name == "" || name[0] == '.' || strings.ContainsAny(name, "/\x00") || len(name) > 255 {
		return "", fault.New(fault.InvalidParameter, "snapshot name %q cannot name a directory; use letters, digits and hyphens, 255 at most", name)
	}
	return filepath.Join(p.dir, dirSnapshots, name), nil
}

// HasSnapshot reports whether the name is taken, by a deletion that has not
// finished too.
func (p *Provider) HasSnapshot(name string) (bool, error) {
	dir, err := p.snapshotPath(name)
	if err != nil {
		return false, err
	}
	return !onlyLeftovers(dir), nil
}

// keep moves the data directory into the snapshot: a rename, so it is there
// whole or not at all.
func (pl *place) keep(dir string, now time.Time) error {
	if !exists(pl.set.Data) {
		return nil // moved by an earlier attempt; snapshotDir saw it there
	}
	if err := ensureDir(dir, -1, -1, 0o700); err != nil {
		return err
	}
	s := snapshot{ID: pl.ID, Engine: pl.Engine, Version: pl.Version, Created: now.UTC().Truncate(time.Second)}
	if err := writeJSON(filepath.Join(dir, "snapshot.json"), s); err != nil {
		return err
	}
	if err := os.Rename(pl.set.Data, filepath.Join(dir, "data")); err != nil {
		return fmt.Errorf("keep data directory: %w", err)
	}
	for _, d := range []string{dir, filepath.Dir(dir), pl.root} {
		if err := hostfs.SyncDir(d); err != nil {
			return err
		}
	}
	return nil
}

// remove takes the directory out of the way in one step, so that a removal
// cut short never leaves a directory without its marker, and removes it.
func (pl *place) remove() error {
	base, name := filepath.Split(pl.root)
	trash := filepath.Join(base, ".del-"+name)
	for _, dir := range []string{trash, filepath.Join(base, ".new-"+name)} {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove leftover directory: %w", err)
		}
	}
	if err := os.Rename(pl.root, trash); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("take instance directory away: %w", err)
	}
	if err := os.RemoveAll(trash); err != nil {
		return fmt.Errorf("remove instance directory: %w", err)
	}
	return hostfs.SyncDir(base)
}

func readSnapshot(dir string) (snapshot, error) {
	var s snapshot
	path := filepath.Join(dir, "snapshot.json")
	b, err := hostfs.ReadFile(path, maxJSON)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("decode %q: %w", path, err)
	}
	return s, nil
}

// onlyLeftovers reports whether dir is not there or holds only files that a
// crash left unnamed.
func onlyLeftovers(dir string) bool {
	list, err := os.ReadDir(dir)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	for _, d := range list {
		if !strings.HasPrefix(d.Name(), ".new-") {
			return false
		}
	}
	return true
}

func taken(name string) error {
	return fault.New(fault.SnapshotExists, "a snapshot %q exists; choose another name for the final snapshot", name)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
