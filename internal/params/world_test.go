package params_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

const (
	region  = "us-east-1"
	account = "123456789012"
)

// product is an engine with the families <name>1 and <name>2.
func product(name string, clustered bool, catalogue func(version string) []engine.Parameter) engine.Engine {
	major := func(v string) string { m, _, _ := strings.Cut(v, "."); return m }
	return engine.Engine{Spec: engine.Spec{Names: []string{name, name + "-alias"}, Clustered: clustered, Major: major,
		Family: func(v string) string { return name + major(v) }, Versions: []string{"1.1", "1.4", "2.0"}, Parameters: catalogue}}
}

// plain is a catalogue whose parameter "recent" came with version 1.3.
func plain(string) []engine.Parameter {
	return append(rows(), engine.Parameter{Name: "recent", Default: "0", ApplyType: engine.Dynamic, DataType: "integer", Allowed: []string{"0-5"}, MinVersion: "1.3"})
}

// shared is the same with "force" at a cluster's level.
func shared(v string) []engine.Parameter {
	all := plain(v)
	all[0].Cluster = true
	return all
}

func engines() []engine.Engine {
	return []engine.Engine{product("plain", false, plain), product("shared", true, shared), product("bare", false, nil)}
}

// world is a service over a real store.
type world struct {
	*params.Service
	t     *testing.T
	woken int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w := &world{t: t}
	w.Service = &params.Service{Account: account, Store: s, Engines: engines(), Wake: func() { w.woken++ }}
	return w
}

var (
	alice    = inventory.Caller{Name: "alice", RequestID: "r1"}
	longPast = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func ref(kind inventory.GroupKind, name string) params.Ref {
	return params.Ref{Kind: kind, Region: region, Name: name}
}

// group makes a group of a kind and family.
func (w *world) group(kind inventory.GroupKind, name, family string) inventory.Group {
	w.t.Helper()
	g, err := w.Create(w.t.Context(), alice, params.CreateInput{Kind: kind, Region: region, Name: name, Family: family, Description: "for tests"})
	w.must(err)
	return g
}

// instance makes an available instance; edit changes it before.
func (w *world) instance(name string, edit func(*inventory.Instance)) {
	w.t.Helper()
	i := inventory.Instance{ResourceID: "db-" + name, Region: region, Name: name, Engine: "plain", Version: "1.4", Status: inventory.StatusAvailable,
		Group: "default.plain1", GroupSync: inventory.SyncDone}
	if edit != nil {
		edit(&i)
	}
	w.must(w.Store.Write(w.t.Context(), func(tx *store.Tx) error { return tx.InsertInstance(i) }))
}

func (w *world) cluster(name, engine, group string) {
	w.t.Helper()
	w.must(w.Store.Write(w.t.Context(), func(tx *store.Tx) error {
		return tx.InsertCluster(inventory.Cluster{ResourceID: "cluster-" + name, Region: region, Name: name, Engine: engine, Version: "1.4", Group: group})
	}))
}

func (w *world) see(name string) inventory.Instance {
	w.t.Helper()
	i, err := w.Store.Read(w.t.Context()).InstanceByName(region, name)
	w.must(err)
	return i
}

// refused checks an error's code and a part of its message.
func refused(t *testing.T, sentence string, err error, code fault.Code, says string) {
	t.Helper()
	if fault.CodeOf(err) != code || !strings.Contains(fault.Public(err), says) {
		t.Errorf("%s: %q %v, want %q saying %q", sentence, fault.CodeOf(err), err, code, says)
	}
}
