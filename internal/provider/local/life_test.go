package local_test

import (
	"context"
	"crypto/tls"
	"github.com/dbtls/dbtls/internal/provider"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
)

func TestEveryStepTwiceFromCreateToDelete(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*fakeEngine{
		"bound by a file": {}, "bound by a link": {fakeConf: fakeConf{}, link: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, f)
			twice := func(step func() error) {
				t.Helper()
				r.ok(step())
				r.ok(step())
			}
			twice(func() error { return r.Create(r.ctx(), r.inst, provider.Source{}) })
			chain, want := r.chain("g1")
			twice(func() error { return r.Stage(r.ctx(), r.inst, "g1", chain, want) })
			twice(func() error { return r.activate("g1", engine.EffectNone) })
			twice(func() error { return r.Power(r.ctx(), r.inst, true) })
			r.wantServed("g1")
			r.stage("g2")
			twice(func() error { return r.activate("g2", engine.EffectReload) })
			r.wantServed("g2")
			twice(func() error { return r.Collect(r.ctx(), r.inst, nil) })
			if _, err := os.Stat(r.path("tls", "g1")); err == nil {
				t.Error("the collected generation is still there")
			}
			r.wantServed("g2")
			twice(func() error { return r.SetUp(r.ctx(), r.inst, engine.Master{User: "admin"}) })
			if n, err := r.EndSessions(r.ctx(), r.inst, time.Now()); n != 7 || err != nil {
				t.Errorf("ended %d sessions, %v; want 7", n, err)
			}
			twice(func() error { return r.Power(r.ctx(), r.inst, false) })
			twice(func() error { return r.Delete(r.ctx(), r.inst, "") })
			if list, _ := os.ReadDir(filepath.Join(r.dir, "db")); len(list) != 0 {
				t.Errorf("Delete left %v", list)
			}
		})
	}
}

func (r *rig) activate(gen string, want engine.Effect) error {
	r.Helper()
	got, err := r.Activate(r.ctx(), r.inst, gen)
	if err == nil && got != want {
		r.Errorf("effect of activating %q is %q, want %q", gen, got, want)
	}
	return err
}

func TestASessionSurvivesActivation(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{}).running()
	c, err := tls.Dial("tcp", net.JoinHostPort(r.inst.Address, strconv.Itoa(r.inst.Port)), &tls.Config{RootCAs: r.pool()})
	r.ok(err)
	defer c.Close()
	before := r.observe()
	r.stage("g2")
	r.ok(r.activate("g2", engine.EffectReload))
	r.wantServed("g2")
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Errorf("the session opened before is broken: %v", err)
	}
	if after := r.observe(); after.PID != before.PID || !after.StartedAt.Equal(before.StartedAt) || after.Active != "g2" {
		t.Errorf("observed %+v, before %+v", after, before)
	}
}

func TestASecondProviderAdoptsTheRunningServer(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{}).running()
	before := r.observe()
	if before.PID == 0 || time.Since(before.StartedAt).Abs() > time.Minute {
		t.Fatalf("observed %+v", before)
	}
	r.Provider = r.provider()
	r.ok(r.Power(r.ctx(), r.inst, true))
	if after := r.observe(); after.PID != before.PID {
		t.Fatalf("pid is %d, was %d: not adopted", after.PID, before.PID)
	}
	r.stage("g2")
	r.ok(r.activate("g2", engine.EffectReload))
	r.wantServed("g2")
	r.ok(r.Power(r.ctx(), r.inst, false))
	if o := r.observe(); o.Running || !o.Exists {
		t.Errorf("observed %+v after the stop", o)
	}
}

func TestTheServerLeadsItsOwnSessionAndWritesToAFile(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{}).running()
	pid := r.observe().PID
	if sid, _, _ := syscall.Syscall(syscall.SYS_GETSID, uintptr(pid), 0, 0); int(sid) != pid {
		t.Errorf("session is %d, want its own %d", sid, pid)
	}
	for fd := range 3 {
		target, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "fd", strconv.Itoa(fd)))
		want := []string{"/dev/null", r.path("log", "engine.log"), r.path("log", "engine.log")}[fd]
		if err != nil || target != want {
			t.Errorf("descriptor %d is %q, %v; want %q", fd, target, err, want)
		}
	}
	if os.Geteuid() != 0 {
		return
	}
	st, err := os.Stat(filepath.Join("/proc", strconv.Itoa(pid)))
	r.ok(err)
	if uid := st.Sys().(*syscall.Stat_t).Uid; uid == 0 {
		t.Error("the server runs as root")
	}
}

func TestStopWaitsForTheServersChildren(t *testing.T) {
	t.Parallel()
	// The child outlives its parent and every polite signal.
	r := newRig(t, &fakeEngine{fakeConf: fakeConf{Child: true}}).running()
	main := r.observe().PID
	var child int
	until(t, "the server's child", func() bool { child = childOf(t, main); return child != 0 })
	for range 2 { // the second time there is no main process any more
		short, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		if err := r.Power(short, r.inst, false); err == nil {
			t.Fatal("Power said that all is gone while a child runs")
		}
	}
	if syscall.Kill(child, 0) != nil {
		t.Fatal("Power killed what did not end by itself; only Delete may")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	r.ok(r.Delete(ctx, r.inst, ""))
	if slices.Contains(processes(t, "fake-child"), child) {
		t.Error("Delete left the child running")
	}
}

func childOf(t *testing.T, pid int) int {
	t.Helper()
	for _, p := range processes(t, "fake-child") {
		if ppid(p) == pid {
			return p
		}
	}
	return 0
}

func TestDeleteEndsAStubbornServerWithItsChildren(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{fakeConf: fakeConf{Child: true, Stubborn: true}}).running()
	main := r.observe().PID
	var child int
	until(t, "the server's child", func() bool { child = childOf(t, main); return child != 0 })
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	r.ok(r.Delete(ctx, r.inst, ""))
	for _, pid := range []int{main, child} {
		if slices.Contains(append(processes(t, "fake-child"), processes(t, r.dir)...), pid) {
			t.Errorf("process %d is left", pid)
		}
	}
	r.ok(r.CheckPort(r.inst.Address, r.inst.Port))
}

func TestASlowStopIsWaitedForAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{fakeConf: fakeConf{Stubborn: true}}).running()
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	err := r.Power(ctx, r.inst, false)
	if err == nil || fault.CodeOf(err) != fault.Internal {
		t.Fatalf("error %v, want the deadline's", err)
	}
	if !r.observe().Running {
		t.Error("a stop that took too long killed the server")
	}
}

func TestACrashedServerStartsAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{}).running()
	old := r.observe().PID
	if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until(t, "the end of the server", func() bool { return !r.observe().Running })
	r.ok(r.Power(r.ctx(), r.inst, true))
	if o := r.observe(); !o.Running || o.PID == old {
		t.Errorf("observed %+v, the crashed one was %d", o, old)
	}
	r.wantServed("g1")
}

func TestWatchReturnsWhenTheServerEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{}).running()
	short, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := r.Watch(short, r.inst); err == nil {
		t.Fatal("Watch returned nil while the server runs")
	}
	end := make(chan error, 1)
	go func() { end <- r.Watch(r.ctx(), r.inst) }()
	if err := syscall.Kill(r.observe().PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r.ok(<-end)
	r.ok(r.Watch(r.ctx(), r.inst))
}
