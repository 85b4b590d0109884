package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// How long the files of a log are kept. What was read is in dbtls's own state;
// the files are for people who look for a reason.
const (
	keepTime  = 7 * 24 * time.Hour
	keepBytes = 512 << 20 // in total
	keepFiles = 200
	// mostUnread is where files are removed that nobody has read: the disk is
	// the database's.
	mostUnread = 4 << 30
)

// prune removes old files. A file that was read is one that the caller's own
// position says so of: what was read just now may be read again after a crash.
func (t *tail) prune(now time.Time) error {
	var total int64
	for _, f := range t.files {
		total += f.size
	}
	count := len(t.files)
	for _, f := range t.files {
		done, read := t.known[f.name]
		if !read || f.size > done || f.name == t.at.File {
			continue
		}
		if count <= keepFiles && total <= keepBytes && now.Sub(f.modified) <= keepTime {
			continue
		}
		if err := t.remove(f); err != nil {
			return err
		}
		total, count = total-f.size, count-1
	}
	for _, f := range t.files[:max(0, len(t.files)-1)] {
		if total <= mostUnread {
			break
		}
		if _, read := t.state.Done[f.name]; read { // above, or in the next reading
			continue
		}
		t.gap("the log grew faster than it was read")
		if err := t.remove(f); err != nil {
			return err
		}
		total -= f.size
	}
	return t.pruneOthers(now)
}

// pruneOthers removes what the server has left beside its log, such as what a
// library printed.
func (t *tail) pruneOthers(now time.Time) error {
	for _, f := range t.others {
		if now.Sub(f.modified) <= keepTime {
			continue
		}
		if err := t.remove(f); err != nil {
			return err
		}
	}
	return nil
}

func (t *tail) remove(f logFile) error {
	if err := t.dir.root.Remove(f.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove old log file: %w", err)
	}
	delete(t.state.Done, f.name)
	return nil
}

// trimPrinted empties the file of what a server prints when it has grown: one
// that was started before it was told of a log prints every login. The server
// appends, so it goes on at the beginning.
func (pl *place) trimPrinted() error {
	f, err := os.OpenFile(pl.set.LogFile, os.O_WRONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err == nil && st.Mode().IsRegular() && st.Size() > keepBytes {
		err = f.Truncate(0)
	}
	if err != nil {
		return fmt.Errorf("empty log: %w", err)
	}
	return nil
}
