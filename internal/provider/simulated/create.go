package simulated

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
	"github.com/dbtls/dbtls/internal/provider"
)

// Create makes the instance's file. A replica needs nothing of its primary.
func (p *Provider) Create(ctx context.Context, i provider.Instance, _ provider.Source) error {
	if _, err := p.lookup(i); err != nil {
		return err
	}
	if known := p.engines[i.Engine].Spec.Versions; !slices.Contains(known, i.Version) {
		return fault.New(fault.InvalidParameter, "version %q of %q cannot be simulated (known: %v); choose one of these", i.Version, i.Engine, known)
	}
	inst, done, err := p.claim(ctx, i.ID)
	if err != nil {
		return err
	}
	defer done()
	if err := inst.mine(i); fault.CodeOf(err) != fault.InstanceNotFound {
		return err // nil: it is there already
	}
	next := record{ID: i.ID, Engine: i.Engine, Version: i.Version}
	next.configure(i)
	return inst.save(next)
}

// claim is take for an instance that need not be there.
func (p *Provider) claim(ctx context.Context, id string) (*instance, func(), error) {
	for {
		p.mu.Lock()
		inst := p.all[id]
		if inst == nil {
			inst = newInstance(p, id)
			p.all[id] = inst
		}
		p.mu.Unlock()
		done, err := inst.await(ctx)
		if err != nil {
			return nil, nil, err
		}
		p.mu.Lock()
		still := p.all[id] == inst
		p.mu.Unlock()
		if still {
			return inst, done, nil
		}
		done()
	}
}

// configure takes what i says of where and how the server is to run.
func (r *record) configure(i provider.Instance) {
	r.Address, r.Port, r.Also, r.Parameters = i.Address, i.Port, nil, nil
	if len(i.Also) > 0 {
		r.Also = slices.Clone(i.Also)
	}
	if len(i.Parameters) > 0 {
		r.Parameters = maps.Clone(i.Parameters)
	}
}

// HasSnapshot is false: there is no data to keep a copy of.
func (p *Provider) HasSnapshot(string) (bool, error) { return false, nil }

// Delete stops the server and removes the instance's file. It refuses to keep
// a final copy: an empty one would be taken for the data.
func (p *Provider) Delete(ctx context.Context, i provider.Instance, keepAs string) error {
	if keepAs != "" {
		return fault.New(fault.InvalidParameter, "simulated instances hold no data, so instance %q cannot leave the final snapshot %q; pass --skip-final-snapshot", i.ID, keepAs)
	}
	if _, err := p.lookup(i); err != nil {
		return err
	}
	inst, done, err := p.claim(ctx, i.ID)
	if err != nil {
		return err
	}
	defer done()
	// One that is not there may still have a file: of a creation that failed
	// when the file had its name and the name was not durable yet.
	if err := inst.mine(i); err != nil && fault.CodeOf(err) != fault.InstanceNotFound {
		return err
	}
	inst.stop()
	if err := remove(p.path(i.ID)); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, i.ID)
	return nil
}

// remove takes a file away, durably.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove instance: %w", err)
	}
	// Also when it was not there: an earlier try may have got no further.
	if err := hostfs.SyncDir(filepath.Dir(path)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
