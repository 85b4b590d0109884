package local

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
)

// clearLocks removes the lock files of a main process that is a zombie. A server
// that outlived an earlier dbtls belongs to process 1, which may reap it late or,
// in a container, never; until then its successor refuses to start. The files
// also guard memory that children of the old process may still write to, so they
// stay while there are any; a lock of a process that is gone, or of anybody
// else's, is the server's own to judge.
func (p *Provider) clearLocks(pl *place, inst engine.Install) error {
	for _, path := range pl.engine.Server.Process(inst, pl.set).LockFiles {
		if err := p.clearLock(pl, path); err != nil {
			return err
		}
	}
	return nil
}

func (p *Provider) clearLock(pl *place, path string) error {
	text, err := hostfs.ReadFile(path, maxJSON)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	pid, err := strconv.Atoi(string(bytes.TrimSpace(first)))
	if err != nil {
		return nil // damaged: the server says so better
	}
	pr, err := readProcess(pid)
	if err != nil || !pr.dead() || pr.uid != pl.account.uid {
		return nil
	}
	_, members, err := p.family(pl)
	if err != nil {
		return err
	}
	if len(members) > 0 {
		return fault.New(fault.Unavailable, "processes of the old server of instance %q are still ending (pid %d among them); it is started when they are gone", pl.ID, members[0].pid)
	}
	p.log.Info("remove lock file of a dead server", "instance", pl.ID, "pid", pid, "file", path)
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove lock file: %w", err)
	}
	return nil
}
