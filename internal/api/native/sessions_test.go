package native_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/migration"
	"github.com/dbtls/dbtls/internal/store"
	"github.com/dbtls/dbtls/internal/watch"
)

const erp = "arn:aws:dms:us-east-1:123456789012:endpoint:ERP"

// newWatched is a world with some evidence, and an endpoint whose look is what
// looks says.
func newWatched(t *testing.T, looks func() (engine.Look, error)) *world {
	t.Helper()
	w := newWorld(t)
	e, err := store.OpenEvidence(t.Context(), filepath.Join(t.TempDir(), "evidence.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	looker := func(context.Context, engine.Account) (engine.Look, error) { return engine.Look{}, nil }
	engines := []engine.Engine{
		{Spec: engine.Spec{Names: []string{"a"}, Migration: []engine.Migration{{Name: "a", Display: "A"}}}, Looker: looker},
		{Spec: engine.Spec{Names: []string{"mute"}, Migration: []engine.Migration{{Name: "mute", Display: "Mute"}}}},
	}
	w.api.Evidence, w.api.Migration = e, &migration.Service{Account: "123456789012", Store: w.store, Engines: engines, Log: slog.New(slog.DiscardHandler)}
	w.api.Watch = watch.New(watch.Config{Store: w.store, Evidence: e, Log: slog.New(slog.DiscardHandler),
		Endpoint: func(context.Context, string) (engine.Look, error) { return looks() }})
	err = w.store.Write(t.Context(), func(tx *store.Tx) error {
		return errors.Join(tx.InsertEndpoint(inventory.Endpoint{ARN: erp, Region: "us-east-1", Name: "erp", Engine: "a"}),
			tx.InsertEndpoint(inventory.Endpoint{ARN: erp + "2", Region: "us-east-1", Name: "mute", Engine: "mute"}))
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestSessionsOfAnInstance(t *testing.T) {
	t.Parallel()
	w := newWatched(t, nil)
	now := time.Now()
	row := func(user string, tls evidence.TLS, ago time.Duration) evidence.Client {
		return evidence.Client{Key: evidence.Key{Kind: evidence.Login, How: evidence.FromLog, User: user, TLS: tls}, First: now.Add(-ago), Last: now.Add(-ago), Count: 2}
	}
	err := w.api.Evidence.Add(t.Context(), store.EvidenceBatch{Database: "db-1", Rows: []evidence.Client{
		row("new", evidence.Encrypted, time.Hour), row("plain", evidence.Plain, 2*time.Hour), row("old", evidence.Plain, 40*24*time.Hour)}})
	if err != nil {
		t.Fatal(err)
	}
	for sentence, c := range map[string]struct {
		query   string
		users   string
		more    int
		e, p    int64
		refutes string
	}{
		"thirty days, the latest first":        {"", "new plain", 0, 2, 2, "plain"},
		"since a time":                         {"?since=" + now.AddDate(0, 0, -80).UTC().Format(time.RFC3339), "new plain old", 0, 2, 4, ""},
		"a limit":                              {"?limit=1", "new", 1, 2, 2, "plain"},
		"plain only, with the totals of all":   {"?only=plain", "plain", 0, 2, 2, "plain"},
		"refused only, of which there is none": {"?only=refused", "", 0, 2, 2, "plain"},
	} {
		var s native.Sessions
		w.ok("GET", "/api/v1/instances/SHOP/sessions"+c.query, "", &s)
		var users []string
		for _, r := range s.Clients {
			users = append(users, r.User)
		}
		if strings.Join(users, " ") != c.users || s.More != c.more || s.Encrypted != c.e || s.Plain != c.p || s.Instance != "shop" || s.NeverPlain.Holds || !strings.Contains(s.NeverPlain.Why, c.refutes) {
			t.Errorf("%s: %v, %+v", sentence, users, s)
		}
	}
	w.refused(404, "InstanceNotFound", "nope", "GET", "/api/v1/instances/nope/sessions", "")
	for query, says := range map[string]string{"since=yesterday": "RFC 3339", "limit=0": "1 to 100000", "limit=x": "limit", "only=fun": "plain or refused"} {
		w.refused(400, "InvalidParameter", says, "GET", "/api/v1/instances/shop/sessions?"+query, "")
	}
}

func TestSessionsOfAnEndpoint(t *testing.T) {
	t.Parallel()
	var failure error
	w := newWatched(t, func() (engine.Look, error) {
		return engine.Look{At: time.Now(), Handshakes: -1, Connections: -1, Sessions: []engine.Sighting{{User: "u", TLS: engine.TLSEncrypted, Session: "1"}}}, failure
	})
	var s native.Sessions
	w.ok("GET", "/api/v1/endpoints/erp/sessions", "", &s)
	if len(s.Clients) != 0 || *s.Followed || s.NeverPlain.Known {
		t.Errorf("before a look: %+v", s)
	}
	w.ok("POST", "/api/v1/endpoints/erp/look", "", &s)
	if len(s.Clients) != 1 || s.Encrypted != 1 || s.Endpoint != "erp" || s.NeverPlain.Known {
		t.Errorf("after a look: %+v", s)
	}
	failure = errors.New("it holds a secret")
	w.ok("POST", "/api/v1/endpoints/erp/look", "", &s)
	if s.LookFailed == "" || strings.Contains(s.LookFailed, "secret") || len(s.Clients) != 1 {
		t.Errorf("after a look that failed: %+v", s)
	}
	w.ok("POST", "/api/v1/endpoints/erp/follow", `{"follow":true}`, &struct{}{})
	w.ok("GET", "/api/v1/endpoints/erp/sessions", "", &s)
	if !*s.Followed {
		t.Error("it is not followed")
	}
	w.refused(400, "MissingParameter", "follow", "POST", "/api/v1/endpoints/erp/follow", `{}`)
	w.refused(400, "InvalidResourceState", "no way to ask Mute", "POST", "/api/v1/endpoints/mute/look", "")
	w.refused(400, "InvalidResourceState", "no way to ask Mute", "POST", "/api/v1/endpoints/mute/follow", `{"follow":true}`)
	w.refused(404, "ResourceNotFound", "nope", "GET", "/api/v1/endpoints/nope/sessions", "")
	log, err := w.store.Read(t.Context()).AuditLog(0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, a := range log {
		if a.Target == erp {
			actions = append(actions, a.Actor+" "+a.Action+" "+a.Detail)
		}
	}
	if strings.Join(actions, ",") != "admin look at sessions ,admin look at sessions ,admin follow sessions true" {
		t.Errorf("on record is %q", actions)
	}
}
