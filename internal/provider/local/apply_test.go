package local_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/provider"
)

// set returns the rig's instance with these parameters set.
func (r *rig) set(pairs ...string) provider.Instance {
	i := r.inst
	i.Parameters = map[string]string{}
	for n := 0; n < len(pairs); n += 2 {
		i.Parameters[pairs[n]] = pairs[n+1]
	}
	return i
}

func (r *rig) apply(i provider.Instance, want engine.Effect) {
	r.Helper()
	got, err := r.Apply(r.ctx(), i)
	r.ok(err)
	if got != want {
		r.Fatalf("the effect is %q, want %q", got, want)
	}
}

// fakeConf is the configuration file of the fake server as it is on disk.
func (r *rig) fakeConf() (c fakeConf) {
	r.Helper()
	text, err := os.ReadFile(r.path("conf", "fake.json"))
	r.ok(err)
	r.ok(json.Unmarshal(text, &c))
	return c
}

// conf is every configuration file with its content.
func (r *rig) conf() map[string]string {
	r.Helper()
	list, err := os.ReadDir(r.path("conf"))
	r.ok(err)
	files := map[string]string{}
	for _, d := range list {
		b, err := os.ReadFile(r.path("conf", d.Name()))
		r.ok(err)
		files[d.Name()] = string(b)
	}
	return files
}

// mood asks the running fake server, which was started with this port.
func (r *rig) mood(port int) string {
	r.Helper()
	var e fakeEngine
	a, err := e.Admin(r.ctx(), engine.Settings{Layout: engine.Layout{Run: r.path("run")}, Port: port})
	r.ok(err)
	defer a.Close()
	mood, err := a.(*fakeAdmin).ask("mood")
	r.ok(err)
	return mood
}

func (r *rig) wantMood(want string) {
	r.Helper()
	if got, file := r.mood(r.inst.Port), r.fakeConf().Parameters["mood"]; got != want || file != want {
		r.Errorf("the mood is %q and %q on disk, want %q", got, file, want)
	}
}

func TestParametersReachARunningServerAndItsFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{}).running()
	pid := r.observe().PID
	r.wantMood("calm")
	for range 2 {
		r.apply(r.set("mood", "wild"), engine.EffectReload)
		r.wantMood("wild")
	}
	r.apply(r.set(), engine.EffectReload)
	r.wantMood("calm")
	if o := r.observe(); o.PID != pid || len(o.Drift) != 0 {
		t.Errorf("observed %+v; the pid was %d", o, pid)
	}
}

func TestApplyToAStoppedServerWaitsForItsStart(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{}).running()
	r.ok(r.Power(r.ctx(), r.inst, false))
	r.inst = r.set("mood", "wild", "size", "3")
	r.apply(r.inst, engine.EffectNone)
	if r.fakeConf().Parameters["mood"] != "wild" {
		t.Error("the files were not written")
	}
	r.ok(r.Power(r.ctx(), r.inst, true))
	r.wantMood("wild")
	r.apply(r.inst, engine.EffectReload)
}

func TestApplyRefusesAFileOfAnotherHandAndWritesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		on   bool
		file string
	}{
		"the first file, running": {true, "fake.json"}, "the last file, running": {true, "notes.txt"},
		"the first file, stopped": {false, "fake.json"}, "the last file, stopped": {false, "notes.txt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, &fakeEngine{}).running()
			if !c.on {
				r.ok(r.Power(r.ctx(), r.inst, false))
			}
			conf := r.path("conf", c.file)
			mine, err := os.ReadFile(conf)
			r.ok(err)
			r.ok(os.WriteFile(conf, append(mine, '\n'), 0o640))
			before := tree(t, r.root())
			_, err = r.Apply(r.ctx(), r.set("mood", "wild"))
			r.refused(err, fault.InvalidInstanceState, conf)
			if after := tree(t, r.root()); after != before {
				t.Errorf("something was written:\n%s\nbefore:\n%s", after, before)
			}
			if c.on && r.mood(r.inst.Port) != "calm" {
				t.Error("the server was told")
			}
			r.ok(os.WriteFile(conf, mine, 0o640)) // put back
			_, err = r.Apply(r.ctx(), r.set("mood", "wild"))
			r.ok(err)
		})
	}
}

func TestARefusedValueLeavesTheOneBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{}).running()
	r.inst = r.set("mood", "wild")
	r.apply(r.inst, engine.EffectReload)
	r.Provider = r.provider() // what was before is known after a restart of dbtls
	_, err := r.Apply(r.ctx(), r.set("mood", "bad"))
	r.refused(err, fault.InvalidInstanceState, r.inst.ID, "does not take", "again")
	r.wantMood("wild")
	if o := r.observe(); !o.Running || len(o.Drift) != 0 {
		t.Errorf("observed %+v", o)
	}
	r.ok(r.Power(r.ctx(), r.inst, false))
	r.ok(r.Power(r.ctx(), r.inst, true))
	r.wantMood("wild")
}

