package forcetls_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/forcetls"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

// web is a world with one group and one instance of it.
func web(t *testing.T) *world {
	w := newWorld(t)
	w.group(inventory.GroupInstance, "web", "fine1")
	w.instance("shop", "fine", "web")
	return w
}

func (w *world) force(within time.Duration, except ...string) (forcetls.Plan, error) {
	q := on("web")
	q.Except = except
	return w.Apply(w.t.Context(), alice, forcetls.ApplyInput{Request: q, ConfirmWithin: within, RefuseClients: true, AcceptUnknown: true})
}

func (w *world) mustForce(within time.Duration, except ...string) forcetls.Plan {
	w.t.Helper()
	p, err := w.force(within, except...)
	w.must(err)
	return p
}

func (w *world) says(sentence, force, except string, pending int) {
	w.t.Helper()
	f, x, p := w.value(inventory.GroupInstance, "web", "force"), w.value(inventory.GroupInstance, "web", "except"), len(w.pending())
	if f != force || x != except || p != pending {
		w.t.Errorf("%s: force is %q, except %q and %d changes wait; want %q, %q, %d", sentence, f, x, p, force, except, pending)
	}
}

func TestNobodyIsRefusedWithoutConsentThatKnowsTheirNames(t *testing.T) {
	t.Parallel()
	w := web(t)
	for _, user := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		w.client("shop", user+" 10.1.2.3 exporter", evidence.Plain, time.Hour)
	}
	_, err := w.Apply(t.Context(), alice, forcetls.ApplyInput{Request: on("web"), AcceptUnknown: true})
	w.refused("without consent", err, forcetls.ClientsAtRisk, "user a from 10.1.2.3 (exporter) of shop", "user e ", "and 2 more", "--refuse-clients")
	w.says("after a refusal", "", "", 0)
	if len(w.told("db-instance", "shop"))+len(w.told("db-parameter-group", "web")) != 0 {
		t.Error("a refused change leaves events")
	}
	for sentence, in := range map[string]forcetls.ApplyInput{
		"too short":    {Request: on("web"), ConfirmWithin: time.Millisecond},
		"too long":     {Request: on("web"), ConfirmWithin: 8 * day},
		"negative":     {Request: on("web"), ConfirmWithin: -time.Minute},
		"off and back": {Request: forcetls.Request{Target: on("web").Target}, ConfirmWithin: time.Minute},
	} {
		in.RefuseClients = true
		if _, err := w.Apply(t.Context(), alice, in); fault.CodeOf(err) != fault.InvalidParameter && fault.CodeOf(err) != fault.InvalidCombination {
			t.Errorf("%s: %v", sentence, err)
		}
	}
	w.mustForce(0)
	w.says("with consent", "1", "", 0)
	w.apply("shop", false)
	if p := w.mustForce(time.Minute); p.Changes || p.Pending != nil || len(w.pending()) != 0 {
		t.Errorf("what is so already is %+v", p)
	}
}

func TestAChangeThatNobodyConfirmsIsUndoneAtItsDeadline(t *testing.T) {
	t.Parallel()
	w := web(t)
	p := w.mustForce(5 * time.Minute)
	if p.Pending == nil || p.Pending.Deadline.Sub(p.Pending.At) != 5*time.Minute || p.Pending.By != "alice" {
		t.Fatalf("what waits is %+v", p.Pending)
	}
	w.says("before", "1", "", 1)
	w.work()
	w.says("before the deadline", "1", "", 1)
	w.apply("shop", false)
	_, err := w.force(time.Minute, "x@10.1.1.1=2999-01-01")
	w.refused("another change meanwhile", err, forcetls.ChangePending, "confirm, or undo")
	if p := w.plan(on("shop")); p.Pending == nil || p.Pending.Group != "web" {
		t.Errorf("the plan shows as waiting %+v", p.Pending)
	}
	w.passDeadline("web")
	w.work()
	w.says("after the deadline", "reset", "", 0)
	w.wantTold("the group", "db-parameter-group", "web", "was undone (force)", "nobody confirmed it until")
	w.wantTold("the instance", "db-instance", "shop", "let in again", "undo of forced TLS by dbtls")
	events := len(w.told("db-instance", "shop"))
	w.work()
	if len(w.told("db-instance", "shop")) != events {
		t.Error("it is undone twice")
	}
}

