package storefile

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// attributes are what a new file takes over from the old one.
type attributes struct {
	mode     fs.FileMode
	uid, gid int // -1: the current user's
}

func attributesOf(st fs.FileInfo) attributes {
	a := attributes{mode: st.Mode().Perm(), uid: -1, gid: -1}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		a.uid, a.gid = int(sys.Uid), int(sys.Gid)
	}
	return a
}

// replace writes beside path and renames, with the content on disk before it
// has the name.
func replace(path string, content []byte, a attributes) error {
	tmp := filepath.Join(filepath.Dir(path), ".new-"+filepath.Base(path)+"-"+rand.Text())
	if err := create(tmp, content, a); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return syncDir(filepath.Dir(path))
}

// create makes a file that must not be there, all of it or nothing.
func create(path string, content []byte, a attributes) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := fill(f, content, a); err != nil {
		return errors.Join(err, f.Close(), os.Remove(path))
	}
	if err := f.Close(); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func fill(f *os.File, content []byte, a attributes) error {
	if a.uid != -1 || a.gid != -1 {
		if err := f.Chown(a.uid, a.gid); err != nil {
			return err
		}
	}
	if err := f.Chmod(a.mode); err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		return err
	}
	return f.Sync()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
