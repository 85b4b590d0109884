package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbtls/dbtls/internal/authority"
	"github.com/dbtls/dbtls/internal/clock"
	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/store"
)

const (
	region  = "us-east-1"
	account = "123456789012"
	rsa2048 = "rds-ca-rsa2048-g1"
	ecc384  = "rds-ca-ecc384-g1"
)

var alice = inventory.Caller{Name: "alice", RequestID: "r1"}

// world is a fleet over a real store and real CAs on quick keys, with its
// databases in memory and time that passes when everything waits for it.
type world struct {
	t *testing.T
	*Service
	place *place
}

// inWorld runs a test where time.Sleep takes no time and time.Now counts it.
func inWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(t)) })
}

// hierarchy is made once, at the time at which synctest's clock begins.
var hierarchy = sync.OnceValue(func() *pkitest.Hierarchy {
	return pkitest.New(stopper{}, region, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
})

// stopper lets pkitest fail outside a test.
type stopper struct{ testing.TB }

func (stopper) Helper()           {}
func (stopper) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, place: newPlace()}
	ctx := t.Context()
	s, err := store.Open(ctx, filepath.Join(t.TempDir(), "state.db"))
	w.must(err)
	t.Cleanup(func() { s.Close() })
	box, _, err := secrets.NewEnvelope(make([]byte, secrets.KeySize))
	w.must(err)
	w.must(seed(ctx, s, box))
	guard, err := clock.NewGuard(ctx, s, func() clock.Reading { return clock.Reading{Wall: time.Now()} })
	w.must(err)
	log := slog.New(slog.DiscardHandler)
	cas, err := authority.New(ctx, s, box, guard, authority.Options{Regions: []string{region}}, log)
	w.must(err)
	engines := []engine.Engine{product("plain", false), product("shared", true), product("cold", false)}
	groups := &params.Service{Account: account, Store: s, Engines: engines, Wake: func() {}}
	find := func(name string) (engine.Engine, bool) {
		for _, e := range engines {
			if e.Name() == name {
				return e, true
			}
		}
		return engine.Engine{}, false
	}
	runner := rotation.New(rotation.Config{Account: account, Overlap: 90 * 24 * time.Hour, Grace: time.Second,
		Store: s, Authority: cas, Guard: guard, Provider: func(inventory.Instance) provider.Provider { return w.place },
		Engine: find, Dial: w.place.dial, Log: log})
	clients, err := store.OpenEvidence(ctx, filepath.Join(t.TempDir(), "evidence.db"))
	w.must(err)
	t.Cleanup(func() { clients.Close() })
	w.Service = New(Config{Account: account, Store: s, Evidence: clients, Box: box, Authority: cas, Rotation: runner, Params: groups, Engines: engines,
		Providers: map[string]provider.Provider{provider.Local: w.place, provider.Simulated: w.place},
		Default:   provider.Local, Wake: func() {}, Log: log})
	return w
}

// product is an engine with a dynamic parameter, "force", and a static one,
// "depth". A "cold" one restarts for a certificate.
func product(name string, clustered bool) engine.Engine {
	major := func(v string) string { m, _, _ := strings.Cut(v, "."); return m }
	return engine.Engine{Replicas: &engine.Replicas{}, Spec: engine.Spec{Names: []string{name}, Description: name, Clustered: clustered, DefaultPort: 5432,
		Major: major, Family: func(v string) string { return name + major(v) }, Versions: []string{"1.4"},
		HotReload: func(string) bool { return name != "cold" },
		Parameters: func(string) []engine.Parameter {
			return []engine.Parameter{
				{Name: "depth", Default: "1", ApplyType: engine.Static, DataType: "integer", Allowed: []string{"0-9"}, Cluster: clustered},
				{Name: "force", Default: "0", ApplyType: engine.Dynamic, DataType: "boolean", Allowed: []string{"0", "1"}, Cluster: clustered},
			}
		}}}
}