// passDeadline moves a change into the past, as time would, and starts anew.
func (w *world) passDeadline(group string) {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		p, err := tx.PendingForce(store.GroupKey{Kind: inventory.GroupInstance, Region: region, Name: group})
		if err != nil {
			return err
		}
		p.At, p.Deadline = p.At.Add(-time.Hour), p.Deadline.Add(-time.Hour)
		return tx.PutPendingForce(p)
	})
	w.start(w.Store)
}

func TestAnUndoTakesBackItsOwnChangeAndNobodyElses(t *testing.T) {
	t.Parallel()
	set := func(v string, m inventory.ApplyMethod) func(*world) {
		return func(w *world) {
			w.modify(inventory.GroupInstance, "web", params.Change{Name: "force", Value: v, Method: m})
		}
	}
	for sentence, c := range map[string]struct {
		before, meanwhile func(*world)
		force, except     string // afterwards
		told              string
	}{
		"what was not set is reset":                      {force: "reset", told: "was undone (force, except)", except: "reset"},
		"what was set comes back":                        {before: set("0", inventory.Immediate), force: "0", except: "reset"},
		"what was to be set at a reboot lets clients in": {before: set("1", inventory.PendingReboot), force: "0", except: "reset"},
		"other exceptions come back": {before: func(w *world) {
			w.modify(inventory.GroupInstance, "web", change("except", "y@10.2.2.2=2998-01-01"))
		}, force: "reset", except: "y@10.2.2.2=2998-01-01"},
		"a group that has moved on goes back all the same": {meanwhile: func(w *world) {
			set("1", inventory.Immediate)(w)
			w.modify(inventory.GroupInstance, "web", change("force", "1"))
		}, force: "reset", except: "reset"},
		"what somebody has set otherwise stays": {meanwhile: set("0", inventory.Immediate), force: "0", except: "reset", told: "force was set otherwise meanwhile"},
		"all set otherwise": {meanwhile: func(w *world) {
			set("0", inventory.Immediate)(w)
			w.modify(inventory.GroupInstance, "web", change("except", "z@10.3.3.3=2999-02-02"))
		}, force: "0", except: "z@10.3.3.3=2999-02-02", told: "was not undone"},
		"a group of the same name that is another one": {meanwhile: func(w *world) {
			w.write(func(tx *store.Tx) error {
				g, err := tx.Group(inventory.GroupInstance, region, "web")
				g.CreatedAt = g.CreatedAt.Add(time.Second)
				return first(err, tx.UpdateGroup(g))
			})
		}, force: "1", except: "x@10.1.1.1=2999-01-01T00:00:00Z", told: "another one has its name"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			w := web(t)
			if c.before != nil {
				c.before(w)
			}
			w.mustForce(time.Minute, "x@10.1.1.1=2999-01-01T00:00:00Z")
			if c.before == nil {
				w.says("set", "1", "x@10.1.1.1=2999-01-01T00:00:00Z", 1)
			}
			if c.meanwhile != nil {
				c.meanwhile(w)
			}
			w.passDeadline("web")
			w.work()
			w.says("undone", c.force, c.except, 0)
			w.wantTold("the group", "db-parameter-group", "web", c.told)
		})
	}
}

func first(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestAGroupThatIsGoneAtTheDeadlineHoldsNothingUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group(inventory.GroupInstance, "web", "fine1")
	w.mustForce(time.Minute)
	w.must(w.Params.Delete(t.Context(), alice, params.Ref{Kind: inventory.GroupInstance, Region: region, Name: "web"}))
	w.passDeadline("web")
	w.work()
	if len(w.pending()) != 0 {
		t.Error("it still waits")
	}
}

