package local

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// find looks for the instance's server among all processes: its arguments
// name this data directory (the engine judges that) and it runs as the
// instance's user. No pid file is read; a server that was started by an
// earlier dbtls, or by hand, is found the same way.
func (p *Provider) find(pl *place) (process, bool, error) {
	// Where it was last time is only where to look first.
	p.mu.Lock()
	last := p.seen[pl.root]
	p.mu.Unlock()
	if last != 0 {
		if pr, ok := pl.owns(last); ok {
			return pr, true, nil
		}
	}
	pr, err := pl.search()
	p.mu.Lock()
	defer p.mu.Unlock()
	if pr.pid == 0 {
		delete(p.seen, pl.root)
	} else {
		p.seen[pl.root] = pr.pid
	}
	return pr, pr.pid != 0, err
}

// search is find among all processes; pid 0 when there is none.
func (pl *place) search() (process, error) {
	list, err := pids()
	if err != nil {
		return process{}, err
	}
	matches := map[int]process{}
	for _, pid := range list {
		if pr, ok := pl.owns(pid); ok {
			matches[pid] = pr
		}
	}
	var best process
	for _, pr := range matches {
		// A child caught between fork and its new title looks like its parent.
		if _, child := matches[pr.ppid]; child {
			continue
		}
		if best.pid == 0 || pr.start < best.start {
			best = pr
		}
	}
	return best, nil
}

// owns judges one process. One that ends meanwhile is no match.
func (pl *place) owns(pid int) (process, bool) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	b, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil {
		return process{}, false
	}
	argv := splitArgv(b)
	if len(argv) > 0 && !pl.engine.Server.Owns(argv, pl.set) {
		return process{}, false
	}
	pr, err := readProcess(pid)
	if err != nil || pr.uid != pl.account.uid || pr.dead() {
		return process{}, false
	}
	return pr, len(argv) > 0 || pl.leaving(dir)
}

// leaving reports whether the process in dir, which shows no arguments, is a
// server of this instance on its way out: a killed process first loses its
// memory, and its arguments with it, then its files, ports and locks, and
// its working directory last, each of its threads for itself.
func (pl *place) leaving(dir string) bool {
	threads, err := os.ReadDir(filepath.Join(dir, "task"))
	if err != nil {
		return false
	}
	for _, t := range threads {
		at := filepath.Join(dir, "task", t.Name())
		b, err := os.ReadFile(filepath.Join(at, "cmdline"))
		if argv := splitArgv(b); err == nil && len(argv) > 0 && pl.engine.Server.Owns(argv, pl.set) {
			return true
		}
		if pl.within(filepath.Join(at, "cwd")) {
			return true
		}
	}
	return false
}

// within reports whether a link of /proc leads into the instance's directory.
func (pl *place) within(link string) bool {
	path, err := os.Readlink(link)
	return err == nil && (path == pl.root || strings.HasPrefix(path, pl.root+"/"))
}

// family is every process that belongs to the instance's server: the main one
// (pid 0 when it does not run), its descendants, the members of the session it
// leads, and strays: a main process that was killed leaves children behind,
// which are known by their program and their place.
func (p *Provider) family(pl *place) (main process, all []process, err error) {
	main, running, err := p.find(pl)
	if err != nil {
		return main, nil, err
	}
	list, err := pids()
	if err != nil {
		return main, nil, err
	}
	in := map[int]bool{}
	if running {
		in[main.pid], all = true, []process{main}
	}
	var rest []process
	for _, pid := range list {
		if pr, err := readProcess(pid); err == nil && pr.uid == pl.account.uid && !pr.dead() {
			rest = append(rest, pr)
		}
	}
	programs := p.programs(pl.Engine)
	for grown := true; grown; {
		grown = false
		for _, pr := range rest {
			leads := running && main.session == main.pid && pr.session == main.pid
			if !in[pr.pid] && (in[pr.ppid] || leads || pl.stray(pr, programs)) {
				in[pr.pid], grown = true, true
				all = append(all, pr)
			}
		}
	}
	return main, all, nil
}

// stray reports whether pr is a server program at work in the instance's
// directory. Somebody's shell in there is not.
func (pl *place) stray(pr process, programs map[string]bool) bool {
	dir := filepath.Join("/proc", strconv.Itoa(pr.pid))
	exe, err := os.Readlink(filepath.Join(dir, "exe"))
	// The kernel marks a program that an update has replaced.
	if err != nil || !programs[strings.TrimSuffix(exe, " (deleted)")] {
		return false
	}
	return pl.within(filepath.Join(dir, "cwd"))
}

// programs are the server programs of an engine on this machine.
func (p *Provider) programs(name string) map[string]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	set := map[string]bool{}
	for _, i := range p.installs[name] {
		set[i.Program] = true
		if real, err := filepath.EvalSymlinks(i.Program); err == nil {
			set[real] = true
		}
	}
	return set
}
