package local

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

const (
	// stopGrace is how long a server that is being deleted may take for a
	// clean end, hardGrace for each harder way after that.
	stopGrace = 30 * time.Second
	hardGrace = 5 * time.Second
)

// stop ends the server and waits until none of its processes is left. Only
// with hard set is one killed that does not end by itself: it may be writing
// a long checkpoint, and stopping can be waited for again.
func (p *Provider) stop(ctx context.Context, pl *place, hard bool) error {
	main, members, err := p.family(pl)
	if err != nil || len(members) == 0 {
		return err
	}
	if main.pid != 0 {
		if err := main.signal(pl.stopSignal()); err != nil {
			return err
		}
	}
	soft, cancel := ctx, context.CancelFunc(func() {})
	if hard {
		soft, cancel = context.WithTimeout(ctx, softTime(ctx))
	}
	err = p.gone(soft, members)
	cancel()
	if err != nil && hard {
		p.log.Warn("server does not end by itself and is killed", "instance", pl.ID, "pid", main.pid)
		err = p.kill(ctx, pl)
	}
	if err != nil {
		return fmt.Errorf("wait for the server of %q to stop: %w", pl.ID, err)
	}
	return nil
}

// kill ends the server the hard way: SIGQUIT to the main process, which for a
// server that knows it means "end now, and clean up", then SIGKILL to all.
func (p *Provider) kill(ctx context.Context, pl *place) error {
	// A kill is waited for even when ctx is over: it takes no time, and a
	// process must not outlive its files.
	ctx = context.WithoutCancel(ctx)
	var err error
	for _, sig := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGKILL} {
		main, members, ferr := p.family(pl)
		if ferr != nil {
			return ferr
		}
		targets := members
		if sig == syscall.SIGQUIT && main.pid != 0 {
			targets = []process{main}
		}
		for _, pr := range targets {
			if err := pr.signal(sig); err != nil {
				return err
			}
		}
		wait, cancel := context.WithTimeout(ctx, hardGrace)
		err = p.gone(wait, members)
		cancel()
		if err == nil {
			return nil
		}
	}
	return err
}

// gone waits until every member has ended and, where it was started here,
// was reaped.
func (p *Provider) gone(ctx context.Context, members []process) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for _, pr := range members {
		for p.present(pr) {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-tick.C:
			}
		}
	}
	return nil
}

// present reports whether pr runs or, being a child, awaits its reaping.
func (p *Provider) present(pr process) bool {
	p.mu.Lock()
	child := p.children[pr.pid]
	p.mu.Unlock()
	return child || pr.alive()
}

// stopSignal asks for a clean end that does not wait for clients. It needs no
// installation: what is to be stopped may have been uninstalled.
func (pl *place) stopSignal() syscall.Signal {
	if sig := pl.engine.Server.Process(engine.Install{Version: pl.Version}, pl.set).Stop; sig != 0 {
		return sig
	}
	return syscall.SIGTERM
}

// softTime leaves half of the caller's time for the hard way.
func softTime(ctx context.Context) time.Duration {
	if end, ok := ctx.Deadline(); ok {
		return min(stopGrace, time.Until(end)/2)
	}
	return stopGrace
}
