package rotation

import (
	"errors"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/clock"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

func TestHeld(t *testing.T) {
	t.Parallel()
	stuck := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	before := inventory.Want{CA: ecc384, At: stuck.Add(-time.Minute)}
	after := inventory.Want{CA: ecc384, At: stuck.Add(time.Minute)}
	for sentence, c := range map[string]struct {
		b      Brakes
		want   inventory.Want
		reason inventory.Reason
		held   bool
	}{
		"nothing holds":                                      {Brakes{}, after, inventory.ReasonCAChanged, false},
		"the freeze switch holds":                            {Brakes{Frozen: "release week"}, after, inventory.ReasonCAChanged, true},
		"the freeze switch holds a compromised key too":      {Brakes{Frozen: "x"}, after, inventory.ReasonKeyCompromised, true},
		"a distrusted clock holds":                           {Brakes{Distrust: "x"}, after, inventory.ReasonKeyCompromised, true},
		"a STUCK elsewhere holds what is due by itself":      {Brakes{StuckSince: stuck}, inventory.Want{}, inventory.ReasonHalfLife, true},
		"a STUCK elsewhere holds what was asked for before":  {Brakes{StuckSince: stuck}, before, inventory.ReasonCAChanged, true},
		"what is asked for after the STUCK goes on":          {Brakes{StuckSince: stuck}, after, inventory.ReasonCAChanged, false},
		"a leaf about to expire does not wait for it either": {Brakes{StuckSince: stuck}, inventory.Want{}, inventory.ReasonExpiring, false},
		"a compromised key does not wait for another STUCK":  {Brakes{StuckSince: stuck}, before, inventory.ReasonKeyCompromised, false},
		"a new instance does not wait for another one STUCK": {Brakes{StuckSince: stuck}, inventory.Want{}, inventory.ReasonCreated, false},
		"a new instance is not frozen: it replaces nothing":  {Brakes{Frozen: "x"}, inventory.Want{}, inventory.ReasonCreated, false},
		"a new instance waits for a clock that is right":     {Brakes{Distrust: "x"}, inventory.Want{}, inventory.ReasonCreated, true},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			if why := Held(c.b, c.want, c.reason); (why != "") != c.held {
				t.Errorf("held: %q, want held %t", why, c.held)
			}
		})
	}
}

// stuckElsewhere makes another instance of the fleet STUCK since a moment ago.
func (w *world) stuckElsewhere() {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		rot, err := tx.InsertRotation(inventory.Rotation{ResourceID: "db-OTHER", Step: inventory.StepKey, DueAt: time.Now().Add(time.Hour)})
		if err != nil {
			return err
		}
		rot.Stuck = inventory.Stuck{Reason: inventory.StuckReload, Since: time.Now()}
		return tx.UpdateRotation(rot)
	})
}

func (w *world) rotating() bool {
	w.t.Helper()
	_, err := w.store.Read(w.t.Context()).OpenRotation(w.id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		w.t.Fatal(err)
	}
	return err == nil
}

func TestTheFleetStopsAtTheFirstSTUCK(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.change(func(i *inventory.Instance) {
		i.Bridge = inventory.Bridge{CA: ecc384, Until: time.Now().Add(-time.Hour)}
	})
	w.stuckElsewhere()
	w.check()
	if w.rotating() {
		t.Fatal("a rotation that is due by itself began")
	}
	if at := w.inst().CheckAt; at.IsZero() || time.Until(at) > recheck {
		t.Errorf("it is looked at again at %s", at)
	}
	w.want(inventory.Want{CA: ecc384, Now: true})
	if !w.rotating() {
		t.Fatal("what somebody asks for, knowing it, does not begin")
	}
	if rot := w.advance(); rot.Outcome != inventory.OutcomeCommitted {
		t.Errorf("it is %q at %q", rot.Outcome, rot.Step)
	}
}

func TestASTUCKThatComesAfterTheDecisionHoldsBeforeTheKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.want(inventory.Want{CA: ecc384, Now: true})
	w.stuckElsewhere()
	if rot := w.advance(); rot.Step != inventory.StepKey || rot.IsStuck() || len(rot.CSR) > 0 {
		t.Errorf("it went on to step %q", rot.Step)
	}
}

func TestTheFreezeSwitchHoldsUntilItIsReleased(t *testing.T) {
	t.Parallel()
	for _, at := range []inventory.Step{inventory.StepKey, inventory.StepActivate} {
		t.Run("from before step "+string(at), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, true)
			good := w.serial()
			w.want(inventory.Want{CA: ecc384, Now: true})
			id := w.rot().ID
			for w.rot().Step != at {
				if _, err := w.runner.Step(t.Context(), id); err != nil {
					t.Fatal(err)
				}
			}
			by := store.AuditRecord{At: time.Now(), Actor: "admin"}
			w.must(Freeze(t.Context(), w.store, by, "release week"))
			w.reopen() // the switch survives a restart
			if rot := w.advance(); rot.Step != at || rot.IsStuck() || w.serial() != good {
				t.Fatalf("frozen, it is at step %q, stuck %+v", rot.Step, rot.Stuck)
			}
			w.must(Unfreeze(t.Context(), w.store, by))
			if rot := w.rot(); rot.DueAt.After(time.Now()) {
				t.Errorf("released, it is due only at %s", rot.DueAt)
			}
			if rot := w.advance(); rot.Outcome != inventory.OutcomeCommitted {
				t.Errorf("released, it is %q at %q", rot.Outcome, rot.Step)
			}
		})
	}
}

func TestTheWayBackIsNotFrozen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	good := w.serial()
	w.want(inventory.Want{CA: ecc384, Now: true})
	w.fake.misbehave(servesThird)
	id := w.rot().ID
	for w.rot().Step != inventory.StepRollback {
		if _, err := w.runner.Step(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	w.must(Freeze(t.Context(), w.store, store.AuditRecord{At: time.Now(), Actor: "admin"}, ""))
	if rot := w.advance(); !rot.Stuck.Proven || w.serial() != good {
		t.Errorf("stuck is %+v, the wire shows %s, good is %s", rot.Stuck, w.serial(), good)
	}
}

func TestAWrongClockStopsIssuingAndGoesOnWhenItIsRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.must(w.guard.Check(t.Context()))
	w.want(inventory.Want{CA: ecc384, Now: true})
	w.frozen = clock.Reading{Wall: time.Now().Add(-48 * time.Hour)}
	if rot := w.advance(); rot.Step != inventory.StepKey || rot.IsStuck() {
		t.Fatalf("with the clock two days back it is at %q, stuck %+v", rot.Step, rot.Stuck)
	}
	w.frozen = clock.Reading{}
	if rot := w.retry(); rot.Outcome != inventory.OutcomeCommitted {
		t.Errorf("with the clock right again it is %q at %q", rot.Outcome, rot.Step)
	}
}
