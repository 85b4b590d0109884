package cluster_test

import (
	"context"
	"crypto/x509"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/jackc/pgx/v5"

	"github.com/dbtls/dbtls/e2e/harness"
)

// world is a local cluster, a writer and two replicas, under load.
type world struct {
	*fleet
	state          *state
	name           string
	names          []string // the writer's first
	writer, reader harness.Instance
	rsa, ecc       *x509.CertPool
	files          []string    // roots of rsa and of ecc
	ask            *pgx.Conn   // at the writer
	replicas       []*pgx.Conn // at each replica's own endpoint
}

// TestCAChangesUnderLoad takes a real cluster to another CA and back.
func TestCAChangesUnderLoad(t *testing.T) {
	t.Parallel()
	needPostgres(t)
	w := newWorld(t)
	load := startLoad(t, w.writer, w.reader, w.rsa)
	w.moveFrozen(t, load)
	w.moveBack(t)
	load.judge(t)
	w.reconnect(t)
	w.rebootWriter(t)
	w.force(t)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	f := serve(t)
	w := &world{fleet: f, state: openState(t, f.Dir), name: "shop", names: []string{"shop-w", "shop-r1", "shop-r2"}}
	f.aurora(t, w.name, "aurora-postgresql")
	for _, n := range w.names {
		f.member(t, w.name, "aurora-postgresql", "db.local", n)
	}
	c := f.ready(t, w.name, 3)
	w.writer, w.reader = writerOf(c), readerOf(c)
	w.files = []string{f.Root(t, caRSA2), f.Root(t, caECC)}
	w.rsa, w.ecc = pool(t, w.files[0]), pool(t, w.files[1])
	if _, err := harness.Psql(t, w.writer, w.files[0], "CREATE TABLE ticks (at timestamptz NOT NULL, pid int NOT NULL)"); err != nil {
		t.Fatal(err)
	}
	w.ask = session(t, w.writer, w.rsa)
	for _, n := range w.names[1:] {
		w.replicas = append(w.replicas, session(t, self(f.instance(t, n)), w.rsa))
	}
	caughtUp(t, w.ask, w.replicas)
	w.follow(t, nil)
	w.leaves(t, caRSA2)
	return w
}

// follow: both replicas stream, verified in full, not on an old connection.
func (w *world) follow(t *testing.T, old []int) time.Duration {
	t.Helper()
	took := followAgain(t, w.ask, len(w.replicas), old)
	for _, r := range w.replicas {
		verifiesFully(t, r, w.writer)
	}
	return took
}

// leaves: every member serves, at each of its addresses, one leaf of the CA
// with its own endpoint and the cluster's two, which only it and each trusted
// root accept.
func (w *world) leaves(t *testing.T, ca string, trusted ...*x509.CertPool) {
	t.Helper()
	serials := map[string]string{}
	for _, i := range w.members(t, w.name) {
		own := self(i)
		chain := mustServe(t, own)
		names := []string{own.Address, w.writer.Address, w.reader.Address}
		if len(chain[0].IPAddresses) != len(names) || chain[0].Subject.CommonName != own.Address {
			t.Errorf("%s serves a leaf for %s %v, want %v", own.Name, chain[0].Subject.CommonName, chain[0].IPAddresses, names)
		}
		for _, name := range names {
			for n, roots := range trusted {
				if err := verify(chain, roots, name); err != nil {
					t.Errorf("%s as %s with root %d alone: %v", own.Name, name, n, err)
				}
			}
		}
		if got := aws.ToString(i.CACertificateIdentifier); got != ca {
			t.Errorf("%s says CA %s, want %s", own.Name, got, ca)
		}
		serials[chain[0].SerialNumber.String()] = aws.ToString(i.DBInstanceIdentifier)
	}
	if got := serials[mustServe(t, w.writer)[0].SerialNumber.String()]; got != w.names[0] {
		t.Errorf("at the cluster endpoint %q answers, want the writer %s", got, w.names[0])
	}
	if got := serials[mustServe(t, w.reader)[0].SerialNumber.String()]; !slices.Contains(w.names[1:], got) {
		t.Errorf("at the reader endpoint %q answers, want a replica", got)
	}
}

