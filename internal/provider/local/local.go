// Package local runs database instances as processes on the machine dbtls
// runs on: their directories, their owners, their keys and certificates, and
// the servers themselves.
//
// It knows no product (that is an engine.Server's part), decides nothing
// about what an instance should be, and never dials an instance's port: a
// rotation is proved elsewhere, from outside. Servers belong to themselves;
// this package finds them again by what runs, never by what it remembers.
//
// # On disk
//
//	DIR/db/NAME/                one instance; NAME is its id, shortened
//	    instance.json           whose directory this is; there from the first moment
//	    files.json              digests of every file dbtls wrote, for drift
//	    started.json            what the running server was told
//	    data/                   the database, owned by the engine's user
//	    conf/                   configuration and the binding of the key pair
//	    conf/replica.pass       of a replica: its password at the primary, the engine's
//	    conf/replica-roots.pem  of a replica: whom its primary is verified against
//	    tls/GENERATION/         server.key, server.crt
//	    run/                    UNIX socket, owned by the engine's user
//	    log/engine.log          what the server prints until it begins a log of its own
//	    log/…/                  that log, owned by the engine's user; old files are removed
//	DIR/snapshots/NAME/         a final copy: data/ and snapshot.json
//
// As root, everything but data, run, replica.pass and the logs belongs to
// root and is readable by the engine's group: the key is 0640 root:group, which
// both PostgreSQL and MariaDB accept, so that a server that was broken into
// cannot replace its own key, certificate or configuration, and cannot plant a
// link where root is going to write. Without root everything is the current
// user's.
package local

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"sync"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
	"github.com/dbtls/dbtls/internal/provider"
)

// Options is what a Provider is made from.
type Options struct {
	Dir     string          // the --data directory; made when it is not there
	Engines []engine.Engine // those without a Server are passed over
	Log     *slog.Logger
}

// Provider runs instances on this machine. It is safe for concurrent use;
// calls about one instance that change something take turns.
type Provider struct {
	dir      string // absolute, links resolved
	log      *slog.Logger
	hostUser string
	engines  map[string]engine.Engine
	order    []string // engine names as given

	mu       sync.Mutex
	installs map[string][]engine.Install // by engine, oldest first
	turns    map[string]chan struct{}    // by instance directory: who holds the one token acts
	children map[int]bool                // servers this process started and has to reap, by pid
	seen     map[string]int              // by instance directory: the pid its server had last
	proofs   map[string]proof            // by instance directory: dbtls's own logins, which its log has to tell of
}

var _ provider.Provider = (*Provider)(nil)

// New prepares opts.Dir and looks which engine versions are installed. A
// directory too long for UNIX sockets is refused. As
// root it refuses a directory that the user of an installed engine cannot
// reach; an engine whose user does not exist is not offered.
func New(opts Options) (*Provider, error) {
	dir, err := prepareDir(opts.Dir)
	if err != nil {
		return nil, err
	}
	me, err := user.Current()
	if err != nil {
		return nil, fmt.Errorf("find the current user: %w", err)
	}
	p := &Provider{
		dir: dir, log: opts.Log, hostUser: me.Username,
		engines:  map[string]engine.Engine{},
		installs: map[string][]engine.Install{},
		turns:    map[string]chan struct{}{},
		children: map[int]bool{},
		seen:     map[string]int{},
		proofs:   map[string]proof{},
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	for _, e := range opts.Engines {
		if e.Server != nil {
			p.engines[e.Name()] = e
			p.order = append(p.order, e.Name())
		}
	}
	if err := p.checkSocket(); err != nil {
		return nil, err
	}
	return p, p.scanAll()
}

// prepareDir makes the directories all instances share. They may be passed
// through by everyone, since each engine's user has to get to its own
// instances, and listed by nobody else.
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
	if err := ensureDir(filepath.Join(real, dirInstances), -1, -1, 0o711); err != nil {
		return "", err
	}
	return real, ensureDir(filepath.Join(real, dirSnapshots), -1, -1, 0o700)
}

// scanAll finds the installed versions of every engine.
func (p *Provider) scanAll() error {
	for _, name := range p.order {
		if err := p.scan(context.Background(), name); err != nil {
			return err
		}
		if len(p.installs[name]) == 0 {
			continue
		}
		a, err := accountFor(p.engines[name].Server.SystemUser())
		if err != nil {
			p.log.Warn("engine is installed but not offered", "engine", name, "reason", err.Error())
			p.installs[name] = nil
			continue
		}
		if err := a.reaches(filepath.Join(p.dir, dirInstances)); err != nil {
			return err
		}
	}
	return nil
}

// take waits for the turn to change the instance in root and returns the
// function that ends it.
func (p *Provider) take(ctx context.Context, root string) (func(), error) {
	p.mu.Lock()
	turn, ok := p.turns[root]
	if !ok {
		turn = make(chan struct{}, 1)
		p.turns[root] = turn
	}
	p.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for another operation on %q to end: %w", root, ctx.Err())
	}
}

// FreeBytes is the room left on the file system of the data directory.
func (p *Provider) FreeBytes() (int64, error) { return hostfs.FreeBytes(p.dir) }
