package rotation

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/authority"
	"github.com/dbtls/dbtls/internal/clock"
	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/probe"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/store"
)

const (
	region  = "us-east-1"
	account = "123456789012"
	rsa2048 = "rds-ca-rsa2048-g1"
	ecc384  = "rds-ca-ecc384-g1"
	rsa4096 = "rds-ca-rsa4096-g1"
	ca2019  = "rds-ca-2019"
	overlap = 90 * 24 * time.Hour
)

// world is one instance with everything that changes its certificate: a real
// store, real CAs on quick keys, and a fake database behind real TLS.
type world struct {
	t      *testing.T
	dir    string
	store  *store.Store
	box    *secrets.Box
	guard  *clock.Guard
	cas    *authority.Service
	fake   *fake
	runner *Runner
	hot    bool
	frozen clock.Reading // read by the guard when set
	id     string
}

var nextAddress atomic.Uint32

// hierarchy is made once: eight keys and twelve crosses.
var hierarchy = sync.OnceValue(func() *pkitest.Hierarchy {
	return pkitest.New(stopper{}, region, time.Now())
})

// stopper lets pkitest fail outside a test.
type stopper struct{ testing.TB }

func (stopper) Helper()           {}
func (stopper) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// newWorld makes an available instance whose first certificate, of rsa2048,
// was issued by a rotation and seen on the wire.
func newWorld(t *testing.T, hot bool) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), hot: hot}
	master := make([]byte, secrets.KeySize)
	box, _, err := secrets.NewEnvelope(master)
	w.must(err)
	w.box = box
	w.open()
	w.must(seed(w.store, box))
	w.reopen()
	n := nextAddress.Add(1)
	address := fmt.Sprintf("127.77.%d.%d", n/250, 1+n%250)
	chain, key := hierarchy().Leaf(t, ecc384, address)
	w.fake = newFake(t, address, pkitest.TLS(chain, key))
	w.fake.restartOnly = !hot
	w.first()
	t.Cleanup(func() { w.store.Close() })
	return w
}

// seed stores the hierarchy as the authority would have.
func seed(s *store.Store, box *secrets.Box) error {
	h := hierarchy()
	return s.Write(context.Background(), func(tx *store.Tx) error {
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

func (w *world) path() string { return filepath.Join(w.dir, "state.db") }

// open opens the state and everything in memory that stands on it, as a
// process that starts does.
func (w *world) open() {
	w.t.Helper()
	ctx := w.t.Context()
	var err error
	w.store, err = store.Open(ctx, w.path())
	w.must(err)
	w.guard, err = clock.NewGuard(ctx, w.store, func() clock.Reading {
		if !w.frozen.Wall.IsZero() {
			return w.frozen
		}
		return clock.Reading{Wall: time.Now()}
	})
	w.must(err)
	log := slog.New(slog.DiscardHandler)
	w.cas, err = authority.New(ctx, w.store, w.box, w.guard, authority.Options{Regions: []string{region}}, log)
	w.must(err)
	w.runner = New(Config{
		Account: account, Overlap: overlap, Grace: 300 * time.Millisecond,
		Store: w.store, Authority: w.cas, Guard: w.guard,
		Provider: func(inventory.Instance) provider.Provider { return w.fake },
		Engine:   func(string) (engine.Engine, bool) { return fakeEngine(w.hot), true },
		Dial:     probe.Dial, Log: log,
	})
}

// reopen ends the process and starts another.
func (w *world) reopen() {
	w.t.Helper()
	overlap := overlap
	if w.runner != nil {
		overlap = w.runner.Overlap
	}
	w.must(w.store.Close())
	w.open()
	w.runner.Overlap = overlap
}

// snapshot copies the state as it is now; restore puts such a copy back, as if
// what was written since had never reached the disk.
func (w *world) snapshot() string {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "snapshot.db")
	w.must(w.store.SnapshotTo(w.t.Context(), path))
	return path
}

func (w *world) restore(snapshot string) {
	w.t.Helper()
	w.must(w.store.Close())
	b, err := os.ReadFile(snapshot)
	w.must(err)
	for _, suffix := range []string{"-wal", "-shm"} {
		os.Remove(w.path() + suffix)
	}
	w.must(os.WriteFile(w.path(), b, 0o600))
	w.open()
}

// first makes the instance and takes its first certificate into service.
func (w *world) first() {
	w.t.Helper()
	w.id = inventory.NewResourceID()
	now := time.Now()
	inst := inventory.Instance{ResourceID: w.id, Region: region, Name: "shop", Engine: "fakedb", Version: "1", Status: inventory.StatusCreating,
		Host: w.fake.address, Address: w.fake.address, Port: w.fake.port, Window: closedWindow(now), CreatedAt: now, Want: inventory.Want{CA: rsa2048, Now: true, At: now}}
	w.write(func(tx *store.Tx) error {
		if err := tx.InsertInstance(inst); err != nil {
			return err
		}
		_, err := w.runner.Open(tx, Facts{Instance: inst}, inventory.ReasonCreated, rsa2048, now)
		return err
	})
	rot := w.advance()
	if rot.Outcome != inventory.OutcomeCommitted {
		w.t.Fatalf("the first certificate is at step %q, stuck %+v", rot.Step, rot.Stuck)
	}
	w.change(func(i *inventory.Instance) { i.Status, i.DueAt = inventory.StatusAvailable, time.Time{} })
}

// closedWindow is a maintenance window that is hours away from t.
func closedWindow(t time.Time) inventory.Window {
	t = t.UTC()
	start := (int(t.Weekday())*1440 + t.Hour()*60 + 3*1440) % (7 * 1440)
	return inventory.Window{Start: start, End: start + 30}
}

// openWindow is a maintenance window that is open around t.
func openWindow(t time.Time) inventory.Window {
	t = t.UTC()
	start := int(t.Weekday())*1440 + t.Hour()*60
	return inventory.Window{Start: start, End: (start + 180) % (7 * 1440)}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) write(f func(*store.Tx) error) {
	w.t.Helper()
	w.must(w.store.Write(w.t.Context(), f))
}

func (w *world) inst() inventory.Instance {
	w.t.Helper()
	i, err := w.store.Read(w.t.Context()).Instance(w.id)
	w.must(err)
	return i
}

func (w *world) change(f func(*inventory.Instance)) {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		i, err := tx.Instance(w.id)
		if err != nil {
			return err
		}
		f(&i)
		return tx.UpdateInstance(i)
	})
}

