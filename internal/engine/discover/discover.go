// Package discover finds server programs on this machine by where packages
// put them and by what they say of their version. It knows no product; each
// engine passes its own places and its own reading of `--version`.
package discover

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

// Query says what to look for.
type Query struct {
	Patterns []string // file globs of the program, best first
	Names    []string // names looked up on PATH, after Patterns
	// Needs are programs without which an install is of no use, relative to
	// the program's folder.
	Needs []string
	// Version reads the first line of `program --version`; "" is not it.
	Version func(line string) string
}

// versionTimeout bounds one `--version`; a program that hangs is not ours.
const versionTimeout = 10 * time.Second

// Find runs every candidate once and returns one install per version, the
// oldest first. The first place that has a version wins. A candidate that
// does not run is passed over: it is not an install dbtls could use.
func Find(ctx context.Context, q Query) ([]engine.Install, error) {
	found := map[string]engine.Install{}
	seen := map[string]bool{}
	for _, path := range q.candidates() {
		real, err := filepath.EvalSymlinks(path)
		if err != nil || seen[real] {
			continue
		}
		seen[real] = true
		i := engine.Install{BinDir: filepath.Dir(real), Program: real}
		if !q.complete(i.BinDir) {
			continue
		}
		i.Version = q.Version(versionLine(ctx, real))
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if _, dup := found[i.Version]; i.Version == "" || dup {
			continue
		}
		found[i.Version] = i
	}
	installs := make([]engine.Install, 0, len(found))
	for _, i := range found {
		installs = append(installs, i)
	}
	slices.SortFunc(installs, func(a, b engine.Install) int { return Compare(a.Version, b.Version) })
	return installs, nil
}

// candidates are existing paths in the order of preference.
func (q Query) candidates() []string {
	var paths []string
	for _, p := range q.Patterns {
		m, _ := filepath.Glob(p) // the only error is a malformed pattern, and then nothing is found
		paths = append(paths, m...)
	}
	for _, n := range q.Names {
		if p, err := exec.LookPath(n); err == nil && filepath.IsAbs(p) {
			paths = append(paths, p)
		}
	}
	return paths
}

func (q Query) complete(dir string) bool {
	for _, need := range q.Needs {
		st, err := os.Stat(filepath.Join(dir, need))
		if err != nil || st.IsDir() || st.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}

func versionLine(ctx context.Context, program string) string {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}

// Compare orders dotted versions by their numbers: "9.6" before "10.11.6".
// A part that is no number counts as 0.
func Compare(a, b string) int {
	return engine.CompareVersions(a, b)
}

// AtLeast reports whether version is min or newer.
func AtLeast(version, min string) bool { return Compare(version, min) >= 0 }
