package rds_test

import (
	"context"
	"encoding/xml"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/api/rds"
	"github.com/dbtls/dbtls/internal/authority"
	"github.com/dbtls/dbtls/internal/clock"
	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/fleet"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/probe"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/store"
)

const (
	region  = "us-east-1"
	account = "123456789012"
)

// place is a provider that makes nothing: instances stay as they are planned.
type place struct{ provider.Provider }

func (place) Offers() []provider.Offer {
	return []provider.Offer{{Engine: "postgres", Version: "13.9", HotReload: true}, {Engine: "postgres", Version: "15.18", HotReload: true}, {Engine: "mariadb", Version: "10.11.6", HotReload: true}}
}
func (place) FreeBytes() (int64, error) { return 10 << 30, nil }
func (place) CheckPort(_ string, port int) error {
	if port == 5999 {
		return fault.New(fault.InvalidParameter, "port 5999 is in use")
	}
	return nil
}
func (place) HasSnapshot(name string) (bool, error) { return name == "taken", nil }
func (place) Observe(context.Context, provider.Instance) (provider.Observation, error) {
	return provider.Observation{}, nil
}

func engines() []engine.Engine {
	make := func(name, description string, port int) engine.Engine {
		return engine.Engine{Spec: engine.Spec{Names: []string{name}, Description: description, DefaultPort: port, ReservedUsers: []string{"root"},
			Major: func(v string) string { m, _, _ := strings.Cut(v, "."); return m }, Family: func(v string) string { m, _, _ := strings.Cut(v, "."); return name + m },
			HotReload: func(string) bool { return true },
			CAs: func(v string) []string {
				if v == "13.9" {
					return []string{"rds-ca-rsa2048-g1", "rds-ca-2019"}
				}
				return []string{"rds-ca-rsa2048-g1", "rds-ca-2019", "rds-ca-ecc384-g1", "rds-ca-rsa4096-g1"}
			}}}
	}
	return []engine.Engine{make("postgres", "PostgreSQL", 5432), make("mariadb", "MariaDB", 3306)}
}

// world is the API over a real store, real CAs on quick keys and a fleet whose
// instances are planned and never made.
type world struct {
	t     *testing.T
	store *store.Store
	url   string
	woken int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{t: t}
	var err error
	w.store, err = store.Open(ctx, filepath.Join(t.TempDir(), "state.db"))
	w.must(err)
	t.Cleanup(func() { w.store.Close() })
	box, _, err := secrets.NewEnvelope(make([]byte, secrets.KeySize))
	w.must(err)
	w.seed(box)
	log := slog.New(slog.DiscardHandler)
	guard, err := clock.NewGuard(ctx, w.store, clock.Read)
	w.must(err)
	cas, err := authority.New(ctx, w.store, box, guard, authority.Options{Regions: []string{region}}, log)
	w.must(err)
	clients, err := store.OpenEvidence(ctx, filepath.Join(t.TempDir(), "evidence.db"))
	w.must(err)
	t.Cleanup(func() { clients.Close() })
	only := func(inventory.Instance) provider.Provider { return place{} }
	runner := rotation.New(rotation.Config{Account: account, Overlap: 90 * 24 * time.Hour, Grace: 100 * time.Millisecond, Store: w.store, Authority: cas, Guard: guard,
		Provider: only, Engine: func(string) (engine.Engine, bool) { return engines()[0], true }, Dial: probe.Dial, Log: log})
	wake := func() { w.woken++ }
	groups := &params.Service{Account: account, Store: w.store, Engines: engines(), Wake: wake}
	api := &rds.API{Account: account, Authority: cas, Store: w.store, Log: log, Params: groups,
		Fleet: fleet.New(fleet.Config{Account: account, Store: w.store, Evidence: clients, Box: box, Authority: cas, Rotation: runner, Params: groups, Engines: engines(),
			Providers: map[string]provider.Provider{provider.Local: place{}}, Default: provider.Local, Wake: wake, Log: log})}
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		api.Serve(rw, r, body, rds.Caller{User: "admin", Region: region, RequestID: "request-1"})
	}))
	t.Cleanup(srv.Close)
	w.url = srv.URL
	return w
}