func TestConfirmedStaysAndUndoTakesBackAtOnce(t *testing.T) {
	t.Parallel()
	w := web(t)
	target := on("shop").Target // an instance stands for its group
	w.mustForce(time.Minute)
	e, err := w.Confirm(t.Context(), alice, target)
	w.must(err)
	if !e.Kept || !strings.Contains(e.String(), "stays: confirmed by alice") {
		t.Errorf("confirmed is %q", e)
	}
	w.work()
	w.says("confirmed", "1", "", 0)
	for what, end := range map[string]func() error{
		"confirm": func() error { _, err := w.Confirm(t.Context(), alice, target); return err },
		"undo":    func() error { _, err := w.Undo(t.Context(), alice, target); return err },
	} {
		w.refused(what+" of nothing", end(), forcetls.NothingPending, "web")
	}
	off := forcetls.ApplyInput{Request: forcetls.Request{Target: target}}
	_, err = w.Apply(t.Context(), alice, off)
	w.must(err)
	w.says("off", "0", "", 0)
	w.mustForce(time.Minute)
	e, err = w.Undo(t.Context(), alice, target)
	w.must(err)
	w.says("undone", "0", "", 0)
	if !slices.Equal(e.Undone, []string{"force"}) || !strings.Contains(e.String(), "asked for by alice") {
		t.Errorf("undone is %q", e)
	}
	log, err := w.Store.Read(t.Context()).AuditLog(0, 100)
	w.must(err)
	var actions []string
	for _, a := range log {
		if !strings.Contains(a.Action, "DBParameterGroup") {
			actions = append(actions, a.Actor+" "+a.Action)
		}
	}
	if !slices.Equal(actions, []string{"alice ForceTLS", "alice ConfirmForcedTLS", "alice ForceTLS", "alice ForceTLS", "alice UndoForcedTLS"}) {
		t.Errorf("audited are %q", actions)
	}
}

func TestOfConfirmAndUndoAtTheSameMomentOneWins(t *testing.T) {
	t.Parallel()
	w := web(t)
	for range 10 {
		w.mustForce(time.Minute)
		var wg sync.WaitGroup
		var kept, undone error
		wg.Go(func() { _, kept = w.Confirm(t.Context(), alice, on("web").Target) })
		wg.Go(func() { _, undone = w.Undo(t.Context(), alice, on("web").Target) })
		wg.Wait()
		want := map[bool]string{true: "1", false: "reset"}[kept == nil]
		if (kept == nil) == (undone == nil) || w.value(inventory.GroupInstance, "web", "force") != want || len(w.pending()) != 0 {
			t.Fatalf("confirm: %v, undo: %v, force is %q", kept, undone, w.value(inventory.GroupInstance, "web", "force"))
		}
		w.modify(inventory.GroupInstance, "web", params.Change{Name: "force", Method: inventory.Immediate, Reset: true})
	}
}

func TestAnUndoBeforeTheRebootLeavesNoTraceAndOneAfterItNeedsAnother(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		rebooted bool
		told     string
	}{
		"before": {false, "had not been told to yet"}, "after": {true, "at its reboot"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.group(inventory.GroupInstance, "web", "slow1")
			w.instance("shop", "slow", "web")
			w.client("shop", "app 10.1.2.3", evidence.Plain, time.Hour)
			w.mustForce(time.Minute)
			w.work()
			w.wantTold("forced", "db-instance", "shop", "TLS is forced at its reboot", "encrypted without asking", "user app from 10.1.2.3")
			if c.rebooted {
				w.apply("shop", true)
				w.work()
				w.wantTold("rebooted", "db-instance", "shop", "TLS is forced by this restart", "user app from 10.1.2.3")
			}
			w.passDeadline("web")
			w.work()
			w.wantTold("undone", "db-instance", "shop", "TLS is not forced any more", c.told)
			if got := w.value(inventory.GroupInstance, "web", "force"); got != "reset" {
				t.Errorf("the group says %q", got)
			}
		})
	}
}

func TestTheLoopWakesAtTheDeadline(t *testing.T) {
	t.Parallel()
	w := web(t)
	w.mustForce(time.Second)
	next, err := forcetls.Work{Service: w.Service}.NextDue(t.Context())
	w.must(err)
	if at := w.pending()[0].Deadline; next.Sub(at).Abs() > time.Millisecond {
		t.Errorf("the loop is to look again at %s, the deadline is %s", next, at)
	}
	for len(w.pending()) > 0 && time.Since(w.now) < 30*time.Second {
		<-time.After(20 * time.Millisecond)
		w.work()
	}
	w.says("after a second", "reset", "", 0)
}
