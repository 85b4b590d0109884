package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/dbtls/dbtls/e2e/harness"
)

// plan is the part of dbtls rotate --plan --json that tests judge.
type plan struct {
	Instance string    `json:"instance"`
	To       string    `json:"to"`
	Effect   string    `json:"effect"`
	Until    time.Time `json:"bridge_until"`
	Clients  struct {
		Rows []struct {
			User        string    `json:"user"`
			Application string    `json:"application"`
			Verdict     string    `json:"verdict"`
			Until       time.Time `json:"until"`
			Count       int64     `json:"count"`
			Why         string    `json:"why"`
			Evidence    []string  `json:"evidence"`
		} `json:"clients"`
		Unseen string `json:"unseen"`
	} `json:"clients"`
}

// verdicts are what a plan says of each client; "SAFE until" has an end.
func (p plan) verdicts(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, r := range p.Clients.Rows {
		verdict := r.Verdict
		if !r.Until.IsZero() {
			verdict += " until"
			if !r.Until.Equal(p.Until) {
				t.Errorf("%+v: the bridge ends at %s", r, p.Until)
			}
		}
		if r.Why == "" || len(r.Evidence) == 0 {
			t.Errorf("%+v has no evidence", r)
		}
		name := r.User
		if strings.HasPrefix(name, "admin") {
			name = r.Application // a client of PostgreSQL, or who made the users
		}
		if old, ok := all[name]; ok && old != verdict {
			t.Errorf("%s is %s and %s", name, old, verdict)
		}
		all[name] = verdict
	}
	return all
}