// psql comes to both endpoints with each root alone.
func (w *world) psql(t *testing.T) {
	t.Helper()
	for _, roots := range w.files {
		for end, want := range map[harness.Instance]string{w.writer: "f", w.reader: "t"} {
			if got, err := harness.Psql(t, end, roots, "SELECT pg_is_in_recovery()"); err != nil || got != want {
				t.Errorf("psql at %s with %s alone: %q, want %q: %v", hostPort(end), filepath.Base(roots), got, want, err)
			}
		}
	}
}

// move asks for a CA change of one member at once.
func (w *world) move(t *testing.T, name, ca string) {
	_, err := w.api.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: &name, CACertificateIdentifier: &ca, ApplyImmediately: aws.Bool(true)})
	if err != nil {
		t.Errorf("move %s to %s: %v", name, ca, err)
	}
}

func (w *world) moved(t *testing.T, ca string) {
	t.Helper()
	w.await(t, w.name, "is served by "+ca, func(c types.DBCluster) bool {
		return aws.ToString(c.Status) == available && !slices.ContainsFunc(w.members(t, w.name), func(i types.DBInstance) bool {
			return aws.ToString(i.CACertificateIdentifier) != ca || aws.ToString(i.DBInstanceStatus) != available
		})
	})
}

// moveFrozen has all three changes due at the same moment: the replicas go
// before the writer, one at a time, and replication does not notice.
func (w *world) moveFrozen(t *testing.T, load *load) {
	t.Helper()
	before, began := w.state.last(t), time.Now().UTC()
	seen := startWatch(t, session(t, w.writer, w.rsa), len(w.replicas))
	w.must(t, "freeze", "--reason", "three at once")
	for _, n := range w.names { // the writer is asked first
		w.move(t, n, caECC)
	}
	w.leaves(t, caRSA2, w.rsa)
	if now := w.state.since(t, before); len(now) > 0 {
		t.Errorf("%d rotations began while they were frozen", len(now))
	}
	w.must(t, "unfreeze")
	w.moved(t, caECC)
	took := caughtUp(t, w.ask, w.replicas)
	load.new.Store(w.ecc)
	seen.judge(t)
	t.Logf("caught up %s after the change", took)
	w.leaves(t, caECC, w.rsa, w.ecc)
	w.psql(t)
	all := w.state.since(t, before)
	if len(all) != len(w.names) {
		t.Errorf("%d rotations, want one of each member: %+v", len(all), all)
	}
	oneAtATime(t, all)
	w.writerLast(t, began)
}

// writerLast reads the order of the changes from the events.
func (w *world) writerLast(t *testing.T, since time.Time) {
	t.Helper()
	out, err := w.api.DescribeEvents(t.Context(), &rds.DescribeEventsInput{SourceType: types.SourceTypeDbInstance,
		StartTime: aws.Time(since.Add(-time.Second)), EndTime: aws.Time(time.Now().Add(time.Minute)), MaxRecords: aws.Int32(100)})
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, e := range out.Events {
		if strings.Contains(aws.ToString(e.Message), "Server certificate rotated (CAChanged)") && e.Date.After(since) {
			order = append(order, aws.ToString(e.SourceIdentifier))
		}
	}
	if len(order) != 3 || order[2] != w.names[0] {
		t.Errorf("the events tell of changes in the order %v, want the writer %s last of three", order, w.names[0])
	}
}

// moveBack asks for all three at the same time with nothing frozen.
func (w *world) moveBack(t *testing.T) {
	t.Helper()
	before := w.state.last(t)
	seen := startWatch(t, session(t, w.writer, w.ecc), len(w.replicas))
	var wg sync.WaitGroup
	for _, n := range w.names {
		wg.Go(func() { w.move(t, n, caRSA2) })
	}
	wg.Wait()
	w.moved(t, caRSA2)
	t.Logf("caught up %s after the change back", caughtUp(t, w.ask, w.replicas))
	seen.judge(t)
	w.leaves(t, caRSA2, w.rsa, w.ecc)
	w.psql(t)
	oneAtATime(t, w.state.since(t, before))
}

