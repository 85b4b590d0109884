package scan

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/dbtls/dbtls/internal/clientconfig/read"
)

// dependency is a package that a build file names.
type dependency struct {
	name    string // "maven:org.postgresql:postgresql"
	version string // as written: "42.7.3", "^8.0.13", ""
	at      int    // the byte at which it stands
	find    string // or what it stands by, "" for at
}

// line counts, for the few dependencies that are drivers.
func (d dependency) line(text string) int {
	at := d.at
	if d.find != "" {
		at = max(0, strings.Index(text, d.find))
	}
	return 1 + strings.Count(text[:min(at, len(text))], "\n")
}

// manifest is a kind of build file. Lock files say what is really used, so they
// come before what they are made from.
type manifest struct {
	is    func(base string) bool
	parse func(text string) []dependency
}

// manifests are the build files that are read, the most exact first.
func manifests() []manifest {
	named := func(names ...string) func(string) bool {
		return func(base string) bool { return slices.Contains(names, base) }
	}
	ending := func(endings ...string) func(string) bool {
		return func(base string) bool {
			return slices.ContainsFunc(endings, func(end string) bool { return strings.HasSuffix(base, end) })
		}
	}
	return []manifest{
		{named("package-lock.json", "npm-shrinkwrap.json"), npmLock},
		{named("poetry.lock", "uv.lock", "cargo.lock"), tomlLock},
		{named("pipfile.lock"), pipfileLock},
		{named("packages.lock.json"), nugetLock},
		{named("gemfile.lock"), gemLock},
		{named("composer.lock"), composerLock},
		{named("go.mod"), goMod},
		{named("pom.xml"), maven},
		{named("build.gradle", "build.gradle.kts"), gradle},
		{named("packages.config", "directory.packages.props"), nugetXML},
		{ending(".csproj", ".fsproj", ".vbproj"), nugetXML},
		{named("package.json"), npm},
		{func(base string) bool {
			return strings.HasPrefix(base, "requirements") && (strings.HasSuffix(base, ".txt") || strings.HasSuffix(base, ".in"))
		}, requirements},
		{named("pyproject.toml", "pipfile"), pyproject},
		{named("composer.json"), composer},
		{named("cargo.toml"), cargo},
	}
}

// hints are the drivers that build files name, by directory.
type hints struct {
	mu  sync.Mutex
	own map[string]map[string]read.Hint // of the directory itself
	all map[string]map[string]read.Hint // and of those above it
}

// hints reads the build files among those found.
func (s *scanner) hints(found []entry) *hints {
	h := &hints{own: map[string]map[string]read.Hint{}, all: map[string]map[string]read.Hint{}}
	for _, kind := range manifests() {
		for _, e := range found {
			if !kind.is(strings.ToLower(filepath.Base(e.path))) {
				continue
			}
			if text, why := contents(e); why == "" {
				h.add(e.path, text, kind.parse(text), s.byName)
			}
		}
	}
	return h
}

// add takes the dependencies of a build file that are drivers. What is there
// already came from a more exact file.
func (h *hints) add(file, text string, all []dependency, byName map[string][]string) {
	dir := filepath.Dir(file)
	for _, d := range all {
		for _, id := range byName[strings.ToLower(d.name)] {
			if h.own[dir] == nil {
				h.own[dir] = map[string]read.Hint{}
			}
			bound := lowerBound(d.version)
			if have, ok := h.own[dir][id]; ok && (have.Version != "" || bound == "") {
				continue
			}
			from := filepath.ToSlash(file) + ":" + strconv.Itoa(d.line(text))
			if bound != "" && strings.TrimLeft(d.version, "vV=") != bound {
				from += " (" + d.version + ", its lower bound)"
			}
			h.own[dir][id] = read.Hint{Version: bound, From: from}
		}
	}
}

// at are the hints for files of dir: for each driver, the nearest directory's.
func (h *hints) at(dir string) map[string]read.Hint {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.below(dir)
}

func (h *hints) below(dir string) map[string]read.Hint {
	if all, ok := h.all[dir]; ok {
		return all
	}
	var inherited map[string]read.Hint
	if parent := filepath.Dir(dir); parent != dir {
		inherited = h.below(parent)
	}
	all := inherited
	if len(h.own[dir]) > 0 {
		all = map[string]read.Hint{}
		for id, hint := range inherited {
			all[id] = hint
		}
		for id, hint := range h.own[dir] {
			all[id] = hint
		}
	}
	h.all[dir] = all
	return all
}

// lowerBound is the first version that a written range allows: "8.0.13" of
// "^8.0.13", of ">=8.0.13,<9" and of "[8.0.13,9)". It is "" where nothing is
// said.
func lowerBound(version string) string {
	if n := strings.IndexAny(version, "0123456789"); n >= 0 && !strings.HasPrefix(strings.TrimSpace(version), "<") && !strings.ContainsAny(version[:n], "$*(") {
		rest := version[n:]
		if end := strings.IndexFunc(rest, func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '.' && r != '-' && r != '+' && r != '_'
		}); end >= 0 {
			rest = rest[:end]
		}
		return strings.TrimRight(strings.TrimSuffix(strings.TrimSuffix(rest, ".x"), ".X"), ".-+_")
	}
	return ""
}
