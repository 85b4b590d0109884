package params_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

func change(name, value string, m inventory.ApplyMethod) []params.Change {
	return []params.Change{{Name: name, Value: value, Method: m}}
}

func TestABadChangeIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group(inventory.GroupInstance, "web", "plain1")
	w.group(inventory.GroupInstance, "member", "shared1")
	w.group(inventory.GroupCluster, "all", "shared1")
	var many []params.Change
	for n := range 21 {
		many = append(many, params.Change{Name: fmt.Sprint("p", n), Value: "1", Method: inventory.Immediate})
	}
	web := ref(inventory.GroupInstance, "web")
	for sentence, c := range map[string]struct {
		ref     params.Ref
		changes []params.Change
		code    fault.Code
		says    string
	}{
		"a static one at once":               {web, change("port_count", "3", inventory.Immediate), fault.InvalidCombination, "cannot use immediate apply method for static parameter"},
		"an unknown one":                     {web, change("forse", "1", inventory.Immediate), fault.InvalidParameter, "Could not find parameter with name: forse"},
		"a name in another case":             {web, change("Force", "1", inventory.Immediate), fault.InvalidParameter, "Could not find parameter with name: Force"},
		"a locked one":                       {web, change("fixed", "off", inventory.PendingReboot), fault.InvalidParameter, "fixed cannot be modified: dbtls keeps it"},
		"a value out of the list":            {web, change("force", "2", inventory.Immediate), fault.InvalidParameter, "Invalid parameter value: 2 for: force; allowed: 0,1"},
		"a value out of the range":           {web, change("port_count", "10", inventory.PendingReboot), fault.InvalidParameter, "1-9"},
		"a value with a line break":          {web, change("ciphers", "a\nb", inventory.Immediate), fault.InvalidParameter, "control character"},
		"no method":                          {web, change("force", "1", ""), fault.InvalidParameter, "immediate, pending-reboot"},
		"another method":                     {web, change("force", "1", "now"), fault.InvalidParameter, `"now"`},
		"none":                               {web, nil, fault.MissingParameter, "Parameters"},
		"21":                                 {web, many, fault.InvalidParameter, "maximum of 20"},
		"one twice":                          {web, append(change("force", "1", inventory.Immediate), change("force", "0", inventory.Immediate)...), fault.InvalidCombination, "force is given twice"},
		"a good one beside a bad one":        {web, append(change("force", "1", inventory.Immediate), change("no", "0", inventory.Immediate)...), fault.InvalidParameter, "name: no"},
		"a default group":                    {ref(inventory.GroupInstance, "default.plain1"), change("force", "1", inventory.Immediate), fault.InvalidParameter, "The parameter group default.plain1 cannot be modified"},
		"a group that is not there":          {ref(inventory.GroupInstance, "none"), change("force", "1", inventory.Immediate), fault.GroupNotFound, "none"},
		"a cluster's level in another's":     {ref(inventory.GroupInstance, "member"), change("force", "1", inventory.Immediate), fault.InvalidParameter, "name: force"},
		"an instance's level in a cluster's": {ref(inventory.GroupCluster, "all"), change("ciphers", "a", inventory.Immediate), fault.InvalidParameter, "name: ciphers"},
		"a version that is not there yet":    {params.Ref{Kind: inventory.GroupInstance, Region: region, Name: "web", IfVersion: 2}, change("force", "1", inventory.Immediate), fault.InvalidGroupState, "at version 1, not 2"},
		"a value too long for the message":   {web, change("force", strings.Repeat("x", 100), inventory.Immediate), fault.InvalidParameter, strings.Repeat("x", 60) + "… for: force"},
		"a group of another region":          {params.Ref{Kind: inventory.GroupInstance, Region: "eu-west-1", Name: "web"}, change("force", "1", inventory.Immediate), fault.GroupNotFound, "web"},
	} {
		_, err := w.Modify(t.Context(), alice, c.ref, c.changes)
		refused(t, sentence, err, c.code, c.says)
	}
	for sentence, c := range map[string]struct {
		changes []params.Change
		code    fault.Code
	}{
		"a reset of a static one at once": {change("port_count", "", inventory.Immediate), fault.InvalidCombination},
		"a reset of a locked one":         {change("fixed", "", inventory.PendingReboot), fault.InvalidParameter},
		"a reset of an unknown one":       {change("forse", "", inventory.PendingReboot), fault.InvalidParameter},
		"a reset without a method":        {change("force", "", ""), fault.InvalidParameter},
		"a reset of none":                 {nil, fault.MissingParameter},
	} {
		_, err := w.Reset(t.Context(), alice, web, c.changes)
		refused(t, sentence, err, c.code, "")
	}
	_, err := w.ResetAll(t.Context(), alice, ref(inventory.GroupInstance, "default.plain1"))
	refused(t, "a reset of a default group", err, fault.InvalidParameter, "cannot be modified")
	if g, err := w.Get(t.Context(), web); err != nil || g.Version != 1 || len(g.Settings) != 0 || w.woken != 0 {
		t.Errorf("the group is %+v, %v; woken %d times", g, err, w.woken)
	}
}

