package overview

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/authority"
	"github.com/dbtls/dbtls/internal/clock"
	"github.com/dbtls/dbtls/internal/engines"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/store"
)

const region = "us-east-1"

func now() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

// fleetOf makes a state with instances as change makes them of plain ones.
func fleetOf(t testing.TB, n int, change func(n int, i *inventory.Instance)) *Service {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s, err := store.Open(ctx, filepath.Join(t.TempDir(), "state.db"))
	must(err)
	t.Cleanup(func() { s.Close() })
	box, _, err := secrets.NewEnvelope(make([]byte, secrets.KeySize))
	must(err)
	guard, err := clock.NewGuard(ctx, s, clock.Read)
	must(err)
	cas, err := authority.New(ctx, s, box, guard, authority.Options{Regions: []string{region}}, slog.New(slog.DiscardHandler))
	must(err)
	for begin := 0; begin < n; begin += 1000 {
		must(s.Write(ctx, func(tx *store.Tx) error {
			for k := begin; k < min(begin+1000, n); k++ {
				i := inventory.Instance{ResourceID: inventory.NewResourceID(), Region: region, Name: fmt.Sprintf("db-%05d", k), Engine: "postgres", Version: "15.18",
					Class: "db.local", Status: inventory.StatusAvailable, Host: fmt.Sprintf("127.1.%d.%d", k/250, k%250+1), Address: fmt.Sprintf("127.1.%d.%d", k/250, k%250+1), Port: 5432, Group: "default.postgres15",
					Leaf: inventory.Leaf{CA: "rds-ca-rsa2048-g1", Generation: "g", Serial: fmt.Sprint(k), NotBefore: now().Add(-24 * time.Hour), NotAfter: now().AddDate(0, 0, 100+k%200)}}
				change(k, &i)
				if err := tx.InsertInstance(i); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	return &Service{Store: s, Authority: cas, Engine: engines.Index(engines.All())}
}

func names(d Databases) string {
	var all []string
	for _, row := range d.Databases {
		all = append(all, row.Name)
	}
	return strings.Join(all, " ")
}

func TestDatabasesAreSearchedSortedAndPaged(t *testing.T) {
	t.Parallel()
	s := fleetOf(t, 6, func(n int, i *inventory.Instance) {
		switch n {
		case 1:
			i.Engine, i.Version, i.Group = "mariadb", "10.11.19", "shared"
		case 2:
			i.Leaf.CA, i.Leaf.NotAfter = "rds-ca-2019", now().AddDate(0, 0, 1)
		case 3:
			i.Status, i.ClusterName = inventory.StatusStopped, "orders"
		case 4:
			i.Down = "it does not start"
		}
	})
	for name, c := range map[string]struct {
		q     Query
		total int
		want  string
	}{
		"all, by name":           {Query{Size: 10}, 6, "db-00000 db-00001 db-00002 db-00003 db-00004 db-00005"},
		"the second page of two": {Query{Size: 2, Page: 2}, 6, "db-00002 db-00003"},
		"past the end":           {Query{Size: 10, Page: 9}, 6, ""},
		"by the name":            {Query{Size: 10, Text: "00004"}, 1, "db-00004"},
		"by the endpoint":        {Query{Size: 10, Text: "127.1.0.3:"}, 1, "db-00002"},
		"by the cluster":         {Query{Size: 10, Text: "ORDERS"}, 1, "db-00003"},
		"by the group":           {Query{Size: 10, Group: "shared"}, 1, "db-00001"},
		"by the engine":          {Query{Size: 10, Engine: "mariadb"}, 1, "db-00001"},
		"by the CA":              {Query{Size: 10, CA: "rds-ca-2019"}, 1, "db-00002"},
		"by the status":          {Query{Size: 10, Status: "stopped"}, 1, "db-00003"},
		"what does not start":    {Query{Size: 10, Status: "failed"}, 1, "db-00004"},
		"the soonest end first":  {Query{Size: 1, Sort: "not_after"}, 6, "db-00002"},
		"the latest end first":   {Query{Size: 1, Sort: "-not_after"}, 6, "db-00005"},
		"another region":         {Query{Size: 10, Region: "eu-west-1"}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.q.Region == "" {
				c.q.Region = region
			}
			got, err := s.Databases(t.Context(), c.q, now())
			if err != nil || got.Total != c.total || names(got) != c.want {
				t.Errorf("%d: %q, %v", got.Total, names(got), err)
			}
		})
	}
	if _, err := s.Databases(t.Context(), Query{Region: region, Sort: "password"}, now()); err == nil {
		t.Error("it sorts by anything")
	}
}

func TestTheOverviewCountsWhatMatters(t *testing.T) {
	t.Parallel()
	s := fleetOf(t, 5, func(n int, i *inventory.Instance) {
		switch n {
		case 0:
			i.Applied = map[string]string{"rds.force_ssl": "0"}
		case 1:
			i.Bridge = inventory.Bridge{CA: "rds-ca-2019", Until: now().AddDate(0, 1, 0)}
		case 2:
			i.Leaf = inventory.Leaf{}
			i.Status = inventory.StatusCreating
		case 3:
			i.Engine, i.Version = "db2-se", "11.5" // has no such switch
		}
	})
	o, err := s.Overview(t.Context(), now())
	if err != nil {
		t.Fatal(err)
	}
	if o.Databases != 5 || o.ByStatus["available"] != 4 || o.ByStatus["creating"] != 1 || len(o.ByCA) != 1 || o.ByCA[0].Databases != 4 {
		t.Errorf("%+v", o)
	}
	if o.WorstDays == nil || *o.WorstDays != 100 {
		t.Errorf("the first leaf ends in %v days", o.WorstDays)
	}
	if o.PlainTotal != 1 || o.Plain[0].Instance != "db-00000" || !strings.Contains(o.Plain[0].Why, "rds.force_ssl") {
		t.Errorf("plain: %d, %+v", o.PlainTotal, o.Plain)
	}
	if !slices.IsSortedFunc(o.Expiries, byEnd) || len(o.Expiries) != 5 || o.Expiries[0].Kind != "bridge" {
		t.Errorf("expiries: %+v", o.Expiries)
	}
}

func TestTooManyLeavesAreToldByTheDay(t *testing.T) {
	t.Parallel()
	s := fleetOf(t, 3000, func(int, *inventory.Instance) {})
	o, err := s.Overview(t.Context(), now())
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, e := range o.Expiries {
		total += e.Count
	}
	if len(o.Expiries) > mostExpiries || total != 3000 || o.Expiries[0].Count != 15 {
		t.Errorf("%d rows stand for %d leaves, the first for %d", len(o.Expiries), total, o.Expiries[0].Count)
	}
}

// BenchmarkTenThousand is what the console's first page and its list cost.
func BenchmarkTenThousand(b *testing.B) {
	s := fleetOf(b, 10_000, func(int, *inventory.Instance) {})
	b.Run("overview", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Overview(b.Context(), now()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("list", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Databases(b.Context(), Query{Region: region, Text: "99", Sort: "-not_after", Size: 50}, now()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
