package fleet

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/store"
)

// renamed checks that an instance has all of its new name, and nothing of the
// old is left.
func (w *world) renamed(from inventory.Instance, name string) {
	w.t.Helper()
	i := w.inst(name)
	if i.ResourceID != from.ResourceID || i.Host == from.Host || !i.Next.IsZero() {
		w.t.Errorf("%s is %s at %s with %+v pending; it was %s at %s", name, i.ResourceID, i.Host, i.Next, from.ResourceID, from.Host)
	}
	if _, err := w.Get(w.t.Context(), region, from.Name); fault.CodeOf(err) != fault.InstanceNotFound {
		w.t.Errorf("the old name: %v", err)
	}
	if !slices.Equal(i.Leaf.Names, []string{i.Host}) {
		w.t.Errorf("the leaf is for %q, want %q alone", i.Leaf.Names, i.Host)
	}
	if got := w.place.see(i.ResourceID).started; got.Address != i.Address {
		w.t.Errorf("the server listens at %s, want %s", got.Address, i.Address)
	}
	w.serves(name)
}

func TestARenameWaitsForItsWindowAndBeginsExactlyThen(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		old := w.make("shop")
		opens := old.Window.Next(time.Now())
		w.modify(ModifyInput{Name: "shop", NewName: "store"})
		w.pass(time.Until(opens) - time.Millisecond)
		if i := w.inst("shop"); i.Status != inventory.StatusAvailable || i.Next.Name != "store" || !i.DueAt.Equal(opens) {
			t.Fatalf("a moment before the window it is %s, pending %+v, due %s; the window opens %s", i.Status, i.Next, i.DueAt, opens)
		}
		w.serves("shop")
		time.Sleep(time.Until(opens))
		w.must(w.Advance(t.Context(), old.ResourceID))
		if i := w.inst("shop"); i.Status != inventory.StatusRenaming {
			t.Fatalf("in the window it is %s", i.Status)
		}
		w.until("it has its new name", time.Minute, func() bool {
			_, err := w.Get(t.Context(), region, "store")
			return err == nil && w.inst("store").Status == inventory.StatusAvailable
		})
		w.settled("store")
		w.renamed(old, "store")
		w.tells(1, "renamed from shop to store")
	})
}

func TestARenameAtOnceDoesNotWait(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		old := w.make("shop")
		began := time.Now()
		w.modify(ModifyInput{Name: "shop", NewName: "store", Now: true})
		w.work()
		w.settled("store")
		w.renamed(old, "store")
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

func TestApplyImmediatelyTakesAPendingRenameAlong(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		old := w.make("shop")
		w.modify(ModifyInput{Name: "shop", NewName: "store"})
		w.pass(time.Hour)
		if i := w.inst("shop"); i.Next.Name != "store" {
			t.Fatalf("pending is %+v", i.Next)
		}
		yes := true
		w.modify(ModifyInput{Name: "shop", Protected: &yes, Now: true})
		w.work()
		w.settled("store")
		w.renamed(old, "store")
	})
}

func TestARenameToThePresentNameDropsThePlan(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		old := w.make("shop")
		w.modify(ModifyInput{Name: "shop", NewName: "store"})
		w.work()
		w.modify(ModifyInput{Name: "shop", NewName: "Shop"})
		w.pass(8 * 24 * time.Hour)
		if i := w.inst("shop"); !i.Next.IsZero() || i.Host != old.Host || i.Status != inventory.StatusAvailable {
			t.Errorf("it is %s at %s with %+v pending", i.Status, i.Host, i.Next)
		}
		w.tells(0, "renamed")
	})
}

// freeze pulls the switch or releases it.
func (w *world) freeze(on bool) {
	w.t.Helper()
	by := store.AuditRecord{Actor: "alice", At: time.Now()}
	if on {
		w.must(rotation.Freeze(w.t.Context(), w.Store, by, "a test"))
		return
	}
	w.must(rotation.Unfreeze(w.t.Context(), w.Store, by))
}

func TestTheFreezeSwitchHoldsARename(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		old := w.make("shop")
		w.freeze(true)
		w.modify(ModifyInput{Name: "shop", NewName: "store", Now: true})
		w.pass(2 * time.Minute)
		if i := w.inst("shop"); i.Status != inventory.StatusAvailable || i.Next.Name != "store" || i.Next.Host != "" {
			t.Fatalf("frozen, it is %s with %+v pending", i.Status, i.Next)
		}
		w.freeze(false)
		w.until("it goes on", time.Minute, func() bool { return w.named("store") })
		w.settled("store")
		w.renamed(old, "store")
	})
}

func (w *world) named(name string) bool {
	_, err := w.Get(w.t.Context(), region, name)
	return err == nil
}

