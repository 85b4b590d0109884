package local

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/provider"
)

// undoTime bounds the way back to the settings before.
const undoTime = 15 * time.Second

// Apply writes the configuration and makes a running server take it. A file
// that another hand changed is a fault: what is asked for could not be
// honoured. When the server refuses, the configuration is again what it was
// told before, so that a bad value does not wait for the next start.
func (p *Provider) Apply(ctx context.Context, i provider.Instance) (engine.Effect, error) {
	pl, err := p.place(i)
	if err != nil {
		return "", err
	}
	if err := pl.mayFollow(); err != nil {
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
	inst, err := p.runnableInstall(ctx, pl.Engine, pl.Version)
	if err != nil {
		return "", err
	}
	files := pl.engine.Server.Files(inst, pl.set)
	if err := pl.checkDrift(files); err != nil {
		return "", err
	}
	_, running, err := p.find(pl)
	switch {
	case err != nil:
		return "", err
	case !running:
		return engine.EffectNone, pl.putFiles(files)
	}
	return p.applyLive(ctx, pl, inst, files)
}

// applyLive is Apply with a running server.
func (p *Provider) applyLive(ctx context.Context, pl *place, inst engine.Install, files []engine.File) (engine.Effect, error) {
	// First of all: a server that cannot be told keeps its files.
	adm, err := pl.engine.Server.Admin(ctx, pl.live())
	if err != nil {
		return "", fmt.Errorf("open management session of %q: %w", pl.ID, err)
	}
	if err = pl.putFiles(files); err == nil {
		err = adm.Apply(ctx, pl.set)
	}
	_ = adm.Close()
	rec := pl.readRecord()
	if err != nil {
		return "", p.undo(ctx, pl, rec.Applied, inst, err)
	}
	rec.Applied = pl.Instance
	if err := writeJSON(pl.recordPath(), rec); err != nil {
		return "", err
	}
	if pl.outdated(rec.Started) {
		return engine.EffectRestart, nil
	}
	return engine.EffectReload, nil
}

// undo goes back to what the server took last and returns cause as the caller
// is to know it. The settings before are rendered anew and not kept aside, so
// that a refused change can be undone after a crash in its middle, too.
func (p *Provider) undo(ctx context.Context, pl *place, last provider.Instance, inst engine.Install, cause error) error {
	late := ctx.Err() != nil
	// The failure may be the end of ctx.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	err := p.goBack(ctx, last, inst)
	if err != nil {
		p.log.Warn("settings before a change that failed are not in force again", "instance", pl.ID, "reason", err.Error())
		cause = errors.Join(cause, err)
	}
	var known *fault.Error
	switch {
	case errors.As(cause, &known) || late:
		return fmt.Errorf("apply settings of %q: %w", pl.ID, cause)
	case err != nil: // not their fault: it does not take those either that it took
		return fault.Wrap(cause, fault.Unavailable, "the server of instance %q did not take its settings, neither the new ones nor those before; it is asked again, and the end of %q says more", pl.ID, pl.tellingLog(time.Time{}))
	}
	return fault.Wrap(cause, fault.InvalidInstanceState, "the server of instance %q does not take its new settings and has those before again; the end of %q says why", pl.ID, pl.tellingLog(time.Time{}))
}

func (p *Provider) goBack(ctx context.Context, last provider.Instance, inst engine.Install) error {
	pl, err := p.place(last)
	if err != nil {
		return err
	}
	if err := pl.putFiles(pl.engine.Server.Files(inst, pl.set)); err != nil {
		return err
	}
	adm, err := pl.engine.Server.Admin(ctx, pl.live())
	if err != nil {
		return fmt.Errorf("open management session: %w", err)
	}
	defer adm.Close()
	return adm.Apply(ctx, pl.set)
}
