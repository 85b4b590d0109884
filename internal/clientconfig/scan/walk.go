package scan

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// entry is a file that was found.
type entry struct {
	path  string // as it is reported: under the path that was given
	size  int64
	named bool // the caller gave this very file
}

// identity is what tells files apart, whatever their names.
type identity struct{ device, inode uint64 }

// walker finds files below directories.
type walker struct {
	seen    map[identity]bool
	found   []entry
	skipped []Skip
}

// walk lists the regular files below paths, each once: links are followed, and
// a loop of them ends where it began. What belongs to others is left out:
// version control, and what package managers put there.
func walk(ctx context.Context, paths []string) (*walker, error) {
	w := &walker{seen: map[identity]bool{}}
	for _, path := range paths {
		st, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("read %q: %w", path, cause(err))
		}
		if err := w.visit(ctx, filepath.Clean(path), st, true); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(w.found, func(a, b entry) int { return cmp.Compare(a.path, b.path) })
	return w, nil
}

// visit takes in a file, or what is below a directory.
func (w *walker) visit(ctx context.Context, path string, st fs.FileInfo, named bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		id := identity{uint64(sys.Dev), sys.Ino}
		if w.seen[id] {
			return nil
		}
		w.seen[id] = true
	}
	switch {
	case st.Mode().IsRegular():
		w.found = append(w.found, entry{path, st.Size(), named})
		return nil
	case !st.IsDir():
		return nil // a device, a socket, a pipe
	}
	list, err := os.ReadDir(path)
	if err != nil {
		w.skipped = append(w.skipped, Skip{path, cause(err).Error()})
	}
	for _, e := range list {
		below := filepath.Join(path, e.Name())
		if leftOut(e.Name()) {
			continue
		}
		st, err := os.Stat(below)
		if err != nil {
			if e.Type()&fs.ModeSymlink == 0 { // a link to nowhere is nobody's configuration
				w.skipped = append(w.skipped, Skip{below, cause(err).Error()})
			}
			continue
		}
		if err := w.visit(ctx, below, st, false); err != nil {
			return err
		}
	}
	return nil
}

// leftOut are directories with other people's files.
func leftOut(name string) bool {
	return slices.Contains([]string{".git", ".hg", ".svn", "node_modules", "vendor", "__pycache__", ".venv", ".tox", ".terraform", ".gradle"}, strings.ToLower(name))
}

// cause is an error without the path, which the caller names.
func cause(err error) error {
	if pathError, ok := err.(*fs.PathError); ok {
		return pathError.Err
	}
	return err
}
