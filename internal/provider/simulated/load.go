package simulated

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
)

// unfinished begins the name of a file that a crash left before it got its
// own name (hostfs.WriteFile).
const unfinished = ".new-"

// load reads every instance and opens those that are on.
func (p *Provider) load() error {
	shards, err := os.ReadDir(p.dir)
	if err != nil {
		return fmt.Errorf("list simulated instances: %w", err)
	}
	lists := make([][]*instance, len(shards))
	errs := make([]error, len(shards))
	each(len(shards), func(n int) {
		if shards[n].IsDir() {
			lists[n], errs[n] = p.loadShard(filepath.Join(p.dir, shards[n].Name()))
		}
	})
	if err := errors.Join(errs...); err != nil {
		return err
	}
	var on []*instance
	sockets := 0
	for _, list := range lists {
		for _, inst := range list {
			p.all[inst.id] = inst
			if inst.rec.On {
				on = append(on, inst)
				sockets += len(inst.rec.endpoints())
			}
		}
	}
	if err := p.files.enough(sockets); err != nil {
		return err
	}
	each(len(on), func(n int) { p.reopen(on[n]) })
	return nil
}

// reopen listens for an instance that was on when dbtls ended. Nothing of it
// changes: to everyone but its clients the server has run all the time.
func (p *Provider) reopen(inst *instance) {
	_, err := p.engine(inst.rec.Engine)
	if err == nil {
		var s *server
		if s, err = p.listen(p.ctx, inst, inst.rec); err == nil {
			err = p.start(inst, s)
		}
	}
	if err != nil {
		p.log.Error("simulated instance does not run", "instance", inst.id, "error", err)
	}
}

func (p *Provider) loadShard(dir string) ([]*instance, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list simulated instances: %w", err)
	}
	var list []*instance
	for _, f := range files {
		path := filepath.Join(dir, f.Name())
		if strings.HasPrefix(f.Name(), unfinished) {
			// It may hold a private key that nothing refers to.
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("remove leftover of an interrupted write: %w", err)
			}
			continue
		}
		id, ok := strings.CutSuffix(f.Name(), suffix)
		if !ok || path != p.path(id) {
			continue // not ours, and never written over
		}
		inst := newInstance(p, id)
		if inst.rec, err = readRecord(path, id); err != nil {
			inst.damaged = fault.Wrap(err, fault.InvalidInstanceState, "the file %q of instance %q cannot be read and is not touched; restore it from a backup, or remove it and create the instance again", path, id)
			p.log.Error("simulated instance is damaged", "instance", id, "error", inst.damaged)
		}
		list = append(list, inst)
	}
	return list, nil
}

func readRecord(path, id string) (record, error) {
	b, err := hostfs.ReadFile(path, maxRecord)
	if err != nil {
		return record{}, err
	}
	defer clear(b)
	r, err := decode(b)
	if err != nil {
		return record{}, err
	}
	if r.ID != id {
		return record{}, fmt.Errorf("read instance: it is that of %q", r.ID)
	}
	return r, nil
}

// each calls f for 0 to n-1, on as many processors as there are.
func each(n int, f func(int)) {
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for k := range next {
				f(k)
			}
		})
	}
	for k := range n {
		next <- k
	}
	close(next)
	wg.Wait()
}
