package wallet

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// directory is a wallet directory under its lock.
type directory struct {
	dir  string
	root *os.Root // what is written stays inside, whatever links appear
	was  snapshot
}

func (d *directory) path(name string) string { return filepath.Join(d.dir, name) }

// locked runs do with the directory locked and read.
func locked(ctx context.Context, dir string, do func(*directory) error) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return because(err, ErrNotFound, "open wallet directory")
	}
	defer root.Close()
	self, err := root.Open(".")
	if err != nil {
		return because(err, ErrInvalid, "open wallet directory")
	}
	defer self.Close() // gives the lock back
	if err := waitLock(ctx, self, dir); err != nil {
		return err
	}
	d := &directory{dir: dir, root: root}
	for _, name := range []string{FileP12, FileSSO} {
		if st, err := root.Lstat(name); err == nil && st.Mode()&fs.ModeSymlink != 0 {
			return fail(ErrInvalid, "%q is a symbolic link, which writing would replace; name the directory it leads to", d.path(name))
		}
	}
	if d.was, err = load(d.open); err != nil {
		return err
	}
	return do(d)
}

func (d *directory) open(name string) (*os.File, error) {
	return d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// waitLock takes the lock, trying until ctx ends.
func waitLock(ctx context.Context, f *os.File, dir string) error {
	for {
		taken, err := tryLock(f)
		if err != nil {
			return because(err, ErrInvalid, "lock wallet directory %q", dir)
		}
		if taken {
			return nil
		}
		select {
		case <-ctx.Done():
			return because(ctx.Err(), ErrBusy, "another program is writing the wallet in %q", dir)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// commit replaces the files by next; nil leaves one out. Both are complete on
// disk under other names before the first takes its name. ewallet.p12 goes
// first: a crash between the two leaves a twin that can be made anew from it.
func (d *directory) commit(next snapshot, hasKey bool) error {
	now, err := load(d.open)
	if err != nil {
		return err
	}
	if !bytes.Equal(now.p12, d.was.p12) || !bytes.Equal(now.sso, d.was.sso) {
		return fail(ErrBusy, "another program has changed the wallet in %q meanwhile; nothing was written, try again", d.dir)
	}
	var staged []string
	defer func() {
		for _, name := range staged {
			_ = d.root.Remove(name)
		}
	}()
	var renames [][2]string
	for _, f := range []struct {
		name     string
		old, new []byte
	}{{FileP12, d.was.p12, next.p12}, {FileSSO, d.was.sso, next.sso}} {
		if f.new == nil || bytes.Equal(f.old, f.new) {
			continue
		}
		temp := "." + f.name + ".new-" + rand.Text()
		staged = append(staged, temp)
		if err := d.stage(temp, f.name, f.new, hasKey); err != nil {
			return because(err, ErrInvalid, "write %q (the old wallet is as it was)", d.path(f.name))
		}
		renames = append(renames, [2]string{temp, f.name})
	}
	for i, r := range renames {
		if err := d.root.Rename(r[0], r[1]); err != nil {
			if i > 0 {
				return because(err, ErrInvalid, "write %q (%s is new already; make %s anew from it, by creating the wallet again as auto-login)", d.path(r[1]), FileP12, FileSSO)
			}
			return because(err, ErrInvalid, "write %q (the old wallet is as it was)", d.path(r[1]))
		}
	}
	return d.sync()
}

// stage writes a whole file under a temporary name, with the owner and mode
// that the file of the final name has, 0600 for a new one.
func (d *directory) stage(temp, name string, content []byte, hasKey bool) (err error) {
	f, err := d.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	model, err := d.root.Stat(name)
	mode := fs.FileMode(0o600)
	if err == nil {
		// Who opened a trust wallet to other accounts meant it; nobody
		// means a private key that everybody reads.
		mode |= model.Mode().Perm() & 0o044
		if hasKey {
			mode &^= 0o004
		}
	} else if model, err = d.root.Stat("."); err != nil {
		return err
	}
	if err := giveTo(f, model); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		return err
	}
	return f.Sync()
}

// sync makes the new names durable.
func (d *directory) sync() error {
	self, err := d.root.Open(".")
	if err != nil {
		return because(err, ErrInvalid, "sync wallet directory")
	}
	defer self.Close()
	if err := self.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, os.ErrPermission) && !errors.Is(err, syscall.EINVAL) {
		return because(err, ErrInvalid, "sync wallet directory %q", d.dir)
	}
	return nil
}
