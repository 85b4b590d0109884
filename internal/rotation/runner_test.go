package rotation

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/store"
)

func TestARotationIsDoneWhenTheWireShowsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	old := w.inst().Leaf
	w.want(inventory.Want{CA: ecc384, Now: true})
	if rot := w.rot(); rot.Reason != inventory.ReasonCAChanged || rot.FromCA != rsa2048 || rot.ToCA != ecc384 || rot.Good != old.Generation {
		t.Fatalf("opened %+v", rot)
	}
	rot := w.advance()
	if rot.Outcome != inventory.OutcomeCommitted || rot.IsStuck() || rot.EndedAt.IsZero() {
		t.Fatalf("ended as %q at step %q, stuck %+v", rot.Outcome, rot.Step, rot.Stuck)
	}
	w.agrees(rsa2048, ecc384) // the bridge
	inst := w.inst()
	if inst.Leaf.CA != ecc384 || inst.Leaf.Serial == old.Serial || inst.Leaf.Generation != rot.Generation || !inst.Want.IsZero() {
		t.Errorf("on record is %+v, wanted %+v", inst.Leaf, inst.Want)
	}
	if inst.Bridge.CA != rsa2048 || time.Until(inst.Bridge.Until) < overlap-time.Minute {
		t.Errorf("the bridge is %+v", inst.Bridge)
	}
	if life := time.Until(inst.Leaf.NotAfter); life < 364*24*time.Hour || life > 367*24*time.Hour {
		t.Errorf("the leaf lives %s, want a year", life)
	}
	w.tells("maintenance: Server certificate rotated (CAChanged)", "clients that trust only "+rsa2048+" are covered until")
	for _, action := range []string{"rotation issue", "rotation activate", "rotation verify", "rotation commit"} {
		if !slices.Contains(w.audited(), action) {
			t.Errorf("no audit record %q in %v", action, w.audited())
		}
	}
	if len(w.fake.pairs) != 1 {
		t.Errorf("%d key pairs are kept, want the one in service", len(w.fake.pairs))
	}
}

// faults are the ways in which a rotation fails, each with what it must say.
var faults = []struct {
	sentence string
	begin    func(*fake)
	reason   inventory.StuckReason
	touched  bool // the pair was put in place before it failed
}{
	{"the key cannot be made", func(f *fake) { f.csrErr = errors.New("disk full") }, inventory.StuckKey, false},
	{"the pre-flight finds a fault", func(f *fake) { f.stageErr = errors.New("wrong mode") }, inventory.StuckPreflight, false},
	{"the swap fails", func(f *fake) { f.activateErr, f.spare = errors.New("read-only file system"), f.active }, inventory.StuckActivate, true},
	{"the reload is ignored", func(f *fake) { f.is, f.spare = ignoresReload, f.active }, inventory.StuckReload, true},
	{"a third certificate is served", func(f *fake) { f.is, f.spare = servesThird, f.active }, inventory.StuckWrongLeaf, true},
	{"the chain is not served", func(f *fake) { f.is, f.spare = servesBare, f.active }, inventory.StuckChain, true},
	{"TLS is no longer offered", func(f *fake) { f.is, f.spare = dropsTLS, f.active }, inventory.StuckNoTLS, true},
	{"the port is gone until the next start", func(f *fake) { f.is, f.spare = stops, f.active }, inventory.StuckUnreachable, true},
}

func heal(f *fake) {
	f.is, f.csrErr, f.stageErr, f.activateErr = wellBehaved, nil, nil, nil
}