// reconnect ends the replicas' connections, which are older than the writer's
// leaf: they come back, verified in full against the new one.
func (w *world) reconnect(t *testing.T) {
	t.Helper()
	now, err := senders(t.Context(), w.ask)
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids(now) {
		var ended bool
		if err := w.ask.QueryRow(t.Context(), "SELECT pg_terminate_backend($1)", pid).Scan(&ended); err != nil || !ended {
			t.Fatalf("end connection %d: %t %v", pid, ended, err)
		}
	}
	t.Logf("the replicas follow again after %s", w.follow(t, pids(now)))
	w.written(t, "after their connections ended")
}

// written: what is written now is read at both replicas.
func (w *world) written(t *testing.T, when string) {
	t.Helper()
	var pid int
	if err := w.ask.QueryRow(t.Context(), insert).Scan(&pid); err != nil {
		t.Fatal(err)
	}
	caughtUp(t, w.ask, w.replicas)
	for n, r := range w.replicas {
		var found int
		if err := r.QueryRow(t.Context(), "SELECT count(*) FROM ticks WHERE pid = $1", pid).Scan(&found); err != nil || found == 0 {
			t.Errorf("%s, replica %d has %d of the rows: %v", when, n+1, found, err)
		}
	}
}

// rebootWriter: the writer restarts, the replicas do not, and follow again.
func (w *world) rebootWriter(t *testing.T) {
	t.Helper()
	old := map[string]int{}
	for _, n := range w.names {
		old[n] = w.enginePID(t, n)
	}
	if _, err := w.api.RebootDBInstance(t.Context(), &rds.RebootDBInstanceInput{DBInstanceIdentifier: &w.names[0]}); err != nil {
		t.Fatal(err)
	}
	w.ready(t, w.name, 3)
	for _, n := range w.names {
		if now := w.enginePID(t, n); now == 0 || (now == old[n]) != (n != w.names[0]) {
			t.Errorf("the server of %s was process %d and is %d", n, old[n], now)
		}
	}
	w.ask.Close(context.Background())
	w.ask = session(t, w.writer, w.rsa)
	t.Logf("the replicas follow the rebooted writer after %s", w.follow(t, nil))
	w.written(t, "after the writer's reboot")
}

// force: the cluster's group forces TLS at every member and both endpoints,
// after a reboot of each and then at once; replicas and open sessions stay.
func (w *world) force(t *testing.T) {
	t.Helper()
	w.synced(t, w.name, "in-sync")
	w.forced(t, "by default", w.name, false, plainRefused)
	w.group(t, "shop-tls", w.cluster(t, w.name))
	w.set(t, "shop-tls", "rds.force_ssl", "1")
	w.give(t, w.name, "shop-tls")
	w.synced(t, w.name, "pending-reboot")
	w.forced(t, "before the reboots", w.name, false, plainRefused)
	for _, n := range w.names {
		if _, err := w.api.RebootDBInstance(t.Context(), &rds.RebootDBInstanceInput{DBInstanceIdentifier: &n}); err != nil {
			t.Fatal(err)
		}
	}
	w.synced(t, w.name, "in-sync")
	w.forced(t, "after the reboots", w.name, true, plainRefused)
	w.ask = session(t, w.writer, w.rsa)
	w.replicas = nil
	for _, n := range w.names[1:] {
		w.replicas = append(w.replicas, session(t, self(w.instance(t, n)), w.rsa))
	}
	w.follow(t, nil)
	seen := startWatch(t, session(t, w.writer, w.rsa), len(w.replicas))
	for _, value := range []string{"0", "1"} {
		w.set(t, "shop-tls", "rds.force_ssl", value)
		w.synced(t, w.name, "in-sync")
		w.forced(t, "set to "+value+" while they run", w.name, value == "1", plainRefused)
	}
	seen.judge(t)
	w.written(t, "after TLS was forced")
}
