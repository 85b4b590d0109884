package store_test

import (
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
)

func TestAReportReplacesWhatTheSameUserSaidBefore(t *testing.T) {
	t.Parallel()
	e, _ := openEvidence(t)
	say := func(host, application, by string, at time.Time, where string) {
		t.Helper()
		r := evidence.Report{At: at, By: by, Host: host, Application: application, Sources: []string{"10.0.0.1"}, Clients: []evidence.Configured{{Where: where}}}
		if _, err := e.AddReport(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	say("web1", "shop", "ann", noon, "first")
	say("web1", "shop", "ann", noon.Add(time.Hour), "second")
	say("web1", "shop", "eve", noon.Add(2*time.Hour), "another user's")
	say("web1", "cron", "ann", noon, "another application's")
	say("web2", "shop", "ann", noon.Add(-time.Hour), "another host's")
	all, err := e.Reports(t.Context(), noon)
	if err != nil || len(all) != 3 || all[0].Clients[0].Where != "another user's" || all[1].Clients[0].Where != "second" || all[2].Clients[0].Where != "another application's" {
		t.Errorf("%+v, %v", all, err)
	}
	for _, c := range []struct {
		host, application, by string
		known                 bool
	}{{"web1", "shop", "ann", true}, {"web1", "shop", "bob", false}, {"web3", "shop", "ann", false}} {
		if n, known, err := e.CountReports(t.Context(), c.host, c.application, c.by); n != 4 || known != c.known || err != nil {
			t.Errorf("%+v: %d, %t, %v", c, n, known, err)
		}
	}
	if _, err := e.Drop(t.Context(), noon.Add(30*time.Minute), 0, 100); err != nil {
		t.Fatal(err)
	}
	if all, err := e.Reports(t.Context(), noon.AddDate(0, 0, -90)); err != nil || len(all) != 2 {
		t.Errorf("after the old ones were dropped: %+v, %v", all, err)
	}
}