func TestAChangeIsKeptCanonicalWithAnEventAndARecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group(inventory.GroupInstance, "web", "plain1")
	web := ref(inventory.GroupInstance, "Web")
	web.IfVersion = 1
	g, err := w.Modify(t.Context(), alice, web, append(change("force", "true", inventory.Immediate), change("port_count", "07", inventory.PendingReboot)...))
	w.must(err)
	want := settings{"force": now("1"), "port_count": later("7")}
	if g.Name != "web" || g.Version != 2 || !maps.Equal(g.Settings, want) {
		t.Errorf("the group is %+v", g)
	}
	if again, err := w.Get(t.Context(), ref(inventory.GroupInstance, "web")); err != nil || again.Version != 2 || !maps.Equal(again.Settings, want) {
		t.Errorf("it is kept as %+v, %v", again, err)
	}
	_, err = w.Reset(t.Context(), alice, ref(inventory.GroupInstance, "web"), change("force", "", inventory.PendingReboot))
	w.must(err)
	all, err := w.Store.Read(t.Context()).Events(store.EventQuery{Region: region, SourceType: "db-parameter-group", Source: "web", From: longPast, To: time.Now().Add(time.Minute), Limit: 10})
	w.must(err)
	var said []string
	for _, e := range all {
		said = append(said, e.Message)
		if e.ARN != "arn:aws:rds:us-east-1:123456789012:pg:web" || !slices.Equal(e.Categories, []string{"configuration change"}) {
			t.Errorf("an event is %+v", e)
		}
	}
	if !slices.Equal(said, []string{"Updated parameter force to 1 with apply method immediate", "Updated parameter port_count to 7 with apply method pending-reboot",
		"Reset parameter force to its default with apply method pending-reboot"}) {
		t.Errorf("the events say %q", said)
	}
	log, err := w.Store.Read(t.Context()).AuditLog(0, 10)
	w.must(err)
	if len(log) != 3 || log[1].Action != "ModifyDBParameterGroup" || log[2].Action != "ResetDBParameterGroup" || log[2].Target != "web" || !strings.Contains(log[2].Detail, "version 3") {
		t.Errorf("the audit log has %+v", log)
	}
	if w.woken != 2 {
		t.Errorf("woken %d times", w.woken)
	}
}

