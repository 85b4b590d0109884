package simulated

import (
	"context"
	"crypto/tls"
	"fmt"
	"path/filepath"
	"reflect"
	"sync"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/provider"
)

// instance is one simulated instance. Who holds its turn may change it; mu is
// for those who only look.
type instance struct {
	p       *Provider
	id      string
	turn    chan struct{} // room for the one token
	damaged error         // its file cannot be read; set once
	journal engine.Journal

	mu   sync.Mutex
	rec  record // ID is "" before it is created
	srv  *server
	pair *tls.Certificate // of rec.Loaded, parsed; nil until somebody asks
}

func newInstance(p *Provider, id string) *instance {
	return &instance{p: p, id: id, turn: make(chan struct{}, 1)}
}

// engine finds an engine that can be played.
func (p *Provider) engine(name string) (engine.Engine, error) {
	e, ok := p.engines[name]
	if !ok {
		return e, fault.New(fault.InvalidParameter, "engine %q cannot be simulated; these can: %v", name, p.order)
	}
	return e, nil
}

// lookup finds the instance, nil when there is none. i must be one that this
// provider could have made.
func (p *Provider) lookup(i provider.Instance) (*instance, error) {
	if _, err := p.engine(i.Engine); err != nil {
		return nil, err
	}
	if !plain(i.ID) {
		return nil, fault.New(fault.InvalidParameter, "instance id %q is not letters, digits, hyphens and underscores", i.ID)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[i.ID], nil
}

// take waits for the turn to change i and returns the function that ends it.
func (p *Provider) take(ctx context.Context, i provider.Instance) (*instance, func(), error) {
	for {
		inst, err := p.lookup(i)
		if err != nil {
			return nil, nil, err
		}
		if inst == nil {
			return nil, nil, notFound(i.ID)
		}
		done, err := inst.await(ctx)
		if err != nil {
			return nil, nil, err
		}
		if now, err := p.lookup(i); err != nil || now != inst {
			done() // deleted meanwhile, and perhaps made anew
			continue
		}
		if err := inst.mine(i); err != nil {
			done()
			return nil, nil, err
		}
		return inst, done, nil
	}
}

func notFound(id string) error {
	return fault.New(fault.InstanceNotFound, "there is no simulated instance %q; create it first", id)
}

// await takes the turn, whatever the instance is.
func (inst *instance) await(ctx context.Context) (func(), error) {
	select {
	case inst.turn <- struct{}{}:
		return func() { <-inst.turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for another operation on %q to end: %w", inst.id, ctx.Err())
	}
}

// mine returns nil when the instance is there, whole, and what i says it is.
func (inst *instance) mine(i provider.Instance) error {
	switch r := inst.look(); {
	case inst.damaged != nil:
		return inst.damaged
	case r.ID == "":
		return notFound(inst.id)
	case r.Engine != i.Engine:
		return fault.New(fault.InvalidInstanceState, "the file %q belongs to an instance of %s, not of %s, and is not touched; move it away", inst.p.path(i.ID), r.Engine, i.Engine)
	}
	return nil
}

// look returns the record as it is now.
func (inst *instance) look() record {
	inst.mu.Lock()
	defer inst.mu.Unlock()
	return inst.rec
}

// running returns the server, nil when there is none.
func (inst *instance) running() *server {
	inst.mu.Lock()
	defer inst.mu.Unlock()
	return inst.srv
}

// save makes next the instance, on disk first. A record that is as before is
// not written again.
func (inst *instance) save(next record) error {
	old := inst.look()
	if reflect.DeepEqual(old, next) {
		return nil
	}
	if old.ID == "" {
		if err := ensureDir(filepath.Dir(inst.p.path(inst.id))); err != nil {
			return err
		}
	}
	if err := inst.p.write(next); err != nil {
		return err
	}
	inst.mu.Lock()
	defer inst.mu.Unlock()
	if next.Loaded != inst.rec.Loaded {
		inst.pair = nil
	}
	inst.rec = next
	return nil
}

// certificate is the pair the server has loaded. It is parsed when the first
// client asks: parsing all at start would make ten thousand wait for each
// other.
func (inst *instance) certificate() (*tls.Certificate, error) {
	inst.mu.Lock()
	defer inst.mu.Unlock()
	if inst.pair == nil {
		pair, err := inst.rec.pair(inst.rec.Loaded)
		if err != nil {
			return nil, err
		}
		inst.pair = &pair
	}
	return inst.pair, nil
}
