package forcetls_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/forcetls"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

const day = 24 * time.Hour

func TestEveryClientHasTheVerdictOfTheWorstThatWasSeenOfIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group(inventory.GroupInstance, "web", "fine1")
	w.instance("shop", "fine", "web")
	view := func(c *evidence.Client) { c.How = evidence.FromView }
	w.client("shop", "exporter 10.1.2.3 exporter", evidence.Plain, day)
	w.client("shop", "exporter 10.1.2.3 exporter", evidence.Plain, 2*day, view)
	w.client("shop", "app 10.1.2.4 web", evidence.Encrypted, time.Hour)
	w.client("shop", "moved 10.1.2.5 job", evidence.Plain, 10*day)
	w.client("shop", "moved 10.1.2.5 job", evidence.Encrypted, time.Hour)
	w.client("shop", "dark 10.1.2.6", evidence.Unknown, 3*day, func(c *evidence.Client) { c.How, c.Why = evidence.FromCounter, "2 of 5 logins" })
	w.client("shop", "let 10.1.2.7", evidence.Plain, time.Hour)
	w.client("shop", "cron local", evidence.Plain, time.Hour)
	w.client("shop", "old 10.1.2.8", evidence.Plain, 40*day)
	w.client("shop", "dbtls 127.0.0.1", evidence.Plain, time.Hour, func(c *evidence.Client) { c.Own = true })
	w.client("shop", "scheduler local", evidence.Plain, time.Hour, func(c *evidence.Client) { c.Internal = true })
	w.client("shop", "tried 10.1.2.9", evidence.Plain, time.Hour, func(c *evidence.Client) { c.Kind = evidence.PlainRefused })
	w.client("shop", "broke 10.1.2.9", evidence.Unknown, time.Hour, func(c *evidence.Client) { c.Kind = evidence.HandshakeFailed })
	q := on("web")
	q.Except = []string{"let@10.1.2.7=2999-01-01"}
	p := w.plan(q)
	i := p.Instances[0]
	if got := verdicts(i); !slices.Equal(got, []string{"REFUSED moved", "REFUSED exporter", "UNKNOWN dark", "EXCEPTED let", "UNAFFECTED app", "UNAFFECTED cron"}) {
		t.Errorf("verdicts are %q", got)
	}
	exporter, moved := i.Clients[1], i.Clients[0]
	if exporter.Plain != 6 || !slices.Equal(exporter.Seen, []evidence.How{evidence.FromLog, evidence.FromView}) || exporter.Why != "" {
		t.Errorf("who was seen twice is %+v", exporter)
	}
	if moved.Plain != 3 || moved.Encrypted != 3 || !strings.Contains(moved.Why, "with TLS since") {
		t.Errorf("who has moved to TLS is %+v", moved)
	}
	if i.Clients[2].Why != "2 of 5 logins" || i.Clients[3].Until.Year() != 2999 || i.Gap != "" {
		t.Errorf("the instance is %+v", i)
	}
	if p.Outcome() != forcetls.OutcomeRefused || !p.Changes || p.Now != "0" || p.Then != "1" || i.Refusal != "no entry for host" || i.Means != "use TLS" {
		t.Errorf("the plan is %+v", p)
	}
	q.Since = w.now.Add(-50 * day)
	if got := verdicts(w.plan(q).Instances[0]); !slices.Contains(got, "REFUSED old") {
		t.Errorf("with a longer look back verdicts are %q", got)
	}
}

