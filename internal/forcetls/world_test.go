package forcetls_test

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/forcetls"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

const (
	region  = "us-east-1"
	account = "123456789012"
)

// product is an engine of one family, <name>1. The first parameter forces TLS.
func product(name string, clustered bool, force *engine.Force, catalogue ...engine.Parameter) engine.Engine {
	spec := engine.Spec{Names: []string{name}, Description: strings.ToUpper(name), Clustered: clustered,
		Major: func(string) string { return "1" }, Family: func(string) string { return name + "1" }, Versions: []string{"1.0"},
		Parameters: func(string) []engine.Parameter { return slices.Clone(catalogue) }}
	if force != nil {
		spec.Force = func(string) *engine.Force { return force }
	}
	return engine.Engine{Spec: spec}
}

func boolean(name string, when engine.ApplyType, cluster bool) engine.Parameter {
	return engine.Parameter{Name: name, Default: "0", ApplyType: when, DataType: "boolean", Allowed: []string{"0", "1"}, Cluster: cluster}
}

// engines are one of each sort: refuses and knows exceptions; refuses, by a
// parameter of the cluster; upgrades, after a reboot; cannot be told.
func engines() []engine.Engine {
	check := func(v string) error { _, err := engine.ParseExceptions(v); return err }
	return []engine.Engine{
		product("fine", false, &engine.Force{Parameter: "force", On: "1", Off: "0", Refusal: "no entry for host", Means: "use TLS", Exceptions: "except"},
			boolean("force", engine.Dynamic, false), engine.Parameter{Name: "except", ApplyType: engine.Dynamic, DataType: "string", Check: check}),
		product("shared", true, &engine.Force{Parameter: "force", On: "1", Off: "0", Refusal: "Access denied", Means: "no wrong password"}, boolean("force", engine.Dynamic, true)),
		product("slow", false, &engine.Force{Parameter: "force", On: "1", Off: "0", Upgrades: true}, boolean("force", engine.Static, false)),
		product("deaf", false, nil, boolean("other", engine.Static, false)),
	}
}

// seen is evidence that a test makes up.
type seen struct {
	mu    sync.Mutex
	rows  map[string][]evidence.Client
	spans map[string][]evidence.Span
	err   error
}

func (s *seen) Clients(_ context.Context, database string, since time.Time) ([]evidence.Client, []evidence.Span, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := slices.DeleteFunc(slices.Clone(s.rows[database]), func(c evidence.Client) bool { return c.Last.Before(since) })
	return rows, s.spans[database], s.err
}

// world is a service over a real state.
type world struct {
	*forcetls.Service
	t    *testing.T
	seen *seen
	bad  error // what the clock says
	now  time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w := &world{t: t, now: time.Now(), seen: &seen{rows: map[string][]evidence.Client{}, spans: map[string][]evidence.Span{}}}
	w.start(s)
	return w
}

// start is what a start of the program does with a state.
func (w *world) start(s *store.Store) {
	w.Service = &forcetls.Service{Account: account, Store: s, Engines: engines(), Evidence: w.seen, Wake: func() {},
		Clock: func(context.Context) error { return w.bad }, Log: slog.New(slog.DiscardHandler)}
	w.Params = &params.Service{Account: account, Store: s, Engines: engines(), Wake: func() {}, Listener: w.Service}
}

var alice = inventory.Caller{Name: "alice", RequestID: "r1"}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) write(f func(*store.Tx) error) { w.t.Helper(); w.must(w.Store.Write(w.t.Context(), f)) }

func (w *world) group(kind inventory.GroupKind, name, family string) {
	w.t.Helper()
	_, err := w.Params.Create(w.t.Context(), alice, params.CreateInput{Kind: kind, Region: region, Name: name, Family: family, Description: "for tests"})
	w.must(err)
}

// instance makes an available instance with a group of its own, watched without
// a gap since it was made, 90 days ago.
func (w *world) instance(name, product, group string, edit ...func(*inventory.Instance)) {
	w.t.Helper()
	i := inventory.Instance{ResourceID: "db-" + name, Region: region, Name: name, Engine: product, Version: "1.0", Status: inventory.StatusAvailable,
		Group: group, GroupSync: inventory.SyncDone, CreatedAt: w.now.AddDate(0, 0, -90)}
	for _, e := range edit {
		e(&i)
	}
	w.write(func(tx *store.Tx) error { return tx.InsertInstance(i) })
	w.seen.spans[i.ResourceID] = []evidence.Span{{How: evidence.FromLog, From: i.CreatedAt, To: w.now.Add(time.Hour)}}
}