func TestAChangeReachesEveryInstanceThatUsesTheGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group(inventory.GroupInstance, "web", "plain1")
	w.group(inventory.GroupInstance, "other", "plain1")
	with := func(group string, status inventory.Status) func(*inventory.Instance) {
		return func(i *inventory.Instance) { i.Group, i.Status = group, status }
	}
	w.instance("a", with("web", inventory.StatusAvailable))
	w.instance("b", with("web", inventory.StatusStopped))
	w.instance("c", with("other", inventory.StatusAvailable))
	w.instance("d", func(i *inventory.Instance) {
		i.Group, i.GroupSync, i.SyncError = "web", inventory.SyncFailed, "the engine said no"
	})
	w.instance("e", func(i *inventory.Instance) { i.Group, i.Applied = "web", applied{"force": "1"} })
	web := ref(inventory.GroupInstance, "web")
	check := func(when, name string, sync inventory.Sync, due bool) {
		t.Helper()
		i := w.see(name)
		if i.GroupSync != sync || i.SyncError != "" || i.DueAt.IsZero() == due {
			t.Errorf("%s: %s is %s (%q), due %s", when, name, i.GroupSync, i.SyncError, i.DueAt)
		}
	}
	_, err := w.Modify(t.Context(), alice, web, change("port_count", "3", inventory.PendingReboot))
	w.must(err)
	check("a static one", "a", inventory.SyncReboot, false)
	check("a static one", "b", inventory.SyncReboot, false)
	check("a static one", "c", inventory.SyncDone, false)
	check("a static one", "d", inventory.SyncReboot, false)
	before := time.Now()
	_, err = w.Modify(t.Context(), alice, web, change("force", "1", inventory.Immediate))
	w.must(err)
	check("a dynamic one", "a", inventory.SyncApplying, true)
	check("a dynamic one", "b", inventory.SyncApplying, false) // it is told when it starts
	check("a dynamic one", "c", inventory.SyncDone, false)
	check("a dynamic one", "d", inventory.SyncApplying, true)
	check("what it was told already", "e", inventory.SyncReboot, false)
	if due := w.see("a").DueAt; due.Before(before.Add(-time.Second)) || due.After(time.Now().Add(time.Second)) {
		t.Errorf("due at %s", due)
	}
	w.must(w.Store.Write(t.Context(), func(tx *store.Tx) error {
		i := w.see("a")
		i.DueAt = before.Add(time.Hour) // it has stumbled and waits
		return tx.UpdateInstance(i)
	}))
	_, err = w.Modify(t.Context(), alice, web, change("ciphers", "x", inventory.Immediate))
	w.must(err)
	if due := w.see("a").DueAt; due.After(time.Now()) {
		t.Errorf("another change while one is being applied is due at %s", due)
	}
	_, err = w.ResetAll(t.Context(), alice, web)
	w.must(err)
	check("all reset", "a", inventory.SyncDone, true) // nothing to tell it, and it looks once
	check("all reset", "e", inventory.SyncApplying, true)
	if g, err := w.Get(t.Context(), web); err != nil || !maps.Equal(g.Settings, settings{"force": reset(inventory.Immediate), "ciphers": reset(inventory.Immediate), "port_count": reset(inventory.PendingReboot)}) {
		t.Errorf("the group is %+v, %v", g, err)
	}
}

func TestAChangeOfAClustersGroupReachesItsMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group(inventory.GroupCluster, "all", "shared1")
	w.group(inventory.GroupCluster, "az", "plain1")
	w.cluster("one", "shared", "all")
	w.cluster("two", "shared", "default.shared1")
	w.cluster("three", "plain", "az")
	member := func(cluster, engine string) func(*inventory.Instance) {
		return func(i *inventory.Instance) {
			i.Engine, i.Group, i.Cluster = engine, "default."+engine+"1", "cluster-"+cluster
		}
	}
	w.instance("a1", member("one", "shared"))
	w.instance("a2", member("one", "shared"))
	w.instance("b1", func(i *inventory.Instance) {
		member("two", "shared")(i)
		i.GroupSync = inventory.SyncFailed // for a reason that is no business of these groups
	})
	w.instance("c1", member("three", "plain"))
	w.instance("all", nil) // of the same name as the group, and alone
	_, err := w.Modify(t.Context(), alice, ref(inventory.GroupCluster, "all"), change("force", "1", inventory.Immediate))
	w.must(err)
	_, err = w.Modify(t.Context(), alice, ref(inventory.GroupCluster, "az"), change("ciphers", "x", inventory.PendingReboot))
	w.must(err)
	for name, want := range map[string]inventory.Sync{"a1": inventory.SyncApplying, "a2": inventory.SyncApplying, "b1": inventory.SyncFailed, "c1": inventory.SyncReboot, "all": inventory.SyncDone} {
		if got := w.see(name); got.GroupSync != want || got.DueAt.IsZero() != (want != inventory.SyncApplying) {
			t.Errorf("%s is %s, due %s", name, got.GroupSync, got.DueAt)
		}
	}
}

func TestAChangeThatCannotSpreadIsNotMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group(inventory.GroupInstance, "web", "plain1")
	w.instance("a", func(i *inventory.Instance) { i.Group, i.Engine = "web", "forgotten" })
	_, err := w.Modify(t.Context(), alice, ref(inventory.GroupInstance, "web"), change("force", "1", inventory.Immediate))
	refused(t, "an instance of an unknown engine", err, fault.InvalidInstanceState, "forgotten")
	if g, err := w.Get(t.Context(), ref(inventory.GroupInstance, "web")); err != nil || g.Version != 1 || len(g.Settings) != 0 {
		t.Errorf("the group is %+v, %v", g, err)
	}
	w.Engines = w.Engines[1:] // a server that has forgotten the group's family, too
	_, err = w.Modify(t.Context(), alice, ref(inventory.GroupInstance, "web"), change("force", "1", inventory.Immediate))
	refused(t, "a forgotten family", err, fault.InvalidGroupState, "plain1")
	_, err = w.Parameters(t.Context(), ref(inventory.GroupInstance, "web"))
	refused(t, "a forgotten family", err, fault.InvalidGroupState, "plain1")
}

func TestParametersListTheWholeCatalogue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group(inventory.GroupInstance, "web", "plain1")
	web := ref(inventory.GroupInstance, "web")
	_, err := w.Modify(t.Context(), alice, web, append(change("force", "0", inventory.Immediate), change("ciphers", "a", inventory.Immediate)...))
	w.must(err)
	_, err = w.Reset(t.Context(), alice, web, change("ciphers", "", inventory.Immediate))
	w.must(err)
	listed := func(values []params.Value, err error) []string {
		t.Helper()
		w.must(err)
		var out []string
		for _, v := range values {
			out = append(out, fmt.Sprintf("%s=%s %s %s", v.Name, v.Value, v.Source, v.Method))
		}
		return out
	}
	for sentence, c := range map[string]struct{ got, want []string }{
		"a group with changes": {listed(w.Parameters(t.Context(), web)), []string{"ciphers= engine-default immediate", "fixed=on system pending-reboot", "force=0 user immediate", "port_count=1 system pending-reboot", "recent=0 system pending-reboot"}},
		"a default group":      {listed(w.Parameters(t.Context(), ref(inventory.GroupInstance, "default.plain2"))), []string{"ciphers= engine-default pending-reboot", "fixed=on system pending-reboot", "force=0 system pending-reboot", "port_count=1 system pending-reboot", "recent=0 system pending-reboot"}},
		"a cluster's level":    {listed(w.EngineDefaults(inventory.GroupCluster, "shared1")), []string{"force=0 system pending-reboot"}},
		"an instance's level":  {listed(w.Parameters(t.Context(), ref(inventory.GroupInstance, "default.shared1"))), []string{"ciphers= engine-default pending-reboot", "fixed=on system pending-reboot", "port_count=1 system pending-reboot", "recent=0 system pending-reboot"}},
		"a Multi-AZ cluster's": {listed(w.EngineDefaults(inventory.GroupCluster, "plain1")), listed(w.EngineDefaults(inventory.GroupInstance, "plain1"))},
		"none":                 {listed(w.EngineDefaults(inventory.GroupInstance, "bare1")), nil},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %q, want %q", sentence, c.got, c.want)
		}
	}
	_, err = w.EngineDefaults(inventory.GroupInstance, "plain9")
	refused(t, "an unknown family", err, fault.InvalidParameter, "plain9")
	_, err = w.Parameters(t.Context(), ref(inventory.GroupInstance, "none"))
	refused(t, "a group that is not there", err, fault.GroupNotFound, "none")
}

// Two who read the same version and both change it: one is told so.
func TestOfTwoChangesOfOneVersionOneIsMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group(inventory.GroupInstance, "web", "plain1")
	r := ref(inventory.GroupInstance, "web")
	r.IfVersion = 1
	s := *w.Service
	s.Wake = func() {}
	results := make(chan error)
	for _, value := range []string{"2", "3"} {
		go func() {
			_, err := s.Modify(t.Context(), alice, r, change("port_count", value, inventory.PendingReboot))
			results <- err
		}()
	}
	first, second := <-results, <-results
	if (first == nil) == (second == nil) {
		t.Fatalf("%v and %v", first, second)
	}
	if first == nil {
		first = second
	}
	refused(t, "the later one", first, fault.InvalidGroupState, "version 2, not 1")
}
