package native_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/auth"
	"github.com/dbtls/dbtls/internal/clock"
	"github.com/dbtls/dbtls/internal/fleet"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/status"
	"github.com/dbtls/dbtls/internal/store"
)

type world struct {
	t     *testing.T
	store *store.Store
	api   *native.API
	woken int
	may   func(action string) error
	done  []string // "target code" of every call
}

// newWorld is the API over a state with one available instance.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t}
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	guard, err := clock.NewGuard(t.Context(), s, clock.Read)
	if err != nil {
		t.Fatal(err)
	}
	inst := inventory.Instance{ResourceID: "db-1", Region: "us-east-1", Name: "shop", Status: inventory.StatusAvailable, Leaf: inventory.Leaf{CA: "a", Serial: "01", NotAfter: time.Now().AddDate(1, 0, 0)}}
	if err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.InsertInstance(inst) }); err != nil {
		t.Fatal(err)
	}
	box, _, err := secrets.NewEnvelope(make([]byte, secrets.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	users, err := auth.LoadUsers(t.Context(), s, box)
	if err != nil {
		t.Fatal(err)
	}
	wake := func() { w.woken++ }
	log := slog.New(slog.DiscardHandler)
	w.store = s
	w.api = &native.API{Fleet: fleet.New(fleet.Config{Account: "123456789012", Store: s, Wake: wake, Log: log}), Guard: guard, Users: users, Store: s, Wake: wake, Log: log}
	return w
}

// call makes a request and decodes its answer.
func (w *world) call(method, path, body string, out any) int {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.api.Serve(rec, httptest.NewRequestWithContext(w.t.Context(), method, path, nil), []byte(body), native.Caller{User: "admin", Region: "us-east-1", RequestID: "request-1",
		May: w.may, Done: func(target, code string) { w.done = append(w.done, target+" "+code) }})
	text, err := io.ReadAll(rec.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := json.Unmarshal(text, out); err != nil {
		w.t.Fatalf("%s %s: %v in %s", method, path, err, text)
	}
	return rec.Code
}

func (w *world) refused(code int, is, says, method, path, body string) {
	w.t.Helper()
	var e native.Error
	if got := w.call(method, path, body, &e); got != code || e.Code != is || !strings.Contains(e.Message, says) || e.RequestID != "request-1" {
		w.t.Errorf("%s %s %s: %d %+v", method, path, body, got, e)
	}
}

func (w *world) ok(method, path, body string, out any) {
	w.t.Helper()
	if got := w.call(method, path, body, out); got != http.StatusOK {
		w.t.Fatalf("%s %s: %d %+v", method, path, got, out)
	}
}

func TestARotationIsAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var reply native.RotateReply
	w.ok("POST", "/api/v1/instances/SHOP/rotate", `{"reason":"key-compromised"}`, &reply)
	if reply != (native.RotateReply{Instance: "shop", From: "a", To: "a"}) || w.woken != 1 {
		t.Errorf("%+v, woken %d times", reply, w.woken)
	}
	i, err := w.store.Read(t.Context()).Instance("db-1")
	if err != nil || i.Want.Renew != inventory.ReasonKeyCompromised || i.Want.By != "admin" || i.CheckAt.IsZero() {
		t.Errorf("%+v, %v", i.Want, err)
	}
	events, err := w.store.Read(t.Context()).Events(store.EventQuery{Region: "us-east-1", To: time.Now().Add(time.Hour), Limit: 9})
	if err != nil || len(events) != 1 || !strings.Contains(events[0].Message, "no CRL and no OCSP") {
		t.Errorf("told is %v, %v", events, err)
	}
}

func TestABadRequestIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refused(404, "InstanceNotFound", "nope", "POST", "/api/v1/instances/nope/rotate", `{}`)
	w.refused(404, "InstanceNotFound", "nope", "GET", "/api/v1/instances/nope/rotate/plan", "")
	w.refused(400, "InvalidParameter", "bored", "POST", "/api/v1/instances/shop/rotate", `{"reason":"bored"}`)
	w.refused(400, "InvalidParameter", "JSON", "POST", "/api/v1/instances/shop/rotate", `{"force":true}`)
	w.refused(400, "InvalidParameter", "JSON", "POST", "/api/v1/freeze", `{`)
	w.refused(400, "InvalidParameter", "goes on", "POST", "/api/v1/freeze", `{"reason":"a"}{"reason":"b"}`)
	w.refused(400, "InvalidParameter", "goes on", "POST", "/api/v1/freeze", `{"reason":"a"} x`)
	w.refused(400, "InvalidParameter", "after", "GET", "/api/v1/audit?after=x", "")
	w.refused(404, "NotFound", "/api/v1/nonsense", "GET", "/api/v1/nonsense", "")
	w.refused(404, "NotFound", "DELETE /api/v1/status", "DELETE", "/api/v1/status", "")
	if w.woken != 0 {
		t.Error("a refused request wakes the loop")
	}
}

func TestTheFreezeSwitchIsInStatusAndAudit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok("POST", "/api/v1/freeze", `{"reason":"release week"}`, &struct{}{})
	var r status.Report
	w.ok("GET", "/api/v1/status", "", &r)
	if !strings.HasPrefix(r.Frozen, "release week (admin, ") || !r.Serving || len(r.Instances) != 1 || r.Clock != "" {
		t.Errorf("%+v", r)
	}
	w.ok("DELETE", "/api/v1/freeze", "", &struct{}{})
	w.ok("POST", "/api/v1/clock/accept", "", &struct{}{})
	if frozen, err := w.store.Read(t.Context()).Meta(rotation.MetaFrozen); frozen != nil || err != nil {
		t.Errorf("still frozen: %q, %v", frozen, err)
	}
	if w.woken != 2 {
		t.Errorf("woken %d times: what was held goes on at once", w.woken)
	}
	var all, rest []store.AuditRecord
	w.ok("GET", "/api/v1/audit", "", &all)
	w.ok("GET", "/api/v1/audit?after=2", "", &rest)
	var actions []string
	for _, a := range all {
		if a.Actor != "admin" || a.RequestID != "request-1" {
			t.Errorf("%+v", a)
		}
		actions = append(actions, a.Action)
	}
	if strings.Join(actions, ",") != "freeze,unfreeze,accept clock" || len(rest) != 1 {
		t.Errorf("audited are %v, after the second %d", actions, len(rest))
	}
}