// A freeze in the middle of it, before anything was activated: the old name
// works on, nothing else can be asked for, and it goes on afterwards.
func TestAFreezeHoldsARenameUnderWay(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		old := w.make("shop")
		w.modify(ModifyInput{Name: "shop", NewName: "store", Now: true})
		w.must(w.Advance(t.Context(), old.ResourceID))
		w.freeze(true)
		w.pass(5 * time.Minute)
		i := w.inst("shop")
		if i.Status != inventory.StatusRenaming || i.Leaf.Generation != old.Leaf.Generation {
			t.Fatalf("frozen on the way, it is %s with leaf %s", i.Status, i.Leaf.Generation)
		}
		w.serves("shop")
		for what, err := range map[string]error{
			"a change": second(w.Modify(t.Context(), alice, ModifyInput{Region: region, Name: "shop", CA: ecc384})),
			"a reboot": second(w.Reboot(t.Context(), alice, region, "shop")),
			"a stop":   second(w.Stop(t.Context(), alice, region, "shop")),
		} {
			if fault.CodeOf(err) != fault.InvalidInstanceState || !strings.Contains(err.Error(), "renaming") {
				t.Errorf("%s in the middle of it: %v", what, err)
			}
		}
		w.freeze(false)
		w.until("it goes on", time.Minute, func() bool { return w.named("store") })
		w.settled("store")
		w.renamed(old, "store")
	})
}

func second[T any](_ T, err error) error { return err }

// The name is taken by another instance while the certificate for it is being
// made: the rename is dropped and the database serves on.
func TestANameTakenMeanwhileDropsTheRename(t *testing.T) {
	t.Parallel()
	for _, when := range []struct {
		sentence string
		begun    bool
	}{{"before it begins", false}, {"when it has begun", true}} {
		t.Run(when.sentence, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *world) {
				old := w.make("shop")
				w.modify(ModifyInput{Name: "shop", NewName: "store", Now: when.begun})
				w.must(w.Advance(t.Context(), old.ResourceID))
				w.make("store")
				w.pass(8 * 24 * time.Hour)
				w.settled("shop")
				i := w.inst("shop")
				if !i.Next.IsZero() || i.Host != old.Host || !slices.Equal(i.Leaf.Names, []string{old.Host}) {
					t.Errorf("it is at %s with %+v pending and a leaf for %q", i.Host, i.Next, i.Leaf.Names)
				}
				w.serves("shop")
				w.serves("store")
				w.tells(1, "The rename is dropped")
			})
		})
	}
}

func TestAnInstanceIsDeletedInTheMiddleOfItsRename(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		old := w.make("shop")
		w.modify(ModifyInput{Name: "shop", NewName: "store", Now: true})
		w.must(w.Advance(t.Context(), old.ResourceID))
		_, err := w.Delete(t.Context(), alice, DeleteInput{Region: region, Name: "shop", SkipSnapshot: true})
		w.must(err)
		w.until("it is gone", time.Minute, func() bool { return !w.named("shop") })
		if w.named("store") || w.place.see(old.ResourceID).pid != 0 {
			t.Error("something of it is left")
		}
		w.make("store") // its name is free
	})
}

// A version that must restart for a certificate restarts for the one with both
// names; the old name leaves the leaf in the next window.
func TestARenameOfAVersionThatMustRestart(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.place.cold = true
		_, err := w.Create(t.Context(), alice, CreateInput{Region: region, Name: "shop", Class: "db.local", Engine: "cold", CA: rsa2048,
			MasterUser: "admin1", MasterPassword: "correct-horse-99", Window: windowIn(3 * 24 * time.Hour)})
		w.must(err)
		w.settled("shop")
		old := w.inst("shop")
		w.modify(ModifyInput{Name: "shop", NewName: "store", Now: true})
		w.work()
		w.settled("store")
		i := w.inst("store")
		if !slices.Equal(i.Leaf.Names, []string{i.Host, old.Host}) {
			t.Errorf("the leaf is for %q, want the new and the old name", i.Leaf.Names)
		}
		pid := w.place.see(i.ResourceID).pid
		w.pass(time.Until(i.Window.Next(time.Now())) - time.Second)
		if now := w.place.see(i.ResourceID).pid; now != pid {
			t.Errorf("process %d became %d before the window", pid, now)
		}
		w.pass(time.Hour)
		w.renamed(old, "store")
	})
}

// Two members renamed at once: one is always there.
func TestMembersAreRenamedOneAtATime(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		v := w.multi("az")
		var names []string
		for _, m := range v.Members {
			names = append(names, m.Name+"-new")
			w.modify(ModifyInput{Name: m.Name, NewName: m.Name + "-new", Now: true})
		}
		w.until("all are renamed", time.Hour, func() bool {
			return !slices.ContainsFunc(names, func(n string) bool { return !w.named(n) || w.inst(n).Status != inventory.StatusAvailable })
		})
		if w.place.down != 1 {
			t.Errorf("%d members were down at once", w.place.down)
		}
		w.shows("az", inventory.StatusAvailable)
		for _, n := range names {
			w.serves(n)
		}
	})
}
