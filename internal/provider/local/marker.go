package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
)

// maxJSON bounds the small state files read back, in bytes.
const maxJSON = 1 << 20

// identity is instance.json: whose directory this is. It is written once.
type identity struct {
	ID      string    `json:"id"`
	Engine  string    `json:"engine"`
	Version string    `json:"version"` // at creation
	Created time.Time `json:"created"`
}

// errAbsent says that there is no directory for the instance.
var errAbsent = errors.New("instance directory is not there")

// claimed returns nil when the directory is this instance's own, errAbsent
// when there is none, and a fault for anybody else's.
func (pl *place) claimed() error {
	st, err := os.Lstat(pl.root)
	if errors.Is(err, fs.ErrNotExist) {
		return errAbsent
	}
	if err != nil {
		return fmt.Errorf("stat instance directory: %w", err)
	}
	if !st.IsDir() {
		return fault.New(fault.InvalidInstanceState, "%q is in the way of instance %q and is no directory; move it away", pl.root, pl.ID)
	}
	id, err := readIdentity(pl.marker())
	if errors.Is(err, fs.ErrNotExist) {
		return pl.unmarked()
	}
	if err != nil {
		return fault.Wrap(err, fault.InvalidInstanceState, "the marker %q cannot be read, so the directory is not touched; put it back from a backup or move the directory away", pl.marker())
	}
	if id.ID != pl.ID || id.Engine != pl.Engine {
		return fault.New(fault.InvalidInstanceState, "the directory %q belongs to instance %q (%s), not to %q (%s), and is not touched; move it away", pl.root, id.ID, id.Engine, pl.ID, pl.Engine)
	}
	return nil
}

// unmarked judges a directory without a marker: an empty one may be used.
func (pl *place) unmarked() error {
	list, err := os.ReadDir(pl.root)
	if err != nil {
		return fmt.Errorf("list instance directory: %w", err)
	}
	if len(list) > 0 {
		return fault.New(fault.InvalidInstanceState, "the directory %q holds files (%q among them) but no instance.json, so it was not made by dbtls and is not touched; move it away", pl.root, list[0].Name())
	}
	return errAbsent
}

// mustExist is claimed for operations on an instance that was created.
func (pl *place) mustExist() error {
	err := pl.claimed()
	if errors.Is(err, errAbsent) {
		return fault.New(fault.InstanceNotFound, "instance %q has no directory on this machine (%q); create it first", pl.ID, pl.root)
	}
	return err
}

// claim makes the directory with its marker in one step, so that no crash
// leaves a directory that a later run takes for a stranger's.
func (pl *place) claim(now time.Time) error {
	err := pl.claimed()
	if !errors.Is(err, errAbsent) {
		return err
	}
	base := filepath.Dir(pl.root)
	tmp := filepath.Join(base, ".new-"+filepath.Base(pl.root))
	if err := os.RemoveAll(tmp); err != nil {
		return fmt.Errorf("remove leftover directory: %w", err)
	}
	if err := ensureDir(tmp, -1, pl.account.gid, pl.account.readOnlyDir()); err != nil {
		return err
	}
	id := identity{ID: pl.ID, Engine: pl.Engine, Version: pl.Version, Created: now.UTC().Truncate(time.Second)}
	if err := writeJSON(filepath.Join(tmp, "instance.json"), id); err != nil {
		return err
	}
	// Not os.Rename: that refuses the empty directory which may be there.
	if err := syscall.Rename(tmp, pl.root); err != nil {
		return fmt.Errorf("name instance directory %q: %w", pl.root, err)
	}
	return hostfs.SyncDir(base)
}

func readIdentity(path string) (identity, error) {
	var id identity
	b, err := hostfs.ReadFile(path, maxJSON)
	if err != nil {
		return id, err
	}
	if err := json.Unmarshal(b, &id); err != nil {
		return id, fmt.Errorf("decode %q: %w", path, err)
	}
	if id.ID == "" || id.Engine == "" {
		return id, fmt.Errorf("decode %q: it names no instance", path)
	}
	return id, nil
}

func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %q: %w", path, err)
	}
	return hostfs.WriteFile(path, append(b, '\n'), 0o600, -1, -1)
}
