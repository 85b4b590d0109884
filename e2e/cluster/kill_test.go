package cluster_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/jackc/pgx/v5"
)

// TestKilledAtWork: dbtls dies while it makes a cluster and while it changes
// the cluster's certificates, and finishes both when it is back.
func TestKilledAtWork(t *testing.T) {
	t.Parallel()
	needPostgres(t)
	f := serve(t)
	st := openState(t, f.Dir)
	names := []string{"k-w", "k-r1", "k-r2"}
	f.aurora(t, "k", auroraPG)
	for _, n := range names {
		f.member(t, "k", auroraPG, "db.local", n)
	}
	f.killCreation(t, st)
	c := f.ready(t, "k", 3)
	old := pool(t, f.Root(t, caRSA2))
	ask := session(t, writerOf(c), old)
	if _, err := ask.Exec(t.Context(), "CREATE TABLE ticks (at timestamptz NOT NULL, pid int NOT NULL)"); err != nil {
		t.Fatal(err)
	}
	followAgain(t, ask, 2, nil)
	f.oneEngineEach(t, names)
	f.killChange(t, st, names, ask)
}

// killed polls the state every millisecond, kills when it is as wanted, and
// starts dbtls again.
func (f *fleet) killed(t *testing.T, when string, now func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !now(); <-time.After(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("nothing to kill: not within 60 s %s", when)
		}
	}
	f.Kill(t)
	f.Restart(t)
	f.api = f.RDS(t, "")
}

// killCreation kills while the writer is made, while it gets its certificate,
// and while replicas copy it.
func (f *fleet) killCreation(t *testing.T, st *state) {
	t.Helper()
	data := func() int {
		made, _ := filepath.Glob(filepath.Join(f.Dir, "db", "*")) // the pattern is well-formed
		return len(made)
	}
	f.killed(t, "the writer's directory is there", func() bool { return data() > 0 })
	f.killed(t, "the writer's certificate is being issued", func() bool { return st.last(t) > 0 })
	f.killed(t, "the writer is available", func() bool { return st.statuses(t)["k-w"] == available })
	f.killed(t, "a replica's directory is there", func() bool { return data() > 1 })
	f.killed(t, "a replica's certificate is being issued", func() bool { return st.last(t) > 1 })
}

// oneEngineEach: every member runs one server, and nothing else is at work.
func (f *fleet) oneEngineEach(t *testing.T, names []string) {
	t.Helper()
	dirs, err := os.ReadDir(filepath.Join(f.Dir, "db"))
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, d := range dirs {
		if d.IsDir() && d.Name()[0] != '.' {
			kept++
		}
	}
	if kept != len(names) {
		t.Errorf("%d directories of instances, want %d: %v", kept, len(names), dirs)
	}
	for _, n := range names {
		if f.enginePID(t, n) == 0 {
			t.Errorf("the server of %s does not run", n)
		}
	}
}

// killChange kills in the middle of a replica's change, between two members',
// and in the writer's.
func (f *fleet) killChange(t *testing.T, st *state, names []string, ask *pgx.Conn) {
	t.Helper()
	before := st.last(t)
	pid := map[string]int{}
	for _, n := range names {
		pid[n] = f.enginePID(t, n)
	}
	connected, err := senders(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	f.must(t, "freeze")
	for _, n := range names {
		_, err := f.api.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: &n, CACertificateIdentifier: aws.String(caECC), ApplyImmediately: aws.Bool(true)})
		if err != nil {
			t.Fatal(err)
		}
	}
	f.must(t, "unfreeze")
	begun := func(n int) func() bool {
		return func() bool { all := st.since(t, before); return len(all) == n && all[n-1].Step != "key" }
	}
	f.killed(t, "the first change is under way", begun(1))
	f.killed(t, "the first change is done", func() bool { all := st.since(t, before); return len(all) > 0 && all[0].Outcome != "" })
	f.killed(t, "the last change is under way", begun(3))
	f.await(t, "k", "is served by "+caECC, func(c types.DBCluster) bool {
		for _, i := range f.members(t, "k") {
			if aws.ToString(i.CACertificateIdentifier) != caECC || aws.ToString(i.DBInstanceStatus) != available {
				return false
			}
		}
		return true
	})
	all := st.since(t, before)
	oneAtATime(t, all)
	if len(all) != 3 || all[2].ResourceID != aws.ToString(f.instance(t, names[0]).DbiResourceId) {
		t.Errorf("the changes were %+v, want three, the writer's last", all)
	}
	f.untouched(t, names, pid, connected, ask)
}

// untouched: the servers were adopted, replication went on, and what is served
// is what was asked for.
func (f *fleet) untouched(t *testing.T, names []string, pid map[string]int, connected []sender, ask *pgx.Conn) {
	t.Helper()
	for _, n := range names {
		if now := f.enginePID(t, n); now != pid[n] || now == 0 {
			t.Errorf("the server of %s was process %d and is %d: not adopted", n, pid[n], now)
		}
	}
	now, err := senders(t.Context(), ask) // over the session from before the change
	if err != nil {
		t.Fatal(err)
	}
	if wrong := streaming(now, 2); wrong != "" {
		t.Errorf("replication: %s", wrong)
	}
	for n := range now {
		if n < len(connected) && now[n].PID != connected[n].PID {
			t.Errorf("replica %s was connected by process %d and is by %d", now[n].Replica, connected[n].PID, now[n].PID)
		}
	}
	c := f.cluster(t, "k")
	roots := pool(t, f.Root(t, caECC))
	for _, i := range f.members(t, "k") {
		if err := verify(mustServe(t, self(i)), roots, aws.ToString(c.Endpoint)); err != nil {
			t.Errorf("%s with the new root alone: %v", self(i).Name, err)
		}
	}
}

// keptOnce: one final copy is there, of the writer: a replica's would follow
// another server when it is started.
func (f *fleet) keptOnce(t *testing.T, name string) {
	t.Helper()
	kept, _ := filepath.Glob(filepath.Join(f.Dir, "snapshots", "*")) // the pattern is well-formed
	if len(kept) != 1 || filepath.Base(kept[0]) != name {
		t.Fatalf("the copies are %v, want %s", kept, name)
	}
	if _, err := os.Stat(filepath.Join(kept[0], "data", "PG_VERSION")); err != nil {
		t.Errorf("the copy is not one of a database: %v", err)
	}
	if _, err := os.Stat(filepath.Join(kept[0], "data", "standby.signal")); err == nil {
		t.Error("the copy is one of a replica")
	}
}
