package rotation_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dbtls/dbtls/e2e/harness"
)

// TestFullDisk fills the file system that state, keys and databases share.
// Nothing is lost, what cannot be written is said, and the rotation comes
// through when there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root can mount a small file system")
	}
	dir := harness.Data(t)
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=192m,mode=0711"); err != nil {
		t.Skipf("SKIPPED: no small file system can be mounted here: %v", err)
	}
	// Detached at once: the engines in it are killed after this.
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	s := harness.Start(t, dir)
	st := openState(t, dir)
	d := create(t, s, st, "full", "postgres")
	c := d.begin(t)

	t.Run("a request is refused by name", func(t *testing.T) {
		room := fill(t, dir)
		defer room()
		err := d.tryAsk(t, c.to)
		if err == nil {
			t.Fatal("a change was accepted that cannot be written down")
		}
		if code := errorCode(err); code == "InternalFailure" || !strings.Contains(strings.ToLower(err.Error()), "full") {
			t.Errorf("the refusal is %s, which does not say that the disk is full: %v", code, err)
		}
	})
	t.Run("a rotation under way waits for room", func(t *testing.T) {
		c.to = caRSA4 // its keys take a while: time to stop dbtls before it is done
		before := d.mustLast(t)
		d.ask(t, c.to)
		eventually(t, 10*time.Second, "a new rotation", func() bool { return d.mustLast(t).ID != before.ID })
		syscall.Kill(s.Pid(), syscall.SIGSTOP)
		room := fill(t, dir)
		defer room()
		syscall.Kill(s.Pid(), syscall.SIGCONT)
		lines := strings.Count(s.Log(), "\n")
		stays(t, 3*time.Second, "the last good leaf is served", func() bool {
			leaf := mustServe(t, d.Instance)[0]
			return !leaf.Equal(c.good) && !sameSerial(leaf, d.mustLast(t).Leaf.Serial)
		})
		if r := d.mustLast(t); r.Outcome != "" {
			t.Fatalf("the rotation was quicker than the full disk: %s", r.Outcome)
		}
		if more := strings.Count(s.Log(), "\n") - lines; more > 60 {
			t.Errorf("%d lines were logged in 3 s: the work is tried without a pause", more)
		}
		c.alive(t)
		room()
		took := eventually(t, 30*time.Second, "done when there is room", func() bool { r := d.row(t); return r.Rotation == nil && r.CA == c.to })
		t.Logf("done %s after there was room", took.Round(100*time.Millisecond))
		d.agrees(t, "when there is room", c.to, s.Root(t, c.from), s.Root(t, c.to))
		c.alive(t)
	})
}

// fill takes all the room there is; the function it returns gives it back.
func fill(t *testing.T, dir string) (room func()) {
	t.Helper()
	path := filepath.Join(dir, "fill")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 1<<20)
	for size := len(block); size >= 1; {
		if _, err := f.Write(block[:size]); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
	return func() { os.Remove(path) }
}