// client is a row of evidence: "user source application", seen so long ago.
func (w *world) client(instance, who string, tls evidence.TLS, ago time.Duration, edit ...func(*evidence.Client)) {
	part := append(strings.Fields(who), "", "", "")
	c := evidence.Client{Key: evidence.Key{Database: "db-" + instance, Kind: evidence.Login, How: evidence.FromLog,
		User: part[0], Source: part[1], Application: part[2], TLS: tls}, First: w.now.Add(-ago - time.Hour), Last: w.now.Add(-ago), Count: 3}
	for _, e := range edit {
		e(&c)
	}
	w.seen.rows["db-"+instance] = append(w.seen.rows["db-"+instance], c)
}

func on(name string) forcetls.Request {
	return forcetls.Request{Target: forcetls.Target{Region: region, Name: name}, On: true}
}

func (w *world) plan(q forcetls.Request) forcetls.Plan {
	w.t.Helper()
	p, err := w.Plan(w.t.Context(), q)
	w.must(err)
	return p
}

// verdicts are "VERDICT user" of an instance's clients, in the plan's order.
func verdicts(i forcetls.InstancePlan) []string {
	var all []string
	for _, c := range i.Clients {
		all = append(all, string(c.Verdict)+" "+c.User)
	}
	return all
}

// work does what is due now, as the loop would.
func (w *world) work() {
	w.t.Helper()
	for range 50 {
		due, err := forcetls.Work{Service: w.Service}.Due(w.t.Context(), time.Now())
		w.must(err)
		if len(due) == 0 {
			return
		}
		done := map[string]bool{} // one job of a key at a time, as jobs.Loop has it
		for _, job := range due {
			if !done[job.Key] {
				w.must(job.Run(w.t.Context()))
				done[job.Key] = true
			}
		}
	}
	w.t.Fatal("work is due without an end")
}

// apply gives an instance's engine what its groups say, as fleet does.
func (w *world) apply(name string, reboot bool) {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		i, err := tx.InstanceByName(region, name)
		if err != nil {
			return err
		}
		catalogue, settings, err := w.Params.Settings(tx, i)
		if err != nil {
			return err
		}
		was := i.Applied
		i.Applied = params.Next(catalogue, i.Applied, settings, reboot)
		if reboot {
			i.GroupWaits = false
			if err := w.Params.Restarting(tx, i, was, time.Now()); err != nil {
				return err
			}
		}
		return tx.UpdateInstance(i)
	})
}

// told are the messages of a source's events, oldest first.
func (w *world) told(kind, source string) []string {
	w.t.Helper()
	all, err := w.Store.Read(w.t.Context()).Events(store.EventQuery{Region: region, SourceType: kind, Source: source, From: w.now.AddDate(0, 0, -1), To: w.now.AddDate(10, 0, 0), Limit: 1000})
	w.must(err)
	var said []string
	for _, e := range all {
		said = append(said, e.Message)
	}
	return said
}

func (w *world) wantTold(sentence, kind, source string, parts ...string) {
	w.t.Helper()
	all := w.told(kind, source)
	last := ""
	if len(all) > 0 {
		last = all[len(all)-1]
	}
	for _, p := range parts {
		if !strings.Contains(last, p) {
			w.t.Errorf("%s: %s was told %q at last, want %q in it", sentence, source, last, p)
		}
	}
}

// value is what a group says of a parameter, "" for nothing.
func (w *world) value(kind inventory.GroupKind, group, parameter string) string {
	w.t.Helper()
	g, err := w.Params.Get(w.t.Context(), params.Ref{Kind: kind, Region: region, Name: group})
	w.must(err)
	return cmp.Or(g.Settings[parameter].Value, map[bool]string{true: "reset"}[g.Settings[parameter].Reset])
}

func (w *world) modify(kind inventory.GroupKind, group string, changes ...params.Change) {
	w.t.Helper()
	_, err := w.Params.Modify(w.t.Context(), alice, params.Ref{Kind: kind, Region: region, Name: group}, changes)
	w.must(err)
}

func change(name, value string) params.Change {
	return params.Change{Name: name, Value: value, Method: inventory.Immediate}
}

func (w *world) pending() []forcetls.Pending {
	w.t.Helper()
	all, err := w.Pendings(w.t.Context(), region)
	w.must(err)
	return all
}

func (w *world) refused(sentence string, err error, code fault.Code, says ...string) {
	w.t.Helper()
	for _, part := range append(says, "") {
		if fault.CodeOf(err) != code || !strings.Contains(fault.Public(err), part) {
			w.t.Errorf("%s: %q %v, want %q saying %q", sentence, fault.CodeOf(err), err, code, part)
		}
	}
}

var errClock = errors.New("the clock was moved by 30h")
