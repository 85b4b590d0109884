package local

import (
	"context"
	"fmt"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/provider"
)

// Offers lists the versions found at the last look: at New, and whenever a
// version was asked for that was not known.
func (p *Provider) Offers() []provider.Offer {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []provider.Offer
	for _, name := range p.order {
		hot := p.engines[name].Spec.HotReload
		for _, i := range p.installs[name] {
			list = append(list, provider.Offer{
				Engine: name, Version: i.Version,
				HotReload: hot != nil && hot(i.Version),
			})
		}
	}
	return list
}

// scan looks for the installed versions of one engine.
func (p *Provider) scan(ctx context.Context, name string) error {
	found, err := p.engines[name].Server.Find(ctx)
	if err != nil {
		return fmt.Errorf("find installed versions of %q: %w", name, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.installs[name] = found
	return nil
}

// known returns the installed version, exactly.
func (p *Provider) known(name, version string) (engine.Install, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, i := range p.installs[name] {
		if i.Version == version {
			return i, true
		}
	}
	return engine.Install{}, false
}

// exactInstall returns the installed version, looking again when it is new.
func (p *Provider) exactInstall(ctx context.Context, name, version string) (engine.Install, error) {
	if i, ok := p.known(name, version); ok {
		return i, nil
	}
	if err := p.scan(ctx, name); err != nil {
		return engine.Install{}, err
	}
	if i, ok := p.known(name, version); ok {
		return i, nil
	}
	return engine.Install{}, fault.New(fault.InvalidParameter, "version %q of %q is not installed on this machine (found: %v); choose one of these or install it", version, name, p.versions(name))
}

// runnableInstall is exactInstall for a database that exists: when a package
// update has replaced its minor version, the newest of the same major runs
// it, because a database must come up again after an update of the machine.
func (p *Provider) runnableInstall(ctx context.Context, name, version string) (engine.Install, error) {
	i, err := p.exactInstall(ctx, name, version)
	if err == nil {
		return i, nil
	}
	major := p.engines[name].Spec.Major
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.installs[name]
	for k := len(list) - 1; k >= 0; k-- {
		if major(list[k].Version) == major(version) {
			p.log.Warn("run with another minor version", "engine", name, "wanted", version, "found", list[k].Version)
			return list[k], nil
		}
	}
	return engine.Install{}, err
}

func (p *Provider) versions(name string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for _, i := range p.installs[name] {
		list = append(list, i.Version)
	}
	return list
}
