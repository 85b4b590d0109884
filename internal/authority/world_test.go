package authority_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/authority"
	"github.com/dbtls/dbtls/internal/clock"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/store"
)

const home = "us-east-1"

// world is a store with the authority over it.
type world struct {
	t     *testing.T
	path  string
	store *store.Store
	box   *secrets.Box
	wrong bool // the clock
	opts  authority.Options
	cas   *authority.Service
}

// envelope is one data key for all worlds, so that a state can be copied.
var envelope = sync.OnceValue(func() *secrets.Box {
	box, _, err := secrets.NewEnvelope(make([]byte, secrets.KeySize))
	if err != nil {
		panic(err)
	}
	return box
})

// newWorld has an empty state.
func newWorld(t *testing.T, regions ...string) *world {
	t.Helper()
	w := &world{t: t, path: filepath.Join(t.TempDir(), "state.db"), box: envelope(), opts: authority.Options{Regions: regions}}
	w.openStore()
	t.Cleanup(func() { w.store.Close() })
	return w
}

func (w *world) openStore() {
	w.t.Helper()
	var err error
	w.store, err = store.Open(context.Background(), w.path)
	w.must(err)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// start is what a server's start does.
func (w *world) start() *world {
	w.t.Helper()
	guard, err := clock.NewGuard(w.t.Context(), w.store, func() clock.Reading {
		if w.wrong {
			return clock.Reading{Wall: time.Now().Add(-48 * time.Hour)}
		}
		return clock.Reading{Wall: time.Now()}
	})
	w.must(err)
	if !w.wrong {
		w.must(guard.Check(w.t.Context()))
	}
	w.cas, err = authority.New(w.t.Context(), w.store, w.box, guard, w.opts, slog.New(slog.DiscardHandler))
	w.must(err)
	return w
}

// run makes what is missing, and fails when that takes for ever.
func (w *world) run() *world {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	w.cas.Run(ctx)
	w.must(ctx.Err())
	return w
}

func (w *world) rows() ([]store.CARow, []store.CrossRow) {
	w.t.Helper()
	cas, err := w.store.Read(w.t.Context()).CAs()
	w.must(err)
	crosses, err := w.store.Read(w.t.Context()).Crosses()
	w.must(err)
	return cas, crosses
}

// lose starts again with only the rows that keep says.
func (w *world) lose(keepCA func(store.CARow) bool, keepCross func(store.CrossRow) bool) *world {
	w.t.Helper()
	cas, crosses := w.rows()
	w.must(w.store.Close())
	w.path = filepath.Join(w.t.TempDir(), "state.db")
	w.openStore()
	w.must(w.store.Write(w.t.Context(), func(tx *store.Tx) error {
		for _, c := range cas {
			if keepCA(c) {
				if _, err := tx.InsertCA(c); err != nil {
					return err
				}
			}
		}
		for _, c := range crosses {
			if keepCross(c) {
				if err := tx.InsertCross(c); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	return w
}

// prepared is a state file of us-east-1 as Run makes it, with real keys.
var prepared = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "dbtls-authority-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx, path := context.Background(), filepath.Join(dir, "state.db")
	s, err := store.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	guard, err := clock.NewGuard(ctx, s, clock.Read)
	if err != nil {
		return nil, err
	}
	a, err := authority.New(ctx, s, envelope(), guard, authority.Options{Regions: []string{home}}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	a.Run(ctx)
	snapshot := filepath.Join(dir, "snapshot.db")
	if err := s.SnapshotTo(ctx, snapshot); err != nil {
		return nil, err
	}
	return os.ReadFile(snapshot)
})

// realWorld is us-east-1 complete, with real keys.
func realWorld(t *testing.T, more ...string) *world {
	t.Helper()
	state, err := prepared()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, path: filepath.Join(t.TempDir(), "state.db"), box: envelope(), opts: authority.Options{Regions: append([]string{home}, more...)}}
	w.must(os.WriteFile(w.path, state, 0o600))
	w.openStore()
	t.Cleanup(func() { w.store.Close() })
	return w
}

// seed stores CAs on quick keys as if Run had made them, those of the ids only.
func (w *world) seed(region string, ids ...string) *world {
	w.t.Helper()
	h := pkitest.New(w.t, region, time.Now())
	w.must(w.store.Write(w.t.Context(), func(tx *store.Tx) error {
		for _, id := range ids {
			p, _ := pki.ProfileByID(id)
			if err := w.insert(tx, "root", id, p.RootScope(region), h.Roots[id]); err != nil {
				return err
			}
			if err := w.insert(tx, "issuing", id, region, h.Issuers[id]); err != nil {
				return err
			}
		}
		return nil
	}))
	return w
}

func (w *world) insert(tx *store.Tx, kind, id, scope string, ca pki.CA) error {
	raw, err := pki.MarshalKey(ca.Key)
	if err != nil {
		return err
	}
	_, err = tx.InsertCA(store.CARow{Kind: kind, CA: id, Scope: scope, Cert: ca.Cert.Raw,
		Sealed: w.box.Seal(fmt.Sprintf("%s key of %s in %s", kind, id, scope), raw)})
	return err
}

// all are the identifiers of the named CAs.
func all() []string {
	var ids []string
	for _, p := range pki.Profiles() {
		ids = append(ids, p.ID)
	}
	return ids
}

// fingerprints is what is on record, to compare.
func (w *world) fingerprints() map[string]string {
	w.t.Helper()
	m := map[string]string{}
	add := func(name string, der []byte) {
		c, err := x509.ParseCertificate(der)
		w.must(err)
		m[name] = pki.Fingerprint(c)
	}
	cas, crosses := w.rows()
	for _, c := range cas {
		add(c.Kind+" "+c.CA+" "+c.Scope, c.Cert)
	}
	for _, c := range crosses {
		add("cross "+c.Subject+" by "+c.Issuer+" "+c.Region, c.Cert)
	}
	return m
}

func same(a, b map[string]string) bool { return maps.Equal(a, b) }
