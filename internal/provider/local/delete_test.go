package local_test

import (
	"errors"
	"github.com/dbtls/dbtls/internal/provider"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/dbtls/dbtls/internal/fault"
)

func (r *rig) snap(parts ...string) string {
	return filepath.Join(append([]string{r.dir, "snapshots"}, parts...)...)
}

func TestDeleteKeepsTheDataAndLeavesNothingElse(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{}).running()
	for range 2 {
		r.ok(r.Delete(r.ctx(), r.inst, "final"))
		if _, err := os.Stat(r.snap("final", "data", "VERSION")); err != nil {
			t.Fatalf("the data was not kept: %v", err)
		}
	}
	if b, _ := os.ReadFile(r.snap("final", "snapshot.json")); !strings.Contains(string(b), r.inst.ID) {
		t.Errorf("snapshot.json is %q", b)
	}
	if list, _ := os.ReadDir(filepath.Join(r.dir, "db")); len(list) != 0 {
		t.Errorf("files are left: %v", list)
	}
	if left := processes(t, r.dir); len(left) != 0 {
		t.Errorf("processes are left: %v", left)
	}
	r.ok(r.CheckPort(r.inst.Address, r.inst.Port))
	if o := r.observe(); o.Exists || o.Running {
		t.Errorf("observed %+v", o)
	}
	if has, err := r.HasSnapshot("final"); !has || err != nil {
		t.Errorf("HasSnapshot is %v, %v", has, err)
	}
	if has, err := r.HasSnapshot("other"); has || err != nil {
		t.Errorf("HasSnapshot of another name is %v, %v", has, err)
	}
}

func TestDeleteStopsNothingWhenTheSnapshotCannotBeMade(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(r *rig) error{
		"another instance's": func(r *rig) error {
			return errors.Join(os.MkdirAll(r.snap("final", "data"), 0o700),
				os.WriteFile(r.snap("final", "snapshot.json"), []byte(`{"id":"db-OTHER"}`), 0o600))
		},
		"somebody's files": func(r *rig) error { return os.MkdirAll(r.snap("final", "mine"), 0o700) },
		"a file":           func(r *rig) error { return os.WriteFile(r.snap("final"), nil, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, &fakeEngine{}).running()
			r.ok(prepare(r))
			before := tree(t, r.snap())
			err := r.Delete(r.ctx(), r.inst, "final")
			r.refused(err, fault.SnapshotExists, "final")
			if !r.observe().Running {
				t.Error("the server was stopped")
			}
			if after := tree(t, r.snap()); after != before {
				t.Errorf("the snapshot was touched:\n%s", after)
			}
		})
	}
}

func TestDeleteGoesOnWhereACrashLeftIt(t *testing.T) {
	t.Parallel()
	for name, crash := range map[string]func(r *rig) error{
		"after the snapshot's directory": func(r *rig) error { return os.Mkdir(r.snap("final"), 0o700) },
		"in the middle of snapshot.json": func(r *rig) error {
			return errors.Join(os.Mkdir(r.snap("final"), 0o700), os.WriteFile(r.snap("final", ".new-snapshot.json-X"), nil, 0o600))
		},
		"before the data moved": func(r *rig) error {
			return errors.Join(os.Mkdir(r.snap("final"), 0o700),
				os.WriteFile(r.snap("final", "snapshot.json"), []byte(`{"id":"`+r.inst.ID+`"}`), 0o600))
		},
		"after the data moved": func(r *rig) error {
			return errors.Join(os.Mkdir(r.snap("final"), 0o700),
				os.WriteFile(r.snap("final", "snapshot.json"), []byte(`{"id":"`+r.inst.ID+`"}`), 0o600),
				os.Rename(r.path("data"), r.snap("final", "data")))
		},
		"while the rest was removed": func(r *rig) error {
			return errors.Join(os.Mkdir(r.snap("final"), 0o700),
				os.WriteFile(r.snap("final", "snapshot.json"), []byte(`{"id":"`+r.inst.ID+`"}`), 0o600),
				os.Rename(r.path("data"), r.snap("final", "data")),
				os.Rename(r.root(), filepath.Join(r.dir, "db", ".del-"+filepath.Base(r.root()))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, &fakeEngine{})
			r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
			r.ok(crash(r))
			r.ok(r.Delete(r.ctx(), r.inst, "final"))
			if _, err := os.Stat(r.snap("final", "data", "VERSION")); err != nil {
				t.Errorf("the data was not kept: %v", err)
			}
			if list, _ := os.ReadDir(filepath.Join(r.dir, "db")); len(list) != 0 {
				t.Errorf("files are left: %v", list)
			}
		})
	}
}

func TestDeleteDoesNotPromiseACopyOfNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{})
	r.refused(r.Delete(r.ctx(), r.inst, "final"), fault.InvalidInstanceState, "no data")
	r.ok(r.Delete(r.ctx(), r.inst, ""))
}

func TestDeleteTouchesNoForeignDirectory(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{})
	r.ok(os.MkdirAll(r.path("data"), 0o700))
	before := tree(t, r.root())
	r.refused(r.Delete(r.ctx(), r.inst, ""), fault.InvalidInstanceState, r.root())
	if after := tree(t, r.root()); after != before {
		t.Errorf("the directory was touched:\n%s", after)
	}
}

func TestWhatIsNotTheServerIsNotAdopted(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(r *rig) *exec.Cmd{
		"other arguments": func(r *rig) *exec.Cmd {
			return exec.Command(program, "fake-child", r.path("data"))
		},
		"another user": func(r *rig) *exec.Cmd {
			if os.Geteuid() != 0 {
				r.Skip("SKIPPED: only root can run a process as another user than the server's")
			}
			// The right arguments, as root: the server's user is nobody.
			cmd := exec.Command(program)
			cmd.Args = []string{"fake", "fake-server", r.path("data"), "--conf=" + r.path("conf")}
			return cmd
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, &fakeEngine{})
			r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
			r.stage("g1")
			_, err := r.Activate(r.ctx(), r.inst, "g1")
			r.ok(err)
			cmd := start(r)
			r.ok(cmd.Start())
			defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
			until(t, "the other process", func() bool { return len(processes(t, r.path("data"))) == 1 })
			if o := r.observe(); o.Running {
				t.Errorf("process %d was taken for the server", o.PID)
			}
			r.ok(r.Delete(r.ctx(), r.inst, ""))
			if err := cmd.Process.Signal(syscall.Signal(0)); err != nil {
				t.Errorf("the other process was ended: %v", err)
			}
		})
	}
}

func TestAFullDiskIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{})
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=160k,mode=0711", "tmpfs", r.dir).Run(); err != nil {
		t.Skipf("SKIPPED: cannot mount a small file system here (%v); run as root", err)
	}
	t.Cleanup(func() {
		if err := exec.Command("umount", r.dir).Run(); err != nil {
			t.Errorf("umount: %v", err)
		}
	})
	r.Provider = r.provider()
	r.running()
	free, err := r.FreeBytes()
	r.ok(err)
	r.ok(os.WriteFile(filepath.Join(r.dir, "ballast"), make([]byte, free), 0o600))
	_, err = r.CSR(r.ctx(), r.inst, "g2", "ECC256")
	r.refused(err, fault.StorageShort, r.dir)
	r.wantServed("g1")
	r.ok(os.Remove(filepath.Join(r.dir, "ballast")))
	r.stage("g2")
	r.ok(r.activate("g2", "reload"))
	r.wantServed("g2")
	r.ok(r.Delete(r.ctx(), r.inst, ""))
}
