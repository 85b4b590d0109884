package forcetls_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/forcetls"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

func TestAClockThatJumpsDoesNotKeepAChange(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)
	p := store.PendingForce{At: at, Deadline: at.Add(10 * time.Minute)}
	for sentence, c := range map[string]struct {
		now     time.Duration // after the change, by the wall
		seen    time.Duration // when the process saw it first
		elapsed time.Duration // since then, by the process's own clock
		over    bool
		odd     string
	}{
		"in time":                       {9 * time.Minute, 0, 9 * time.Minute, false, ""},
		"at the deadline":               {10 * time.Minute, 0, 10 * time.Minute, true, ""},
		"long after, at a start":        {99 * time.Hour, 99 * time.Hour, 0, true, ""},
		"a jump ahead":                  {30 * time.Hour, 0, time.Minute, true, ""},
		"set back an hour, too early":   {-time.Hour, 0, time.Minute, true, "before the change was made"},
		"set back a little, and waited": {2 * time.Minute, 0, 10 * time.Minute, true, "set back"},
		"set back a little":             {2 * time.Minute, 0, 5 * time.Minute, false, ""},
		"started at 8, waited for 2":    {9 * time.Minute, 8 * time.Minute, 2 * time.Minute, true, "set back"},
	} {
		over, odd := forcetls.Overdue(p, at.Add(c.now), at.Add(c.seen), c.elapsed)
		if over != c.over || (c.odd == "") != (odd == "") || !strings.Contains(odd, c.odd) {
			t.Errorf("%s: %t %q", sentence, over, odd)
		}
	}
}

func TestAnUntrustedClockUndoesAndSaysSoAndEndsNoException(t *testing.T) {
	t.Parallel()
	w := web(t)
	w.mustForce(time.Minute, "x@10.1.1.1="+w.now.Add(time.Hour).UTC().Format(time.RFC3339))
	w.passDeadline("web")
	w.bad = errClock
	w.work()
	w.says("undone", "reset", "reset", 0)
	w.wantTold("the group", "db-parameter-group", "web", "was undone", "clock cannot be trusted")

	w.modify(inventory.GroupInstance, "web", change("except", "x@10.1.1.1="+w.now.Add(-time.Hour).UTC().Format(time.RFC3339)))
	due, err := forcetls.Work{Service: w.Service}.Due(t.Context(), time.Now())
	w.must(err)
	if len(due) != 1 {
		t.Fatalf("%d are due", len(due))
	}
	if err := due[0].Run(t.Context()); err == nil || !strings.Contains(err.Error(), "moved by 30h") {
		t.Errorf("with a clock that is not trusted an exception ends: %v", err)
	}
	if got := w.value(inventory.GroupInstance, "web", "except"); !strings.HasPrefix(got, "x@10.1.1.1") {
		t.Errorf("the exceptions are %q", got)
	}
	w.bad = nil
	w.work()
	if got := w.value(inventory.GroupInstance, "web", "except"); got != "reset" {
		t.Errorf("with a good clock the exceptions are %q", got)
	}
}