// expect asks for a plan until all clients are in it, and compares.
func (w *world) expect(t *testing.T, code int, want map[string]string, args ...string) plan {
	t.Helper()
	var p plan
	w.read(t, &p, code, append([]string{"rotate"}, append(args, "--plan", "--json")...)...)
	got := p.verdicts(t)
	delete(got, "") // who made the users
	for name, verdict := range want {
		if got[name] != verdict {
			t.Errorf("%v: %s is %q, want %q: %+v", args, name, got[name], verdict, p.Clients)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%v: %v, want %v", args, got, want)
	}
	return p
}

// watched waits until every login to a MariaDB is counted from here on.
func (w *world) watched(t *testing.T, name string) {
	t.Helper()
	begun := time.Now()
	harness.Poll(t, time.Minute, "logins to "+name+" are counted", func() bool {
		var s struct {
			Coverage []struct {
				How, Ended string
				To         time.Time
			}
		}
		w.read(t, &s, 0, "sessions", name, "--json")
		for _, c := range s.Coverage {
			if c.How == "counter" && c.Ended == "" && c.To.After(begun) {
				return true
			}
		}
		return false
	})
}

// seen waits until clients are known by their logins.
func (w *world) seen(t *testing.T, name string, clients int) {
	t.Helper()
	known := map[string]bool{}
	defer func() {
		if t.Failed() {
			t.Logf("known of %s are %v", name, known)
		}
	}()
	harness.Poll(t, time.Minute, fmt.Sprintf("%d clients of %s are known", clients, name), func() bool {
		var s struct {
			Clients []struct {
				User, Application, Kind string
				Own, Internal           bool
			}
		}
		w.read(t, &s, 0, "sessions", name, "--json")
		clear(known)
		for _, c := range s.Clients {
			if c.Kind == "login" && !c.Own && !c.Internal && (!strings.HasPrefix(c.User, "admin") || c.Application != "") {
				known[c.User+" "+c.Application] = true
			}
		}
		return len(known) >= clients
	})
}

// TestEachClientDoesWhatThePlanSaid has one MariaDB and one PostgreSQL, and a
// cluster for the plans of several.
func TestEachClientDoesWhatThePlanSaid(t *testing.T) {
	t.Parallel()
	needClients(t)
	w := newWorld(t, "--regions", "eu-central-1")
	my, pg := w.databases(t)
	five, four := w.five(my), w.four(pg)
	hold(t, "before", four)
	w.watched(t, my.Name)
	hold(t, "before", five)
	w.seen(t, my.Name, len(five))
	w.seen(t, pg.Name, len(four))
	t.Run("nobody has told of itself", func(t *testing.T) {
		w.expect(t, 3, map[string]string{"old": "UNKNOWN", "both": "UNKNOWN", "blind": "UNKNOWN", "plain": "DOES-NOT-VERIFY"}, pg.Name, "--to", caNew)
	})
	w.tell(t, my, five, "my-") // which its counters do not tell
	w.tell(t, pg, four, "")
	t.Run("both products", func(t *testing.T) {
		t.Run("five clients of MariaDB", func(t *testing.T) { t.Parallel(); w.throughMariaDB(t, my, five) })
		t.Run("four clients of PostgreSQL", func(t *testing.T) { t.Parallel(); w.throughPostgres(t, pg, four) })
	})
	t.Run("plans of several", func(t *testing.T) { w.several(t) })
	t.Run("clients that refuse bring the old chain back", func(t *testing.T) { w.trial(t, pg, four[0]) })
	t.Run("strangers that refuse do not", func(t *testing.T) { w.flood(t, pg) })
}

// databases makes both, with users for the clients of MariaDB, and lets plain
// clients into PostgreSQL.
func (w *world) databases(t *testing.T) (my, pg harness.Instance) {
	t.Helper()
	for _, args := range [][]string{
		{"rds", "create-db-parameter-group", "--db-parameter-group-name", "plain-too", "--db-parameter-group-family", "postgres15", "--description", "plain"},
		{"rds", "modify-db-parameter-group", "--db-parameter-group-name", "plain-too", "--parameters", "ParameterName=rds.force_ssl,ParameterValue=0,ApplyMethod=pending-reboot"},
	} {
		if _, err := w.AWS(t, args...); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() { my = w.Create(t, "my", "mariadb") })
	pg = w.Create(t, "pg", "postgres", func(in *rds.CreateDBInstanceInput) { in.DBParameterGroupName = aws.String("plain-too") })
	wg.Wait()
	for _, user := range []string{"old", "both", "blind", "plain", "rsa"} {
		if out, err := harness.MariaDB(t, my, w.old, fmt.Sprintf("CREATE USER '%s'@'%%' IDENTIFIED BY '%s'", user, password)); err != nil {
			t.Fatal(out, err)
		}
	}
	return my, pg
}

// throughMariaDB asks and goes, first over the bridge and then without.
func (w *world) throughMariaDB(t *testing.T, my harness.Instance, five []client) {
	verdicts := map[string]string{"old": "BREAKS", "both": "SAFE", "blind": "DOES-NOT-VERIFY", "plain": "DOES-NOT-VERIFY", "rsa": "BREAKS"}
	w.expect(t, 1, verdicts, my.Name, "--to", caNew, "--without-bridge")
	verdicts["old"] = "SAFE until"
	p := w.expect(t, 1, verdicts, my.Name, "--to", caNew)
	for _, r := range p.Clients.Rows {
		told := strings.Join(r.Evidence, "\n")
		if r.User == "old" && !strings.Contains(told, fmt.Sprintf("its trust store accepted %s:%d", my.Address, my.Port)) ||
			r.User == "rsa" && !strings.Contains(told, "takes RSA certificates alone") {
			t.Errorf("the evidence for %s is %s", r.User, told)
		}
	}
	w.rotate(t, my.Name, caNew)
	hold(t, "over the bridge", five, "rsa")
	w.rotate(t, my.Name, caOld, "--drop-cover")
	hold(t, "back at the old CA", five)
	w.rotate(t, my.Name, caNew, "--without-bridge")
	hold(t, "without the bridge", five, "old", "rsa")
}

// throughPostgres goes over the bridge as AWS's API asks for it, which leaves
// the verdicts in an event.
func (w *world) throughPostgres(t *testing.T, pg harness.Instance, four []client) {
	verdicts := map[string]string{"old": "BREAKS", "both": "SAFE", "blind": "DOES-NOT-VERIFY", "plain": "DOES-NOT-VERIFY"}
	w.expect(t, 1, verdicts, pg.Name, "--to", caNew, "--without-bridge")
	verdicts["old"] = "SAFE until"
	w.expect(t, 0, verdicts, pg.Name, "--to", caNew)
	w.Move(t, pg.Name, caNew)
	hold(t, "over the bridge", four)
	if text := w.events(t, pg.Name); !strings.Contains(text, "0 BREAK, 0 UNKNOWN, 2 do not verify, 2 SAFE") || !strings.Contains(text, caOld+" to "+caNew) {
		t.Errorf("the events are %s", text)
	}
	w.rotate(t, pg.Name, caOld, "--drop-cover")
	w.rotate(t, pg.Name, caNew, "--without-bridge")
	hold(t, "without the bridge", four, "old")
	w.rotate(t, pg.Name, caOld, "--drop-cover")
}

// rotate changes a CA and waits until the new chain is seen.
func (w *world) rotate(t *testing.T, name, to string, more ...string) {
	t.Helper()
	if _, stderr, code := w.CLI(t, append([]string{"rotate", name, "--to", to}, more...)...); code != 0 {
		t.Fatalf("rotate %s to %s: exit code %d: %s", name, to, code, stderr)
	}
}

// several asks for the plans of a cluster, of a region and of all.
func (w *world) several(t *testing.T) {
	api := w.RDS(t, "")
	if _, err := api.CreateDBCluster(t.Context(), &rds.CreateDBClusterInput{DBClusterIdentifier: aws.String("crew"), Engine: aws.String("aurora-postgresql"), EngineVersion: aws.String("16.9"),
		MasterUsername: aws.String("admin1"), MasterUserPassword: aws.String(password)}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"crew-1", "crew-2"} {
		if _, err := api.CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{DBInstanceIdentifier: &name, Engine: aws.String("aurora-postgresql"),
			DBInstanceClass: aws.String("db.simulated"), DBClusterIdentifier: aws.String("crew")}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.RDS(t, "eu-central-1").CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{DBInstanceIdentifier: aws.String("far"), Engine: aws.String("postgres"),
		DBInstanceClass: aws.String("db.simulated"), MasterUsername: aws.String("admin1"), MasterUserPassword: aws.String(password)}); err != nil {
		t.Fatal(err)
	}
	harness.Poll(t, time.Minute, "every instance is available", func() bool {
		n := 0
		for _, i := range w.Status(t).Instances {
			if i.Status == "available" && i.Serial != "" {
				n++
			}
		}
		return n == 5
	})
	harness.Poll(t, soon, "the cluster is watched", func() bool {
		_, _, code := w.CLI(t, "rotate", "--cluster", "crew", "--to", caNew, "--plan")
		return code == 0
	})
	for _, c := range []struct {
		code int
		args []string
		want []string
	}{
		{0, []string{"--cluster", "crew"}, []string{"crew-1", "crew-2"}}, // watched since they were made, and nobody came
		{1, []string{"--region-wide", "--without-bridge"}, []string{"crew-1", "crew-2", "my", "pg"}},
		{1, []string{"--all", "--without-bridge"}, []string{"far", "crew-1", "crew-2", "my", "pg"}},
	} {
		var out struct {
			Plans   []plan
			Skipped []struct{ Instance, Why string }
		}
		w.read(t, &out, c.code, append([]string{"rotate", "--to", caNew, "--plan", "--json"}, c.args...)...)
		var got []string
		for _, p := range out.Plans {
			got = append(got, p.Instance)
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) || len(out.Skipped) != 0 {
			t.Errorf("%v plans %v and leaves out %v", c.args, got, out.Skipped)
		}
	}
	if _, stderr, code := w.CLI(t, "rotate", "--all", "--to", caNew); code != 2 || !strings.Contains(stderr, "--plan") {
		t.Errorf("a rotation of all: exit code %d: %s", code, stderr)
	}
}
