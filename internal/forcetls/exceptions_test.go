package forcetls_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/forcetls"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

func until(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }

func TestAnExceptionIsSetWithForcingAndEndsAtItsEnd(t *testing.T) {
	t.Parallel()
	w := web(t)
	w.client("shop", "exporter 10.1.2.3", evidence.Plain, time.Hour)
	soon := w.now.Add(2 * time.Second)
	q := on("web")
	q.Except = []string{"exporter@10.1.2.3=" + until(soon), "*@10.9.0.0/16=2999-01-01T00:00:00Z"}
	p, err := w.Apply(t.Context(), alice, forcetls.ApplyInput{Request: q})
	w.must(err) // nobody is refused
	if len(p.Exceptions) != 2 || len(p.Instances) != 1 || p.Instances[0].Counts[forcetls.Excepted] != 1 {
		t.Errorf("the plan is %+v", p)
	}
	w.work()
	w.wantTold("forced", "db-instance", "shop", "TLS is forced from now on", "Let in without TLS by an exception: user exporter from 10.1.2.3")
	next, err := forcetls.Work{Service: w.Service}.NextDue(t.Context())
	w.must(err)
	if got := until(next); got != until(soon) {
		t.Errorf("the loop is to look again at %s, want %s", got, until(soon))
	}
	for time.Now().Before(soon) { // the store's clock is the machine's
		w.work()
		<-time.After(50 * time.Millisecond)
	}
	w.work()
	w.says("ended", "1", "*@10.9.0.0/16=2999-01-01T00:00:00Z", 0)
	w.wantTold("ended", "db-instance", "shop", "The exception from forced TLS for user exporter from 10.1.2.3 has ended", "refused from now on")
	w.wantTold("ended", "db-parameter-group", "web", "user exporter from 10.1.2.3 has ended")
}

func TestAnEndIsAnnouncedAWeekBeforeOnce(t *testing.T) {
	t.Parallel()
	w := web(t)
	// It was set long ago: dbtls has had its eye on it since.
	x := "exporter@10.1.2.3=" + until(w.now.Add(3*day))
	key := store.GroupKey{Kind: inventory.GroupInstance, Region: region, Name: "web"}
	w.modify(inventory.GroupInstance, "web", change("except", x))
	w.work()
	if said := w.told("db-instance", "shop"); len(said) != 0 {
		t.Errorf("whoever sets an end knows it; told is %q", said)
	}
	w.write(func(tx *store.Tx) error { return tx.PutExceptionWatch(store.ExceptionWatch{GroupKey: key, Due: w.now}) })
	w.work()
	w.wantTold("a week before", "db-instance", "shop", "user exporter from 10.1.2.3 ends at "+until(w.now.Add(3*day)), "move that client to TLS")
	w.modify(inventory.GroupInstance, "web", change("force", "1")) // looks at the exceptions again
	w.work()
	if n := strings.Count(strings.Join(w.told("db-parameter-group", "web"), "\n"), "ends at"); n != 1 {
		t.Errorf("the end is announced %d times", n)
	}
}

func TestExceptionsOfTheAPIAreFollowedToo(t *testing.T) {
	t.Parallel()
	w := web(t)
	w.modify(inventory.GroupInstance, "web", change("force", "1"), change("except", "*@10.0.0.0/8="+until(w.now.Add(-time.Hour))+",exporter@10.1.2.3=2999-01-01T00:00:00Z"))
	_, err := w.Params.Copy(t.Context(), alice, params.CopyInput{Kind: inventory.GroupInstance, Region: region, Source: "web", Target: "copy", Description: "a copy"})
	w.must(err)
	w.work()
	w.says("ended", "1", "exporter@10.1.2.3=2999-01-01T00:00:00Z", 0)
	if got := w.value(inventory.GroupInstance, "copy", "except"); got != "exporter@10.1.2.3=2999-01-01T00:00:00Z" {
		t.Errorf("the copy of a group has %q", got)
	}
	w.must(w.Params.Delete(t.Context(), alice, params.Ref{Kind: inventory.GroupInstance, Region: region, Name: "copy"}))
	w.write(func(tx *store.Tx) error {
		return tx.PutExceptionWatch(store.ExceptionWatch{GroupKey: store.GroupKey{Kind: inventory.GroupInstance, Region: region, Name: "copy"}, Due: w.now})
	})
	w.work() // a group that is gone is not watched for ever
	w.modify(inventory.GroupInstance, "web", params.Change{Name: "except", Reset: true, Method: inventory.Immediate})
	next, err := forcetls.Work{Service: w.Service}.NextDue(t.Context())
	w.must(err)
	if !next.IsZero() {
		t.Errorf("without exceptions the loop is to look again at %s", next)
	}
}

func TestABadExceptionIsRefusedByName(t *testing.T) {
	t.Parallel()
	w := web(t)
	w.group(inventory.GroupInstance, "late", "slow1")
	for sentence, c := range map[string]struct {
		group, except string
		code          fault.Code
		says          string
	}{
		"a form that nobody reads":      {"web", "exporter", fault.InvalidParameter, "USER@SOURCE=UNTIL"},
		"one for everybody":             {"web", "*@*=2999-01-01", fault.InvalidParameter, "no forced TLS at all"},
		"one that has ended":            {"web", "a@10.1.1.1=2020-01-01", fault.InvalidParameter, "in the past"},
		"a product that knows none":     {"late", "a@10.1.1.1=2999-01-01", fault.NotBuilt, "SLOW"},
		"a user that breaks the list":   {"web", `a"b@10.1.1.1=2999-01-01`, fault.InvalidParameter, "character"},
		"a source that is no address":   {"web", "a@host=2999-01-01", fault.InvalidParameter, "host"},
		"a date that there is not":      {"web", "a@10.1.1.1=2999-02-30", fault.InvalidParameter, "2999-02-30"},
		"more than a list is to have":   {"web", many(51), fault.InvalidParameter, "51 exceptions"},
		"exceptions while TLS is an if": {"off", "a@10.1.1.1=2999-01-01", fault.InvalidCombination, "with on"},
	} {
		q := on(c.group)
		if c.group == "off" {
			q = forcetls.Request{Target: on("web").Target}
		}
		q.Except = []string{c.except}
		_, err := w.Plan(t.Context(), q)
		w.refused(sentence, err, c.code, c.says)
	}
	q := on("web")
	q.Except = []string{"a@10.1.1.1=2999-01-01", "a@10.1.1.1=2999-03-01,b@*=2999-01-01"}
	if p := w.plan(q); len(p.Exceptions) != 2 || !strings.Contains(p.Exceptions[0], "2999-03-02") {
		t.Errorf("a later end replaces an earlier one: %q", p.Exceptions)
	}
}

func many(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("u%d@10.1.1.1=2999-01-01", i))
	}
	return strings.Join(all, ",")
}