func TestAPlanNeverSaysNobodyFromSilence(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		spans func(w *world) []evidence.Span
		edit  func(w *world)
		made  time.Duration // ago
		out   forcetls.Outcome
		says  string // in the gap
		fix   string
	}{
		"all was watched": {out: forcetls.OutcomeClear, made: 90 * day,
			spans: func(w *world) []evidence.Span {
				return []evidence.Span{{How: evidence.FromLog, From: w.now.Add(-60 * day), To: w.now}}
			}},
		"nobody watched": {out: forcetls.OutcomeUnknown, made: 90 * day, says: "nothing tells of every login", fix: "dbtls sessions shop",
			spans: func(*world) []evidence.Span { return nil }},
		"looks at sessions miss what comes and goes": {out: forcetls.OutcomeUnknown, made: 90 * day, says: "nothing tells of every login",
			spans: func(w *world) []evidence.Span {
				return []evidence.Span{{How: evidence.FromView, From: w.now.Add(-60 * day), To: w.now}}
			}},
		"watched for a week": {out: forcetls.OutcomeUnknown, made: 90 * day, says: "logins are watched since", fix: "plan with --since",
			spans: func(w *world) []evidence.Span {
				return []evidence.Span{{How: evidence.FromLog, From: w.now.Add(-7 * day), To: w.now}}
			}},
		"a hole in it": {out: forcetls.OutcomeUnknown, made: 90 * day, says: "disk full", fix: "every login since",
			spans: func(w *world) []evidence.Span {
				return []evidence.Span{{How: evidence.FromLog, From: w.now.Add(-60 * day), To: w.now.Add(-9 * day), Ended: "disk full"}, {How: evidence.FromLog, From: w.now.Add(-8 * day), To: w.now}}
			}},
		"a young instance that was watched all its life": {out: forcetls.OutcomeClear, made: 2 * day,
			spans: func(w *world) []evidence.Span {
				return []evidence.Span{{How: evidence.FromLog, From: w.now.Add(-2 * day), To: w.now}}
			}},
		"evidence that cannot be read": {out: forcetls.OutcomeUnknown, made: 90 * day, says: "cannot be read",
			spans: func(*world) []evidence.Span { return nil }, edit: func(w *world) { w.seen.err = errors.New("disk I/O error") }},
		"nothing that watches": {out: forcetls.OutcomeUnknown, made: 90 * day, says: "nothing watches",
			spans: func(*world) []evidence.Span { return nil }, edit: func(w *world) { w.Evidence = nil }},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.group(inventory.GroupInstance, "web", "fine1")
			w.instance("shop", "fine", "web", func(i *inventory.Instance) { i.CreatedAt = w.now.Add(-c.made) })
			w.seen.spans["db-shop"] = c.spans(w)
			if c.edit != nil {
				c.edit(w)
			}
			p := w.plan(on("web"))
			if i := p.Instances[0]; p.Outcome() != c.out || (c.says == "") != (i.Gap == "") || !strings.Contains(i.Gap, c.says) || !strings.Contains(i.Fix, c.fix) {
				t.Errorf("the plan is %s, gap %q, fix %q", p.Outcome(), i.Gap, i.Fix)
			}
			_, err := w.Apply(t.Context(), alice, forcetls.ApplyInput{Request: on("web")})
			if c.out == forcetls.OutcomeClear {
				w.must(err)
				return
			}
			w.refused("without consent", err, forcetls.ClientsUnknown, "--accept-unknown", c.says)
			_, err = w.Apply(t.Context(), alice, forcetls.ApplyInput{Request: on("web"), RefuseClients: true})
			w.refused("consent to something else", err, forcetls.ClientsUnknown)
			_, err = w.Apply(t.Context(), alice, forcetls.ApplyInput{Request: on("web"), AcceptUnknown: true})
			w.must(err)
		})
	}
}

func TestAPlanSaysWhenEachInstanceTakesItUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group(inventory.GroupInstance, "web", "fine1")
	w.group(inventory.GroupInstance, "late", "slow1")
	applied := func(v string) func(*inventory.Instance) {
		return func(i *inventory.Instance) { i.Applied = map[string]string{"force": v} }
	}
	w.instance("a-running", "fine", "web")
	w.instance("b-told", "fine", "web", applied("1"))
	w.instance("c-stopped", "fine", "web", func(i *inventory.Instance) { i.Status = inventory.StatusStopped })
	w.instance("d-new-group", "fine", "web", func(i *inventory.Instance) { i.GroupWaits = true })
	w.instance("e-elsewhere", "fine", "default.fine1")
	w.instance("slow", "slow", "late")
	for _, name := range []string{"a-running", "b-told", "slow"} {
		w.client(name, "app 10.1.2.3", evidence.Plain, time.Hour)
	}
	effects := func(p forcetls.Plan) map[string]forcetls.Effect {
		all := map[string]forcetls.Effect{}
		for _, i := range p.Instances {
			all[i.Instance] = i.Effect
		}
		return all
	}
	p := w.plan(on("web"))
	want := map[string]forcetls.Effect{"a-running": forcetls.EffectNow, "b-told": forcetls.EffectNone, "c-stopped": forcetls.EffectStart, "d-new-group": forcetls.EffectReboot}
	got := effects(p)
	if len(got) != len(want) {
		t.Errorf("instances are %v", got)
	}
	for name, e := range want {
		if got[name] != e {
			t.Errorf("%s takes it up %q, want %q", name, got[name], e)
		}
	}
	if told := p.Instances[1]; len(told.Clients) != 0 || !told.Forced {
		t.Errorf("one that does so already is %+v", told)
	}
	p = w.plan(on("late"))
	if i := p.Instances[0]; i.Effect != forcetls.EffectReboot || !p.Static || !slices.Equal(verdicts(i), []string{"UPGRADED app"}) || p.Outcome() != forcetls.OutcomeClear {
		t.Errorf("a server that upgrades is %+v", p)
	}
	off := on("late")
	off.On = false
	if p := w.plan(off); p.Changes || p.Outcome() != forcetls.OutcomeClear || p.Instances[0].Effect != forcetls.EffectNone {
		t.Errorf("off where it is off is %+v", p)
	}
}

