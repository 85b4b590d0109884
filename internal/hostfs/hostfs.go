// Package hostfs writes files on this machine so that a crash, a full disk or
// a hostile neighbour leaves either the old content or the new, never a part
// of one or somebody else's file: atomic files and links, locks, and the
// question whether another user can reach a directory.
//
// It knows nothing of databases or certificates, and it is no general file
// library: reading is the standard library's, except where a link planted by
// another user would be followed.
package hostfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/dbtls/dbtls/internal/fault"
)

// openDir opens the directory that a file is about to be written into and
// refuses one that another user could have prepared: as root, a directory
// owned by someone else (or writable by others) lets that user plant links
// and swap files under root's hands. The directory itself must not be a
// symbolic link.
func openDir(dir string) (int, error) {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENOTDIR) {
		return -1, fmt.Errorf("open directory %q: it is a symbolic link or no directory; give its real path: %w", dir, err)
	}
	if err != nil {
		return -1, fmt.Errorf("open directory %q: %w", dir, err)
	}
	if err := ownDir(fd, dir); err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// ownDir reports why the current user must not write into the open directory.
func ownDir(fd int, dir string) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return fmt.Errorf("stat directory %q: %w", dir, err)
	}
	if os.Geteuid() != 0 {
		return nil
	}
	if st.Uid != 0 {
		return fmt.Errorf("write into directory %q: it belongs to uid %d, who could plant links there; root writes only into directories of its own", dir, st.Uid)
	}
	if st.Mode&0o022 != 0 {
		return fmt.Errorf("write into directory %q: mode %04o lets others write there; take that away with chmod go-w %q", dir, st.Mode&0o7777, dir)
	}
	return nil
}

// SyncDir makes the names in dir durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open directory: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return short(dir, fmt.Errorf("sync directory %q: %w", dir, err))
	}
	return nil
}

// SyncFileSystem makes everything written to the file system that holds dir
// durable. It serves trees that another program wrote.
func SyncFileSystem(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open directory: %w", err)
	}
	defer d.Close()
	if err := unix.Syncfs(int(d.Fd())); err != nil {
		return short(dir, fmt.Errorf("sync file system of %q: %w", dir, err))
	}
	return nil
}

// ReadFile reads a regular file of at most limit bytes. It does not follow a
// link in the last component and does not wait on a FIFO.
func ReadFile(path string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open file: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("stat file: %w", err)
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("read %q: it is no regular file but %s", path, st.Mode().Type())
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", path, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("read %q: it is longer than %d bytes", path, limit)
	}
	return b, nil
}

// FreeBytes is the room left for the current user on the file system that
// holds dir.
func FreeBytes(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("read free space of %q: %w", dir, err)
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// short turns "no room" into a fault that names the file system.
func short(path string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ENOSPC):
		return Full(path, err)
	case errors.Is(err, unix.EDQUOT):
		return fault.Wrap(err, fault.StorageShort, "the disk quota of uid %d on the file system at %q is used up; raise it or free space", os.Geteuid(), MountPoint(path))
	}
	return err
}

// Full is the fault for a file system without room; cause goes to the log.
func Full(path string, cause error) error {
	return fault.Wrap(cause, fault.StorageShort, "the file system at %q has no room left (writing %q); free space there or move the data directory", MountPoint(path), path)
}

// MountPoint is the directory where the file system that holds path (or, when
// path is not there, its nearest existing parent) begins.
func MountPoint(path string) string {
	dir, dev := existing(filepath.Clean(path))
	for dir != "/" && dir != "." {
		up := filepath.Dir(dir)
		d, ok := device(up)
		if !ok || d != dev {
			break
		}
		dir = up
	}
	return dir
}

func existing(path string) (string, uint64) {
	for {
		if dev, ok := device(path); ok || path == "/" || path == "." {
			return path, dev
		}
		path = filepath.Dir(path)
	}
}

func device(path string) (uint64, bool) {
	st, err := os.Stat(path)
	if err != nil {
		return 0, false
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return sys.Dev, true
}

// unixMode is mode's permission bits as the kernel wants them.
func unixMode(mode fs.FileMode) uint32 { return uint32(mode.Perm()) }