func TestAFailedRotationIsSTUCKWithTheLastGoodLeafServed(t *testing.T) {
	t.Parallel()
	for _, c := range faults {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, true)
			good := w.serial()
			w.want(inventory.Want{CA: ecc384, Now: true})
			w.fake.set(c.begin)
			began := time.Now()
			rot := w.advance()
			if rot.Stuck.Reason != c.reason || rot.Outcome != "" || !rot.Stuck.Proven || rot.Stuck.WayBack != "" {
				t.Fatalf("stuck is %+v at step %q, want reason %s, proven", rot.Stuck, rot.Step, c.reason)
			}
			if rot.Step != inventory.StepKey || rot.Attempts != 1 || rot.DueAt.Before(began.Add(Backoff(1))) {
				t.Errorf("the next try is step %q, number %d, in %s", rot.Step, rot.Attempts, rot.DueAt.Sub(began))
			}
			if got := w.serial(); got != good {
				t.Errorf("the wire shows %s, the last good leaf is %s", got, good)
			}
			if leaf := w.inst().Leaf; leaf.Serial != good {
				t.Errorf("on record is %s, want %s", leaf.Serial, good)
			}
			w.tells("failure: STUCK: the certificate of shop could not be changed (" + string(c.reason) + ")")
			if back := strings.Contains(w.told(), "recovery: The last good server certificate (serial "+good+")"); back != c.touched {
				t.Errorf("the way back is told: %t, want %t", back, c.touched)
			}
			if c.touched && (!slices.Contains(w.audited(), "rotation rollback") || !slices.Contains(w.audited(), "rotation prove")) {
				t.Errorf("the way back is not in the audit log: %v", w.audited())
			}

			w.fake.set(heal)
			if rot := w.retry(); rot.Outcome != inventory.OutcomeCommitted || rot.IsStuck() {
				t.Fatalf("without the fault it is %q at step %q, stuck %+v", rot.Outcome, rot.Step, rot.Stuck)
			}
			w.agrees(rsa2048, ecc384)
		})
	}
}

func TestTheSameFailureAgainIsNoNews(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.want(inventory.Want{CA: ecc384, Now: true})
	w.fake.set(func(f *fake) { f.stageErr = errors.New("wrong mode") })
	first := w.advance()
	again := w.retry()
	if n := strings.Count(w.told(), "STUCK"); n != 1 {
		t.Errorf("%d events about it, want 1", n)
	}
	if !again.Stuck.Since.Equal(first.Stuck.Since) || again.Attempts != 2 {
		t.Errorf("stuck since %s, try %d; was since %s", again.Stuck.Since, again.Attempts, first.Stuck.Since)
	}
	if again.Generation == first.Generation {
		t.Error("the next try uses the generation that failed")
	}
}

func TestAnUnreachablePortProvesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	good := w.serial()
	w.want(inventory.Want{CA: ecc384, Now: true})
	w.fake.misbehave(cannotStart)
	rot := w.advance()
	if rot.Stuck.Reason != inventory.StuckUnreachable || rot.Stuck.Proven || rot.Stuck.WayBack == "" {
		t.Fatalf("stuck is %+v, want Unreachable and no proof of a way back", rot.Stuck)
	}
	if rot.Step != inventory.StepRollback && rot.Step != inventory.StepProve {
		t.Fatalf("it goes on with step %q, want the way back", rot.Step)
	}
	if rot = w.retry(); rot.Stuck.Proven || rot.Outcome != "" {
		t.Fatalf("still unreachable, and it is %+v", rot.Stuck)
	}
	w.fake.set(heal)
	if rot = w.retry(); !rot.Stuck.Proven || rot.Stuck.WayBack != "" || w.serial() != good {
		t.Fatalf("reachable again with %s, and it is %+v", w.serial(), rot.Stuck)
	}
	if rot = w.retry(); rot.Outcome != inventory.OutcomeCommitted {
		t.Fatalf("at last it is %q at step %q, stuck %+v", rot.Outcome, rot.Step, rot.Stuck)
	}
	w.agrees(rsa2048, ecc384)
}

func TestASlowReloadIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.want(inventory.Want{CA: ecc384, Now: true})
	w.runner.Grace = 20 * time.Second
	w.fake.misbehave(slow)
	if rot := w.advance(); rot.Outcome != inventory.OutcomeCommitted || rot.Attempts != 0 {
		t.Fatalf("it is %q after %d failed tries, stuck %+v", rot.Outcome, rot.Attempts, rot.Stuck)
	}
	w.agrees(rsa2048, ecc384)
}

func TestAnEngineThatStartsAtThisMomentIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.want(inventory.Want{CA: ecc384, Now: true})
	w.fake.set(func(f *fake) { f.notReady = 2 })
	calls := len(w.fake.calls())
	rot := w.advance()
	for range 3 {
		if rot.Attempts > 0 || rot.IsStuck() {
			t.Fatalf("try %d at step %q, stuck %+v", rot.Attempts, rot.Step, rot.Stuck)
		}
		if rot.Outcome == "" {
			rot = w.retry()
		}
	}
	if n := len(w.fake.calls()) - calls; rot.Outcome != inventory.OutcomeCommitted || n != 3 {
		t.Errorf("it is %q after %d swaps, want the third to do it", rot.Outcome, n)
	}
}

func TestAVersionThatCannotReloadIsRestarted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	before := w.fake.starts
	w.want(inventory.Want{CA: ecc384, Now: true})
	if rot := w.advance(); rot.Outcome != inventory.OutcomeCommitted {
		t.Fatalf("it is %q at %q, stuck %+v", rot.Outcome, rot.Step, rot.Stuck)
	}
	w.agrees(rsa2048, ecc384)
	if n := w.fake.starts - before; n != 1 {
		t.Errorf("it was started %d times, want once", n)
	}
	w.tells("DB instance restarted to take its new server certificate into use")
	if life := time.Until(w.inst().Leaf.NotAfter); life < 3*364*24*time.Hour {
		t.Errorf("the leaf lives %s, want three years", life)
	}
}

func TestAHeldRotationWaitsForARestartThatComesByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	good, before := w.serial(), w.fake.starts
	w.want(inventory.Want{CA: ecc384, Now: true, Hold: true})
	rot := w.advance()
	if rot.Step != inventory.StepRestart || rot.IsStuck() || w.fake.starts != before || w.serial() != good {
		t.Fatalf("it is at %q, stuck %+v, started %d times", rot.Step, rot.Stuck, w.fake.starts-before)
	}
	w.fake.set(func(f *fake) {
		f.halt()
		if err := f.start(); err != nil {
			t.Error(err)
		}
	})
	if rot := w.retry(); rot.Outcome != inventory.OutcomeCommitted {
		t.Fatalf("after the restart it is %q at %q, stuck %+v", rot.Outcome, rot.Step, rot.Stuck)
	}
	w.agrees(rsa2048, ecc384)
}

func TestTheWayBackOfAVersionThatCannotReloadIsAnotherRestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	good := w.serial()
	w.want(inventory.Want{CA: ecc384, Now: true})
	w.fake.misbehave(servesThird)
	rot := w.advance()
	for n := 0; n < 3 && !rot.Stuck.Proven; n++ {
		rot = w.retry()
	}
	if rot.Stuck.Reason != inventory.StuckWrongLeaf || !rot.Stuck.Proven {
		t.Errorf("stuck is %+v at step %q", rot.Stuck, rot.Step)
	}
	if got := w.serial(); got != good {
		t.Errorf("the wire shows %s, the last good leaf is %s", got, good)
	}
}

func TestARotationNobodyWantsAnyMoreIsCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	good := w.serial()
	w.want(inventory.Want{CA: ecc384, Now: true})
	w.fake.misbehave(ignoresReload)
	w.advance()
	w.change(func(i *inventory.Instance) { i.Want = inventory.Want{} })
	rot := w.retry()
	if rot.Outcome != inventory.OutcomeCancelled || rot.EndedAt.IsZero() {
		t.Fatalf("it is %q at step %q", rot.Outcome, rot.Step)
	}
	if w.serial() != good || w.inst().Leaf.Serial != good {
		t.Error("the last good leaf is not the one served and on record")
	}
	if inst := w.inst(); inst.CheckAt.IsZero() {
		t.Error("nobody looks at the instance again")
	}
	w.check()
	if _, err := w.store.Read(t.Context()).OpenRotation(w.id); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the next look opened another: %v", err)
	}
}

func TestACancelledRotationLeavesWhatOthersChangedMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.want(inventory.Want{CA: ecc384, Now: true})
	w.change(func(i *inventory.Instance) { i.Want = inventory.Want{} })
	turn, err := w.runner.load(t.Context(), w.rot().ID)
	w.must(err)
	w.change(func(i *inventory.Instance) { i.Protected = true }) // a call to the API at this moment
	w.must(w.runner.cancel(t.Context(), turn))
	if !w.inst().Protected {
		t.Error("the deletion protection that was switched on meanwhile is gone")
	}
}

func TestADeletedInstanceEndsItsRotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.want(inventory.Want{CA: ecc384, Now: true})
	w.change(func(i *inventory.Instance) { i.Status = inventory.StatusDeleting })
	before := len(w.fake.calls())
	if rot := w.advance(); rot.Outcome != inventory.OutcomeCancelled {
		t.Errorf("it is %q", rot.Outcome)
	}
	if len(w.fake.calls()) != before {
		t.Error("a pair was put in place on an instance that is being deleted")
	}
}

func TestACompromisedKeyNeverComesBack(t *testing.T) {
	t.Parallel()
	for _, is := range []misbehaviour{servesThird, dropsTLS, stops, ignoresReload} {
		t.Run(string(is), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, true)
			old := w.inst().Leaf
			w.want(inventory.Want{Renew: inventory.ReasonKeyCompromised, Now: true})
			w.fake.misbehave(is)
			calls := len(w.fake.calls())
			rot := w.advance()
			if !rot.IsStuck() || rot.Stuck.Proven {
				t.Fatalf("stuck is %+v", rot.Stuck)
			}
			w.fake.set(func(f *fake) { f.csrErr = errors.New("disk full") })
			if rot = w.retry(); rot.Stuck.Proven {
				t.Errorf("a last good leaf is claimed to be served: %+v", rot.Stuck)
			}
			w.fake.set(heal)
			if rot = w.retry(); rot.Outcome != inventory.OutcomeCommitted {
				t.Fatalf("it is %q at %q, stuck %+v", rot.Outcome, rot.Step, rot.Stuck)
			}
			if slices.Contains(w.fake.calls()[calls:], old.Generation) {
				t.Error("the compromised pair was put back")
			}
			if w.fake.sessionsEnds == 0 {
				t.Error("the sessions begun under the old key live on")
			}
			w.agrees(rsa2048)
			if w.inst().Bridge.CA != "" {
				t.Errorf("a bridge leads back: %+v", w.inst().Bridge)
			}
			w.tells("sessions begun under the old key were ended")
		})
	}
}

func TestTheOverlapOfThreeCAs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	move := func(to string) {
		t.Helper()
		w.want(inventory.Want{CA: to, Now: true})
		if rot := w.advance(); rot.Outcome != inventory.OutcomeCommitted {
			t.Fatalf("to %s it is %q, stuck %+v", to, rot.Outcome, rot.Stuck)
		}
	}
	move(ecc384)
	w.agrees(rsa2048, ecc384)
	move(rsa2048) // back
	w.agrees(ecc384, rsa2048)
	move(ecc384)
	move(rsa4096) // on: rsa2048 loses
	w.agrees(ecc384, rsa4096)
	w.tells("clients that trust only " + rsa2048 + " lose their cover")

	inst := w.inst()
	w.want(inventory.Want{Renew: inventory.ReasonRequested, Now: true})
	w.advance()
	w.agrees(ecc384, rsa4096) // a renewal inside the overlap keeps it
	if got := w.inst().Bridge; got.CA != inst.Bridge.CA || !got.Until.Equal(inst.Bridge.Until) {
		t.Errorf("the renewal made the bridge %+v, it was %+v", got, inst.Bridge)
	}

	w.change(func(i *inventory.Instance) { i.Bridge.Until = time.Now().Add(-time.Second) })
	w.check()
	if rot := w.advance(); rot.Reason != inventory.ReasonBridgeEnded || rot.Outcome != inventory.OutcomeCommitted {
		t.Fatalf("after the overlap: %s %q", rot.Reason, rot.Outcome)
	}
	w.agrees(rsa4096)
	w.tells("the overlap is over: clients need the root of " + rsa4096)
}

