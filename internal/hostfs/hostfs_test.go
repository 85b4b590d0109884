package hostfs_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
)

// nobody is a user id that owns none of the tests' files.
const nobody = 65534

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := hostfs.WriteFile(path, []byte(content), 0o640, -1, -1); err != nil {
		t.Fatal(err)
	}
}

func leftovers(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, ".new-*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWriteFileReplacesContentModeAndOwner(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	uid, gid := -1, -1
	if os.Geteuid() == 0 {
		uid, gid = nobody, nobody
	}
	if err := hostfs.WriteFile(path, []byte("new"), 0o604, uid, gid); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(path)
	st, err := os.Stat(path)
	if err != nil || string(b) != "new" || st.Mode().Perm() != 0o604 {
		t.Fatalf("content %q, mode %v, error %v; want \"new\", 0604", b, st.Mode(), err)
	}
	if uid != -1 && st.Sys().(*syscall.Stat_t).Uid != nobody {
		t.Errorf("owner is %d, want %d", st.Sys().(*syscall.Stat_t).Uid, nobody)
	}
	if l := leftovers(t, dir); l != nil {
		t.Errorf("temporary files left: %v", l)
	}
}

func TestWriteFileReplacesALinkInsteadOfFollowingIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	victim, path := filepath.Join(dir, "victim"), filepath.Join(dir, "conf")
	write(t, victim, "precious")
	if err := os.Symlink(victim, path); err != nil {
		t.Fatal(err)
	}
	write(t, path, "mine")
	if b, _ := os.ReadFile(victim); string(b) != "precious" {
		t.Errorf("the link's target was written: %q", b)
	}
	if st, _ := os.Lstat(path); st.Mode()&fs.ModeSymlink != 0 {
		t.Error("the link is still there")
	}
}

func TestWritersRefuseDirectoriesOthersCouldPrepare(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root is at risk in another user's directory; run as root")
	}
	for name, prepare := range map[string]func(dir string) error{
		"owned by another user": func(dir string) error { return os.Chown(dir, nobody, -1) },
		"writable by all":       func(dir string) error { return os.Chmod(dir, 0o777) },
		"writable by the group": func(dir string) error { return os.Chmod(dir, 0o770) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := prepare(dir); err != nil {
				t.Fatal(err)
			}
			if err := hostfs.WriteFile(filepath.Join(dir, "f"), nil, 0o600, -1, -1); err == nil {
				t.Error("WriteFile wrote there")
			}
			if err := hostfs.ReplaceLink(filepath.Join(dir, "l"), "x"); err == nil {
				t.Error("ReplaceLink wrote there")
			}
			if _, err := hostfs.Lock(filepath.Join(dir, "k")); err == nil {
				t.Error("Lock wrote there")
			}
			if list, _ := os.ReadDir(dir); len(list) != 0 {
				t.Errorf("files were made: %v", list)
			}
		})
	}
}

func TestWriteFileRefusesADirectoryThatIsALink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	if err := errors.Join(os.Mkdir(real, 0o700), os.Symlink(real, link)); err != nil {
		t.Fatal(err)
	}
	if err := hostfs.WriteFile(filepath.Join(link, "f"), nil, 0o600, -1, -1); err == nil {
		t.Error("wrote through the link")
	}
}

func TestReplaceLinkIsAlwaysOneOfTheTargets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "current")
	if err := hostfs.ReplaceLink(path, "a"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 200 {
			if err := hostfs.ReplaceLink(path, []string{"a", "b"}[i%2]); err != nil {
				t.Error(err)
			}
		}
	})
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for seen := 0; ; seen++ {
		if target, err := os.Readlink(path); err != nil || (target != "a" && target != "b") {
			t.Fatalf("reader saw %q, %v", target, err)
		}
		select {
		case <-done:
			if l := leftovers(t, dir); l != nil {
				t.Errorf("temporary links left: %v", l)
			}
			return
		default:
		}
	}
}

func TestLockNamesItsHolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first, err := hostfs.Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = hostfs.Lock(path)
	want := "another dbtls (pid " + strconv.Itoa(os.Getpid()) + ")"
	if fault.CodeOf(err) != fault.Unavailable || !strings.Contains(fault.Public(err), want) {
		t.Fatalf("second lock: %v; want a fault that holds %q", err, want)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := hostfs.Lock(path)
	if err != nil {
		t.Fatalf("lock after release: %v", err)
	}
	if err := again.Release(); err != nil {
		t.Fatal(err)
	}
}

