package local

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// maxLogFiles bounds a listing; a server makes one file in minutes at most.
const maxLogFiles = 10000

// logDir is the directory that a server writes its log into. It belongs to the
// engine's user, who may put anything there: nothing is read that is a link, or
// no regular file, or belongs to somebody else, and no path leads out of it.
type logDir struct {
	pl   *place
	root *os.Root
}

// logFile is one file of the log.
type logFile struct {
	name     string
	inode    uint64
	size     int64
	modified time.Time
	info     fs.FileInfo
}

// openLogDir opens the directory; fs.ErrNotExist when no server was told of one.
func (pl *place) openLogDir() (*logDir, error) {
	path := pl.engine.Log.Dir(pl.set)
	st, err := os.Lstat(path)
	if err != nil {
		return nil, fmt.Errorf("stat log directory: %w", err)
	}
	if !st.IsDir() {
		return nil, fmt.Errorf("open log directory: %q is no directory", path)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open log directory: %w", err)
	}
	return &logDir{pl: pl, root: root}, nil
}

func (d *logDir) close() { _ = d.root.Close() }

// list returns the files of the log by name, and others that the server made.
func (d *logDir) list() (files, others []logFile, err error) {
	self, err := d.root.Open(".")
	if err != nil {
		return nil, nil, fmt.Errorf("open log directory: %w", err)
	}
	defer self.Close()
	names, err := self.Readdirnames(maxLogFiles)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("list log directory: %w", err)
	}
	if len(names) == maxLogFiles {
		return nil, nil, fmt.Errorf("list log directory %q: it holds %d files and more; remove those that are not logs", d.root.Name(), maxLogFiles)
	}
	for _, name := range names {
		st, err := d.root.Lstat(name)
		if err != nil { // removed meanwhile
			continue
		}
		switch f, ok := d.own(st); {
		case !ok:
		case d.pl.engine.Log.Match(name):
			files = append(files, f)
		default:
			others = append(others, f)
		}
	}
	slices.SortFunc(files, func(a, b logFile) int { return cmp.Compare(a.name, b.name) })
	return files, others, nil
}

// own reports whether a file is one that the server can have made.
func (d *logDir) own(st fs.FileInfo) (logFile, bool) {
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok || !st.Mode().IsRegular() || int(sys.Uid) != d.pl.account.uid {
		return logFile{}, false
	}
	return logFile{name: st.Name(), inode: sys.Ino, size: st.Size(), modified: st.ModTime(), info: st}, true
}

// open opens a file as it was listed.
func (d *logDir) open(f logFile) (*os.File, error) {
	file, err := d.root.OpenFile(f.name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open log file: %w", err)
	}
	st, err := file.Stat()
	if err == nil && !os.SameFile(st, f.info) {
		err = fmt.Errorf("%q was replaced while it was opened", f.name)
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("open log file: %w", err)
	}
	return file, nil
}

// joinReason adds a sentence to others, each once.
func joinReason(all, why string) string {
	switch {
	case why == "" || strings.Contains(all, why):
		return all
	case all == "":
		return why
	}
	return all + "; " + why
}
