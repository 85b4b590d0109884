package hostfs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/dbtls/dbtls/internal/fault"
)

// FileLock is a lock held on a file until Release or the end of the process.
type FileLock struct{ f *os.File }

// Lock takes the exclusive lock of the file at path, which is made when it is
// not there, and writes this process's id into it for people to read. It does
// not wait: a lock held elsewhere is a fault with code Unavailable that names
// the holder. The file is never removed, since removing a lock file lets two
// processes lock two files of one name.
func Lock(path string) (*FileLock, error) {
	dir, err := openDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer unix.Close(dir)
	const flags = unix.O_RDWR | unix.O_CREAT | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := unix.Openat(dir, filepath.Base(path), flags, 0o600)
	if err != nil {
		return nil, short(path, fmt.Errorf("open lock file %q: %w", path, err))
	}
	f := os.NewFile(uintptr(fd), path)
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fault.New(fault.Unavailable, "another dbtls (pid %s) already uses the directory %q; stop it first or give another directory", holder(f), filepath.Dir(path))
		}
		return nil, fmt.Errorf("lock %q: %w", path, err)
	}
	if err := note(f); err != nil {
		f.Close()
		return nil, short(path, fmt.Errorf("write process id into %q: %w", path, err))
	}
	return &FileLock{f: f}, nil
}

// note writes this process's id. The lock is what counts; the text is only
// for whoever finds it taken.
func note(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holder reads the process id in a lock file, "unknown" when there is none.
func holder(f *os.File) string {
	b := make([]byte, 20)
	n, _ := f.ReadAt(b, 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	if err != nil || pid <= 0 {
		return "unknown"
	}
	return strconv.Itoa(pid)
}

// Release gives the lock back.
func (l *FileLock) Release() error {
	if err := l.f.Close(); err != nil {
		return fmt.Errorf("release lock %q: %w", l.f.Name(), err)
	}
	return nil
}
