package native_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/forcetls"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

// plainClient is evidence of one client without TLS, and of nothing else.
type plainClient struct{ since time.Time }

func (p *plainClient) Clients(_ context.Context, database string, since time.Time) ([]evidence.Client, []evidence.Span, error) {
	p.since = since
	k := evidence.Key{Database: database, Kind: evidence.Login, How: evidence.FromLog, User: "exporter", Source: "10.1.2.3", TLS: evidence.Plain}
	return []evidence.Client{{Key: k, First: since, Last: time.Now(), Count: 1}}, []evidence.Span{{How: evidence.FromLog, From: time.Now().AddDate(0, 0, -90), To: time.Now()}}, nil
}

// forcing gives the world an instance whose group can force TLS.
func forcing(t *testing.T) (*world, *plainClient) {
	w, seen := newWorld(t), &plainClient{}
	spec := engine.Spec{Names: []string{"fine"}, Versions: []string{"1"}, Family: func(string) string { return "fine1" },
		Force: func(string) *engine.Force { return &engine.Force{Parameter: "force", On: "1", Off: "0"} },
		Parameters: func(string) []engine.Parameter {
			return []engine.Parameter{{Name: "force", Default: "0", ApplyType: engine.Dynamic, DataType: "boolean", Allowed: []string{"0", "1"}}}
		}}
	w.api.ForceTLS = &forcetls.Service{Account: "123456789012", Store: w.store, Engines: []engine.Engine{{Spec: spec}}, Evidence: seen,
		Clock: func(context.Context) error { return nil }, Wake: func() {}, Log: slog.New(slog.DiscardHandler)}
	p := &params.Service{Account: "123456789012", Store: w.store, Engines: w.api.ForceTLS.Engines, Wake: func() {}, Listener: w.api.ForceTLS}
	w.api.ForceTLS.Params = p
	if _, err := p.Create(t.Context(), inventory.Caller{}, params.CreateInput{Kind: inventory.GroupInstance, Region: "us-east-1", Name: "web", Family: "fine1", Description: "x"}); err != nil {
		t.Fatal(err)
	}
	err := w.store.Write(t.Context(), func(tx *store.Tx) error {
		i, err := tx.Instance("db-1")
		if err != nil {
			return err
		}
		i.Engine, i.Version, i.Group = "fine", "1", "web"
		return tx.UpdateInstance(i)
	})
	if err != nil {
		t.Fatal(err)
	}
	return w, seen
}

func TestForcedTLSIsPlannedForcedConfirmedAndUndone(t *testing.T) {
	t.Parallel()
	w, seen := forcing(t)
	var p forcetls.Plan
	w.ok("GET", "/api/v1/force-tls/shop/plan?state=on&since=2026-01-02T03:04:05Z", "", &p)
	if p.Group != "web" || p.Outcome() != forcetls.OutcomeRefused || len(p.Instances) != 1 || p.Instances[0].Clients[0].User != "exporter" || !seen.since.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("the plan is %+v, since %s", p, seen.since)
	}
	w.refused(409, "ClientsAtRisk", "user exporter from 10.1.2.3 of shop", "POST", "/api/v1/force-tls/web", `{"state":"on"}`)
	w.ok("POST", "/api/v1/force-tls/web", `{"state":"on","refuse_clients":true,"confirm_within":"10m"}`, &p)
	if p.Pending == nil || p.Pending.Deadline.Sub(p.Pending.At) != 10*time.Minute {
		t.Errorf("forced is %+v", p)
	}
	var waiting []forcetls.Pending
	w.ok("GET", "/api/v1/force-tls", "", &waiting)
	if len(waiting) != 1 || waiting[0].Settings["force"] != "1" || waiting[0].By != "admin" {
		t.Errorf("what waits is %+v", waiting)
	}
	w.refused(409, "ChangePending", "confirm", "POST", "/api/v1/force-tls/web", `{"state":"off"}`)
	var e forcetls.Ended
	w.ok("POST", "/api/v1/force-tls/shop/undo", `{"kind":"instance"}`, &e)
	if e.Kept || len(e.Undone) != 1 {
		t.Errorf("undone is %+v", e)
	}
	w.refused(404, "NothingPending", "web", "POST", "/api/v1/force-tls/web/confirm", "")
	w.ok("POST", "/api/v1/force-tls/web", `{"state":"on","refuse_clients":true,"confirm_within":"10m"}`, &p)
	w.ok("POST", "/api/v1/force-tls/web/confirm", "", &e)
	if !e.Kept {
		t.Errorf("confirmed is %+v", e)
	}
}

func TestABadRequestForForcedTLSIsRefused(t *testing.T) {
	t.Parallel()
	w, _ := forcing(t)
	w.refused(400, "InvalidParameter", `state ""`, "GET", "/api/v1/force-tls/web/plan", "")
	w.refused(400, "InvalidParameter", "since", "GET", "/api/v1/force-tls/web/plan?state=on&since=30d", "")
	w.refused(400, "InvalidParameter", "instances", "GET", "/api/v1/force-tls/web/plan?state=on&kind=instances", "")
	w.refused(404, "GroupNotFound", `"none"`, "GET", "/api/v1/force-tls/none/plan?state=on", "")
	w.refused(400, "InvalidParameter", "confirm_within", "POST", "/api/v1/force-tls/web", `{"state":"on","confirm_within":"soon"}`)
	w.refused(400, "InvalidParameter", "confirm_within", "POST", "/api/v1/force-tls/web", `{"state":"on","confirm_within":"-5m"}`)
	w.refused(400, "InvalidParameter", "JSON", "POST", "/api/v1/force-tls/web", `{"state":"on","force":true}`)
	w.refused(400, "NotBuilt", "exceptions", "GET", "/api/v1/force-tls/web/plan?state=on&except=a@10.1.1.1=2999-01-01", "")
}