func TestLockFollowsNoLink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	write(t, victim, "precious")
	if err := os.Symlink(victim, filepath.Join(dir, "lock")); err != nil {
		t.Fatal(err)
	}
	if _, err := hostfs.Lock(filepath.Join(dir, "lock")); err == nil {
		t.Error("locked through the link")
	}
	if b, _ := os.ReadFile(victim); string(b) != "precious" {
		t.Errorf("the link's target was written: %q", b)
	}
}

func TestTraversable(t *testing.T) {
	t.Parallel()
	const stranger, group = 54321, 54322
	for name, c := range map[string]struct {
		mode fs.FileMode
		uid  int
		gids []int
		ok   bool
	}{
		"others may pass":                          {0o711, stranger, nil, true},
		"others may not":                           {0o710, stranger, nil, false},
		"root may always":                          {0o000, 0, nil, true},
		"the owner without the right is refused":   {0o077, os.Geteuid(), nil, os.Geteuid() == 0},
		"the group's bit counts for its members":   {0o710, stranger, []int{group, os.Getegid()}, true},
		"a member refused by the group is refused": {0o701, stranger, []int{os.Getegid()}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The directories above must not be in the way themselves.
			top, err := os.MkdirTemp("", "reach")
			if err != nil {
				t.Fatal(err)
			}
			gate, end := filepath.Join(top, "gate"), filepath.Join(top, "gate", "end")
			t.Cleanup(func() { os.Chmod(gate, 0o700); os.RemoveAll(top) })
			if err := errors.Join(os.Chmod(top, 0o755), os.MkdirAll(end, 0o755), os.Chmod(end, 0o755), os.Chmod(gate, c.mode)); err != nil {
				t.Fatal(err)
			}
			if os.Geteuid() != 0 && c.mode&0o100 == 0 {
				t.Skip("SKIPPED: only root can look below this directory")
			}
			err = hostfs.Traversable(end, c.uid, c.gids)
			if (err == nil) != c.ok {
				t.Fatalf("error %v, want none: %v", err, c.ok)
			}
			if err != nil && (fault.CodeOf(err) != fault.InvalidParameter || !strings.Contains(fault.Public(err), strconv.Quote(gate))) {
				t.Errorf("%q does not name %q", fault.Public(err), gate)
			}
		})
	}
}

func TestFullFileSystemIsStorageShort(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", dir).Run(); err != nil {
		t.Skipf("SKIPPED: cannot mount a small file system here (%v); run as root", err)
	}
	t.Cleanup(func() {
		if err := exec.Command("umount", dir).Run(); err != nil {
			t.Errorf("umount: %v", err)
		}
	})
	path := filepath.Join(dir, "f")
	write(t, path, "old")
	err := hostfs.WriteFile(path, make([]byte, 1<<20), 0o600, -1, -1)
	if fault.CodeOf(err) != fault.StorageShort || !strings.Contains(fault.Public(err), strconv.Quote(dir)) {
		t.Fatalf("error %v; want StorageShort naming %q", err, dir)
	}
	if b, _ := os.ReadFile(path); string(b) != "old" {
		t.Errorf("the old content is gone")
	}
	if l := leftovers(t, dir); l != nil {
		t.Errorf("temporary files left: %v", l)
	}
	if mp := hostfs.MountPoint(filepath.Join(dir, "not", "there")); mp != dir {
		t.Errorf("mount point is %q, want %q", mp, dir)
	}
	if n, err := hostfs.FreeBytes(dir); err != nil || n > 64<<10 {
		t.Errorf("free bytes %d, %v", n, err)
	}
}

func TestReadFileRefusesWhatIsNoRegularFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	write(t, file, "12345")
	link, fifo := filepath.Join(dir, "link"), filepath.Join(dir, "fifo")
	if err := errors.Join(os.Symlink(file, link), syscall.Mkfifo(fifo, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{link, fifo, dir} {
		if _, err := hostfs.ReadFile(path, 10); err == nil {
			t.Errorf("read %q", path)
		}
	}
	if _, err := hostfs.ReadFile(file, 4); err == nil {
		t.Error("read past the limit")
	}
	if b, err := hostfs.ReadFile(file, 5); err != nil || string(b) != "12345" {
		t.Errorf("read %q, %v", b, err)
	}
}
