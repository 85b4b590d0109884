package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/provider"
)

// pollEvery is the pause between two looks at a server that starts or stops.
const pollEvery = 50 * time.Millisecond

// Power starts the server and returns when it accepts sessions, or asks it
// to end and returns when all its processes are gone. When ctx ends first the
// server is left to go on starting or stopping; call again to wait again.
func (p *Provider) Power(ctx context.Context, i provider.Instance, on bool) error {
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
	if !on {
		return p.stop(ctx, pl, false)
	}
	return p.start(ctx, pl)
}

func (p *Provider) start(ctx context.Context, pl *place) error {
	pr, running, err := p.find(pl)
	if err != nil {
		return err
	}
	if running {
		p.log.Info("adopt running server", "instance", pl.ID, "pid", pr.pid)
		// One that was just killed is found on its way out, too.
		if err := p.ready(ctx, pl, pr); !errors.Is(err, errEnded) {
			return err
		}
	}
	if err := pl.mayFollow(); err != nil {
		return err
	}
	inst, err := p.runnableInstall(ctx, pl.Engine, pl.Version)
	if err != nil {
		return err
	}
	if err := p.preflight(pl, inst); err != nil {
		return err
	}
	if err := p.clearLocks(pl, inst); err != nil {
		return err
	}
	if err := pl.startedAs(); err != nil {
		return err
	}
	began := time.Now()
	pr, from, err := p.launch(pl, inst)
	if err != nil {
		return err
	}
	err = p.ready(ctx, pl, pr)
	if errors.Is(err, errEnded) {
		telling, words := pl.lastWords(from, began)
		return fault.Wrap(fmt.Errorf("%w; its last lines: %s", err, words), fault.InvalidInstanceState, "the server of instance %q stopped before it accepted sessions; the end of %q says why", pl.ID, telling)
	}
	return err
}

// preflight checks all that would make the server fail to start, or start
// as something else than what was asked for.
func (p *Provider) preflight(pl *place, inst engine.Install) error {
	there, err := pl.dataThere()
	if err != nil {
		return err
	}
	if !there {
		return fault.New(fault.InvalidInstanceState, "instance %q has no data directory (%q); its creation did not finish, create it again", pl.ID, pl.set.Data)
	}
	if err := pl.checkOwner(pl.set.Data, pl.account.uid); err != nil {
		return err
	}
	if err := pl.makeDirs(); err != nil {
		return err
	}
	if err := pl.checkSource(); err != nil {
		return err
	}
	if err := p.configure(pl, inst); err != nil {
		return err
	}
	if err := p.checkBound(pl); err != nil {
		return err
	}
	for _, address := range append([]string{pl.Address}, pl.Also...) {
		if err := p.CheckPort(address, pl.Port); err != nil {
			return err
		}
	}
	return nil
}

// checkBound makes sure the configuration names a usable pair. A binding
// that was removed is written again; one that was changed is respected.
func (p *Provider) checkBound(pl *place) error {
	b, err := pl.bound()
	if err != nil {
		return err
	}
	if b.drifted {
		p.log.Warn("certificate binding was changed by another hand and is left as it is", "instance", pl.ID, "file", b.path)
		return nil
	}
	if b.generation == "" {
		return fault.New(fault.InvalidInstanceState, "instance %q has no certificate in place; stage and activate one before it is started", pl.ID)
	}
	if _, err := pl.inspect(pl.pair(b.generation)); err != nil {
		return err
	}
	if b.missing {
		return pl.bind(b.generation)
	}
	return nil
}

// launch starts the server. from is where its part of the log begins.
func (p *Provider) launch(pl *place, inst engine.Install) (pr process, from int64, err error) {
	out, err := pl.openLog()
	if err != nil {
		return process{}, 0, err
	}
	defer out.Close()
	if from, err = out.Seek(0, io.SeekEnd); err != nil {
		return process{}, 0, fmt.Errorf("find end of log: %w", err)
	}
	cmd := pl.command(pl.engine.Server.Process(inst, pl.set), out)
	if err := cmd.Start(); err != nil {
		return process{}, 0, fmt.Errorf("start %q as user %q: %w", cmd.Path, pl.account.name, err)
	}
	pid := cmd.Process.Pid
	// Not reaped before the goroutine below waits: this cannot be another.
	pr, err = readProcess(pid)
	p.mu.Lock()
	p.children[pid] = true
	p.mu.Unlock()
	go func() {
		end := cmd.Wait() // how it ended is in its log; a restart reads it from there
		p.log.Info("server ended", "instance", pl.ID, "pid", pid, "how", fmt.Sprint(end))
		p.mu.Lock()
		delete(p.children, pid)
		p.mu.Unlock()
	}()
	p.log.Info("started server", "instance", pl.ID, "pid", pid, "program", cmd.Path)
	return pr, from, err
}

// errEnded says that a server ended while it was waited for.
var errEnded = errors.New("server ended before it accepted sessions")

// ready waits until the server gives a management session or is gone.
func (p *Provider) ready(ctx context.Context, pl *place, pr process) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if !pr.alive() {
			return errEnded
		}
		adm, err := pl.engine.Server.Admin(ctx, pl.live())
		if err == nil {
			if err := adm.Close(); err != nil {
				return fmt.Errorf("close management session: %w", err)
			}
			return nil
		}
		if !errors.Is(err, engine.ErrNotReady) && ctx.Err() == nil {
			if !pr.alive() {
				return errEnded
			}
			return fmt.Errorf("open management session of %q: %w", pl.ID, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the server of %q (pid %d) to accept sessions: %w", pl.ID, pr.pid, ctx.Err())
		case <-tick.C:
		}
	}
}

// checkOwner refuses a path of another user than uid: a data directory that
// was restored as root, most often.
func (pl *place) checkOwner(path string, uid int) error {
	st, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.InvalidInstanceState, "%q of instance %q is missing", path, pl.ID)
	}
	if err != nil {
		return fmt.Errorf("stat file: %w", err)
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok || int(sys.Uid) != uid {
		return fault.New(fault.InvalidInstanceState, "%q does not belong to uid %d; run chown -R %d %q", path, uid, uid, path)
	}
	return nil
}
