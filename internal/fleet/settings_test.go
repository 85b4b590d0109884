package fleet

import (
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
)

// grouped makes an instance with a group of its own that sets nothing yet.
func (w *world) grouped(name string) inventory.Instance {
	w.t.Helper()
	i := w.make(name)
	w.group(inventory.GroupInstance, name+"-group", "plain1")
	w.modify(ModifyInput{Name: name, Group: name + "-group"})
	w.work()
	w.stands(name, inventory.SyncDone, "")
	return i
}

// stands checks how an instance stands to its group, and that its server runs
// with the values given ("depth=9 force=1", in the order of names).
func (w *world) stands(name string, sync inventory.Sync, values string) {
	w.t.Helper()
	i := w.inst(name)
	d := w.place.see(i.ResourceID)
	var has []string
	for _, n := range []string{"depth", "force"} {
		if v, ok := d.started.Parameters[n]; ok {
			has = append(has, n+"="+v)
		}
	}
	if i.GroupSync != sync || strings.Join(has, " ") != values || d.pid == 0 || i.Status != inventory.StatusAvailable {
		w.t.Errorf("%s is %s, %s (%s), its server, process %d, runs with %q; want %s with %q", name, i.Status, i.GroupSync, i.SyncError, d.pid, has, sync, values)
	}
	if (i.SyncError != "") != (sync == inventory.SyncFailed) {
		w.t.Errorf("%s is %s because of %q", name, i.GroupSync, i.SyncError)
	}
}

func (w *world) reboot(name string) {
	w.t.Helper()
	w.must(second(w.Reboot(w.t.Context(), alice, region, name)))
	w.settled(name)
}

const own, atOnce, nextBoot = inventory.GroupInstance, inventory.Immediate, inventory.PendingReboot

func TestADynamicParameterChangesWhileItRunsAndAStaticOneWithTheReboot(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		i := w.grouped("shop")
		pid := w.place.see(i.ResourceID).pid
		w.set(own, "shop-group", "force", "1", atOnce)
		w.work()
		w.stands("shop", inventory.SyncDone, "force=1")
		w.set(own, "shop-group", "depth", "3", nextBoot)
		w.pass(30 * 24 * time.Hour) // no window restarts it
		w.stands("shop", inventory.SyncReboot, "force=1")
		if now := w.place.see(i.ResourceID).pid; now != pid {
			t.Errorf("process %d became %d although nobody asked for a reboot", pid, now)
		}
		w.reboot("shop")
		w.stands("shop", inventory.SyncDone, "depth=3 force=1")
		w.set(own, "shop-group", "force", "0", nextBoot)
		w.work()
		w.stands("shop", inventory.SyncReboot, "depth=3 force=1")
		w.reboot("shop")
		w.stands("shop", inventory.SyncDone, "depth=3")
	})
}

// A parameter that keeps the server from starting is taken back: it runs, and
// the status says why its group is not in force.
func TestAParameterTheServerDoesNotStartWithIsTakenBack(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.grouped("shop")
		w.place.refuse = "depth=9"
		w.set(own, "shop-group", "depth", "9", nextBoot)
		w.reboot("shop")
		w.stands("shop", inventory.SyncFailed, "")
		w.tells(1, "does not start with the parameters of group shop-group; they are taken back")
		w.serves("shop")
		calls := w.place.count()
		w.pass(7 * 24 * time.Hour)
		for _, c := range w.place.since(calls) {
			if c != "Observe" {
				t.Errorf("it is tried again by itself: %v", w.place.since(calls))
				break
			}
		}
		w.stands("shop", inventory.SyncFailed, "")

		w.reboot("shop") // asked for again, refused again
		w.stands("shop", inventory.SyncFailed, "")
		w.place.refuse = "" // whatever was in its way is gone
		w.reboot("shop")
		w.stands("shop", inventory.SyncDone, "depth=9")
		w.set(own, "shop-group", "depth", "2", nextBoot)
		w.stands("shop", inventory.SyncReboot, "depth=9")
		w.reboot("shop")
		w.stands("shop", inventory.SyncDone, "depth=2")
	})
}

// What was dynamic and good in the same group has its effect all the same.
func TestTheRestOfAGroupWithABadParameterIsApplied(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.grouped("shop")
		w.place.refuse = "depth=9"
		w.set(own, "shop-group", "depth", "9", nextBoot)
		w.reboot("shop")
		w.set(own, "shop-group", "force", "1", atOnce)
		w.work()
		i := w.inst("shop")
		if got := w.place.see(i.ResourceID).started.Parameters["force"]; got != "1" {
			t.Errorf("force is %q, want 1; the group is %s", got, i.GroupSync)
		}
	})
}

func TestADynamicParameterThatIsRefusedIsReportedOnce(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.grouped("shop")
		w.place.refuse = "force=1"
		calls := w.place.count()
		w.set(own, "shop-group", "force", "1", atOnce)
		w.pass(7 * 24 * time.Hour)
		w.stands("shop", inventory.SyncFailed, "")
		w.tells(1, "could not be applied")
		tries := 0
		for _, c := range w.place.since(calls) {
			if c == "Apply" {
				tries++
			}
		}
		if tries != 1 {
			t.Errorf("it was tried %d times, want once: %v", tries, w.place.since(calls))
		}
		w.set(own, "shop-group", "force", "0", atOnce) // back to what the server has
		w.work()
		w.stands("shop", inventory.SyncDone, "")
	})
}

// A machine that stumbles is no refusal: it is tried again until it works.
func TestAnApplyThatStumblesIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		inWorld(t, func(t *testing.T, w *world) {
			w.grouped("shop")
			w.place.fail(1, after)
			w.set(own, "shop-group", "force", "1", atOnce)
			w.pass(time.Minute)
			w.stands("shop", inventory.SyncDone, "force=1")
		})
	}
}

// Another group has its name at once and its values with the next reboot,
// dynamic ones too, and also those that change in it before that.
func TestAnotherGroupWaitsForTheReboot(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.make("shop")
		w.group(own, "strict", "plain1")
		w.set(own, "strict", "force", "1", atOnce)
		w.modify(ModifyInput{Name: "shop", Group: "strict"})
		w.pass(time.Hour)
		if got := w.inst("shop").Group; got != "strict" {
			t.Errorf("the group is %q", got)
		}
		w.stands("shop", inventory.SyncReboot, "")
		w.set(own, "strict", "force", "0", atOnce)
		w.set(own, "strict", "force", "1", atOnce)
		w.pass(time.Hour)
		w.stands("shop", inventory.SyncReboot, "")
		w.reboot("shop")
		w.stands("shop", inventory.SyncDone, "force=1")
		w.set(own, "strict", "force", "0", atOnce)
		w.work()
		w.stands("shop", inventory.SyncDone, "")
	})
}

// A stopped instance takes its group's changes with its start.
func TestAStoppedInstanceStartsWithWhatChangedMeanwhile(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.grouped("shop")
		w.must(second(w.Stop(t.Context(), alice, region, "shop")))
		w.until("it is stopped", time.Minute, func() bool { return w.inst("shop").Status == inventory.StatusStopped })
		w.set(own, "shop-group", "force", "1", atOnce)
		w.set(own, "shop-group", "depth", "4", nextBoot)
		w.pass(time.Hour)
		w.must(second(w.Start(t.Context(), alice, region, "shop")))
		w.settled("shop")
		w.stands("shop", inventory.SyncDone, "depth=4 force=1")
	})
}
