// Package simulated runs database instances that have no server: each one is
// played by its engine's Simulator inside this process, at an address and port
// of its own, with the real certificate chain behind the product's real way
// into TLS. It lets a client's trust be tested before a rotation and makes a
// fleet of thousands on one machine.
//
// It holds no data, so it keeps no snapshots and a read replica has nothing to
// copy, and it is no place for a secret: see the keys below. It knows no
// product and decides nothing about what an instance should be.
//
// # On disk
//
//	DIR/simulated/SHARD/ID.json   one instance, 0600; SHARD spreads the files
//
// The file is the whole instance and is replaced whole, and only when it
// changes: a rotation writes it four times at most (CSR, Stage, Activate,
// Collect). What is in it is what is served: after a restart of dbtls the
// instances that were on listen again, with the same certificate and the same
// process id, as servers that were never stopped would. Only their sessions
// are gone.
//
// # Keys
//
// A simulated instance protects nothing, and making an RSA key of 4096 bits
// takes a second or two. RSA keys therefore come from a few per size that all
// simulated instances of this process share. A new generation never has the
// key that its instance has in use, so that a rotation changes it; nothing
// more may be concluded from such a key. ECDSA keys are made for each
// generation.
package simulated

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/provider"
)

// Options is what a Provider is made from.
type Options struct {
	Dir     string          // the --data directory; made when it is not there
	Engines []engine.Engine // those without a Simulator are passed over
	Log     *slog.Logger
}

// Provider plays instances in this process. It is safe for concurrent use;
// calls about one instance that change something take turns.
type Provider struct {
	dir     string // DIR/simulated, absolute, links resolved
	log     *slog.Logger
	engines map[string]engine.Engine
	order   []string // engine names as given
	files   *budget
	keys    map[pki.KeySpec]*pool
	started string // tells this process's journals from those of another

	ctx    context.Context // of every connection; ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup // accepting and serving goroutines

	mu     sync.Mutex
	all    map[string]*instance // by id
	closed bool
}

var _ provider.Provider = (*Provider)(nil)

// New reads the instances under o.Dir and listens for those that are on. One
// that cannot listen is logged and is then not running; a limit on open files
// that does not allow them all is a fault with code Unavailable.
func New(o Options) (*Provider, error) {
	dir, err := prepareDir(o.Dir)
	if err != nil {
		return nil, err
	}
	files, err := newBudget()
	if err != nil {
		return nil, err
	}
	p := &Provider{
		dir: dir, log: o.Log, files: files, keys: newPools(),
		engines: map[string]engine.Engine{}, all: map[string]*instance{}, started: rand.Text(),
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	for _, e := range o.Engines {
		if e.Simulator != nil {
			p.engines[e.Name()] = e
			p.order = append(p.order, e.Name())
		}
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	if err := p.load(); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// prepareDir makes the directories. The data directory itself may be passed
// through by the users of real servers beside this.
func prepareDir(dir string) (string, error) {
	if dir == "" {
		return "", fault.New(fault.MissingParameter, "the data directory is missing; give it with --data")
	}
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return "", fmt.Errorf("make data directory: %w", err)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find data directory %q: %w", dir, err)
	}
	// Paths are resolved once: hostfs refuses links on the way to a write.
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return "", fmt.Errorf("resolve data directory %q: %w", dir, err)
	}
	own := filepath.Join(real, "simulated")
	return own, ensureDir(own)
}

// Close ends all listeners and connections and waits for them. The instances
// stay as they are on disk: those that are on listen again after New.
func (p *Provider) Close() {
	p.mu.Lock()
	p.closed = true
	all := p.instances()
	p.mu.Unlock()
	p.cancel()
	for _, inst := range all {
		inst.stop()
	}
	p.wg.Wait()
}

// instances lists them; p.mu is held.
func (p *Provider) instances() []*instance {
	all := make([]*instance, 0, len(p.all))
	for _, inst := range p.all {
		all = append(all, inst)
	}
	return all
}

// FreeBytes is the room left on the file system of the data directory.
func (p *Provider) FreeBytes() (int64, error) { return hostfs.FreeBytes(p.dir) }

// Offers lists the versions of every engine that can be played.
func (p *Provider) Offers() []provider.Offer {
	var list []provider.Offer
	for _, name := range p.order {
		spec := p.engines[name].Spec
		for _, v := range spec.Versions {
			list = append(list, provider.Offer{Engine: name, Version: v, HotReload: hotReload(spec, v)})
		}
	}
	return list
}

func hotReload(s engine.Spec, version string) bool {
	return s.HotReload != nil && s.HotReload(version)
}
