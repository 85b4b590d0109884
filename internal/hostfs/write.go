package hostfs

import (
	"crypto/rand"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// WriteFile replaces path by a new file with this content, permission bits
// and owner (-1: unchanged from the current user's). The file gets owner and
// mode before it gets content, and its name only when the content is on disk;
// the name is durable on return. A link at path is replaced, never followed.
func WriteFile(path string, content []byte, mode fs.FileMode, uid, gid int) error {
	fd, err := openDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	base := filepath.Base(path)
	tmp := tempName(base)
	if err := fill(fd, tmp, content, mode, uid, gid); err != nil {
		_ = unix.Unlinkat(fd, tmp, 0)
		return short(path, fmt.Errorf("write %q: %w", path, err))
	}
	return publish(fd, tmp, base, path)
}

// fill makes the file name in the directory dirfd and leaves it on disk.
func fill(dirfd int, name string, content []byte, mode fs.FileMode, uid, gid int) error {
	const flags = unix.O_WRONLY | unix.O_CREAT | unix.O_EXCL | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := unix.Openat(dirfd, name, flags, 0o600)
	if err != nil {
		return fmt.Errorf("create temporary file: %w", err)
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	if uid != -1 || gid != -1 {
		if err := unix.Fchown(fd, uid, gid); err != nil {
			return fmt.Errorf("set owner %d:%d: %w", uid, gid, err)
		}
	}
	if err := unix.Fchmod(fd, unixMode(mode)); err != nil {
		return fmt.Errorf("set mode %04o: %w", mode.Perm(), err)
	}
	if _, err := f.Write(content); err != nil {
		return fmt.Errorf("write content: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	// Some file systems report a failed write only here.
	if err := f.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

// publish gives the temporary file or link its name and makes that durable.
func publish(dirfd int, tmp, base, path string) error {
	if err := unix.Renameat(dirfd, tmp, dirfd, base); err != nil {
		_ = unix.Unlinkat(dirfd, tmp, 0)
		return short(path, fmt.Errorf("rename to %q: %w", path, err))
	}
	if err := unix.Fsync(dirfd); err != nil {
		return short(path, fmt.Errorf("sync directory of %q: %w", path, err))
	}
	return nil
}

// ReplaceLink makes path a symbolic link to target in one step: a reader
// finds the old target or the new one. What path was before is replaced,
// except a directory, which is an error.
func ReplaceLink(path, target string) error {
	fd, err := openDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	base := filepath.Base(path)
	tmp := tempName(base)
	if err := unix.Symlinkat(target, fd, tmp); err != nil {
		return short(path, fmt.Errorf("make link for %q: %w", path, err))
	}
	return publish(fd, tmp, base, path)
}

// tempName is a name that nobody can have planted beforehand and that tells
// after a crash what the rest was going to be.
func tempName(base string) string {
	return ".new-" + base + "-" + rand.Text()
}
