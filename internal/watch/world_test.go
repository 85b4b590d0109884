package watch_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/store"
	"github.com/dbtls/dbtls/internal/watch"
)

const id = "db-ABC"

// server is a database that a test plays: a log of sightings, of which Offset
// counts the entries, and what a look shows.
type server struct {
	provider.Provider // nil: the watcher calls nothing else
	mu                sync.Mutex
	log               []engine.Sighting
	most              int // entries in one batch
	blind, gap        string
	logErr, lookErr   error
	look              engine.Look
	reads, looks      int
	lasts             time.Duration // of one read
	under, most2      int           // reads at a time
}

func (v *server) set(f func(*server)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f(v)
}

func (v *server) Logins(ctx context.Context, _ provider.Instance, from provider.LogPosition, _ int) (provider.LogBatch, error) {
	v.set(func(v *server) { v.under++; v.most2 = max(v.most2, v.under) })
	time.Sleep(v.lasts) // the bubble's clock
	v.mu.Lock()
	defer v.mu.Unlock()
	v.under--
	v.reads++
	if v.logErr != nil {
		return provider.LogBatch{}, v.logErr
	}
	end := min(len(v.log), int(from.Offset)+max(v.most, 1))
	b := provider.LogBatch{Sightings: v.log[from.Offset:end], Next: provider.LogPosition{File: "a", Offset: int64(end)},
		Upto: time.Now(), More: end < len(v.log), Gap: v.gap, Blind: v.blind}
	if b.More {
		b.Upto = v.log[end-1].At
	}
	v.gap = ""
	return b, ctx.Err()
}

func (v *server) Look(context.Context, provider.Instance) (engine.Look, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.looks++
	look := v.look
	look.At = time.Now()
	return look, v.lookErr
}

// world is a watcher over one database, or as many as a test adds.
type world struct {
	t        *testing.T
	dir      string
	store    *store.Store
	evidence *store.Evidence
	db       *server
	clock    error
	stop     context.CancelFunc
	done     chan struct{}
	service  *watch.Service
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), db: &server{most: 1000}}
	var err error
	if w.store, err = store.Open(t.Context(), filepath.Join(w.dir, "state.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	w.openEvidence()
	w.add(id, "shop")
	return w
}

func (w *world) openEvidence() {
	var err error
	if w.evidence, err = store.OpenEvidence(w.t.Context(), filepath.Join(w.dir, "evidence.db")); err != nil {
		w.t.Fatal(err)
	}
	e := w.evidence
	w.t.Cleanup(func() { e.Close() })
}

func (w *world) add(id, name string) {
	w.write(func(tx *store.Tx) error {
		return tx.InsertInstance(inventory.Instance{ResourceID: id, Region: "us-east-1", Name: name, Engine: "product", Status: inventory.StatusAvailable})
	})
}

func (w *world) write(f func(*store.Tx) error) {
	w.t.Helper()
	if err := w.store.Write(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) change(f func(*inventory.Instance)) {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		i, err := tx.Instance(id)
		if err != nil {
			return err
		}
		f(&i)
		return tx.UpdateInstance(i)
	})
}

// start runs a watcher until end.
func (w *world) start() {
	force := func(string) *engine.Force { return &engine.Force{Refusal: "access denied", Means: "TLS is forced"} }
	w.service = watch.New(watch.Config{
		Account: "1", Store: w.store, Evidence: w.evidence, Provider: func(inventory.Instance) provider.Provider { return w.db },
		Engine:   func(string) (engine.Engine, bool) { return engine.Engine{Spec: engine.Spec{Force: force}}, true },
		Endpoint: func(ctx context.Context, _ string) (engine.Look, error) { return w.db.Look(ctx, provider.Instance{}) },
		Trusted:  func(context.Context) error { w.db.mu.Lock(); defer w.db.mu.Unlock(); return w.clock }, Log: slog.New(slog.DiscardHandler),
	})
	ctx, stop := context.WithCancel(w.t.Context())
	w.stop, w.done = stop, make(chan struct{})
	go func() { w.service.Run(ctx); close(w.done) }()
}

func (w *world) end() {
	w.stop()
	<-w.done
}

func (w *world) known() ([]evidence.Client, []evidence.Span) {
	w.t.Helper()
	clients, spans, err := w.evidence.Clients(w.t.Context(), id, time.Time{})
	if err != nil {
		w.t.Fatal(err)
	}
	return clients, spans
}

// total is how many logins of a state and source are known.
func (w *world) total(how evidence.How, tls evidence.TLS) (n int64) {
	w.t.Helper()
	clients, _ := w.known()
	for _, c := range clients {
		if c.How == how && c.TLS == tls && c.Kind == evidence.Login {
			n += c.Count
		}
	}
	return n
}

func (w *world) events() (messages []string) {
	w.t.Helper()
	all, err := w.store.Read(w.t.Context()).Events(store.EventQuery{Region: "us-east-1", To: time.Now().Add(time.Hour), Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range all {
		messages = append(messages, e.Message)
	}
	return messages
}

func login(user string, tls engine.TLSState) engine.Sighting {
	return engine.Sighting{Kind: engine.SightLogin, At: time.Now(), User: user, Source: "10.0.0.1", Application: "app", TLS: tls}
}

var errNo = errors.New("no")