func TestABridgeThatEndsWhileTheRotationIsSTUCKIsLeftOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.runner.Overlap = 2 * time.Second
	w.want(inventory.Want{CA: ecc384, Now: true})
	w.fake.set(func(f *fake) { f.stageErr = errors.New("wrong mode") })
	rot := w.advance()
	rot.Bridge.Until = time.Now().Add(-time.Second)
	w.write(func(tx *store.Tx) error { return tx.UpdateRotation(rot) })
	w.fake.set(heal)
	if rot := w.retry(); rot.Outcome != inventory.OutcomeCommitted {
		t.Fatalf("it is %q, stuck %+v", rot.Outcome, rot.Stuck)
	}
	w.agrees(ecc384)
	if w.inst().Bridge.CA != "" {
		t.Errorf("on record is the bridge %+v", w.inst().Bridge)
	}
}

func TestWithoutOverlapThereIsNoBridge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.runner.Overlap = 0
	w.want(inventory.Want{CA: ecc384, Now: true})
	w.advance()
	w.agrees(ecc384)
}

func TestAPairTheStateDoesNotKnowIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	old := w.snapshot()
	w.want(inventory.Want{CA: ecc384, Now: true})
	w.advance()
	served := w.serial()
	w.restore(old) // a backup that is older than the rotation
	w.change(func(i *inventory.Instance) { i.CheckAt = time.Now() })
	w.check()
	rot := w.rot()
	if rot.Reason != inventory.ReasonUnrecorded || rot.Good != w.fake.active || rot.GoodSerial != "" {
		t.Fatalf("opened %+v", rot)
	}
	w.fake.misbehave(servesBare)
	if rot = w.advance(); !rot.IsStuck() || !rot.Stuck.Proven || w.serial() != served {
		t.Fatalf("stuck is %+v, the wire shows %s, was %s", rot.Stuck, w.serial(), served)
	}
	w.fake.set(heal)
	if rot = w.retry(); rot.Outcome != inventory.OutcomeCommitted {
		t.Fatalf("it is %q at %q, stuck %+v", rot.Outcome, rot.Step, rot.Stuck)
	}
	w.agrees(rsa2048)
}

func TestWhatOthersChangeDuringAStepStands(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.want(inventory.Want{CA: ecc384, Now: true})
	id := w.rot().ID
	for w.rot().Step != inventory.StepCommit {
		if _, err := w.runner.Step(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	turn, err := w.runner.load(t.Context(), id)
	w.must(err)
	res, err := w.runner.commit(t.Context(), turn)
	w.must(err)
	w.change(func(i *inventory.Instance) { i.Protected = true })
	_, err = w.runner.save(t.Context(), turn, inventory.StepCommit, res)
	w.must(err)
	if inst := w.inst(); !inst.Protected || inst.Leaf.CA != ecc384 {
		t.Errorf("protected %t, CA %s", inst.Protected, inst.Leaf.CA)
	}
}

func TestAnExpiredChainIsNotAccepted(t *testing.T) {
	t.Parallel()
	chain, _ := hierarchy().LeafFor(t, rsa2048, time.Hour, "127.0.0.1")
	s := Sight{Chain: chain}
	roots := hierarchy().TrustStore(rsa2048)
	w := Wanted{Serial: pki.SerialHex(chain[0]), Name: "127.0.0.1", Roots: roots}
	if v, _ := Judge(s, w, time.Now()); v.Reason != "" {
		t.Fatalf("today it is %+v", v)
	}
	if v, final := Judge(s, w, time.Now().Add(2*time.Hour)); v.Reason != inventory.StuckChain || !final {
		t.Errorf("when it has expired it is %+v", v)
	}
}

func TestACompromisedKeyDoesNotWaitForAnotherSTUCKOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	old := w.inst().Leaf
	w.want(inventory.Want{Renew: inventory.ReasonRequested, Now: true})
	w.fake.misbehave(servesThird)
	w.advance()
	w.change(func(i *inventory.Instance) {
		i.Want = inventory.Want{Renew: inventory.ReasonKeyCompromised, Now: true, At: time.Now(), By: "admin"}
	})
	calls := len(w.fake.calls())
	w.retry()
	w.check()
	if rot := w.rot(); rot.Reason != inventory.ReasonKeyCompromised {
		t.Errorf("the rotation under way is %s (%q)", rot.Reason, rot.Outcome)
	}
	w.advance()
	if slices.Contains(w.fake.calls()[calls:], old.Generation) {
		t.Error("the compromised pair was put back")
	}
}
