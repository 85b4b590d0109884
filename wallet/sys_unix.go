//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package wallet

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// tryLock takes the exclusive lock of an open directory. A file system that
// has no locks (some NFS) counts as taken: commit still notices a writer that
// came in between.
func tryLock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case err == nil, errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.EBADF), errors.Is(err, errors.ErrUnsupported):
		return true, nil
	case errors.Is(err, syscall.EWOULDBLOCK), errors.Is(err, syscall.EINTR):
		return false, nil
	}
	return false, err
}

// giveTo gives f to the owner of model when root runs this: the database
// reads its wallet as its own user.
func giveTo(f *os.File, model fs.FileInfo) error {
	st, ok := model.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	return f.Chown(int(st.Uid), int(st.Gid))
}
