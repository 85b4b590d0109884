package fleet

import (
	"fmt"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
)

// flow is something that is asked for and what must be so when it is done,
// whichever call to the provider failed on the way.
type flow struct {
	sentence string
	before   func(w *world, name string)
	ask      func(w *world, name string) error
	done     inventory.Status
	name     func(name string) string // it has in the end
	runs     bool
	restarts bool
}

func same(name string) string { return name }

var flows = []flow{
	{"a reboot", nil, func(w *world, n string) error { return second(w.Reboot(w.t.Context(), alice, region, n)) },
		inventory.StatusAvailable, same, true, true},
	{"a stop", nil, func(w *world, n string) error { return second(w.Stop(w.t.Context(), alice, region, n)) },
		inventory.StatusStopped, same, false, false},
	{"a start", func(w *world, n string) {
		w.must(second(w.Stop(w.t.Context(), alice, region, n)))
		w.until(n+" is stopped", time.Minute, func() bool { return w.inst(n).Status == inventory.StatusStopped })
	}, func(w *world, n string) error { return second(w.Start(w.t.Context(), alice, region, n)) },
		inventory.StatusAvailable, same, true, true},
	{"a rename", nil, func(w *world, n string) error {
		return second(w.Modify(w.t.Context(), alice, ModifyInput{Region: region, Name: n, NewName: n + "-new", Now: true}))
	}, inventory.StatusAvailable, func(n string) string { return n + "-new" }, true, true},
}

// TestEveryCallMayFailOnce fails each call that a flow makes, before it has
// done anything and after it has done everything: the flow ends all the same,
// with one server where one shall run, and nothing done twice that would show.
func TestEveryCallMayFailOnce(t *testing.T) {
	t.Parallel()
	for _, f := range flows {
		t.Run(f.sentence, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *world) {
				calls := w.run(f, "smooth", 0, false)
				if calls == 0 {
					t.Fatal("it makes no call")
				}
				for n := range calls {
					for _, after := range []bool{false, true} {
						w.run(f, fmt.Sprintf("f%d-%t", n+1, after), n+1, after)
					}
				}
				t.Logf("%d calls", calls)
			})
		})
	}
}

// run does a flow with the n-th call failing and returns how many calls it made
// until it was done.
func (w *world) run(f flow, name string, n int, after bool) int {
	w.t.Helper()
	i := w.make(name)
	if f.before != nil {
		f.before(w, name)
	}
	old, before := w.place.see(i.ResourceID).pid, w.place.started()
	from := w.place.count()
	w.place.fail(n, after)
	defer w.place.fail(0, false)
	w.must(f.ask(w, name))
	calls := 0
	w.until(fmt.Sprintf("%s is done although call %d failed, after its effect: %t", f.sentence, n, after), time.Hour, func() bool {
		i, err := w.Store.Read(w.t.Context()).Instance(i.ResourceID)
		w.must(err)
		if calls == 0 && i.Status == f.done && i.Name == f.name(name) {
			calls = w.place.count() - from
		}
		return calls > 0
	})
	w.place.fail(0, false)
	w.pass(10 * time.Minute)
	w.judge(f, w.inst(f.name(name)), old, before)
	return calls
}

func (w *world) judge(f flow, i inventory.Instance, old, before int) {
	w.t.Helper()
	d := w.place.see(i.ResourceID)
	if (d.pid != 0) != f.runs || (f.restarts && d.pid == old) {
		w.t.Errorf("%s of %s: the server was process %d and is %d", f.sentence, i.Name, old, d.pid)
	}
	if i.Status != f.done || i.Detail != "" || i.Attempts != 0 || i.Boot.Begun || !i.DueAt.IsZero() {
		w.t.Errorf("%s of %s left %s, detail %q, %d attempts, boot %+v, due %s", f.sentence, i.Name, i.Status, i.Detail, i.Attempts, i.Boot, i.DueAt)
	}
	if f.runs {
		w.serves(i.Name)
	}
	want := 0
	if f.restarts {
		want = 1
	}
	if starts := w.place.started() - before; starts != want {
		w.t.Errorf("%s of %s started a server %d times, want %d", f.sentence, i.Name, starts, want)
	}
}