func TestANameIsAGroupAClustersGroupOrAnInstance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group(inventory.GroupInstance, "web", "fine1")
	w.group(inventory.GroupInstance, "member", "shared1")
	w.group(inventory.GroupInstance, "deaf", "deaf1")
	w.group(inventory.GroupCluster, "all", "shared1")
	w.group(inventory.GroupCluster, "twice", "shared1")
	w.group(inventory.GroupInstance, "twice", "fine1")
	w.write(func(tx *store.Tx) error {
		return tx.InsertCluster(inventory.Cluster{ResourceID: "cluster-c", Region: region, Name: "c", Engine: "shared", Version: "1.0", Group: "all"})
	})
	w.instance("shop", "fine", "web")
	w.instance("fresh", "fine", "default.fine1")
	w.instance("other", "fine", "default.fine1")
	in := func(i *inventory.Instance) { i.Cluster, i.ClusterName = "cluster-c", "c" }
	w.instance("one", "shared", "default.shared1", in)
	w.instance("two", "shared", "default.shared1", in)
	w.client("two", "app 10.1.2.3", evidence.Plain, time.Hour)
	for name, want := range map[string]struct {
		kind      inventory.GroupKind
		group     string
		instances int
	}{
		"web": {inventory.GroupInstance, "web", 1}, "WEB": {inventory.GroupInstance, "web", 1}, "shop": {inventory.GroupInstance, "web", 1},
		"all": {inventory.GroupCluster, "all", 2}, "one": {inventory.GroupCluster, "all", 2},
		"fresh": {inventory.GroupInstance, "default.fine1", 1}, "default.fine1": {inventory.GroupInstance, "default.fine1", 2},
		"default.shared1": {inventory.GroupCluster, "default.shared1", 0},
	} {
		p := w.plan(on(name))
		if p.Kind != want.kind || p.Group != want.group || len(p.Instances) != want.instances || (len(p.Default) > 0) != strings.HasPrefix(want.group, "default.") {
			t.Errorf("%s is %s %s of %d instances, instead %q", name, p.Kind, p.Group, len(p.Instances), p.Default)
		}
	}
	if p := w.plan(on("one")); p.Outcome() != forcetls.OutcomeRefused {
		t.Errorf("a plan for one member leaves the other's clients out: %+v", p)
	}
	fresh := w.plan(on("fresh"))
	if do := strings.Join(fresh.Default, "\n"); fresh.Instances[0].Effect != forcetls.EffectReboot || !strings.Contains(do, "create-db-parameter-group --db-parameter-group-name fine1-tls --db-parameter-group-family fine1") ||
		!strings.Contains(do, "modify-db-instance --db-instance-identifier fresh --db-parameter-group-name fine1-tls") || strings.Contains(do, "other") {
		t.Errorf("for an instance with a default group: %s\n%s", fresh.Instances[0].Effect, do)
	}
	_, err := w.Apply(t.Context(), alice, forcetls.ApplyInput{Request: on("fresh"), AcceptUnknown: true, RefuseClients: true})
	w.refused("a default group", err, fault.InvalidParameter, "create-db-parameter-group")
	for name, want := range map[string]struct {
		code fault.Code
		says string
	}{
		"none": {fault.GroupNotFound, `"none"`}, "twice": {fault.InvalidCombination, "--kind"},
		"deaf": {fault.InvalidCombination, "DEAF"}, "member": {fault.InvalidCombination, "group of the cluster"}, "default.none1": {fault.GroupNotFound, "none"},
	} {
		_, err := w.Plan(t.Context(), on(name))
		w.refused(name, err, want.code, want.says)
	}
	q := on("twice")
	q.Kind = forcetls.KindGroup
	if p := w.plan(q); p.Kind != inventory.GroupInstance {
		t.Errorf("by its kind it is %+v", p)
	}
	q.Kind = "instances"
	_, err = w.Plan(t.Context(), q)
	w.refused("a kind that there is not", err, fault.InvalidParameter, "instances")
}

func TestAPlanOfManyClientsIsBoundedAndShowsTheWorst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group(inventory.GroupInstance, "web", "fine1")
	w.instance("shop", "fine", "web")
	for n := range 3000 {
		w.client("shop", "app 10.1.2.3 job-"+strings.Repeat("x", n%50)+string(rune('a'+n/50%26))+string(rune('a'+n/1300)), evidence.Encrypted, time.Minute)
	}
	w.client("shop", "last 10.1.2.4", evidence.Plain, 29*day)
	i := w.plan(on("web")).Instances[0]
	if len(i.Clients) != 1000 || i.Clients[0].User != "last" || i.More != i.Counts[forcetls.Unaffected]+1-1000 {
		t.Errorf("%d are shown, first %+v, %d more of %v", len(i.Clients), i.Clients[0], i.More, i.Counts)
	}
}