func TestARefusedValueIsTakenBackAfterACrashOfDbtls(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{}).running()
	// The crash came when the files were new and the server had not been asked:
	// so does a server that is told nothing, being stopped.
	record, err := os.ReadFile(r.path("started.json"))
	r.ok(err)
	r.ok(r.Power(r.ctx(), r.inst, false))
	r.apply(r.set("mood", "bad"), engine.EffectNone)
	bad := r.conf()
	ledger, err := os.ReadFile(r.path("files.json"))
	r.ok(err)
	r.ok(r.Power(r.ctx(), r.inst, true))
	for name, text := range bad {
		r.ok(os.WriteFile(r.path("conf", name), []byte(text), 0o640))
	}
	r.ok(os.WriteFile(r.path("files.json"), ledger, 0o600))
	r.ok(os.WriteFile(r.path("started.json"), record, 0o600))
	_, err = r.Apply(r.ctx(), r.set("mood", "bad"))
	r.refused(err, fault.InvalidInstanceState)
	r.wantMood("calm")
}

func TestAServerThatEndsWhileItIsToldIsNoRefusal(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{}).running()
	_, err := r.Apply(r.ctx(), r.set("mood", "mortal"))
	r.refused(err, fault.Unavailable, r.inst.ID, "again")
	if mood := r.fakeConf().Parameters["mood"]; mood != "calm" {
		t.Errorf("the file has the mood %q, which ends the server", mood)
	}
	until(t, "the end of the server", func() bool { return !r.observe().Running })
	r.ok(r.Power(r.ctx(), r.inst, true))
	r.wantMood("calm")
}

func TestAServerThatCannotBeToldKeepsItsFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{}).running()
	r.ok(os.Remove(filepath.Join(r.path("run"), "fake."+strconv.Itoa(r.inst.Port)+".sock")))
	if _, err := r.Apply(r.ctx(), r.set("mood", "wild")); err == nil {
		t.Fatal("Apply said that a server without a socket took its settings")
	}
	if mood := r.fakeConf().Parameters["mood"]; mood != "calm" {
		t.Errorf("the file has the mood %q", mood)
	}
}

func TestTheUndoDoesNotEndWithTheCallersTime(t *testing.T) {
	t.Parallel()
	r := newRig(t, &fakeEngine{})
	// An engine whose Apply outlasts the caller.
	r.eng.Server = slowServer{r.eng.Server, "wild"}
	r.Provider = r.provider()
	r.running()
	ctx, cancel := context.WithCancel(r.ctx())
	defer cancel()
	_, err := r.Apply(context.WithValue(ctx, cancelKey{}, cancel), r.set("mood", "wild"))
	if fault.CodeOf(err) != fault.Internal || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("error %v, want the caller's end", err)
	}
	r.wantMood("calm")
}

// slowServer takes the mood slow after the caller has gone.
type slowServer struct {
	engine.Server
	slow string
}

type cancelKey struct{}

func (s slowServer) Admin(ctx context.Context, set engine.Settings) (engine.Admin, error) {
	a, err := s.Server.Admin(ctx, set)
	return slowAdmin{a, s.slow}, err
}

type slowAdmin struct {
	engine.Admin
	slow string
}

func (a slowAdmin) Apply(ctx context.Context, s engine.Settings) error {
	if err := a.Admin.Apply(ctx, s); err != nil {
		return err
	}
	if s.Parameters["mood"] == a.slow {
		ctx.Value(cancelKey{}).(context.CancelFunc)()
	}
	return ctx.Err()
}

func TestAServerOfADbtlsWithoutRecordsIsApplied(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"none": "", "damaged": "{", "another's": `{"started":{"ID":"db-X"}}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, &fakeEngine{}).running()
			r.ok(os.Remove(r.path("started.json")))
			if text != "" {
				r.ok(os.WriteFile(r.path("started.json"), []byte(text), 0o600))
			}
			_, err := r.Apply(r.ctx(), r.set("mood", "bad"))
			r.refused(err, fault.InvalidInstanceState)
			r.wantMood("calm")
			more := r.inst
			more.Also = []string{loopback(t)}
			r.apply(more, engine.EffectRestart)
			r.apply(r.set("mood", "wild"), engine.EffectReload)
			r.wantMood("wild")
		})
	}
}