func (w *world) seed(box *secrets.Box) {
	w.t.Helper()
	h := pkitest.New(w.t, region, time.Now())
	w.must(w.store.Write(w.t.Context(), func(tx *store.Tx) error {
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
				if _, err := tx.InsertCA(store.CARow{Kind: kind, CA: p.ID, Scope: scope, Cert: ca.Cert.Raw, Sealed: box.Seal(kind+" key of "+p.ID+" in "+scope, raw)}); err != nil {
					return err
				}
			}
		}
		for k, c := range h.Crosses {
			if err := tx.InsertCross(store.CrossRow{Region: region, Subject: k.Subject, Issuer: k.Issuer, Cert: c.Raw}); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// reply is an answer, whatever it is.
type reply struct {
	status int
	text   string
}

// all are the texts of every element of that name, in order.
func (r reply) all(name string) []string {
	var out []string
	d := xml.NewDecoder(strings.NewReader(r.text))
	for {
		tok, err := d.Token()
		if err != nil {
			return out
		}
		if s, ok := tok.(xml.StartElement); ok && s.Name.Local == name {
			var text string
			if d.DecodeElement(&text, &s) == nil {
				out = append(out, text)
			}
		}
	}
}

func (r reply) one(name string) string {
	if all := r.all(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// call makes a request of alternating names and values.
func (w *world) call(action string, params ...string) reply {
	w.t.Helper()
	form := url.Values{"Action": {action}, "Version": {"2014-10-31"}}
	for n := 0; n < len(params); n += 2 {
		form.Set(params[n], params[n+1])
	}
	resp, err := http.PostForm(w.url, form)
	w.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	w.must(err)
	return reply{resp.StatusCode, string(text)}
}

// ok is call for what must succeed.
func (w *world) ok(action string, params ...string) reply {
	w.t.Helper()
	r := w.call(action, params...)
	if r.status != http.StatusOK || r.one("RequestId") != "request-1" {
		w.t.Fatalf("%s %v: %d %s", action, params, r.status, r.text)
	}
	return r
}

// refused is call for what must not, by code, naming a part of the message.
func (w *world) refused(status int, code, says, action string, params ...string) {
	w.t.Helper()
	r := w.call(action, params...)
	if r.status != status || r.one("Code") != code || !strings.Contains(r.one("Message"), says) {
		w.t.Errorf("%s %v: %d %s %q, want %d %s %q", action, params, r.status, r.one("Code"), r.one("Message"), status, code, says)
	}
}

// shop are the parameters of an instance that can be created.
func shop(name string, more ...string) []string {
	return append([]string{"DBInstanceIdentifier", name, "Engine", "postgres", "DBInstanceClass", "db.local", "MasterUsername", "admin1", "MasterUserPassword", "secret99"}, more...)
}

// available makes a created instance one that serves a certificate.
func (w *world) available(name, ca string) {
	w.t.Helper()
	w.must(w.store.Write(w.t.Context(), func(tx *store.Tx) error {
		i, err := tx.InstanceByName(region, name)
		if err != nil {
			return err
		}
		i.Status, i.Want, i.DueAt, i.MasterSealed = inventory.StatusAvailable, inventory.Want{}, time.Time{}, nil
		i.Leaf = inventory.Leaf{CA: ca, Generation: "g1", Serial: "0a", Names: []string{i.Host}, NotBefore: time.Now(), NotAfter: time.Now().AddDate(1, 0, 0)}
		return tx.UpdateInstance(i)
	}))
}

func (w *world) fleetOf(names ...string) {
	w.t.Helper()
	for _, n := range names {
		w.ok("CreateDBInstance", shop(n)...)
	}
}

func sameSet(a, b []string) bool {
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
