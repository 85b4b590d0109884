// Package storefile keeps trust stores on disk: it reads a file, lets its
// caller change the content, and puts the new content in place whole or not at
// all while other writers wait. It also does the two places that belong to the
// machine: a Java installation's cacerts and the system's own CA directory.
//
// Unlike hostfs, which writes only where nobody else can, it writes into
// whatever directory a user names, and keeps the owner and mode of what was
// there. What a trust store is, package store knows.
package storefile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
	"github.com/dbtls/dbtls/internal/trust/store"
)

// lockWait is how long a writer waits for another one when ctx sets no limit.
const lockWait = 10 * time.Second

// ReadFile reads at most store.MaxSize bytes of a regular file.
func ReadFile(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(err, fault.InvalidParameter, "there is no file %q", path)
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.InvalidParameter, "%q cannot be opened: %v", path, err)
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return nil, fault.New(fault.InvalidParameter, "%q is no regular file", path)
	}
	return ReadAll(f, path)
}

// ReadAll reads at most store.MaxSize bytes; name is for the error.
func ReadAll(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, store.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", name, err)
	}
	if len(data) > store.MaxSize {
		return nil, fault.New(fault.InvalidParameter, "%q is longer than %d bytes, which no trust store is", name, store.MaxSize)
	}
	return data, nil
}

// Options say how a file is replaced.
type Options struct {
	Mode fs.FileMode // of a file that is new; an old one keeps its mode and owner
	// Backup is put behind the file's name for a copy of the old content; ""
	// makes none. A backup that is there already is never replaced.
	Backup string
}

// Update replaces the file by what change makes of its content, nil when there
// is no file. Content that stays the same is not written. Other calls of Update
// in the directory wait until it is done, at most ten seconds or until ctx
// ends. A link at path is followed, so that what it points to is replaced. On
// any error the old file is as it was.
func Update(ctx context.Context, path string, o Options, change func(old []byte) ([]byte, error)) (changed bool, err error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	unlock, err := lockDir(ctx, filepath.Dir(path))
	if err != nil {
		return false, err
	}
	defer unlock()
	old, st, err := readOld(path)
	if err != nil {
		return false, err
	}
	content, err := change(old)
	if err != nil {
		return false, err
	}
	if old != nil && bytes.Equal(old, content) {
		return false, nil
	}
	a := attributes{mode: o.Mode, uid: -1, gid: -1}
	if st != nil {
		a = attributesOf(st)
	}
	if o.Backup != "" && old != nil {
		if err := create(path+o.Backup, old, a); err != nil {
			return false, explain(path+o.Backup, err)
		}
	}
	return true, explain(path, replace(path, content, a))
}

func readOld(path string) ([]byte, fs.FileInfo, error) {
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read %q: %w", path, err)
	}
	old, err := ReadFile(path)
	if old == nil {
		old = []byte{} // empty is not the same as absent
	}
	return old, st, err
}

// lockDir takes the lock of the directory itself: a lock file would stay
// behind in directories that are not ours.
func lockDir(ctx context.Context, dir string) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	f, err := os.Open(dir)
	if err != nil {
		return nil, fault.Wrap(err, fault.InvalidParameter, "the directory %q cannot be opened: %v", dir, err)
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			f.Close()
			return nil, fmt.Errorf("lock directory %q: %w", dir, err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fault.Wrap(ctx.Err(), fault.Unavailable, "another program holds the lock of the directory %q and did not let go in time; nothing was changed, try again", dir)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// explain turns the errors that a person can act on into faults.
func explain(path string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return fault.Wrap(err, fault.StorageShort, "the file system at %q has no room left (writing %q); nothing was changed, free space there", hostfs.MountPoint(path), path)
	case errors.Is(err, unix.EROFS), errors.Is(err, fs.ErrPermission):
		return fault.Wrap(err, fault.AccessDenied, "%q cannot be written (%v); nothing was changed. Run as a user who may write into %q, or choose another place", path, errnoOf(err), filepath.Dir(path))
	case errors.Is(err, fs.ErrExist):
		return fault.Wrap(err, fault.InvalidParameter, "%q is there already and is not replaced; move it away first", path)
	}
	return fmt.Errorf("write %q: %w", path, err)
}

func errnoOf(err error) error {
	var no syscall.Errno
	if errors.As(err, &no) {
		return no
	}
	return err
}
