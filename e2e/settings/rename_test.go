package settings_test

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

// askName asks for another identifier; more may ask for other things too.
func (d *database) askName(t *testing.T, name string, now bool) error {
	return d.modify(t, func(in *rds.ModifyDBInstanceInput) {
		in.NewDBInstanceIdentifier, in.ApplyImmediately = &name, &now
	})
}

// renames: the old endpoint serves until the engine is taken down, with a leaf
// that has both names by then; the new one verifies at once.
func renames(t *testing.T, d *database, _, roots string) {
	taken := simulated(t, d.srv, "taken", "postgres", "")
	wantFault(t, "a name that is taken", d.askName(t, "Taken", true), "DBInstanceAlreadyExists", "taken")
	old := *d
	served := old.watch(t)
	var reply struct{ DBInstance types.DBInstance }
	cli(t, d.srv, &reply, "modify-db-instance", "--db-instance-identifier", d.Name, "--new-db-instance-identifier", "Sales", "--apply-immediately")
	if got := aws.ToString(reply.DBInstance.PendingModifiedValues.DBInstanceIdentifier); got != "sales" {
		t.Errorf("the reply has the pending identifier %q, want sales", got)
	}
	before := <-served
	d.follow(t, "sales")
	both := []string{old.Address, d.Address}
	slices.Sort(both)
	if len(before) != 2 || !slices.Equal(before[0], []string{old.Address}) || !slices.Equal(before[1], both) {
		t.Errorf("the old endpoint served leaves for %v, want its own and then one for %v until the switch", before, both)
	}
	d.renamed(t, old, roots)
	if _, err := taken.find(t, "taken"); err != nil {
		t.Errorf("the instance whose name was taken: %v", err)
	}
	if got, err := harness.Psql(t, d.Instance, roots, "SELECT n FROM kept"); err != nil || got != "42" {
		t.Errorf("the data after the rename: %q, %v", got, err)
	}
	d.wantEvents(t, "[notification]: DB instance renamed from "+old.Name+" to sales; its endpoint is "+d.endpoint())
}

// watch connects to an endpoint until nobody answers there, and says then what
// the leaves that it served were for.
func (d *database) watch(t *testing.T) <-chan [][]string {
	end, out := time.Now().Add(90*time.Second), make(chan [][]string, 1)
	go func() {
		var served [][]string
		for ; time.Now().Before(end); <-time.After(2 * time.Millisecond) {
			s, err := d.handshake(t, &tls.Config{})
			if err != nil {
				break
			}
			if n := names(s.PeerCertificates[0]); len(served) == 0 || !slices.Equal(served[len(served)-1], n) {
				served = append(served, n)
			}
		}
		out <- served
	}()
	return out
}

// follow waits until the instance is available under its new name.
func (d *database) follow(t *testing.T, name string) {
	t.Helper()
	harness.Poll(t, 60*time.Second, "there is an instance "+name, func() bool { _, err := d.find(t, name); return err == nil })
	d.Name = name
	row := d.await(t, "available under its new name", status("available"))
	d.Address, d.Port = aws.ToString(row.Endpoint.Address), int(aws.ToInt32(row.Endpoint.Port))
}

// renamed: nothing is left of the old name, and the new endpoint has a leaf of
// its own.
func (d *database) renamed(t *testing.T, old database, roots string) {
	t.Helper()
	if d.Address == old.Address {
		t.Errorf("the endpoint of %s is that of %s: %s", d.Name, old.Name, d.Address)
	}
	if s, err := d.connect(t, roots); err != nil {
		t.Errorf("verify-full at the new endpoint, with the root alone: %v", err)
	} else {
		s.close()
	}
	harness.Poll(t, 60*time.Second, "the leaf is for the new endpoint only", func() bool { return slices.Equal(names(d.leaf(t)), []string{d.Address}) })
	if got := d.leaf(t).Subject.CommonName; got != d.Address {
		t.Errorf("the leaf's CN is %q, want %s", got, d.Address)
	}
	d.await(t, "at rest", status("available"))
	_, err := d.find(t, old.Name)
	wantFault(t, "the old name", err, "DBInstanceNotFound", old.Name)
	wantClosed(t, "the old endpoint after the rename", old.endpoint())
	if got := aws.ToString(d.row(t).DBInstanceArn); !strings.HasSuffix(got, ":db:"+d.Name) {
		t.Errorf("the ARN is %s", got)
	}
}

// renamesLater: without ApplyImmediately a rename waits for the window, and a
// later request that is to be applied immediately takes it along.
func renamesLater(t *testing.T, d *database, home, roots string) {
	old, pid := *d, leader(home)
	if err := d.askName(t, "ledger", false); err != nil {
		t.Fatal(err)
	}
	pending := func(row types.DBInstance) string {
		return aws.ToString(row.PendingModifiedValues.DBInstanceIdentifier)
	}
	if row := d.row(t); pending(row) != "ledger" || !status("available")(row) {
		t.Errorf("the instance is %s with the pending identifier %q, want available and ledger", aws.ToString(row.DBInstanceStatus), pending(row))
	}
	if err := d.askName(t, d.Name, false); err != nil || pending(d.row(t)) != "" {
		t.Errorf("the present name again: %v, still pending %q", err, pending(d.row(t)))
	}
	if err := d.askName(t, "ledger", false); err != nil {
		t.Fatal(err)
	}
	d.srv.Restart(t) // it waits over a restart, too
	if row := d.row(t); pending(row) != "ledger" || leader(home) != pid {
		t.Errorf("after a restart of dbtls %q is pending and the process is %d, was %d", pending(row), leader(home), pid)
	}
	d.mustModify(t, func(in *rds.ModifyDBInstanceInput) {
		in.DeletionProtection, in.ApplyImmediately = aws.Bool(false), aws.Bool(true)
	})
	d.follow(t, "ledger")
	d.renamed(t, old, roots)
}
