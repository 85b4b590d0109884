package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
	"github.com/dbtls/dbtls/internal/provider"
)

// Activate makes the configuration name the generation's pair and, where the
// version can, the running server read it. It says nothing of what clients
// see: only a handshake does.
func (p *Provider) Activate(ctx context.Context, i provider.Instance, generation string) (engine.Effect, error) {
	pl, err := p.place(i)
	if err != nil {
		return "", err
	}
	if err := pl.checkGeneration(generation); err != nil {
		return "", err
	}
	done, err := p.take(ctx, pl.root)
	if err != nil {
		return "", err
	}
	defer done()
	if err := pl.mustExist(); err != nil {
		return "", err
	}
	if _, err := pl.inspect(pl.pair(generation)); err != nil {
		return "", err
	}
	if err := pl.bind(generation); err != nil {
		return "", err
	}
	_, running, err := p.find(pl)
	switch {
	case err != nil:
		return "", err
	case !running:
		return engine.EffectNone, nil
	case pl.engine.Spec.HotReload == nil || !pl.engine.Spec.HotReload(i.Version):
		return engine.EffectRestart, nil
	}
	if err := pl.reload(ctx, generation); err != nil {
		return "", fmt.Errorf("activate generation %q of %q: %w", generation, i.ID, err)
	}
	return engine.EffectReload, nil
}

// bind swaps the one file or link that names the pair.
func (pl *place) bind(generation string) error {
	b := pl.engine.Server.Bind(pl.pair(generation), pl.set)
	var path string
	var err error
	switch {
	case b.File != nil:
		path, err = b.File.Path, pl.putFile(*b.File, generation)
	case b.Link != nil:
		path, err = b.Link.Path, pl.putLink(*b.Link, generation)
	default:
		return fmt.Errorf("bind generation %q: engine %q names nothing to swap", generation, pl.Engine)
	}
	return pl.drifted(path, err)
}

// reload makes the server read the pair and asks it where it reads from.
func (pl *place) reload(ctx context.Context, generation string) error {
	adm, err := pl.engine.Server.Admin(ctx, pl.live())
	if err != nil {
		return fmt.Errorf("open management session: %w", err)
	}
	defer adm.Close()
	if err := adm.Reload(ctx); err != nil {
		return fmt.Errorf("reload certificate: %w", err)
	}
	have, err := adm.Effective(ctx)
	if err != nil {
		return fmt.Errorf("read effective paths: %w", err)
	}
	want := pl.pair(generation)
	for _, f := range [][2]string{{have.Cert, want.Cert}, {have.Key, want.Key}} {
		if !pl.sameFile(f[0], f[1]) {
			return fault.New(fault.InvalidInstanceState, "the running server of instance %q takes its certificate from %q and not from %q: a setting made inside the server outranks the file dbtls writes; take that setting back (ALTER SYSTEM RESET or RESET PERSIST)", pl.ID, f[0], f[1])
		}
	}
	return nil
}

// sameFile compares what two paths lead to: an engine may name the pair
// through a link. A relative path is relative to the data directory.
func (pl *place) sameFile(have, want string) bool {
	if !filepath.IsAbs(have) {
		have = filepath.Join(pl.set.Data, have)
	}
	a, err1 := os.Stat(have)
	b, err2 := os.Stat(want)
	return err1 == nil && err2 == nil && os.SameFile(a, b)
}

// binding is what the configuration names now.
type binding struct {
	path       string
	generation string // the one dbtls bound, "" when drifted or never bound
	drifted    bool
	missing    bool // removed; generation is then what it named
}

// bindingPath is the file or link that names the pair. Which one it is does
// not depend on the pair.
func (pl *place) bindingPath() string {
	switch sample := pl.engine.Server.Bind(pl.pair("sample"), pl.set); {
	case sample.File != nil:
		return sample.File.Path
	case sample.Link != nil:
		return sample.Link.Path
	}
	return ""
}

// bound reads the binding from the disk.
func (pl *place) bound() (binding, error) {
	b := binding{path: pl.bindingPath()}
	l, err := pl.readLedger()
	if err != nil {
		return b, err
	}
	digest, err := digestOf(b.path)
	if err != nil {
		return b, err
	}
	rel := pl.rel(b.path)
	if digest == "" {
		b.missing = true
		if list := l.Files[rel]; len(list) == 1 {
			b.generation = list[0].Generation
		}
		return b, nil
	}
	e, ours := l.find(rel, digest)
	b.generation, b.drifted = e.Generation, !ours
	return b, nil
}

// Collect removes the keys and certificates of every generation that is
// neither in keep nor in use. They are unlinked, not overwritten: on journaled
// file systems and flash that would promise what it cannot keep.
func (p *Provider) Collect(ctx context.Context, i provider.Instance, keep []string) error {
	pl, err := p.place(i)
	if err != nil {
		return err
	}
	done, err := p.take(ctx, pl.root)
	if err != nil {
		return err
	}
	defer done()
	if err := pl.mustExist(); err != nil {
		return err
	}
	b, err := pl.bound()
	if err != nil {
		return err
	}
	if b.drifted {
		return fault.New(fault.InvalidInstanceState, "%q of instance %q was changed by another hand, so it is not known which pair is in use and none is removed; put it back, or remove it and activate a generation", b.path, pl.ID)
	}
	list, err := os.ReadDir(pl.set.TLS)
	if err != nil {
		return fmt.Errorf("list generations: %w", err)
	}
	for _, d := range list {
		// A link here is an engine's binding, or not ours.
		if !d.IsDir() || d.Name() == b.generation || slices.Contains(keep, d.Name()) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(pl.set.TLS, d.Name())); err != nil {
			return fmt.Errorf("remove generation: %w", err)
		}
	}
	return hostfs.SyncDir(pl.set.TLS)
}