// want asks for something and has it decided.
func (w *world) want(want inventory.Want) {
	w.t.Helper()
	want.At, want.By, want.RequestID = time.Now(), "admin", "request-1"
	w.change(func(i *inventory.Instance) { i.Want = want })
	w.check()
}

func (w *world) check() {
	w.t.Helper()
	w.must(w.runner.Check(w.t.Context(), w.id))
}

// rot is the newest rotation, done or not.
func (w *world) rot() inventory.Rotation {
	w.t.Helper()
	rot, err := w.store.Read(w.t.Context()).OpenRotation(w.id)
	if err == nil {
		return rot
	}
	if !errors.Is(err, store.ErrNotFound) {
		w.t.Fatal(err)
	}
	for n := int64(1); ; n++ {
		next, err := w.store.Read(w.t.Context()).Rotation(n)
		if errors.Is(err, store.ErrNotFound) {
			return rot
		}
		w.must(err)
		rot = next
	}
}

// advance takes the newest rotation as far as it goes and returns it.
func (w *world) advance() inventory.Rotation {
	w.t.Helper()
	w.must(w.runner.Advance(w.t.Context(), w.rot().ID))
	return w.rot()
}

// retry makes the next try due now and takes it.
func (w *world) retry() inventory.Rotation {
	w.t.Helper()
	w.dueNow()
	return w.advance()
}

func (w *world) dueNow() {
	w.t.Helper()
	rot := w.rot()
	rot.DueAt = time.Now()
	w.write(func(tx *store.Tx) error { return tx.UpdateRotation(rot) })
}

// wire is what a fresh handshake shows; nil when there is none.
func (w *world) wire() []*x509.Certificate {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Second)
	defer cancel()
	obs, err := probe.Dial(ctx, probe.Target{Engine: fakeEngine(w.hot), Address: Endpoint(w.inst())})
	if err != nil {
		return nil
	}
	return obs.Chain
}

func (w *world) serial() string {
	w.t.Helper()
	if chain := w.wire(); chain != nil {
		return pki.SerialHex(chain[0])
	}
	return ""
}

// agrees fails unless the wire shows what is on record, in a chain that
// clients of each of the CAs, and no others, accept.
func (w *world) agrees(cas ...string) {
	w.t.Helper()
	inst, chain := w.inst(), w.wire()
	if chain == nil {
		w.t.Fatal("nothing is served")
	}
	if got := pki.SerialHex(chain[0]); got != inst.Leaf.Serial {
		w.t.Fatalf("the wire shows serial %s, on record is %s", got, inst.Leaf.Serial)
	}
	for _, p := range pki.Profiles() {
		roots, err := w.cas.Roots(region, p.ID)
		w.must(err)
		err = pki.VerifyEach(chain, roots, pki.SSLVerifyFull, inst.Host, time.Now())
		covered := false
		for _, ca := range cas {
			covered = covered || ca == p.ID
		}
		if covered && err != nil {
			w.t.Errorf("a client that trusts only %s refuses: %v", p.ID, err)
		}
		if !covered && err == nil {
			w.t.Errorf("a client that trusts only %s accepts, it should not", p.ID)
		}
	}
}

// told are the messages of all events, with their category in front.
func (w *world) told() string {
	w.t.Helper()
	all, err := w.store.Read(w.t.Context()).Events(store.EventQuery{Region: region, From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour), Limit: 1000})
	w.must(err)
	var b strings.Builder
	for _, e := range all {
		fmt.Fprintf(&b, "%s: %s\n", strings.Join(e.Categories, ","), e.Message)
	}
	return b.String()
}

// audited are the actions of the audit log, in order.
func (w *world) audited() []string {
	w.t.Helper()
	all, err := w.store.Read(w.t.Context()).AuditLog(0, 1000)
	w.must(err)
	var actions []string
	for _, a := range all {
		actions = append(actions, a.Action)
	}
	return actions
}

func (w *world) tells(parts ...string) {
	w.t.Helper()
	all := w.told()
	for _, p := range parts {
		if !strings.Contains(all, p) {
			w.t.Errorf("no event has %q; they are:\n%s", p, all)
		}
	}
}
