package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
	"github.com/dbtls/dbtls/internal/provider"
)

// Create makes the instance's directory, its data and its configuration. It
// can be cut short anywhere and called again: the marker comes first, the
// data directory gets its name when it is complete and on disk, and the files
// of the configuration replace only files dbtls wrote. For a replica that is
// there it takes a new Source, which the running server uses from its next
// connection on.
func (p *Provider) Create(ctx context.Context, i provider.Instance, from provider.Source) error {
	pl, err := p.place(i)
	if err != nil {
		return err
	}
	if err := pl.mayFollow(); err != nil {
		return err
	}
	inst, err := p.exactInstall(ctx, i.Engine, i.Version)
	if err != nil {
		return err
	}
	if err := pl.account.reaches(filepath.Dir(pl.root)); err != nil {
		return err
	}
	done, err := p.take(ctx, pl.root)
	if err != nil {
		return err
	}
	defer done()
	if err := pl.claim(time.Now()); err != nil {
		return err
	}
	there, err := pl.dataThere() // refused before anything is touched
	if err != nil {
		return err
	}
	if err := pl.makeDirs(); err != nil {
		return err
	}
	if err := pl.putSource(from); err != nil {
		return err
	}
	if !there {
		if err := p.makeData(ctx, pl, inst); err != nil {
			return fmt.Errorf("create instance %q: %w", i.ID, err)
		}
	}
	return p.configure(pl, inst)
}

// makeDirs makes the fixed directories and the log file; see the package
// comment for who owns what and why.
func (pl *place) makeDirs() error {
	a := pl.account
	for _, dir := range []string{pl.set.Conf, pl.set.TLS, filepath.Dir(pl.set.LogFile)} {
		if err := ensureDir(dir, -1, a.gid, a.readOnlyDir()); err != nil {
			return err
		}
	}
	for _, dir := range pl.engineDirs() {
		if err := ensureDir(dir, a.uid, a.gid, 0o700); err != nil {
			return err
		}
	}
	f, err := pl.openLog()
	if err != nil {
		return err
	}
	return f.Close()
}

// engineDirs are those that the engine's user writes in, besides the data.
func (pl *place) engineDirs() []string {
	if pl.engine.Log == nil {
		return []string{pl.set.Run}
	}
	return []string{pl.set.Run, pl.engine.Log.Dir(pl.set)}
}

// makeData fills a directory beside the data directory and renames it.
func (p *Provider) makeData(ctx context.Context, pl *place, inst engine.Install) error {
	tmp := pl.set.Data + ".new"
	if err := os.RemoveAll(tmp); err != nil {
		return fmt.Errorf("remove leftover of an earlier attempt: %w", err)
	}
	if err := ensureDir(tmp, pl.account.uid, pl.account.gid, 0o700); err != nil {
		return err
	}
	for _, cmd := range pl.engine.Server.Init(inst, pl.set, tmp) {
		if err := pl.run(ctx, cmd); err != nil {
			return err
		}
	}
	if v, err := pl.dataVersion(tmp); err != nil || v == "" {
		return fmt.Errorf("check %q: the engine's commands succeeded but left no data directory: %w", tmp, errors.Join(err, fs.ErrInvalid))
	}
	if err := hostfs.SyncFileSystem(tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, pl.set.Data); err != nil {
		return fmt.Errorf("name data directory: %w", err)
	}
	return hostfs.SyncDir(pl.root)
}

// dataThere reports whether the data directory is there, with a fault when
// it is not one of this instance's major version.
func (pl *place) dataThere() (bool, error) {
	st, err := os.Lstat(pl.set.Data)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("stat data directory: %w", err)
	}
	if !st.IsDir() {
		return false, fault.New(fault.InvalidInstanceState, "%q is no directory; put the data of instance %q back there", pl.set.Data, pl.ID)
	}
	have, err := pl.dataVersion(pl.set.Data)
	if err != nil {
		return false, fault.Wrap(err, fault.InvalidInstanceState, "the data directory %q cannot be read as one of %s and is not touched; restore it from a backup", pl.set.Data, pl.Engine)
	}
	if have == "" {
		return false, fault.New(fault.InvalidInstanceState, "%q is there but is no data directory of %s and is not touched; move it away or restore it from a backup", pl.set.Data, pl.Engine)
	}
	if want := pl.engine.Spec.Major(pl.Version); have != want {
		return false, fault.New(fault.InvalidInstanceState, "the data directory %q was made by major version %s of %s, but instance %q has version %s; dbtls does not upgrade data across majors", pl.set.Data, have, pl.Engine, pl.ID, pl.Version)
	}
	return true, nil
}

// dataVersion asks the engine through a root that links cannot lead out of,
// since the engine's user owns what is in there.
func (pl *place) dataVersion(dir string) (string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", fmt.Errorf("open data directory: %w", err)
	}
	defer root.Close()
	return pl.engine.Server.DataVersion(root.FS())
}

// configure writes the configuration files that are missing or outdated and
// leaves those that another hand changed: its database has to come up.
func (p *Provider) configure(pl *place, inst engine.Install) error {
	for _, f := range pl.engine.Server.Files(inst, pl.set) {
		err := pl.putFile(f, "")
		if errors.Is(err, errDrift) {
			p.log.Warn("configuration file was changed by another hand and is left as it is", "instance", pl.ID, "file", f.Path)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// putFiles is configure for settings that have to be honoured.
func (pl *place) putFiles(files []engine.File) error {
	for _, f := range files {
		if err := pl.putFile(f, ""); err != nil {
			return pl.drifted(f.Path, err)
		}
	}
	return nil
}
