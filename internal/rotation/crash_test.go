package rotation

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// crashes are the ways in which a process ends around a step.
var crashes = map[string]func(w *world, id int64){
	"right after every step": func(w *world, id int64) {
		w.step(id)
		w.reopen()
	},
	"after the work of every step and before its save": func(w *world, id int64) {
		before := w.snapshot()
		w.step(id)
		w.restore(before)
		w.step(id)
		w.reopen()
	},
	"twice before the save of every step": func(w *world, id int64) {
		before := w.snapshot()
		for range 2 {
			w.step(id)
			w.restore(before)
		}
		w.step(id)
	},
}

func (w *world) step(id int64) {
	w.t.Helper()
	if _, err := w.runner.Step(w.t.Context(), id); err != nil {
		w.t.Fatal(err)
	}
}

// drive crashes around every step until the rotation is over, making due what
// waits. It returns the steps that were taken.
func (w *world) drive(crash func(*world, int64)) []inventory.Step {
	w.t.Helper()
	id := w.rot().ID
	var taken []inventory.Step
	for range 40 {
		rot, err := w.store.Read(w.t.Context()).Rotation(id)
		w.must(err)
		if rot.Outcome != "" {
			return taken
		}
		taken = append(taken, rot.Step)
		if rot.Step == inventory.StepProve {
			w.fake.set(heal) // what broke it is repaired before the next try
		}
		rot.DueAt = time.Now()
		w.write(func(tx *store.Tx) error { return tx.UpdateRotation(rot) })
		crash(w, id)
	}
	w.t.Fatalf("no end after %v", taken)
	return nil
}

func TestAProcessThatDiesAtAnyStepBoundaryLosesNothing(t *testing.T) {
	t.Parallel()
	for when, crash := range crashes {
		for engine, hot := range map[string]bool{"an engine that reloads": true, "an engine that restarts": false} {
			for what, is := range map[string]misbehaviour{"all goes well": wellBehaved, "the swap fails first": stops} {
				if !hot && (is != wellBehaved || strings.HasPrefix(when, "twice")) {
					continue // told apart by the others
				}
				t.Run(when+", "+engine+", "+what, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, hot)
					w.want(inventory.Want{CA: ecc384, Now: true})
					w.fake.misbehave(is)
					taken := w.drive(crash)
					if rot := w.rot(); rot.Outcome != inventory.OutcomeCommitted || rot.IsStuck() {
						t.Fatalf("it is %q, stuck %+v, after %v", rot.Outcome, rot.Stuck, taken)
					}
					w.agrees(rsa2048, ecc384)
					if inst := w.inst(); inst.Leaf.Generation != w.fake.active || !inst.Want.IsZero() {
						t.Errorf("on record is generation %s, in place %s, wanted %+v", inst.Leaf.Generation, w.fake.active, inst.Want)
					}
					if len(w.fake.pairs) != 1 {
						t.Errorf("%d key pairs are kept", len(w.fake.pairs))
					}
				})
			}
		}
	}
}

func TestAfterACrashTheEngineThatDiedWithItIsStarted(t *testing.T) {
	t.Parallel()
	for _, at := range []inventory.Step{inventory.StepActivate, inventory.StepVerify} {
		t.Run("before step "+string(at), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, true)
			w.want(inventory.Want{CA: ecc384, Now: true})
			id := w.rot().ID
			for w.rot().Step != at {
				w.step(id)
			}
			w.reopen()
			w.fake.set((*fake).halt)
			w.advance()
			w.retry()
			if rot := w.retry(); rot.Outcome != inventory.OutcomeCommitted {
				t.Fatalf("it is %q at %q, stuck %+v", rot.Outcome, rot.Step, rot.Stuck)
			}
			w.agrees(rsa2048, ecc384)
		})
	}
}

func TestACompromisedKeyStaysAwayOverCrashes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	old := w.inst().Leaf.Serial
	w.want(inventory.Want{Renew: inventory.ReasonKeyCompromised, Now: true})
	w.drive(crashes["after the work of every step and before its save"])
	w.agrees(rsa2048)
	if w.serial() == old {
		t.Error("the old leaf is served")
	}
}

func TestAStepOfARotationThatIsGoneDoesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.want(inventory.Want{CA: ecc384, Now: true})
	id := w.rot().ID
	w.write(func(tx *store.Tx) error { return tx.DeleteInstance(w.id) })
	if more, err := w.runner.Step(t.Context(), id); more || err != nil {
		t.Errorf("without its instance: more %t, error %v", more, err)
	}
	w.write(func(tx *store.Tx) error { return tx.DropRotations(w.id) })
	if _, err := w.runner.Step(t.Context(), id); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("without its row the error is %v", err)
	}
	if err := w.runner.Check(t.Context(), w.id); err != nil {
		t.Errorf("a look at an instance that is gone: %v", err)
	}
}