// seed stores the hierarchy as the authority would have.
func seed(ctx context.Context, s *store.Store, box *secrets.Box) error {
	h := hierarchy()
	return s.Write(ctx, func(tx *store.Tx) error {
		for _, p := range pki.Profiles() {
			for kind, ca := range map[string]pki.CA{"root": h.Roots[p.ID], "issuing": h.Issuers[p.ID]} {
				scope := region
				if kind == "root" {
					scope = p.RootScope(region)
				}
				raw, err := pki.MarshalKey(ca.Key)
				if err != nil {
					return err
				}
				row := store.CARow{Kind: kind, CA: p.ID, Scope: scope, Cert: ca.Cert.Raw,
					Sealed: box.Seal(kind+" key of "+p.ID+" in "+scope, raw)}
				if _, err := tx.InsertCA(row); err != nil {
					return err
				}
			}
		}
		for k, cert := range h.Crosses {
			if err := tx.InsertCross(store.CrossRow{Region: region, Subject: k.Subject, Issuer: k.Issuer, Cert: cert.Raw}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// work does what is due now, as the server's loop would, until nothing is.
// Errors of the steps are theirs to record; the rows say what is next.
func (w *world) work() {
	w.t.Helper()
	ctx := w.t.Context()
	for rounds := 0; ; rounds++ {
		if rounds > 200 {
			w.t.Fatal("the same work is due again and again")
		}
		read, now := w.Store.Read(ctx), time.Now()
		rotations, err := read.RotationsDue(now)
		w.must(err)
		lives, err := read.LifecycleDue(now)
		w.must(err)
		checks, err := read.CheckDue(now)
		w.must(err)
		if len(rotations)+len(lives)+len(checks) == 0 {
			return
		}
		for _, r := range rotations {
			w.step(w.Rotation.Advance(ctx, r.ID))
		}
		for _, id := range lives {
			w.step(w.Advance(ctx, id))
		}
		for _, id := range checks {
			w.step(w.Rotation.Check(ctx, id))
		}
	}
}

// step allows a step to fail; one that cannot record it, the server's loop
// would pause for.
func (w *world) step(err error) {
	if errors.Is(err, store.ErrNotFound) {
		w.t.Errorf("a step lost its row: %v", err)
	}
	if err != nil {
		time.Sleep(time.Second)
	}
}

// until lets time pass, from one due row to the next, until ok.
func (w *world) until(what string, limit time.Duration, ok func() bool) {
	w.t.Helper()
	for end := time.Now().Add(limit); ; {
		w.work()
		if ok() {
			return
		}
		next, err := w.Store.Read(w.t.Context()).NextDue()
		w.must(err)
		if next.IsZero() || next.After(end) {
			w.t.Fatalf("not within %s: %s; next due %s", limit, what, next)
		}
		time.Sleep(max(time.Until(next), time.Millisecond))
	}
}

// pass lets a time pass with everything done that comes due in it.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	end := time.Now().Add(d)
	for time.Now().Before(end) {
		w.work()
		next, err := w.Store.Read(w.t.Context()).NextDue()
		w.must(err)
		if next.IsZero() || next.After(end) {
			next = end
		}
		time.Sleep(max(time.Until(next), time.Millisecond))
	}
	w.work()
}

// make makes an available instance; its window opens in three days.
func (w *world) make(name string) inventory.Instance {
	w.t.Helper()
	_, err := w.Create(w.t.Context(), alice, CreateInput{Region: region, Name: name, Class: "db.local", Engine: "plain", CA: rsa2048,
		MasterUser: "admin1", MasterPassword: "correct-horse-99", Window: windowIn(3 * 24 * time.Hour)})
	w.must(err)
	w.settled(name)
	return w.inst(name)
}

// windowIn is a maintenance window that begins so long from now.
func windowIn(d time.Duration) string {
	at := func(t time.Time) string { return strings.ToLower(t.UTC().Format("Mon:15:04")) }
	return at(time.Now().Add(d)) + "-" + at(time.Now().Add(d+time.Hour))
}

func (w *world) inst(name string) inventory.Instance {
	w.t.Helper()
	i, err := w.Store.Read(w.t.Context()).InstanceByName(region, name)
	w.must(err)
	return i
}

// settled waits until an instance is available and nothing is under way.
func (w *world) settled(name string) {
	w.t.Helper()
	w.until(name+" is available", 2*time.Hour, func() bool {
		v, err := w.Get(w.t.Context(), region, name)
		w.must(err)
		return v.Status == inventory.StatusAvailable && v.Rotation == nil
	})
}

// group makes a parameter group with one setting.
func (w *world) group(kind inventory.GroupKind, name, family string) {
	w.t.Helper()
	_, err := w.Params.Create(w.t.Context(), alice, params.CreateInput{Kind: kind, Region: region, Name: name, Family: family, Description: "for tests"})
	w.must(err)
}

func (w *world) set(kind inventory.GroupKind, group, name, value string, method inventory.ApplyMethod) {
	w.t.Helper()
	_, err := w.Params.Modify(w.t.Context(), alice, params.Ref{Kind: kind, Region: region, Name: group}, []params.Change{{Name: name, Value: value, Method: method}})
	w.must(err)
}

// modify is Modify that has to succeed.
func (w *world) modify(in ModifyInput) {
	w.t.Helper()
	in.Region = region
	_, err := w.Modify(w.t.Context(), alice, in)
	w.must(err)
}

// serves fails unless the wire shows what is on record at the endpoint.
func (w *world) serves(name string) {
	w.t.Helper()
	i := w.inst(name)
	if seen := w.Rotation.LookOnce(w.t.Context(), i); seen.Reason != "" {
		w.t.Errorf("%s at %s: %s %s", name, rotation.Endpoint(i), seen.Reason, seen.Detail)
	}
}

// told are the messages of all events, with their category in front.
func (w *world) told() string {
	w.t.Helper()
	all, err := w.Store.Read(w.t.Context()).Events(store.EventQuery{Region: region, From: time.Now().Add(-14 * 24 * time.Hour), To: time.Now().Add(time.Hour), Limit: 1000})
	w.must(err)
	var b strings.Builder
	for _, e := range all {
		fmt.Fprintf(&b, "%s %s: %s\n", e.Source, strings.Join(e.Categories, ","), e.Message)
	}
	return b.String()
}

// tells counts an event.
func (w *world) tells(times int, part string) {
	w.t.Helper()
	if got := strings.Count(w.told(), part); got != times {
		w.t.Errorf("%d events say %q, want %d; they are:\n%s", got, part, times, w.told())
	}
}
