package fleet

import (
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/rotation"
)

func TestTheStatusOfACluster(t *testing.T) {
	t.Parallel()
	const (
		up, down, creating = inventory.StatusAvailable, inventory.StatusStopped, inventory.StatusCreating
		stopping, starting = inventory.StatusStopping, inventory.StatusStarting
		rebooting, failed  = inventory.StatusRebooting, inventory.StatusFailed
		deleting           = inventory.StatusDeleting
	)
	w := func(s inventory.Status) View { return View{Instance: inventory.Instance{Writer: true, Status: s}} }
	r := func(s inventory.Status) View { return View{Instance: inventory.Instance{Status: s}} }
	changing := r(up)
	changing.Rotation = &inventory.Rotation{Step: inventory.StepKey}
	broken := r(up)
	broken.Down = "no room on the device"
	for _, c := range []struct {
		sentence string
		own      inventory.Status
		members  []View
		want     inventory.Status
	}{
		{"without members it is what it is", up, nil, up},
		{"before its writer is there it is creating", up, []View{w(creating)}, creating},
		{"a reader without a writer does not count", up, []View{r(up)}, creating},
		{"with its writer it is available", up, []View{w(up)}, up},
		{"a reader that is being added does not show", up, []View{w(up), r(creating)}, up},
		{"nor one that goes", up, []View{w(up), r(deleting)}, up},
		{"a member whose certificate changes makes it modifying", up, []View{w(up), changing}, inventory.StatusModifying},
		{"a member that reboots shows", up, []View{w(up), r(rebooting), changing}, rebooting},
		{"one that starts shows before one that reboots", up, []View{r(rebooting), w(starting)}, starting},
		{"one that stops shows before one that starts", up, []View{w(starting), r(stopping)}, stopping},
		{"one that failed shows before all", up, []View{w(stopping), r(failed)}, failed},
		{"one that cannot be started has failed", up, []View{w(up), broken}, failed},
		{"it is stopped when all are", up, []View{w(down), r(down)}, down},
		{"and available while one is not", up, []View{w(up), r(down)}, up},
		{"while it is deleted nothing else shows", deleting, []View{w(deleting), r(rebooting)}, deleting},
	} {
		v := ClusterView{Cluster: inventory.Cluster{Status: c.own}, Members: c.members}
		if got := v.Shown(); got != c.want {
			t.Errorf("%s: %s, want %s", c.sentence, got, c.want)
		}
	}
}

func TestWhatMaintenanceIsPending(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC) // a Wednesday
	window, err := inventory.ParseWindow("fri:03:00-fri:04:00")
	if err != nil {
		t.Fatal(err)
	}
	friday := time.Date(2026, 6, 12, 3, 0, 0, 0, time.UTC)
	long := rotation.CAFacts{ID: rsa2048, NotAfter: now.AddDate(40, 0, 0), AutoRotates: true}
	ends := func(left time.Duration, auto bool) rotation.CAFacts {
		return rotation.CAFacts{ID: "rds-ca-2019", NotAfter: now.Add(left), AutoRotates: auto}
	}
	const year = 365 * 24 * time.Hour
	soon := now.Add(year / 2)
	for _, c := range []struct {
		sentence string
		status   inventory.Status
		want     inventory.Want
		old      rotation.CAFacts
		pending  bool
		action   Maintenance
	}{
		{"nothing, of a CA that lasts", inventory.StatusAvailable, inventory.Want{}, long, false, Maintenance{}},
		{"nothing yet, a day before the notice", inventory.StatusAvailable, inventory.Want{}, ends(year+24*time.Hour, true), false, Maintenance{}},
		{"a move in the window, on the day of the notice", inventory.StatusAvailable, inventory.Want{}, ends(year, true), true,
			Maintenance{Current: friday, AutoAfter: now, Forced: now.Add(year)}},
		{"a move in the window, later", inventory.StatusAvailable, inventory.Want{}, ends(year/2, true), true,
			Maintenance{Current: friday, AutoAfter: soon.Add(-year), Forced: soon}},
		{"advice alone, of a CA that does not rotate by itself", inventory.StatusAvailable, inventory.Want{}, ends(year/2, false), true,
			Maintenance{Forced: soon}},
		{"what was asked for in the window", inventory.StatusAvailable, inventory.Want{CA: ecc384}, long, true,
			Maintenance{OptIn: "next-maintenance", Current: friday}},
		{"what was asked for at once", inventory.StatusAvailable, inventory.Want{CA: ecc384, Now: true}, long, true,
			Maintenance{OptIn: "immediate", Current: now}},
		{"what was asked for, before what is advised", inventory.StatusAvailable, inventory.Want{CA: ecc384}, ends(year/2, true), true,
			Maintenance{OptIn: "next-maintenance", Current: friday}},
		{"that of a stopped instance too", inventory.StatusStopped, inventory.Want{CA: ecc384}, long, true,
			Maintenance{OptIn: "next-maintenance", Current: friday}},
		{"nothing of one that is being created", inventory.StatusCreating, inventory.Want{CA: ecc384}, long, false, Maintenance{}},
		{"nothing of one that is being deleted", inventory.StatusDeleting, inventory.Want{CA: ecc384}, ends(year/2, true), false, Maintenance{}},
	} {
		v := View{Instance: inventory.Instance{Name: "shop", Status: c.status, Window: window, Want: c.want, Leaf: inventory.Leaf{CA: c.old.ID}}}
		got, pending := maintenance(v, c.old, long, now)
		got.Instance, got.Description = "", ""
		if pending != c.pending || (pending && got != c.action) {
			t.Errorf("%s: %t %+v, want %t %+v", c.sentence, pending, got, c.pending, c.action)
		}
	}
}

// undo-opt-in takes back what waits for the window, and nothing else.
func TestAMaintenanceActionIsAnswered(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		i := w.make("shop")
		pending := func() []Maintenance {
			all, err := w.Maintenances(t.Context(), region)
			w.must(err)
			return all
		}
		apply := func(optIn string) error {
			_, _, err := w.ApplyMaintenance(t.Context(), alice, region, "shop", ActionRotate, optIn)
			return err
		}
		if all := pending(); len(all) != 0 {
			t.Errorf("pending is %+v", all)
		}
		w.modify(ModifyInput{Name: "shop", CA: ecc384})
		w.pass(time.Hour)
		if all := pending(); len(all) != 1 || all[0].OptIn != "next-maintenance" || !all[0].Current.Equal(i.Window.Next(time.Now())) {
			t.Errorf("pending is %+v", all)
		}
		w.must(apply("undo-opt-in"))
		w.pass(8 * 24 * time.Hour)
		if ca := w.inst("shop").Leaf.CA; ca != rsa2048 || len(pending()) != 0 {
			t.Errorf("after the window it has CA %s, pending %+v", ca, pending())
		}
		w.modify(ModifyInput{Name: "shop", CA: ecc384})
		w.must(apply("immediate"))
		if err := apply("undo-opt-in"); err == nil {
			t.Error("what was asked for at once was undone")
		}
		w.work()
		w.settled("shop")
		if ca := w.inst("shop").Leaf.CA; ca != ecc384 {
			t.Errorf("it has CA %s", ca)
		}
		w.serves("shop")
	})
}
